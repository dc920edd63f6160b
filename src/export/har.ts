import { REDACTED_MEMBER } from '../acme/redacted.ts'
import type { Sink } from '../core/sink.ts'
import type { Micros } from '../core/time.ts'
import { isoMicros } from '../core/time.ts'
import type { Body, Header, HttpExchange, HttpRequest, HttpResponse } from '../http/exchange.ts'
import { field } from '../http/exchange.ts'
import { UNKNOWN_END } from '../http/har/connections.ts'
import { UNCAPTURED } from '../http/har/entry.ts'
import { asObject } from '../http/har/values.ts'
import { utf8Text } from '../platform/base64.ts'
import { encodeBase64 } from '../platform/octets.ts'
import type { Connection } from '../tcp/connection.ts'

export interface HarWriterOptions {
  readonly creator: { readonly name: string; readonly version: string }
  /** Set: every exchange that comes was redacted; `key` tells under which key, `about` what the file says of it, once all is written. */
  readonly redaction?: { readonly key: string; readonly about: () => object } | undefined
}

/**
 * Writes exchanges as HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), each as it comes, so that memory holds one
 * entry. What HAR has no member for begins with "_"; src/http/har.ts reads all of it back.
 */
export class HarWriter implements Sink<HttpExchange> {
  readonly #out: (text: string) => void
  readonly #options: HarWriterOptions
  #entries = 0

  constructor(out: (text: string) => void, options: HarWriterOptions) {
    this.#out = out
    this.#options = options
  }

  /** `acme` is the request's object of the report and becomes `_acme`. */
  write(exchange: HttpExchange, acme?: object): void {
    const separator = this.#entries++ === 0 ? this.#start() : ',\n'
    const own = this.#options.redaction?.key
    // what was redacted when it was read stays marked, with what its maker said of it
    const key = own ?? exchange.har?.[REDACTED_MEMBER]
    const said = own === undefined && key !== undefined ? asObject(exchange.har?._acme) : null
    const entry = toEntry(exchange, said ?? acme)
    this.#out(separator + JSON.stringify(typeof key === 'string' ? { ...entry, [REDACTED_MEMBER]: key } : entry))
  }

  #start(): string {
    return `{"log":{"version":"1.2","creator":${JSON.stringify(this.#options.creator)},"pages":[],"entries":[\n`
  }

  end(): void {
    const { redaction } = this.#options
    const about = redaction === undefined ? '' : `,"_redaction":${JSON.stringify(redaction.about())}`
    this.#out(`${this.#entries === 0 ? this.#start() : '\n'}]${about}}}\n`)
  }
}

function toEntry(exchange: HttpExchange, acme: object | undefined): object {
  const { request, response, connection, streamId } = exchange
  const times = timesOf(request, response)
  const address = connection === null ? null : addressOf(connection.server)
  const frames = [...new Set([...(request?.frames ?? []), ...(response?.frames ?? [])])].sort((a, b) => a - b)
  return {
    startedDateTime: isoMicros(times.start) ?? isoMicros(0),
    time: milliseconds(times.start, times.end),
    request: request === null ? uncaptured(response, connection) : toHarRequest(request),
    response: response === null ? UNANSWERED : toHarResponse(response),
    cache: {},
    timings: {
      send: milliseconds(times.start, times.sent),
      wait: milliseconds(times.sent, times.answered),
      receive: milliseconds(times.answered, times.end),
    },
    ...(address === null ? {} : { serverIPAddress: address }),
    ...(connection === null
      ? {}
      : { connection: String(connection.id), _stream: connection.id, _connection: endsOf(connection) }),
    ...(frames.length === 0 ? {} : { _frames: frames }),
    ...(streamId === null ? {} : { _streamId: streamId }),
    ...(acme === undefined ? {} : { _acme: acme }),
  }
}

interface Times {
  readonly start: Micros
  readonly sent: Micros
  readonly answered: Micros
  readonly end: Micros
}

/** The four moments that HAR can tell; an answer that began before the end of its request counts as the end of sending. */
function timesOf(request: HttpRequest | null, response: HttpResponse | null): Times {
  const start = request?.time ?? response?.time ?? 0
  const answered = Math.max(start, response?.time ?? request?.endTime ?? start)
  const sent = Math.min(Math.max(start, request?.endTime ?? start), answered)
  return { start, sent, answered, end: Math.max(answered, response?.endTime ?? answered) }
}

function milliseconds(from: Micros, to: Micros): number {
  return Math.round(to - from) / 1000
}

function toHarRequest(request: HttpRequest): object {
  const postData = toPostData(request)
  return {
    method: request.method,
    ...toUrl(request.url),
    httpVersion: toVersion(request.httpVersion),
    cookies: [],
    headers: request.headers.map(toHeader),
    queryString: toQuery(request.url),
    headersSize: -1,
    bodySize: request.body.size ?? -1,
    ...(postData === null ? {} : { postData }),
    ...toTrailers(request.trailers),
    ...(request.damage.length === 0 ? {} : { _damage: request.damage }),
  }
}

