import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { settle } from '../../src/acme/settle.ts'
import type { AcmeTraffic } from '../../src/acme/traffic.ts'
import type { DnsMessage } from '../../src/dns/watch.ts'
import type { Body, Header, HttpExchange, HttpRequest, HttpResponse } from '../../src/http/exchange.ts'
import type { JwkFacts } from '../../src/jose/keys.ts'
import { type Judgement, judge } from '../../src/rules/judge.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { Handshake } from '../../src/tls/context.ts'

/**
 * An ACME session as exchanges, for rule tests: requests are signed with real keys, answers are those of an honest CA, and a test bends one
 * thing at a time. Times run on by 100 ms a request.
 */
export class Session {
  readonly exchanges: HttpExchange[] = []
  readonly origin: string
  readonly directoryUrl: string
  readonly urls: Record<string, string>
  userAgent = 'honest/1.0'
  now = Date.UTC(2026, 0, 1) * 1000
  #nonces = 0
  #pool: string[] = []
  connection: Connection = newConnection(0)
  /** Connections that carried no request that can be read. */
  readonly connections: Connection[] = []
  /** Validation traffic besides HTTP. */
  readonly side = { dns: [] as DnsMessage[], handshakes: [] as Handshake[] }
  /** What the operator gives with --eab-key. */
  readonly eabKeys = new Map<string, string>()
  /** What the operator gives with --account-key. */
  readonly accountKeys: JwkFacts[] = []

  constructor(origin = 'https://ca.example', urls: Record<string, string> | null = null) {
    this.origin = origin
    this.directoryUrl = `${origin}/dir`
    this.urls =
      urls ??
      Object.fromEntries(
        ['newNonce', 'newAccount', 'newOrder', 'newAuthz', 'revokeCert', 'keyChange', 'renewalInfo'].map((name) => [
          name,
          `${origin}/${name}`,
        ]),
      )
  }

  /** A nonce that the next answer will carry, or that was carried by the last one and not yet used. */
  nonce(): string {
    return this.#pool.pop() ?? 'never-issued-nonce'
  }

  directory(more: Partial<Bend> & { members?: Record<string, unknown> } = {}): HttpExchange {
    const document = { ...this.urls, meta: {}, ...more.members }
    return this.exchange('GET', this.directoryUrl, null, {
      answer: document,
      answerHeaders: [['Content-Type', 'application/json']],
      withNonce: false,
      ...more,
    })
  }

  newNonce(more: Partial<Bend> = {}): HttpExchange {
    return this.exchange('HEAD', this.url('newNonce'), null, {
      answer: '',
      answerHeaders: [['Cache-Control', 'no-store']],
      ...more,
    })
  }

  /** Directory and nonce: what every session begins with. */
  begin(): this {
    this.directory()
    this.newNonce()
    return this
  }

  url(name: string): string {
    return this.urls[name] as string
  }

  /** Registers the key and returns its account URL. */
  register(key: Key, more: Partial<Bend> = {}): string {
    const location = `${this.origin}/acct/${key.name}`
    this.post(
      key,
      'newAccount',
      { termsOfServiceAgreed: true, ...(more.payload as object) },
      {
        status: 201,
        answer: { status: 'valid', contact: [], orders: `${location}/orders` },
        answerHeaders: [['Location', location]],
        ...more,
      },
    )
    key.kid = location
    return location
  }

  /** Creates an order and returns the URLs it was given. */
  order(key: Key, names: readonly string[] = ['www.example'], more: Partial<Bend> = {}) {
    const id = createHash('sha256').update(`${this.exchanges.length}`).digest('hex').slice(0, 8)
    const urls = {
      order: `${this.origin}/order/${id}`,
      finalize: `${this.origin}/order/${id}/finalize`,
      authorization: `${this.origin}/authz/${id}`,
      challenge: `${this.origin}/chall/${id}`,
      certificate: `${this.origin}/cert/${id}`,
    }
    const identifiers = names.map((value) => ({ type: 'dns', value }))
    const object = {
      status: 'pending',
      identifiers,
      authorizations: [urls.authorization],
      finalize: urls.finalize,
      expires: '2026-01-08T00:00:00Z',
    }
    this.post(
      key,
      'newOrder',
      { identifiers },
      { status: 201, answer: object, answerHeaders: [['Location', urls.order]], ...more },
    )
    return { ...urls, object }
  }

