import type { Connection, Mark, StreamPair, StreamSink } from '../../src/tcp/connection.ts'
import type { Handshake } from '../../src/tls/context.ts'
import { TlsLayer } from '../../src/tls/tls-layer.ts'
import { type Chunk, join, text } from './recording.ts'

/** What the layer above TLS was given of one direction. */
export class Heard implements StreamSink {
  readonly parts: Uint8Array[] = []
  readonly marks: Mark[] = []
  readonly gaps: (number | null)[] = []
  /** Octets that had come before each gap. */
  readonly gapsAt: number[] = []
  ended: string | null = null

  data(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    this.parts.push(bytes.slice(start, end))
    this.marks.push(mark)
  }

  gap(missing: number | null): void {
    this.gaps.push(missing)
    this.gapsAt.push(this.bytes.length)
  }

  end(how: string): void {
    this.ended = how
  }

  get bytes(): Uint8Array {
    return join(this.parts)
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes)
  }
}

export function connectionOf(id: number): Connection {
  const endpoints = { client: '10.0.0.1:40000', server: '10.0.0.2:443' }
  return { id, input: 0, ...endpoints, startTime: 0, tls: null, http: null, requests: 0, damage: [] }
}

export interface Heads {
  readonly connection: Connection
  readonly client: Heard
  readonly server: Heard
  alpn: string | null | undefined
}

/** A TLS layer whose connections end in recorders. */
export class Listener {
  readonly layer: TlsLayer
  readonly handshakes: Handshake[] = []
  #opened = 0

  constructor(keyLog = '') {
    this.layer = new TlsLayer({ onHandshake: (handshake) => this.handshakes.push(handshake) })
    const log = this.layer.keyLog()
    log.write(text(keyLog))
    log.end()
  }

  open(): { heads: Heads; pair: StreamPair } {
    const connection = connectionOf(this.#opened++)
    const heads: Heads = { connection, client: new Heard(), server: new Heard(), alpn: undefined }
    const pair = this.layer.open(connection, (_connection, alpn) => {
      heads.alpn = alpn
      return { fromClient: heads.client, fromServer: heads.server }
    })
    return { heads, pair }
  }

  /** Plays what was recorded: chunk n came in frame n + 1, at that second. */
  play(chunks: readonly Chunk[], how: 'fin' | 'capture' = 'fin'): Heads {
    const { heads, pair } = this.open()
    for (const [i, { fromClient, bytes }] of chunks.entries())
      push(pair, fromClient, bytes, { input: 0, frames: [i + 1], time: i * 1e6 })
    pair.fromClient.end(how, chunks.length * 1e6)
    pair.fromServer.end(how, chunks.length * 1e6)
    return heads
  }
}

/** Hands bytes over in a memory that is overwritten afterwards, as tcp/ does: whoever keeps a view sees garbage. */
export function push(pair: StreamPair, fromClient: boolean, bytes: Uint8Array, mark: Mark): void {
  const borrowed = new Uint8Array(bytes.length + 9)
  borrowed.set(bytes, 7)
  const sink = fromClient ? pair.fromClient : pair.fromServer
  sink.data(borrowed, 7, 7 + bytes.length, mark)
  borrowed.fill(0xa5)
}

/** A log line's worth of what goes wrong in a round trip, or null. */
export function difference(heads: Heads, sent: Uint8Array, answered: Uint8Array): string | null {
  if (Buffer.compare(heads.client.bytes, sent) !== 0)
    return `client: ${heads.client.bytes.length} of ${sent.length}, ${why(heads)}`
  if (Buffer.compare(heads.server.bytes, answered) !== 0)
    return `server: ${heads.server.bytes.length} of ${answered.length}, ${why(heads)}`
  return null
}

function why({ connection }: Heads): string {
  return JSON.stringify([connection.tls, connection.damage])
}
