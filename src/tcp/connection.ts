import type { Damage } from '../core/damage.ts'
import type { Micros } from '../core/time.ts'

/** What TLS said about a connection, as the report shows it. */
export interface TlsFacts {
  version: string | null
  cipherSuite: string | null
  serverName: string | null
  alpn: string | null
  decrypted: boolean
  /** Where the secrets came from. */
  secrets: 'keylog' | 'dsb' | 'private-key' | 'resumed' | null
  /** Why it is not (wholly) decrypted, in words; null when it is. */
  reason: string | null
}

/** One TCP connection whose bytes were looked at, or one HAR `connection` value. Layers above tcp/ fill in what they learn. */
export interface Connection {
  readonly id: number
  readonly input: number
  /** "address:port", IPv6 in brackets; null in a HAR that does not tell. */
  client: string | null
  server: string | null
  readonly startTime: Micros
  tls: TlsFacts | null
  http: '1.0' | '1.1' | 'h2' | null
  /** HTTP requests seen on it. */
  requests: number
  damage: readonly Damage[]
}

/** Where and when bytes were captured. Immutable and shared: one per segment of a candidate connection, or per TLS record. */
export interface Mark {
  readonly input: number
  /** Frames that carried the bytes, ascending. */
  readonly frames: readonly number[]
  readonly time: Micros
}

/** Which packet octets came with. Borrowed: the one Segment is such an object. */
export interface Origin {
  readonly input: number
  readonly frame: number
  readonly time: Micros
}

/** Who counts octets that nobody needs to see: the content of a message that is not kept. */
export interface Skipper {
  /** How many of the next octets need not be shown; right at any time, and 0 when the next one has to be. */
  readonly skippable: number
  /** `octets` came next, all in one packet and no more than may be skipped. Hot path: must not allocate more than a frame number. */
  skip(octets: number, origin: Origin): void
}

/**
 * One direction of a connection as an ordered byte stream. TCP pushes into it, TLS takes one and pushes decrypted bytes into
 * another, HTTP takes one and makes messages. All calls are in stream order, and in capture order between the directions.
 */
export interface StreamSink {
  /** bytes[start, end) are next in order; borrowed: valid only during the call. */
  data(bytes: Uint8Array, start: number, end: number, mark: Mark): void
  /** `missing` octets were not captured (null: unknown how many, as before the first octet of a stream that was joined late). */
  gap(missing: number | null, mark: Mark): void
  /** Nothing follows. 'fin' an orderly close, 'rst' a reset, 'capture' the capture ended or the connection was given up. */
  end(how: 'fin' | 'rst' | 'capture', time: Micros): void
  /**
   * Asked after octets were pushed: who counts those that follow, as long as they need not be seen. Whoever pushes may then call it
   * instead of `data`, and may stop comparing what is captured twice. Absent or null: nobody.
   */
  skipper?(): Skipper | null
}

export interface StreamPair {
  readonly fromClient: StreamSink
  readonly fromServer: StreamSink
  /**
   * True once nothing that follows is of use (a TLS connection without secrets whose hellos were read): whoever pushes looks
   * after each call and may then forget the flow without calling again, not even `end`. Absent means false.
   */
  readonly finished?: boolean
}

/** What the next layer says to the first payload octets of a flow. */
export type Recognition = 'ignore' | 'more' | 'client' | 'server'

/** The door from tcp/ to whatever is above it; analyze.ts connects them. */
export interface ConnectionOpener {
  /**
   * Asked with the first payload octets of one direction. 'client': this is a client speaking; 'server': a server (whoever sent the SYN is the client whatever is said here);
   * 'more': too few octets to tell (at most MAX_RECOGNITION are held); 'ignore': never ask again for this flow.
   * `fromStart` is false when the SYN was not seen; then 'ignore' only passes over this segment.
   * Hot path: called for every flow, must not allocate when it answers 'ignore'.
   */
  recognise(bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition
  /** Called once a flow was recognised. */
  open(connection: Connection): StreamPair
}

/** Octets of one direction that are held before a flow must have been recognised. */
export const MAX_RECOGNITION = 4096