function toHarResponse(response: HttpResponse): object {
  const { body, headers } = response
  const mimeType = field(headers, 'content-type') ?? 'x-unknown'
  // An answer to HEAD, for one: readers of HARs take a Content-Length without content for content that was left out.
  const empty = body.complete && body.size === 0 && field(headers, 'content-length') !== null ? { _complete: true } : {}
  return {
    status: response.status,
    statusText: response.statusText,
    httpVersion: toVersion(response.httpVersion),
    cookies: [],
    headers: headers.map(toHeader),
    content: { size: body.bytes?.length ?? body.size ?? -1, mimeType, ...toContent(body, mimeType, 'encoding'), ...empty },
    redirectURL: field(headers, 'location') ?? '',
    headersSize: -1,
    bodySize: body.size ?? -1,
    ...(response.interim.length === 0 ? {} : { _interim: response.interim }),
    ...toTrailers(response.trailers),
    ...(response.damage.length === 0 ? {} : { _damage: response.damage }),
  }
}

/** Null when nothing was sent. HAR has no encoding of request bodies, so `_encoding` tells it. */
function toPostData(request: HttpRequest): object | null {
  const { body, headers } = request
  if (body.complete && body.bytes !== null && body.bytes.length === 0) return null
  const mimeType = field(headers, 'content-type') ?? ''
  return { mimeType, ...toContent(body, mimeType, '_encoding') }
}

/** `_damage` is there exactly when the body is incomplete. */
function toContent(body: Body, mimeType: string, encodingMember: 'encoding' | '_encoding'): object {
  const damage = body.complete ? {} : { _damage: body.damage }
  if (body.bytes === null) return damage
  const text = isTextual(mimeType) ? utf8Text(body.bytes) : null
  if (text !== null) return { text, ...damage }
  return { text: encodeBase64(body.bytes), [encodingMember]: 'base64', ...damage }
}

const TEXTUAL =
  /^(?:text\/|application\/(?:json|xml|javascript|ecmascript|x-www-form-urlencoded|pem-certificate-chain|x-pem-file|x-ndjson)\b|[^;]*\+(?:json|xml)\b)/i

function isTextual(mimeType: string): boolean {
  return TEXTUAL.test(mimeType.trim())
}

/** The request of a response that stands alone. */
function uncaptured(response: HttpResponse | null, connection: Connection | null): object {
  const scheme = connection?.tls === null || connection === null ? 'http' : 'https'
  return {
    method: '',
    url: `${scheme}://${connection?.server ?? UNKNOWN_HOST}/`,
    httpVersion: toVersion(response?.httpVersion ?? ''),
    cookies: [],
    headers: [],
    queryString: [],
    headersSize: -1,
    bodySize: -1,
    _damage: [{ layer: 'http', kind: 'gap', detail: UNCAPTURED, count: 1, firstFrame: null }],
  }
}

const UNKNOWN_HOST = 'unknown.invalid'

const UNANSWERED = {
  status: 0,
  statusText: '',
  httpVersion: '',
  cookies: [],
  headers: [],
  content: { size: 0, mimeType: 'x-unknown' },
  redirectURL: '',
  headersSize: -1,
  bodySize: -1,
}

function toHeader([name, value]: Header): { name: string; value: string } {
  return { name, value }
}

function toTrailers(trailers: readonly Header[]): object {
  return trailers.length === 0 ? {} : { _trailers: trailers.map(toHeader) }
}

/** HAR wants a URI; what was observed and is none stands in `_url`. */
function toUrl(url: string): { url: string; _url?: string } {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\S*$/.test(url)) return { url }
  const encoded = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(url)
    ? url.replace(/\s/g, encodeURIComponent)
    : `http://${UNKNOWN_HOST}/${encodeURIComponent(url.replace(/\p{Surrogate}/gu, '\ufffd'))}`
  return { url: encoded, _url: url }
}

function toQuery(url: string): { name: string; value: string }[] {
  const start = url.indexOf('?')
  if (start < 0) return []
  const end = url.indexOf('#', start)
  const query = new URLSearchParams(url.slice(start + 1, end < 0 ? undefined : end))
  return Array.from(query, ([name, value]) => ({ name, value }))
}

function toVersion(version: string): string {
  return /^\d(?:\.\d)?$/.test(version) ? `HTTP/${version}` : version
}

function addressOf(end: string | null): string | null {
  const match = end === null ? null : /^(?:\[([0-9A-Fa-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/.exec(end)
  return match === null ? null : (match[1] ?? match[2] ?? null)
}

function endsOf(connection: Connection): string {
  return `${connection.client ?? UNKNOWN_END} -> ${connection.server ?? UNKNOWN_END}`
}
