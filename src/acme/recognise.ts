import type { Sink } from '../core/sink.ts'
import { type BodyPolicy, field, type HttpExchange, type MessageHead } from '../http/exchange.ts'
import { latin1Text } from '../platform/base64.ts'
import { redirectTarget, VALIDATION_PATH } from './validation-fetches.ts'

/**
 * Which HTTP exchanges may be ACME. Kept: whatever shows a sign of ACME, and everything else at an authority that has shown one. The rest
 * is counted. The signs are those RFC 8555 gives: application/jose+json (6.2), Replay-Nonce (6.5.1), problem documents with ACME types
 * (6.7), the directory's members (7.1.1), certificate chains (7.4.2), and the validator's fetch (8.3).
 */
export class AcmeCollector implements Sink<HttpExchange> {
  readonly exchanges: HttpExchange[] = []
  /** Exchanges seen that were not kept. */
  passedOver = 0
  readonly #others: ((exchange: HttpExchange) => void) | undefined
  readonly #authorities = new Set<string>()
  readonly #early = new Map<string, HttpExchange[]>()
  /** URLs that validation fetches were sent on to. */
  readonly #redirected = new Set<string>()

  /** `others` takes what is not kept, once that is certain. */
  constructor(others?: (exchange: HttpExchange) => void) {
    this.#others = others
  }

  write(exchange: HttpExchange): void {
    const authority = authorityKey(exchange)
    if (this.#isValidation(exchange)) this.exchanges.push(exchange)
    else if (showsAcme(exchange)) {
      this.exchanges.push(exchange)
      this.#adopt(authority)
    } else if (this.#authorities.has(authority)) this.exchanges.push(exchange)
    else this.#hold(authority, exchange)
  }

  end(): void {
    for (const authority of [...this.#early.keys()]) this.#release(authority)
  }

  /** RFC 8555 8.3: the validator follows redirects, and what it finds there counts. */
  #isValidation({ request, response }: HttpExchange): boolean {
    if (request === null) return false
    if (!request.target.includes(VALIDATION_PATH) && !(request.method === 'GET' && this.#redirected.has(request.url)))
      return false
    const target = response === null ? null : redirectTarget(request.url, response)
    if (target !== null && this.#redirected.size < MAX_REDIRECTED) this.#redirected.add(target)
    return true
  }

  #adopt(authority: string): void {
    if (authority === '' || this.#authorities.has(authority)) return
    this.#authorities.add(authority)
    const held = this.#early.get(authority)
    if (held === undefined) return
    this.#early.delete(authority)
    this.passedOver -= held.length
    this.exchanges.push(...held)
  }

  /** The last few exchanges of an authority wait for a sign; a capture may begin with one that has none. */
  #hold(authority: string, exchange: HttpExchange): void {
    this.passedOver++
    if (authority === '') {
      this.#others?.(exchange)
      return
    }
    const held = this.#early.get(authority)
    if (held !== undefined) {
      if (held.length === HELD_EACH) this.#others?.(held.shift() as HttpExchange)
      held.push(exchange)
      return
    }
    if (this.#early.size === HELD_AUTHORITIES) this.#release(this.#early.keys().next().value as string)
    this.#early.set(authority, [exchange])
  }

  #release(authority: string): void {
    for (const exchange of this.#early.get(authority) ?? []) this.#others?.(exchange)
    this.#early.delete(authority)
  }
}

/** Redirected URLs that are followed in a run. */
export const MAX_REDIRECTED = 10_000
const HELD_EACH = 8
const HELD_AUTHORITIES = 256

/** Bodies longer than this are no ACME message; a certificate chain takes some 10 KB. */
export const MAX_ACME_BODY = 256 * 1024

/** Keeps the bodies that ACME could need and passes over the rest by arithmetic. */
export const ACME_BODIES: BodyPolicy = {
  request(head) {
    if (head.method === 'GET' || head.method === 'HEAD') return 0
    return isBulk(head) ? 0 : MAX_ACME_BODY
  },
  response(head, request) {
    if (request?.target.includes(VALIDATION_PATH)) return MAX_ACME_BODY
    const type = mediaType(head)
    if (/json|pem-certificate|pkix|pkcs7/.test(type)) return MAX_ACME_BODY
    if (type.startsWith('text/plain') || type === 'application/octet-stream') return isShort(head) ? ERROR_PAGE : 0
    if (field(head.headers, 'replay-nonce') !== null || head.status >= 400) return ERROR_PAGE
    return 0
  },
}

const ERROR_PAGE = 4096

/** A key authorization is some 90 octets; a redirect may have hidden that its validator asks for it. */
function isShort(head: MessageHead): boolean {
  return Number(field(head.headers, 'content-length') ?? Number.POSITIVE_INFINITY) <= 512
}

function isBulk(head: MessageHead): boolean {
  const length = field(head.headers, 'content-length')
  return /multipart|image|video|audio|font/.test(mediaType(head)) || (length !== null && Number(length) > 16 * MAX_ACME_BODY)
}

function mediaType(head: { headers: MessageHead['headers'] }): string {
  return field(head.headers, 'content-type')?.toLowerCase() ?? ''
}

function authorityKey(exchange: HttpExchange): string {
  const { request, connection } = exchange
  if (request === null) return connection?.server ?? ''
  return /^[a-z]+:\/\/([^/?#]*)/i.exec(request.url)?.[1]?.toLowerCase() ?? ''
}

function showsAcme(exchange: HttpExchange): boolean {
  const { request, response } = exchange
  if (request !== null) {
    if (mediaType(request).includes('jose')) return true
    const body = request.body.bytes
    if (body !== null && body.length > 0 && looksSigned(latin1Text(body.subarray(0, 4096)))) return true
  }
  if (response === null) return false
  if (field(response.headers, 'replay-nonce') !== null) return true
  const type = mediaType(response)
  if (type.includes('pem-certificate-chain')) return true
  const body = response.body.bytes
  if (body === null || !type.includes('json')) return false
  const text = latin1Text(body.subarray(0, 16384))
  return text.includes('urn:ietf:params:acme:') || (text.includes('"newNonce"') && text.includes('"newAccount"'))
}

function looksSigned(text: string): boolean {
  return (
    (text.includes('"protected"') && text.includes('"signature')) ||
    /^\s*[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\s*$/.test(text)
  )
}
