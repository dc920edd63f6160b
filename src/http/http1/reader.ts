import type { DamageKind } from '../../core/damage.ts'
import { latin1Bytes } from '../../platform/base64.ts'
import type { Mark, Origin, Skipper } from '../../tcp/connection.ts'
import { ChunkedReader } from './chunked.ts'
import { MAX_HEAD } from './head.ts'
import { HeadReader } from './head-reader.ts'
import type { Message } from './message.ts'
import { StartLineSearch } from './search.ts'

/** What the reader of a direction tells the conversation. */
export interface MessageListener {
  /** A head is complete: sets framing, size of a body of known length, and how much of it to keep. */
  opened(message: Message): void
  /** Nothing more belongs to the message. */
  closed(message: Message): void
  /** Messages may be missing here; `joined` when only because the direction was joined late. */
  lost(joined: boolean): void
  /** Damage that belongs to no message. */
  hurt(kind: DamageKind, detail: string, mark: Mark | null): void
}

type State =
  | 'start' // before the first octet of a message
  | 'head'
  | 'length'
  | 'chunked'
  | 'close'
  | 'probe' // before the first octet of the body of a response whose request is unknown
  | 'search' // for the next octets that look like a message

const CR = 13
const LF = 10
/** What a status line begins with, up to the minor version. */
const STATUS_PREFIX = Uint8Array.of(72, 84, 84, 80, 47, 49, 46) // "HTTP/1."

const BODY_GAP = 'a part of the body was not captured'

/**
 * Reads the messages of one direction (RFC 9112) in one pass. After a loss reading begins again at the next start line; octets
 * in between belong to nothing.
 */
export class MessageReader implements Skipper {
  readonly #isRequests: boolean
  readonly #listener: MessageListener
  readonly #head: HeadReader
  #state: State = 'start'
  /** Nothing has come so far. */
  #fresh = true
  #message: Message | null = null
  /** Octets of a body of known length that are still to come. */
  #left = 0
  /** Marks of the octets that were probed and matched. */
  #probed: Mark[] = []
  #chunked: ChunkedReader | null = null
  #search: StartLineSearch | null = null
  /** A message has ended after which the octets may be another protocol's: `read` consumes none until this is unset. */
  paused = false

  constructor(isRequests: boolean, listener: MessageListener) {
    this.#isRequests = isRequests
    this.#listener = listener
    this.#head = new HeadReader(isRequests)
  }

