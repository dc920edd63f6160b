import type { DamageKind } from '../../core/damage.ts'
import type { Mark } from '../../tcp/connection.ts'
import type { HttpExchange, HttpRequest, MessageHead } from '../exchange.ts'
import type { Head } from '../http1/head.ts'
import { Message, toRequest, toResponse } from '../http1/message.ts'
import { requestUrl } from './head.ts'

/** A message of which only content was seen. */
export const UNKNOWN_HEAD: Head = {
  method: '', target: '', version: '2', status: 0, statusText: '', headers: [],
  contentLength: null, transferEncoding: null, contentEncoding: null, upgrade: null, host: null, faults: null,
} // biome-ignore format: one row of fields

/**
 * One message of a stream while it is being received. When frames were lost, those of any open stream may have been among
 * them: what follows is content only if Content-Length (RFC 9113 8.1.1) says at the end that nothing is missing.
 */
export class Incoming {
  readonly message: Message
  /** Losses of its direction up to which its octets are known to be all there. */
  #losses: number
  /** Octets that were held when frames were lost; -1 when none were. */
  #certain = -1

  constructor(head: Head, marks: readonly Mark[], losses: number) {
    this.message = new Message(head, marks[0] as Mark)
    this.message.framing = 'close'
    this.#losses = losses
    for (let i = 1; i < marks.length; i++) this.message.touch(marks[i] as Mark)
  }

  get ended(): boolean {
    return this.message.ended
  }

  /** Frames of it may have been lost, or its head was. */
  isDoubtful(losses: number): boolean {
    return this.#losses !== losses || this.#certain >= 0 || this.message.head === UNKNOWN_HEAD
  }

  /** Octets of it come again, after `losses` losses of its direction. */
  resume(losses: number): void {
    if (losses === this.#losses) return
    this.#losses = losses
    if (this.#certain < 0) this.#certain = this.message.held
  }

  data(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    const { message } = this
    message.touch(mark)
    message.content(bytes, start, end)
    message.size += end - start
  }

  missing(count: number | null): void {
    const { message } = this
    message.hurtBody('gap', 'a part of a body was not captured')
    if (count === null) message.sized = false
    else message.size += count
  }

  /** END_STREAM was seen. */
  end(losses: number): void {
    this.resume(losses)
    this.#close(null)
  }

  /** It will not be completed. */
  abort(losses: number, kind: DamageKind, detail: string): void {
    if (this.message.ended) return
    this.resume(losses)
    this.#close([kind, detail])
  }

  #close(cut: [kind: DamageKind, detail: string] | null): void {
    const { message } = this
    message.ended = true
    if (message.whole && message.head.contentLength === String(message.size)) return
    if (message.head === UNKNOWN_HEAD) {
      message.sized = false
      message.hurtBody('gap', 'the beginning of a body may be missing')
    } else if (this.#certain >= 0) {
      message.cutTo(this.#certain)
      message.sized = false
      message.hurtBody('gap', 'a part of a body may be missing')
    }
    if (cut === null) return
    message.sized = false
    message.hurtBody(...cut)
  }
}

/** A request and the response to it, either of which may not have been seen. */
export class Stream {
  readonly id: number
  request: Incoming | null = null
  /** The request when it came over HTTP/1.1 (RFC 7540 3.2). */
  upgraded: HttpRequest | null = null
  scheme: string
  response: Incoming | null = null
  readonly interim: number[] = []
  /** How it was reset, while its request is still coming in. */
  reset: string | null = null

  constructor(id: number, scheme: string) {
    this.id = id
    this.scheme = scheme
  }

  get requestHead(): MessageHead | null {
    const { upgraded } = this
    if (upgraded === null) return this.request?.message.head ?? null
    return { method: upgraded.method, target: upgraded.target, status: 0, headers: upgraded.headers }
  }

  /** Null when there is nothing to tell. */
  toExchange(connection: NonNullable<HttpExchange['connection']>): HttpExchange | null {
    const request = this.request?.message ?? null
    const response = this.response?.message ?? null
    const { upgraded } = this
    if (request === null && response === null && upgraded === null) return null
    return {
      input: request?.input ?? response?.input ?? connection.input,
      entry: null,
      connection,
      streamId: this.id,
      request: request === null ? upgraded : toRequest(request, requestUrl(request.head, this.scheme, connection)),
      response: response === null ? null : toResponse(response, this.interim),
      har: null,
    }
  }
}
