import type { Damage } from '../core/damage.ts'
import type { Micros } from '../core/time.ts'
import type { Connection } from '../tcp/connection.ts'

/** A field as on the wire: the name keeps its case (HTTP/2: lower case), the value is trimmed, one character an octet (latin1). */
export type Header = readonly [name: string, value: string]

export interface Body {
  /**
   * Content after transfer-decoding and content-decoding; null when there is none to look at: not captured, or passed over
   * because nobody wanted it. Possibly a prefix: see `complete`. A coding that cannot be undone leaves the octets as sent, with damage.
   */
  readonly bytes: Uint8Array | null
  /** True when `bytes` is the whole content as it was sent (an empty body is complete, with zero bytes). */
  readonly complete: boolean
  /** Octets of content on the wire, before content-decoding; null when unknown. */
  readonly size: number | null
  readonly damage: readonly Damage[]
}

export interface HttpMessage {
  /** "1.0", "1.1", "2", or as a HAR says it. */
  readonly httpVersion: string
  readonly headers: readonly Header[]
  readonly trailers: readonly Header[]
  readonly body: Body
  /** Time of the first octet and of the last. */
  readonly time: Micros
  readonly endTime: Micros
  /** Frames of the first input that carried it, ascending; empty in a HAR. */
  readonly frames: readonly number[]
  readonly damage: readonly Damage[]
}

export interface HttpRequest extends HttpMessage {
  readonly method: string
  /** The request-target as sent (RFC 9112 3.2), or the HTTP/2 :path. */
  readonly target: string
  /** Effective request URI (RFC 9110 7.1) as observed on this leg: scheme of the connection, Host or :authority, target. */
  readonly url: string
}

export interface HttpResponse extends HttpMessage {
  readonly status: number
  readonly statusText: string
  /** Status codes of the 1xx answers that came before. */
  readonly interim: readonly number[]
}

/** A request with its final response, either of which may be missing when the capture lacks it (never both). */
export interface HttpExchange {
  readonly input: number
  /** HAR entry, from 0; null in a packet capture. */
  readonly entry: number | null
  readonly connection: Connection | null
  /** HTTP/2 stream; null otherwise. */
  readonly streamId: number | null
  readonly request: HttpRequest | null
  readonly response: HttpResponse | null
  /** The object of a HAR entry as it was read, for fields that only a HAR has (`_acme`, redirectURL); else null. */
  readonly har: Readonly<Record<string, unknown>> | null
}

/** Tells from the heads whether a body is worth keeping; called when a head is complete, with the request's head for a response if known. */
export interface BodyPolicy {
  /** Octets of content to keep: 0 passes the body over by arithmetic. A longer body is kept as a prefix. */
  request(head: MessageHead): number
  response(head: MessageHead, request: MessageHead | null): number
}

export interface MessageHead {
  /** Method for a request, "" for a response. */
  readonly method: string
  readonly target: string
  readonly status: number
  readonly headers: readonly Header[]
}

/** The value of a field, its lines joined by ", " (RFC 9110 5.2); null when absent. Names compare without case. */
export function field(headers: readonly Header[], name: string): string | null {
  let found: string | null = null
  for (const [key, value] of headers) if (isNamed(key, name)) found = found === null ? value : `${found}, ${value}`
  return found
}

/** All lines of a field. */
export function fieldLines(headers: readonly Header[], name: string): string[] {
  return headers.filter(([key]) => isNamed(key, name)).map(([, value]) => value)
}

/** Whether a field name is this one in lower case; most differ in length or in their first letter already. */
export function isNamed(key: string, name: string): boolean {
  return key.length === name.length && (key.charCodeAt(0) | 32) === name.charCodeAt(0) && key.toLowerCase() === name
}
