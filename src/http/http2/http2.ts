import { DamageLog } from '../../core/damage.ts'
import type { Sink } from '../../core/sink.ts'
import { decodeBase64 } from '../../platform/base64.ts'
import type { Connection, Mark } from '../../tcp/connection.ts'
import type { BodyPolicy, HttpExchange, HttpRequest } from '../exchange.ts'
import { field } from '../exchange.ts'
import type { Tunnel } from '../http1/http1.ts'
import type { Message } from '../http1/message.ts'
import type { Section } from './blocks.ts'
import type { DirectionOwner } from './direction.ts'
import { Direction } from './direction.ts'
import type { Fields, Hurt } from './head.ts'
import { hurtByAbsence, hurtByFields, readFields, readStatus, requestHead, responseHead } from './head.ts'
import { Incoming, Stream, UNKNOWN_HEAD } from './stream.ts'

/** Streams that may be open at once; of more the oldest are written as they are. */
export const MAX_STREAMS = 4096
/** Streams that were written before both sides had ended them: what still comes for them is passed over. */
const MAX_CLOSED = 4096
/** How many of the oldest make room at once: one by one the search for each would pass over all that went before. */
const ROOM = 256
/** Interim responses listed for one stream. */
const MAX_INTERIM = 64

export interface Http2Options {
  readonly connection: Connection
  /** Stands in where :scheme is unknown. */
  readonly scheme: 'http' | 'https'
  readonly policy: BodyPolicy
  /** Takes each exchange once its response is complete, or when the connection ends. It is not ended here. */
  readonly sink: Sink<HttpExchange>
  /** The HTTP/1.1 request that was answered 101 and that stream 1 answers (RFC 7540 3.2); the octets then begin after the 101. */
  readonly upgraded?: HttpRequest
}

/** Reads one HTTP/2 connection (RFC 9113) and writes its exchanges. */
export function openHttp2(options: Http2Options): Tunnel {
  const conversation = new Conversation(options)
  const { client, server } = conversation
  return { fromClient: client.reader, fromServer: server.reader, answersRequest: options.upgraded !== undefined }
}

const ENDS = { fin: 'the connection was closed', rst: 'the connection was reset', capture: 'the capture ended' }

class Conversation implements DirectionOwner {
  readonly #options: Http2Options
  readonly client: Direction
  readonly server: Direction
  readonly #streams = new Map<number, Stream>()
  readonly #closed = new Set<number>()
  /** RFC 9113 5.1.1: streams are opened in ascending order. */
  #highest = 0
  readonly #damage = new DamageLog()

  constructor(options: Http2Options) {
    this.#options = options
    this.client = new Direction(this, 'client')
    this.server = new Direction(this, 'server')
    this.client.peer = this.server
    this.server.peer = this.client
    options.connection.http = 'h2'
    if (options.upgraded !== undefined) this.#upgrade(options.upgraded)
  }

