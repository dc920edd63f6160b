import type { Micros } from '../../core/time.ts'
import type { Mark, Skipper, StreamSink } from '../../tcp/connection.ts'
import type { Message } from './message.ts'
import { ParkedOctets } from './park.ts'
import type { MessageListener } from './reader.ts'
import { MessageReader } from './reader.ts'

type Ending = 'fin' | 'rst' | 'capture'

const REASONS: Readonly<Record<Ending, string>> = {
  fin: 'the connection was closed before the end of the message',
  rst: 'the connection was reset before the end of the message',
  capture: 'the capture ended before the end of the message',
}

/** One direction of a connection: HTTP/1 messages first, and perhaps another protocol after them. */
export class Http1Stream implements StreamSink {
  readonly #reader: MessageReader
  readonly #ended: () => void
  #parked: ParkedOctets | null = null
  #tunnel: StreamSink | null = null
  #isTunnel = false
  #ending: { readonly how: Ending; readonly time: Micros } | null = null

  /** `ended` is called once, when nothing follows in this direction. */
  constructor(isRequests: boolean, listener: MessageListener, ended: () => void) {
    this.#reader = new MessageReader(isRequests, listener)
    this.#ended = ended
  }

  /** Its end was seen, and it was orderly. */
  get closedInOrder(): boolean {
    return this.#ending?.how === 'fin'
  }

  data(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    const at = this.#isTunnel ? start : this.#reader.read(bytes, start, end, mark)
    if (at === end) return
    if (this.#isTunnel) this.#tunnel?.data(bytes, at, end, mark)
    else if (!this.#park().data(bytes, at, end, mark)) this.unpark()
  }

  gap(missing: number | null, mark: Mark): void {
    if (this.#isTunnel) this.#tunnel?.gap(missing, mark)
    else if (this.#reader.paused) this.#park().gap(missing, mark)
    else this.#reader.gap(missing)
  }

  end(how: Ending, time: Micros): void {
    if (this.#isTunnel) this.#tunnel?.end(how, time)
    else if (this.#reader.paused) this.#park().end(how, time)
    else this.#reader.end(how === 'fin', REASONS[how])
    if (this.#ending !== null) return
    this.#ending = { how, time }
    this.#ended()
  }

  skipper(): Skipper | null {
    return this.#isTunnel ? (this.#tunnel?.skipper?.() ?? null) : this.#reader
  }

  #park(): ParkedOctets {
    this.#parked ??= new ParkedOctets()
    return this.#parked
  }

  /** There is no tunnel: what was parked is HTTP/1. */
  unpark(): void {
    if (this.#isTunnel || !this.#reader.paused) return
    const parked = this.#parked
    this.#parked = null
    this.#reader.paused = false
    parked?.replay(this)
  }

  /** From here on the octets are another protocol's; null: nobody's. */
  becomeTunnel(sink: StreamSink | null): void {
    const parked = this.#parked
    this.#parked = null
    this.#reader.leave('the connection became that of another protocol before the end of the message')
    this.#isTunnel = true
    this.#tunnel = sink
    if (sink === null) return
    if (parked !== null) parked.replay(sink)
    else if (this.#ending !== null) sink.end(this.#ending.how, this.#ending.time)
  }

  /** The response that is being read answers HEAD. */
  answersHead(response: Message): void {
    this.#reader.answersHead(response)
  }
}