  /** Returns where it stopped: at `end`, or where it was paused. */
  read(bytes: Uint8Array, start: number, end: number, mark: Mark): number {
    let at = start
    this.#fresh = false
    while (at < end && !this.paused)
      switch (this.#state) {
        case 'start':
          while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++ // RFC 9112 2.2: empty lines before a start line
          if (at === end) break
          this.#head.begin()
          this.#state = 'head'
          at = this.#readHead(bytes, at, end, mark)
          break
        case 'head':
          at = this.#readHead(bytes, at, end, mark)
          break
        case 'length': {
          const message = this.#message as Message
          const take = Math.min(end - at, this.#left)
          message.touch(mark)
          message.content(bytes, at, at + take)
          at += take
          this.#left -= take
          if (this.#left === 0) this.#close()
          break
        }
        case 'chunked':
          at = this.#readChunks(bytes, at, end, mark)
          break
        case 'close': {
          const message = this.#message as Message
          message.touch(mark)
          message.content(bytes, at, end)
          message.size += end - at
          at = end
          break
        }
        case 'probe':
          at = this.#probe(bytes, at, mark)
          break
        case 'search':
          at = this.#seek(bytes, at, end, mark)
          break
      }
    return at
  }

  /** Content that nobody keeps, but for the last octet of a body or a chunk: behind it something begins. */
  get skippable(): number {
    const message = this.#message
    if (message === null || message.wantsMore) return 0
    switch (this.#state) {
      case 'length':
        return this.#left - 1
      case 'chunked':
        return (this.#chunked as ChunkedReader).skippable
      case 'close':
        return Number.POSITIVE_INFINITY
      default:
        return 0
    }
  }

  skip(octets: number, origin: Origin): void {
    const message = this.#message as Message
    message.touchFrame(origin)
    if (this.#state === 'length') this.#left -= octets
    else if (this.#state === 'chunked') (this.#chunked as ChunkedReader).skip(octets, message)
    else message.size += octets
  }

  #readHead(bytes: Uint8Array, start: number, end: number, mark: Mark): number {
    const at = this.#head.read(bytes, start, end, mark)
    switch (this.#head.outcome) {
      case 'complete':
        this.#headComplete(mark)
        break
      case 'too long':
        this.#cutHead('limit', `a head of more than ${MAX_HEAD} octets`)
        this.#lose()
        break
      case 'garbage':
        this.#garbage(mark)
        break
    }
    return at
  }

  #headComplete(mark: Mark): void {
    const message = this.#head.take()
    if (message === null) this.#garbage(mark)
    else this.#open(message)
  }

  #open(message: Message): void {
    this.#message = message
    this.#listener.opened(message)
    if (this.#message !== message) return // what came before it has made a tunnel of the connection
    switch (message.framing) {
      case 'none':
      case 'tunnel':
        this.#close()
        break
      case 'length':
        this.#left = message.size
        this.#state = message.mayLackBody ? 'probe' : 'length'
        break
      case 'chunked':
        this.#chunked ??= new ChunkedReader()
        this.#chunked.begin()
        this.#state = message.mayLackBody ? 'probe' : 'chunked'
        break
      case 'close':
        this.#state = message.mayLackBody ? 'probe' : 'close'
        break
      case 'unknown':
        this.#beginSearch()
        break
    }
  }

  #close(): void {
    const message = this.#message as Message
    this.#message = null
    this.#state = 'start'
    this.paused = message.parks || message.framing === 'tunnel'
    message.ended = true
    this.#listener.closed(message)
  }

  /**
   * A response whose request is unknown may answer HEAD: then the body that its head describes is not there (RFC 9110 9.3.2)
   * and the next octets are those of the next response.
   */
  #probe(bytes: Uint8Array, at: number, mark: Mark): number {
    const probed = this.#probed.length
    if (bytes[at] !== STATUS_PREFIX[probed]) {
      this.#takeProbed()
      return at
    }
    if (probed + 1 < STATUS_PREFIX.length) {
      this.#probed.push(mark)
      return at + 1
    }
    this.answersHead(this.#message as Message)
    return at
  }

  /** The request has turned out to be HEAD: what was probed so far is no body. */
  answersHead(message: Message): void {
    if (this.#state !== 'probe' || this.#message !== message) return
    message.withoutBody()
    this.#close()
    this.#replayProbed()
  }

  /** The octets that were probed are content after all. */
  #takeProbed(): void {
    const framing = this.#message?.framing
    this.#state = framing === 'length' || framing === 'close' ? framing : 'chunked'
    this.#replayProbed()
  }

  #replayProbed(): void {
    const marks = this.#probed
    this.#probed = []
    marks.forEach((mark, i) => void this.read(STATUS_PREFIX, i, i + 1, mark))
  }

  #readChunks(bytes: Uint8Array, start: number, end: number, mark: Mark): number {
    const message = this.#message as Message
    const chunked = this.#chunked as ChunkedReader
    message.touch(mark)
    const at = chunked.read(bytes, start, end, message)
    if (chunked.done) this.#close()
    else if (chunked.fault !== null) {
      message.sized = false
      message.hurtBody('malformed', chunked.fault)
      this.#close()
      this.#beginSearch()
    }
    return at
  }

  /** The octets of the head make no start line where a message should begin. */
  #garbage(mark: Mark): void {
    this.#listener.hurt('malformed', 'octets that are no HTTP/1 message', mark)
    const octets = latin1Bytes(this.#head.text)
    this.#lose()
    this.read(octets, 0, octets.length, mark)
  }

