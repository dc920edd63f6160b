import type { Segment } from '../../src/net/segment.ts'
import type { Connection, ConnectionOpener, Mark, Recognition, StreamPair, StreamSink } from '../../src/tcp/connection.ts'
import { TcpLayer } from '../../src/tcp/tcp.ts'

export const FIN = 1
export const SYN = 2
export const RST = 4
export const ACK = 16

/** What is said about one segment; sequence numbers count from the first octet of the sender's stream. */
export interface Said {
  readonly flags?: number
  readonly at?: number
  readonly text?: string
  readonly bytes?: Uint8Array
  /** Octets behind the text that the snap length cut off. */
  readonly missing?: number
  /** Octets of the other side that are acknowledged; null for no ACK. */
  readonly ack?: number | null
  readonly input?: number
  readonly fragments?: readonly number[]
}

export interface TalkOptions {
  readonly port?: number
  /** Initial sequence numbers of client and server. */
  readonly isn?: readonly [number, number]
  readonly family?: 4 | 6
}

const encode = (text: string) => new TextEncoder().encode(text)

/** Makes the segments of one connection; frames and times count up over all of them. */
export class Talk {
  static #frame = 0
  readonly #port: number
  readonly #isn: readonly [number, number]
  readonly #family: 4 | 6

  constructor({ port = 40_000, isn = [1000, 5_000_000], family = 4 }: TalkOptions = {}) {
    this.#port = port
    this.#isn = isn
    this.#family = family
  }

  client(said: Said): Segment {
    return this.#segment(0, said)
  }

  server(said: Said): Segment {
    return this.#segment(1, said)
  }

  /** The three segments that open a connection. */
  handshake(): Segment[] {
    return [
      this.client({ flags: SYN, at: -1, ack: null }),
      this.server({ flags: SYN, at: -1, ack: 0 }),
      this.client({ at: 0, ack: 0 }),
    ]
  }

  #segment(
    side: 0 | 1,
    { flags = 0, at = 0, text = '', bytes = encode(text), missing = 0, ack = 0, input = 0, fragments }: Said,
  ): Segment {
    const addresses =
      this.#family === 4
        ? [
            [0x0a000001, 0, 0, 0],
            [0x0a000002, 0, 0, 0],
          ]
        : [
            [0x20010db8, 0, 0, 1],
            [0x20010db8, 0, 0, 2],
          ]
    const [source, destination] = side === 0 ? addresses : addresses.toReversed()
    const memory = new Uint8Array(bytes.length + 6).fill(0xee)
    memory.set(bytes, 3)
    Talk.#frame++
    return {
      input,
      frame: fragments?.at(-1) ?? Talk.#frame,
      fragments: fragments ?? null,
      time: Talk.#frame * 1000,
      family: this.#family,
      address: Int32Array.from([...(source ?? []), ...(destination ?? [])]),
      sourcePort: side === 0 ? this.#port : 80,
      destinationPort: side === 0 ? 80 : this.#port,
      sequence: ((this.#isn[side] as number) + 1 + at) | 0,
      acknowledgment: ack === null ? 0 : ((this.#isn[1 - side] as number) + 1 + ack) | 0,
      flags: flags | (ack === null ? 0 : ACK),
      bytes: memory,
      start: 3,
      end: 3 + bytes.length,
      payloadLength: bytes.length + missing,
    }
  }
}

/** One connection as it was handed on. */
export interface Heard {
  readonly connection: Connection
  /** In the order of the calls: "C:text", "S:gap 5", "S:end fin". */
  readonly events: string[]
  /** All octets of a side, gaps left out. */
  readonly client: string
  readonly server: string
  readonly marks: Mark[]
}

export interface Listener {
  readonly recognise?: (text: string, fromStart: boolean) => Recognition
  /** After which event nothing more is wanted. */
  readonly finishedAfter?: string
  /** Large streams: no events are kept, only octets counted. */
  readonly countOnly?: boolean
}

/** Like an HTTP recogniser. */
export function recogniseText(text: string): Recognition {
  if (text.startsWith('GET')) return 'client'
  if (text.startsWith('HTTP')) return 'server'
  return 'GET'.startsWith(text) || 'HTTP'.startsWith(text) ? 'more' : 'ignore'
}

/** Opens connections, and writes down what they say. */
export class Hearing implements ConnectionOpener {
  readonly heard: Heard[] = []
  readonly asked: string[] = []
  octets = 0
  readonly #listener: Listener
  readonly layer = new TcpLayer(this, () => this.heard.length)

  constructor(listener: Listener = {}) {
    this.#listener = listener
  }

  recognise(bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition {
    const text = new TextDecoder('latin1').decode(bytes.subarray(start, end))
    if (this.#listener.countOnly !== true) this.asked.push(`${fromStart ? 'start' : 'middle'}:${text}`)
    return (this.#listener.recognise ?? recogniseText)(text, fromStart)
  }

  open(connection: Connection): StreamPair {
    const heard = { connection, events: [] as string[], client: '', server: '', marks: [] as Mark[] }
    this.heard.push(heard)
    let finished = false
    let ended = ''
    const note = (side: 'C' | 'S', text: string) => {
      if (ended.includes(side)) throw new Error(`${side}:${text} after its end`)
      if (this.#listener.countOnly !== true) heard.events.push(`${side}:${text}`)
      if (`${side}:${text}` === this.#listener.finishedAfter) finished = true
    }
    const sink = (side: 'C' | 'S'): StreamSink => ({
      data: (bytes, start, end, mark) => {
        this.octets += end - start
        if (this.#listener.countOnly === true) return
        if (end <= start) throw new Error('no octets')
        const text = new TextDecoder('latin1').decode(bytes.subarray(start, end))
        if (side === 'C') heard.client += text
        else heard.server += text
        heard.marks.push(mark)
        note(side, text)
      },
      gap: (missing, mark) => {
        if (missing !== null && missing <= 0) throw new Error(`a gap of ${missing}`)
        heard.marks.push(mark)
        note(side, `gap ${missing}`)
      },
      end: (how) => {
        note(side, `end ${how}`)
        ended += side
      },
    })
    return {
      fromClient: sink('C'),
      fromServer: sink('S'),
      get finished() {
        return finished
      },
    }
  }

  /** Gives segments to the layer, and ends it unless more will come. */
  play(segments: readonly Segment[], end = true): this {
    for (const segment of segments) this.layer.write(segment)
    if (end) this.layer.end()
    return this
  }

  /** Events of the first connection, data of a side that came in a row joined. */
  get events(): string[] {
    const joined: string[] = []
    for (const event of this.heard[0]?.events ?? []) {
      const last = joined.at(-1)
      const isData = !/^.:(gap|end) /.test(event)
      if (isData && last?.[0] === event[0] && !/^.:(gap|end) /.test(last ?? '')) joined[joined.length - 1] = last + event.slice(2)
      else joined.push(event)
    }
    return joined
  }
}

export function hear(segments: readonly Segment[], listener: Listener = {}): Hearing {
  return new Hearing(listener).play(segments)
}
