import type { Connection } from '../tcp/connection.ts'

/** Why a TLS connection is not, or not wholly, decrypted. */
export type Cause =
  /** No secret for it is known. */
  | 'no-secret'
  /** Some of its secrets are known, others not. */
  | 'partial'
  /** A secret is known, but its records do not open with it. */
  | 'wrong-secret'
  /** Version, cipher suite or compression that this program does not read. */
  | 'unsupported'
  /** Its hellos were not captured, and no secret that was tried opens it. */
  | 'joined-late'

/** One TLS connection that could not be (wholly) decrypted. */
export interface Undecrypted {
  readonly connection: Connection
  readonly cause: Cause
  /** Lower-case hex; null when the ClientHello was not captured. */
  readonly clientRandom: string | null
  readonly serverName: string | null
  readonly version: string | null
  readonly cipherSuite: string | null
  /** Labels of the key log lines that would be needed. */
  readonly missing: readonly string[]
  /** Whether the key log has any line for this client random. */
  readonly inKeyLog: boolean
  /** It resumes a session whose full handshake gave no secret either. */
  readonly resumed: boolean
  /** The same in one sentence, as in TlsFacts.reason. */
  readonly reason: string
}

/** Undecrypted connections of one server name and cause. */
export interface UndecryptedCount {
  readonly serverName: string | null
  readonly cause: Cause
  readonly missing: readonly string[]
  count: number
}

/** Connections that are listed one by one, and rows of counts; a capture may hold a million. */
export const MAX_LISTED = 1000

/** Gathers what could not be decrypted, for the part of the report that says which keys are missing. */
export class KeyDoctor {
  readonly #listed: Undecrypted[] = []
  readonly #counts = new Map<string, UndecryptedCount>()
  /** Connections with TLS, and those of them that gave plaintext. */
  connections = 0
  decrypted = 0
  /** All undecrypted connections, listed or not. */
  total = 0

  add(row: Undecrypted): void {
    this.total++
    if (this.#listed.length < MAX_LISTED) this.#listed.push(row)
    const { serverName, cause, missing } = row
    const key = `${cause} ${missing.join(' ')} ${serverName ?? ''}`
    const known = this.#counts.get(key)
    if (known !== undefined) known.count++
    else if (this.#counts.size < MAX_LISTED) this.#counts.set(key, { serverName, cause, missing, count: 1 })
  }

  /** The first MAX_LISTED of them. */
  list(): readonly Undecrypted[] {
    return this.#listed
  }

  /** Counts by server name and cause, the most frequent first. */
  counts(): UndecryptedCount[] {
    return [...this.#counts.values()].sort((a, b) => b.count - a.count)
  }
}
