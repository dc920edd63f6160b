import type { Micros } from '../core/time.ts'
import type { Connection } from '../tcp/connection.ts'
import type { KeyDoctor } from './key-doctor.ts'
import type { MasterSources } from './master-secret.ts'

/** What a TLS handshake told; delivered once a connection, when application data begins or nothing more can come. */
export interface Handshake {
  readonly connection: Connection
  readonly time: Micros
  readonly frames: readonly number[]
  /** Lower-case hex; null when neither the ClientHello nor a trial of secrets told it. */
  readonly clientRandom: string | null
  readonly serverName: string | null
  /** Protocols that the client offered (ALPN), in its order. */
  readonly alpnOffered: readonly string[]
  /** What the server selected; null when it selected nothing or the selection is encrypted. */
  readonly alpn: string | null
  /** Whether the server's selection was seen: TLS 1.2, or TLS 1.3 with its handshake decrypted. */
  readonly alpnKnown: boolean
  readonly version: string | null
  readonly cipherSuite: string | null
  readonly resumed: boolean
  /** The server's chain in DER, its own certificate first; empty when it was not sent or not visible. */
  readonly certificates: readonly Uint8Array[]
  readonly alerts: readonly Alert[]
}

export interface Alert {
  readonly from: 'client' | 'server'
  readonly level: number
  readonly description: number
  /** In words: "the client refused the server's certificate: unknown_ca". */
  readonly text: string
  readonly time: Micros
  readonly frames: readonly number[]
}

/** What all TLS connections of a run share. */
export interface TlsContext extends MasterSources {
  readonly doctor: KeyDoctor
  /** Attempts to open a record that are left for searches in this run. */
  trialsLeft: number
  /** Entries of the secret store whose ClientHello was seen. */
  readonly seenEntries: Set<number>
  /** A Decryption Secrets Block may still come. */
  secretsMayCome: boolean
  readonly onHandshake: ((handshake: Handshake) => void) | null
  /** A connection holds more (or fewer) octets than before. */
  held(waiter: Waiter, change: number): void
  /** A connection holds something after a call; the place to make the longest waiting give up when all hold too much. */
  holding(): void
}

/** A connection that waits for secrets or for its other direction. */
export interface Waiter {
  readonly heldOctets: number
  retry(): void
  stopWaiting(): void
}