  #lose(joined = false): void {
    this.#beginSearch()
    this.#listener.lost(joined)
  }

  #beginSearch(): void {
    this.#search ??= new StartLineSearch(this.#isRequests)
    this.#search.begin()
    this.#state = 'search'
  }

  #seek(bytes: Uint8Array, start: number, end: number, mark: Mark): number {
    const search = this.#search as StartLineSearch
    const into = this.#message
    const at = search.read(bytes, start, end, mark, into)
    if (!search.found) {
      into?.touch(mark)
      return at
    }
    if (into !== null) this.#closeUnframed(into)
    this.#head.resume(search)
    this.#state = 'head'
    if (this.#head.outcome === 'complete') this.#headComplete(mark)
    return at
  }

  #closeUnframed(message: Message): void {
    message.sized = false
    message.hurtBody('malformed', 'a body whose end the head does not tell')
    this.#close()
  }

  /** The head ends before its empty line: what is known of it becomes a message. */
  #cutHead(kind: DamageKind, detail: string): void {
    const message = this.#head.cut()
    if (message === null) {
      this.#listener.hurt(kind, detail, this.#head.firstMark)
      return
    }
    message.hurt(kind, detail)
    this.#message = message
    this.#listener.opened(message)
    if (this.#message !== message) return
    message.framing = 'unknown'
    message.sized = false
    message.hurtBody(kind, 'a body whose head is incomplete')
    this.#close()
  }

  /** `missing` octets are not there (null: unknown how many). */
  gap(missing: number | null): void {
    const unsure = this.#state === 'probe' && this.#message?.framing === 'close'
    if (this.#state === 'probe') this.#takeProbed()
    const message = this.#message
    switch (this.#state) {
      case 'head':
        this.#cutHead('gap', 'a part of the head was not captured')
        break
      case 'search':
        this.#search?.end(message)
        if (message !== null) this.#closeUnframed(message)
        break
    }
    if (message === null || this.#state === 'start') {
      this.#lose(this.#fresh && missing === null)
      return
    }
    message.hurtBody('gap', BODY_GAP)
    // Whether there is a body at all is not known, so one that lasts until the connection closes is not worth all that follows.
    if (unsure) message.sized = false
    else if (this.#passOver(message, missing)) return
    this.#close()
    this.#lose()
  }

  /** Passes over missing octets of a body; false when they may reach beyond it. */
  #passOver(message: Message, missing: number | null): boolean {
    if (this.#state === 'close') {
      message.sized = false
      return true
    }
    if (this.#state === 'chunked') {
      if (missing !== null && this.#chunked?.skip(missing, message) === true) return true
      message.sized = false
      return false
    }
    if (missing === null || missing > this.#left) return false
    this.#left -= missing
    if (this.#left === 0) this.#close()
    return true
  }

  /** Nothing follows; `orderly` when the connection was closed as it should be. */
  end(orderly: boolean, reason: string): void {
    // When nothing has followed that could be its body, this cannot be told from an answer to HEAD.
    if (this.#state === 'probe') this.#takeProbed()
    if (this.#state === 'head') this.#cutHead('truncated', reason)
    if (this.#state === 'search') this.#search?.end(this.#message)
    const message = this.#message
    if (message === null) return
    if (this.#state === 'search') this.#closeUnframed(message)
    else if (this.#state === 'close' && orderly)
      this.#close() // RFC 9112 8: complete, if no error was indicated
    else this.#abandon(reason)
  }

  /** From here on the octets are another protocol's: `read` consumes none any more, even when it is reading just now. */
  leave(reason: string): void {
    this.#abandon(reason)
    this.paused = true
  }

  /** The rest of the message that is being read will not come. */
  #abandon(reason: string): void {
    const message = this.#message
    if (message === null) return
    message.hurtBody('truncated', reason)
    if (message.framing !== 'length') message.sized = false
    this.#close()
  }
}