  #upgrade(request: HttpRequest): void {
    const settings = field(request.headers, 'http2-settings')
    if (settings !== null) this.client.upgrade(decodeBase64(settings))
    this.#highest = 1
    this.#open(1).upgraded = request
  }

  section(from: Direction, section: Section): void {
    const fields = readFields(section.block)
    if (section.promisedId !== null) this.#promise(from, section, section.promisedId, fields)
    else if (from === this.client) this.#requestSection(section, fields)
    else this.#responseSection(section, fields)
  }

  #requestSection(section: Section, fields: Fields): void {
    const { streamId, endStream, marks } = section
    const known = this.#streams.get(streamId)
    if (known === undefined && (streamId <= this.#highest || this.#closed.has(streamId))) return
    if (streamId % 2 === 0) {
      this.#hurt('malformed', 'HEADERS of a client on a stream of the server', marks[0])
      return
    }
    const stream = known ?? this.#open(streamId)
    if (stream.upgraded !== null) return
    this.#highest = Math.max(this.#highest, streamId)
    if (stream.request === null && fields.startsRegular && this.client.losses > 0) this.#openUnknown(this.client, stream, marks)
    if (stream.request !== null) this.#trailers(this.client, stream, section, fields)
    else {
      stream.request = this.#openRequest(stream, section, fields, this.client)
      if (endStream) this.#endWithHead(stream.request, fields, this.client)
      else stream.request.message.keep = this.#options.policy.request(stream.request.message.head)
    }
    this.#settle(stream)
  }

  #openRequest(stream: Stream, { marks }: Section, fields: Fields, from: Direction): Incoming {
    const request = new Incoming(requestHead(fields), marks, from.losses)
    const { message } = request
    const hurt: Hurt = (kind, detail) => message.hurt(kind, detail)
    hurtByFields(fields, hurt)
    if (fields.method === null) hurtByAbsence(fields, ':method', hurt)
    if (fields.path === null && fields.method !== 'CONNECT') hurtByAbsence(fields, ':path', hurt)
    // RFC 9113 8.3.1: it may be absent, and is then not missed.
    if (message.head.host === null && isIncomplete(fields)) hurtByAbsence(fields, ':authority', hurt)
    if (fields.scheme !== null) stream.scheme = fields.scheme
    this.#options.connection.requests++
    return request
  }

  #responseSection(section: Section, fields: Fields): void {
    const { streamId, endStream, marks } = section
    const stream = this.#streams.get(streamId) ?? (this.#isOver(streamId) ? null : this.#open(streamId))
    if (stream === null || stream.reset !== null) return
    const status = readStatus(fields.status)
    // RFC 9113 8.1: an interim response never ends the stream.
    if (status >= 100 && status < 200 && !endStream) {
      if (stream.interim.length < MAX_INTERIM) stream.interim.push(status)
      return
    }
    const known = stream.response
    // A section with a status after one whose status is unknown: that one was an interim response.
    const supersedes = known !== null && known.message.head.status === 0 && fields.status !== null
    if (known === null && fields.startsRegular && this.server.losses > 0) this.#openUnknown(this.server, stream, marks)
    if (stream.response !== null && !supersedes) this.#trailers(this.server, stream, section, fields)
    else stream.response = this.#openResponse(stream, section, fields)
    this.#settle(stream)
  }

  #openResponse(stream: Stream, { marks, endStream }: Section, fields: Fields): Incoming {
    const response = new Incoming(responseHead(fields), marks, this.server.losses)
    const { message } = response
    const hurt: Hurt = (kind, detail) => message.hurt(kind, detail)
    hurtByFields(fields, hurt)
    if (fields.status === null) hurtByAbsence(fields, ':status', hurt)
    else if (message.head.status === 0) hurt('malformed', 'a :status that is not a status code')
    if (endStream) this.#endWithHead(response, fields, this.server)
    else message.keep = this.#options.policy.response(message.head, stream.requestHead)
    return response
  }

  /** END_STREAM came with what is the head, or with trailers of which nothing is known. */
  #endWithHead({ message }: Incoming, fields: Fields, from: Direction): void {
    withoutContent(message)
    if (from.losses === 0 || fields.hasPseudo) return
    message.framing = 'close'
    message.sized = false
    message.hurtBody('gap', 'whether there was a body is not known')
  }

  #trailers(from: Direction, stream: Stream, { endStream, marks }: Section, fields: Fields): void {
    const incoming = from === this.client ? stream.request : stream.response
    if (incoming === null || incoming.ended) return
    const { message } = incoming
    for (const mark of marks) message.touch(mark)
    hurtByFields(fields, (kind, detail) => message.hurt(kind, detail))
    // RFC 9113 8.1: one trailer section, which ends the stream.
    if (message.trailers.length === 0) message.trailers = fields.headers
    else message.hurt('malformed', 'more than one trailer section')
    if (endStream) incoming.end(from.losses)
  }

  /** RFC 9113 8.4: the request of a stream that the server opens. */
  #promise(from: Direction, section: Section, promisedId: number, fields: Fields): void {
    if (from === this.client || promisedId === 0 || promisedId % 2 !== 0) {
      this.#hurt('malformed', 'PUSH_PROMISE that opens no stream of the server', section.marks[0])
      return
    }
    if (this.#closed.has(promisedId)) return
    const stream = this.#streams.get(promisedId) ?? this.#open(promisedId)
    if (stream.request !== null) return
    stream.request = this.#openRequest(stream, section, fields, this.server)
    withoutContent(stream.request.message)
    this.#settle(stream)
  }

  dataBegins(from: Direction, streamId: number, marks: readonly Mark[]): Incoming | null {
    const isRequest = from === this.client
    let stream = this.#streams.get(streamId)
    let incoming = (isRequest ? stream?.request : stream?.response) ?? null
    if (incoming === null) {
      // Content without a head is no message, unless the head was lost.
      if (from.losses === 0 || (isRequest && streamId % 2 === 0) || (stream === undefined && this.#isOver(streamId))) return null
      stream ??= this.#open(streamId)
      if (isRequest ? stream.upgraded !== null : stream.reset !== null) return null
      incoming = this.#openUnknown(from, stream, marks)
    }
    if (incoming.ended) return null
    incoming.resume(from.losses)
    for (const mark of marks) incoming.message.touch(mark)
    return incoming
  }

  #openUnknown(from: Direction, stream: Stream, marks: readonly Mark[]): Incoming {
    const incoming = new Incoming(UNKNOWN_HEAD, marks, from.losses)
    const { message } = incoming
    message.hurt('gap', 'the header fields were not captured')
    if (from === this.client) {
      stream.request = incoming
      message.keep = this.#options.policy.request(UNKNOWN_HEAD)
      this.#options.connection.requests++
    } else {
      stream.response = incoming
      message.keep = this.#options.policy.response(UNKNOWN_HEAD, stream.requestHead)
    }
    return incoming
  }

  streamEnds(from: Direction, streamId: number): void {
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    const incoming = from === this.client ? stream.request : stream.response
    incoming?.end(from.losses)
    this.#settle(stream)
  }

  /**
   * RFC 9113 6.4: whoever resets a stream sends nothing more on it, nor heeds what comes. What the client had sent by then is
   * its request all the same, and when the server does not read to the end (RFC 9113 8.1) the rest of it is on its way.
   */
  reset(from: Direction, streamId: number, error: string, mark: Mark): void {
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    const detail = `the ${from.who} reset the stream: ${error}`
    if (stream.response === null && stream.reset === null) this.#hurt('truncated', `${detail}, before a response`, mark)
    stream.response?.abort(this.server.losses, 'truncated', detail)
    if (from === this.client) stream.request?.abort(this.client.losses, 'truncated', detail)
    stream.reset ??= detail
    this.#settle(stream)
  }

  goAway(from: Direction, error: string, mark: Mark): void {
    if (error !== 'NO_ERROR') this.#hurt('truncated', `the ${from.who} gave up the connection: ${error}`, mark)
  }

  lost(mark: Mark, fault: string | null): void {
    if (fault !== null) this.#hurt('malformed', fault, mark)
  }

  ended(): void {
    const { how: clientEnd } = this.client
    const { how: serverEnd } = this.server
    if (clientEnd === null || serverEnd === null) return
    for (const stream of [...this.#streams.values()]) {
      stream.request?.abort(this.client.losses, 'truncated', stream.reset ?? `${ENDS[clientEnd]} within a message`)
      stream.response?.abort(this.server.losses, 'truncated', `${ENDS[serverEnd]} within a message`)
      this.#write(stream)
    }
    const { connection } = this.#options
    const damage = this.#damage.list()
    if (damage.length > 0) connection.damage = [...connection.damage, ...damage]
  }

  #open(streamId: number): Stream {
    const stream = new Stream(streamId, this.#options.scheme)
    if (this.#streams.size >= MAX_STREAMS) this.#evict()
    this.#streams.set(streamId, stream)
    return stream
  }

  #evict(): void {
    const detail = `more than ${MAX_STREAMS} open streams`
    for (const oldest of first(this.#streams.values(), ROOM)) {
      this.#hurt('limit', detail)
      oldest.request?.abort(this.client.losses, 'limit', detail)
      oldest.response?.abort(this.server.losses, 'limit', detail)
      this.#write(oldest)
    }
  }

  /** A stream that is not there was there before, so that nothing new begins on it. */
  #isOver(streamId: number): boolean {
    if (this.#closed.has(streamId)) return true
    return streamId % 2 === 1 && streamId <= this.#highest && this.client.losses === 0
  }

  /** Writes the stream once nothing more of its response and of its request is expected. */
  #settle(stream: Stream): void {
    const { request, response, upgraded } = stream
    if (response?.ended !== true && stream.reset === null) return
    const { losses } = this.client
    // The frames of a direction may be captured later than the answer to them, but not when they were lost.
    const isPushed = stream.id % 2 === 0
    if (request === null && upgraded === null && losses === 0 && !isPushed) return
    if (request !== null && !request.ended && !request.isDoubtful(losses)) return
    request?.abort(losses, 'gap', 'the end of a body was not captured')
    this.#write(stream)
  }

  #write(stream: Stream): void {
    this.#streams.delete(stream.id)
    const isOver = (stream.request?.ended === true || stream.upgraded !== null) && stream.response?.ended === true
    if (!isOver) this.#remember(stream.id)
    const exchange = stream.toExchange(this.#options.connection)
    if (exchange !== null) this.#options.sink.write(exchange)
  }

  #remember(streamId: number): void {
    if (this.#closed.size >= MAX_CLOSED) for (const oldest of first(this.#closed, ROOM)) this.#closed.delete(oldest)
    this.#closed.add(streamId)
  }

  #hurt(kind: 'malformed' | 'truncated' | 'limit', detail: string, mark?: Mark): void {
    this.#damage.add('http', kind, detail, mark?.frames[0] ?? null)
  }
}

function first<T>(values: Iterable<T>, count: number): T[] {
  const taken: T[] = []
  for (const value of values) {
    taken.push(value)
    if (taken.length === count) break
  }
  return taken
}

function withoutContent(message: Message): void {
  message.withoutBody()
  message.ended = true
}

function isIncomplete(fields: Fields): boolean {
  return fields.unknown > 0 || fields.problem !== null
}