  /** One signed request: `target` is a member of the directory or a URL. Payload undefined = POST-as-GET. */
  post(key: Key, target: string, payload?: unknown, bend: Partial<Bend> = {}): HttpExchange {
    const url = this.urls[target] ?? target
    const withJwk = target === 'newAccount' || key.kid === null
    const header: Record<string, unknown> = {
      alg: key.alg,
      ...(withJwk ? { jwk: key.jwk } : { kid: key.kid }),
      nonce: bend.nonce ?? this.nonce(),
      url,
      ...bend.header,
    }
    for (const name of bend.drop ?? []) delete header[name]
    const body = bend.body ?? JSON.stringify(signed(bend.signer ?? key, header, bend.payload ?? payload, bend))
    return this.exchange(bend.method ?? 'POST', bend.sentTo ?? url, body, {
      headers: [['Content-Type', 'application/jose+json']],
      ...bend,
    })
  }

  exchange(method: string, url: string, body: string | Uint8Array | null, bend: Partial<Bend> = {}): HttpExchange {
    const time = bend.time ?? this.now
    this.now = time + 100_000
    const headers: Header[] = [['Host', new URL(url).host], ...this.clientHeaders(), ...(bend.headers ?? [])]
    const dropped = (bend.dropHeaders ?? []).map((name) => name.toLowerCase())
    const request: HttpRequest = {
      ...message(
        time,
        headers.filter(([name]) => !dropped.includes(name.toLowerCase())),
        bend.bodyLost ? lostBody() : wholeBody(body ?? ''),
      ),
      method,
      target: url.slice(new URL(url).origin.length),
      url: bend.observedUrl ?? url,
    }
    const exchange: HttpExchange = {
      input: 0,
      entry: null,
      connection: this.connection,
      streamId: null,
      request,
      response: bend.unanswered ? null : this.#answer(time, bend),
      har: null,
    }
    this.exchanges.push(exchange)
    return exchange
  }

  /** What the client says of itself in every request, and the server in every answer. */
  protected clientHeaders(): readonly Header[] {
    return [
      ['User-Agent', this.userAgent],
      ['Accept-Language', 'en'],
    ]
  }

  protected serverHeaders(): readonly Header[] {
    return []
  }

  #answer(time: number, bend: Partial<Bend>): HttpResponse {
    const headers: Header[] = [...this.serverHeaders(), ...(bend.answerHeaders ?? [])]
    if (bend.withNonce !== false) {
      const nonce = bend.offers ?? `nonce-${++this.#nonces}`
      this.#pool.push(nonce)
      headers.push(['Replay-Nonce', nonce])
    }
    if (bend.problem !== undefined) headers.push(['Content-Type', 'application/problem+json'])
    else if (typeof bend.answer === 'object' && !headers.some(([name]) => name === 'Content-Type'))
      headers.push(['Content-Type', 'application/json'])
    const document =
      bend.problem === undefined
        ? bend.answer
        : { type: `urn:ietf:params:acme:error:${bend.problem[0]}`, detail: bend.problem[1] }
    const text = document === undefined ? '' : typeof document === 'string' ? document : JSON.stringify(document)
    return {
      ...message(time + 50_000, headers, bend.answerLost ? lostBody() : wholeBody(text)),
      status: bend.status ?? 200,
      statusText: '',
      interim: [],
    }
  }

  async settle(): Promise<AcmeTraffic> {
    return settle(
      this.exchanges,
      { accountKeys: this.accountKeys, eabKeys: this.eabKeys, verify: true, connections: this.connections },
      this.side,
    )
  }

  async judge(): Promise<Judgement[]> {
    return judge(await this.settle())
  }
}

