/** What a line of a key log can hold, as small numbers because they are stored by the hundred thousand. */
export const SECRET = {
  /** CLIENT_RANDOM: master secret of TLS 1.2 and before, by client random. */
  master: 0,
  /** PMS_CLIENT_RANDOM: premaster secret, by client random. */
  premaster: 1,
  /** RSA: premaster secret, by the first 8 octets of the encrypted premaster secret. */
  rsaPremaster: 2,
  /** RSA Session-ID:... Master-Key:...: master secret, by session id. */
  sessionMaster: 3,
  clientEarly: 4,
  clientHandshake: 5,
  serverHandshake: 6,
  clientTraffic: 7,
  serverTraffic: 8,
} as const

export type SecretKind = (typeof SECRET)[keyof typeof SECRET]
export type SecretOrigin = 'keylog' | 'dsb'

const KEY_LENGTH = 32
const NONE = -1

/**
 * All secrets of a run, by the 32 octets (shorter keys are filled up with zeros) that a connection shows in clear. Half a million lines
 * cost no object each: keys and secrets lie in two big arrays, an open-addressing table of entry numbers finds them.
 */
export class SecretStore {
  /** Of each entry: its key, and its first secret. */
  #keys = new Uint8Array(64 * KEY_LENGTH)
  #first = new Int32Array(64)
  #entries = 0
  /** Of each secret: next of the same entry, kind and origin and length packed, offset of its octets. */
  #next = new Int32Array(128)
  #packed = new Int32Array(128)
  #offset = new Int32Array(128)
  #count = 0
  #octets = new Uint8Array(4096)
  #used = 0
  #premasters = false
  #table = new Int32Array(128).fill(NONE)
  /** A key log is an input like any other: nobody may choose client randoms that all collide. */
  readonly #seed = (Math.random() * 0x7fffffff) | 1

  /** Entries: different client randoms (or session ids, or encrypted premaster secrets). */
  get entries(): number {
    return this.#entries
  }

  /** Secrets held. */
  get size(): number {
    return this.#count
  }

  /** Whether premaster secrets are among them. */
  get hasPremasters(): boolean {
    return this.#premasters
  }

  /** Number of the entry whose key is bytes[start, end), or -1. */
  entryOf(bytes: Uint8Array, start: number, end: number): number {
    if (this.#entries === 0 || end - start > KEY_LENGTH) return NONE
    return this.#table[this.#slotOf(bytes, start, end)] as number
  }

  keyOf(entry: number): Uint8Array {
    return this.#keys.slice(entry * KEY_LENGTH, (entry + 1) * KEY_LENGTH)
  }

  /** A copy of the secret, or null. */
  secretOf(entry: number, kind: SecretKind): Uint8Array | null {
    const found = this.#find(entry, kind)
    if (found === NONE) return null
    const offset = this.#offset[found] as number
    return this.#octets.slice(offset, offset + ((this.#packed[found] as number) >>> 8))
  }

  has(entry: number, kind: SecretKind): boolean {
    return this.#find(entry, kind) !== NONE
  }

  originOf(entry: number, kind: SecretKind): SecretOrigin | null {
    const found = this.#find(entry, kind)
    if (found === NONE) return null
    return ((this.#packed[found] as number) & 0x80) !== 0 ? 'dsb' : 'keylog'
  }

  /** Adds a secret; a second one of the same kind for the same key replaces the first. False when it was known already. */
  add(key: Uint8Array, keyLength: number, kind: SecretKind, secret: Uint8Array, length: number, origin: SecretOrigin): boolean {
    if (kind === SECRET.premaster || kind === SECRET.rsaPremaster) this.#premasters = true
    const entry = this.#entryFor(key, keyLength)
    let at = this.#find(entry, kind)
    if (at !== NONE && this.#equals(at, secret, length)) return false
    if (at === NONE) {
      if (this.#count === this.#next.length) this.#growSecrets()
      at = this.#count++
      this.#next[at] = this.#first[entry] as number
      this.#first[entry] = at
    }
    if (this.#used + length > this.#octets.length) this.#octets = enlarge(this.#octets, this.#used + length)
    this.#octets.set(length === secret.length ? secret : secret.subarray(0, length), this.#used)
    this.#offset[at] = this.#used
    this.#packed[at] = (length << 8) | (origin === 'dsb' ? 0x80 : 0) | kind
    this.#used += length
    return true
  }

  #find(entry: number, kind: SecretKind): number {
    if (entry < 0 || entry >= this.#entries) return NONE
    let at = this.#first[entry] as number
    while (at !== NONE && ((this.#packed[at] as number) & 0x7f) !== kind) at = this.#next[at] as number
    return at
  }

  #equals(at: number, secret: Uint8Array, length: number): boolean {
    if ((this.#packed[at] as number) >>> 8 !== length) return false
    const offset = this.#offset[at] as number
    for (let i = 0; i < length; i++) if (this.#octets[offset + i] !== secret[i]) return false
    return true
  }

  #entryFor(key: Uint8Array, length: number): number {
    const slot = this.#slotOf(key, 0, length)
    const known = this.#table[slot] as number
    if (known !== NONE) return known
    if ((this.#entries + 1) * KEY_LENGTH > this.#keys.length) this.#keys = enlarge(this.#keys, (this.#entries + 1) * KEY_LENGTH)
    if (this.#entries === this.#first.length) this.#first = enlargeWords(this.#first)
    const entry = this.#entries++
    for (let i = 0; i < length; i++) this.#keys[entry * KEY_LENGTH + i] = key[i] as number
    this.#first[entry] = NONE
    this.#table[slot] = entry
    if (this.#entries * 2 > this.#table.length) this.#rehash()
    return entry
  }

  /** The slot that holds the key, or the free one where it belongs. */
  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1
    let slot = this.#hash(bytes, start, end) & mask
    for (;;) {
      const entry = this.#table[slot] as number
      if (entry === NONE || this.#isKey(entry, bytes, start, end)) return slot
      slot = (slot + 1) & mask
    }
  }

  #isKey(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const at = entry * KEY_LENGTH
    const length = end - start
    for (let i = 0; i < length; i++) if (this.#keys[at + i] !== bytes[start + i]) return false
    for (let i = length; i < KEY_LENGTH; i++) if (this.#keys[at + i] !== 0) return false
    return true
  }

  #hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = this.#seed
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
    // Zeros at the end must not count, because a key of 32 octets and its shorter form are the same entry.
    for (let i = end - start; i < KEY_LENGTH; i++) hash = Math.imul(hash, 0x01000193)
    hash ^= hash >>> 15
    hash = Math.imul(hash, 0x2c1b3c6d)
    return hash ^ (hash >>> 13)
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 4).fill(NONE)
    for (let entry = 0; entry < this.#entries; entry++) {
      const at = entry * KEY_LENGTH
      this.#table[this.#slotOf(this.#keys, at, at + KEY_LENGTH)] = entry
    }
  }

  #growSecrets(): void {
    this.#next = enlargeWords(this.#next)
    this.#packed = enlargeWords(this.#packed)
    this.#offset = enlargeWords(this.#offset)
  }
}

function enlarge(bytes: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, bytes.length * 2))
  larger.set(bytes)
  return larger
}

function enlargeWords(words: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(words.length * 2)
  larger.set(words)
  return larger
}
