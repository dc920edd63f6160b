import { encodeHex } from '../platform/crypto.ts'

/** Sessions whose master secret is remembered; the oldest is forgotten first. */
export const MAX_SESSIONS = 10_000

/** Master secrets of TLS 1.2 sessions by session id and by ticket, over all connections of a run (RFC 5246 F.1.4, RFC 5077). */
export class SessionCache {
  readonly #masters = new Map<string, Uint8Array>()

  /** Remembers the master secret under a session id or a ticket; an empty one names no session. */
  remember(name: Uint8Array | null, master: Uint8Array): void {
    if (name === null || name.length === 0) return
    const key = encodeHex(name.length > 64 ? shorten(name) : name)
    this.#masters.delete(key)
    this.#masters.set(key, master)
    if (this.#masters.size <= MAX_SESSIONS) return
    for (const oldest of this.#masters.keys()) {
      this.#masters.delete(oldest)
      return
    }
  }

  find(name: Uint8Array | null): Uint8Array | null {
    if (this.#masters.size === 0 || name === null || name.length === 0) return null
    return this.#masters.get(encodeHex(name.length > 64 ? shorten(name) : name)) ?? null
  }
}

/** Tickets are long and random: their last 64 octets, MAC and all (RFC 5077 4), name them as well. */
function shorten(ticket: Uint8Array): Uint8Array {
  return ticket.subarray(ticket.length - 64)
}