/** What a test changes about one exchange. */
export interface Bend {
  time: number
  method: string
  /** Protected header parameters to set, and names to remove. */
  header: Record<string, unknown>
  drop: string[]
  nonce: string
  payload: unknown
  /** Whole request body instead of a JWS. */
  body: string
  /** Members to change in the JWS object after signing. */
  members: Record<string, unknown>
  /** Another key that makes the signature. */
  signer: Key
  signature: (octets: Uint8Array) => Uint8Array
  sentTo: string
  observedUrl: string
  headers: Header[]
  dropHeaders: string[]
  bodyLost: boolean
  status: number
  answer: unknown
  answerHeaders: Header[]
  answerLost: boolean
  problem: readonly [type: string, detail: string]
  /** Nonce in the answer; `withNonce: false` leaves it out. */
  offers: string
  withNonce: boolean
  unanswered: boolean
}

export class Key {
  readonly name: string
  readonly alg: string
  readonly jwk: Record<string, unknown>
  readonly privateKey: KeyObject
  kid: string | null = null

  constructor(name: string, kind: 'P-256' | 'P-384' | 'P-521' | 'Ed25519' | `RSA-${number}` = 'P-256') {
    this.name = name
    const { privateKey, publicKey } = kind.startsWith('RSA')
      ? generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(4)) })
      : kind === 'Ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: kind })
    this.privateKey = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))
    this.jwk = publicKey.export({ format: 'jwk' }) as Record<string, unknown>
    this.alg = kind.startsWith('RSA')
      ? 'RS256'
      : { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' }[kind as 'P-256']
  }

  sign(input: Uint8Array): Uint8Array {
    const hash = this.alg === 'EdDSA' ? null : `sha${this.alg.slice(2)}`
    return sign(hash, input, this.alg.startsWith('ES') ? { key: this.privateKey, dsaEncoding: 'ieee-p1363' } : this.privateKey)
  }
}

/** A flattened JWS (RFC 7515 7.2.2). */
export function signed(
  key: Key,
  header: Record<string, unknown>,
  payload: unknown,
  bend: Partial<Bend> = {},
): Record<string, unknown> {
  const protectedText = base64url(JSON.stringify(header))
  const payloadText = payload === undefined ? '' : base64url(typeof payload === 'string' ? payload : JSON.stringify(payload))
  const octets = key.sign(Buffer.from(`${protectedText}.${payloadText}`))
  return {
    protected: protectedText,
    payload: payloadText,
    signature: base64url(bend.signature?.(octets) ?? octets),
    ...bend.members,
  }
}

export function base64url(data: string | Uint8Array): string {
  return Buffer.from(data).toString('base64url')
}

function message(time: number, headers: readonly Header[], body: Body) {
  return {
    httpVersion: '1.1',
    headers,
    trailers: [],
    body,
    time,
    endTime: time + 1000,
    frames: [Math.round(time / 1000) % 100_000],
    damage: [],
  }
}

function wholeBody(content: string | Uint8Array): Body {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return { bytes, complete: true, size: bytes.length, damage: [] }
}

function lostBody(): Body {
  return {
    bytes: null,
    complete: false,
    size: 100,
    damage: [{ layer: 'tcp', kind: 'gap', detail: 'lost', count: 1, firstFrame: 1 }],
  }
}

export function newConnection(id: number): Connection {
  return {
    id,
    input: 0,
    client: `10.0.0.1:${40000 + id}`,
    server: '10.0.0.2:443',
    startTime: 0,
    tls: null,
    http: '1.1',
    requests: 0,
    damage: [],
  }
}
