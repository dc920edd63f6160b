import { copyRange } from './copy.ts'
import { SECRET, type SecretKind, type SecretOrigin, type SecretStore } from './secrets.ts'

/** A label of RFC 9850 (or its older relatives), the length of its key in octets, and how long its secret may be. */
interface Label {
  readonly text: Uint8Array
  readonly kind: SecretKind
  readonly keyLength: number
  readonly shortest: number
  readonly longest: number
}

function label(name: string, kind: SecretKind, shortest: number, longest: number, keyLength = 32): Label {
  return { text: new TextEncoder().encode(name), kind, keyLength, shortest, longest }
}

/** The longest premaster secret: finite-field Diffie-Hellman of 8192 bits. */
const LONGEST_SECRET = 1024

/** Labels that are used. Exporter, ECH and QUIC secrets open no TLS record and are passed over like any unknown label. */
const LABELS: readonly Label[] = [
  label('CLIENT_RANDOM', SECRET.master, 48, 48),
  label('CLIENT_HANDSHAKE_TRAFFIC_SECRET', SECRET.clientHandshake, 32, 64),
  label('SERVER_HANDSHAKE_TRAFFIC_SECRET', SECRET.serverHandshake, 32, 64),
  label('CLIENT_TRAFFIC_SECRET_0', SECRET.clientTraffic, 32, 64),
  label('SERVER_TRAFFIC_SECRET_0', SECRET.serverTraffic, 32, 64),
  label('CLIENT_EARLY_TRAFFIC_SECRET', SECRET.clientEarly, 32, 64),
  // wolfSSL leaves the number out.
  label('CLIENT_TRAFFIC_SECRET', SECRET.clientTraffic, 32, 64),
  label('SERVER_TRAFFIC_SECRET', SECRET.serverTraffic, 32, 64),
  label('PMS_CLIENT_RANDOM', SECRET.premaster, 1, LONGEST_SECRET),
  label('RSA', SECRET.rsaPremaster, 48, 48, 8),
]

const LONGEST_LABEL = 31
const SESSION_ID = new TextEncoder().encode('Session-ID:')
const MASTER_KEY = new TextEncoder().encode('Master-Key:')

const SPACE = 0x20
const TAB = 0x09
const NEWLINE = 0x0a
const HASH = 0x23

/** Value of a hex digit of either case, or -1. */
const HEX = new Int8Array(256).fill(-1)
/** 1 for what a label consists of: A-Z, 0-9, underscore. */
const LABEL_OCTET = new Uint8Array(256)
for (let digit = 0; digit < 10; digit++) {
  HEX[0x30 + digit] = digit
  LABEL_OCTET[0x30 + digit] = 1
}
for (let letter = 0; letter < 6; letter++) {
  HEX[0x41 + letter] = 10 + letter
  HEX[0x61 + letter] = 10 + letter
}
for (let letter = 0x41; letter <= 0x5a; letter++) LABEL_OCTET[letter] = 1
LABEL_OCTET[0x5f] = 1

/** A run of hex digits that goes on longer belongs to no key line. */
const MAX_DIGITS = 2 * LONGEST_SECRET

const CUT = -2

/**
 * Finds key log lines (RFC 9850) in a stream of octets and adds their secrets to a store. It looks for `LABEL hex hex` anywhere, not
 * only at line starts, because HAProxy writes key lines into syslog and eCapture among other text. Lines that begin with # are comments.
 */
export class KeyLogScanner {
  readonly #store: SecretStore
  readonly #origin: SecretOrigin
  readonly #key = new Uint8Array(MAX_DIGITS / 2)
  readonly #secret = new Uint8Array(MAX_DIGITS / 2)
  #carry = new Uint8Array(0)
  /** Where in the carry the next look begins; what stands before was looked at and may be a label's beginning. */
  #resume = 0
  /** Whether the line that the carry begins in is a comment. */
  #comment = false
  #atStart = true
  /** Lines that gave a secret that was not known before. */
  used = 0
  /** Lines that have a known label and hex digits, but not as many as the label wants. */
  broken = 0

  constructor(store: SecretStore, origin: SecretOrigin) {
    this.#store = store
    this.#origin = origin
  }

  /** Takes the next octets of the text; copies what it must keep. */
  write(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    if (start >= end) return
    if (this.#carry.length === 0) this.#scan(bytes, start, end, start, false)
    else {
      const joined = new Uint8Array(this.#carry.length + end - start)
      joined.set(this.#carry)
      joined.set(bytes.subarray(start, end), this.#carry.length)
      this.#scan(joined, 0, joined.length, this.#resume, false)
    }
  }

  /**
   * Uses a last line that has no line end yet, as at the end of a Decryption Secrets Block. The text may still go on with `write`:
   * a line that was cut between two blocks is then read whole.
   */
  settle(): void {
    const { broken } = this
    this.#scan(this.#carry, 0, this.#carry.length, this.#resume, true)
    this.broken = broken
  }

  /** The text ends here. */
  end(): void {
    this.#scan(this.#carry, 0, this.#carry.length, this.#resume, true)
    this.#carry = new Uint8Array(0)
    this.#resume = 0
    this.#atStart = true
    this.#comment = false
  }

  /** Looks at bytes[from, end); bytes[start, from) may only be looked back at. */
  #scan(bytes: Uint8Array, start: number, end: number, from: number, final: boolean): void {
    /** First octet of the current line; -1 when it lies before `start`. */
    let line = this.#atStart ? start : -1
    /** A label does not reach back over this. */
    let floor = start
    let at = from
    for (;;) {
      while (at < end && (bytes[at] as number) > SPACE) at++
      if (at >= end) break
      const octet = bytes[at] as number
      if (octet === NEWLINE) line = at + 1
      else if ((octet === SPACE || octet === TAB) && at > floor && LABEL_OCTET[bytes[at - 1] as number] === 1) {
        const found = this.#labelBefore(bytes, floor, at)
        if (found !== null && !(line >= 0 ? bytes[line] === HASH : this.#comment)) {
          const next = this.#readValues(bytes, at, end, found, final)
          if (next === CUT) break
          if (next > at) {
            at = next
            floor = next
            continue
          }
        }
      }
      at++
    }
    if (!final) this.#keep(bytes, floor, at, end, line)
  }

  #keep(bytes: Uint8Array, floor: number, at: number, end: number, line: number): void {
    const from = Math.max(floor, at - LONGEST_LABEL - 4)
    this.#atStart = line >= from
    // The comment's mark must stay in sight, or be remembered.
    if (line >= 0) this.#comment = line < end && bytes[line] === HASH
    const begin = this.#atStart ? line : from
    this.#carry = copyRange(bytes, begin, end)
    this.#resume = Math.max(at - begin, 0)
  }

  /** The label that ends at `end`. Digits before it are no part of it: rsyslog writes a line feed as #012. */
  #labelBefore(bytes: Uint8Array, floor: number, end: number): Label | null {
    let start = end
    const limit = Math.max(floor, end - LONGEST_LABEL - 4)
    while (start > limit && LABEL_OCTET[bytes[start - 1] as number] === 1) start--
    while (start < end && (bytes[start] as number) < 0x41) start++
    const length = end - start
    for (const candidate of LABELS)
      if (candidate.text.length === length && startsWith(bytes, start, end, candidate.text)) return candidate
    return null
  }

  /**
   * Reads what follows the label: the position after a secret that was stored or after digits that are none, `at` when nothing
   * there looks like a key line, CUT when the octets end too early to tell.
   */
  #readValues(bytes: Uint8Array, at: number, end: number, found: Label, final: boolean): number {
    let from = at + 1
    if (found.kind === SECRET.rsaPremaster) {
      const session = this.#readSession(bytes, from, end, final)
      if (session !== at) return session
    }
    const keyEnd = readHex(bytes, from, end, this.#key)
    if (keyEnd === end && !final) return CUT
    // Prose that mentions a label is no broken line; a label with digits behind it is.
    if (keyEnd - from < 8) return at
    if (keyEnd - from !== 2 * found.keyLength || (keyEnd < end && bytes[keyEnd] !== SPACE && bytes[keyEnd] !== TAB)) {
      if (found.kind === SECRET.rsaPremaster) return at
      this.broken++
      return keyEnd
    }
    from = keyEnd + 1
    const secretEnd = readHex(bytes, from, end, this.#secret)
    if (secretEnd >= end && !final) return CUT
    const digits = secretEnd - from
    if (digits < 2 * found.shortest || digits > 2 * found.longest || digits % 2 === 1) {
      this.broken++
      return Math.max(secretEnd, keyEnd)
    }
    if (this.#store.add(this.#key, found.keyLength, found.kind, this.#secret, digits / 2, this.#origin)) this.used++
    return secretEnd
  }

  /** `RSA Session-ID:<hex> Master-Key:<hex>`, as openssl's s_client output is turned into by hand; `from - 1` when it is not that. */
  #readSession(bytes: Uint8Array, from: number, end: number, final: boolean): number {
    const none = from - 1
    if (!startsWith(bytes, from, Math.min(end, from + SESSION_ID.length), SESSION_ID))
      return !final && end - from < SESSION_ID.length && isPrefix(bytes, from, end, SESSION_ID) ? CUT : none
    const idStart = from + SESSION_ID.length
    const idEnd = readHex(bytes, idStart, end, this.#key)
    const secretStart = idEnd + 1 + MASTER_KEY.length
    if (secretStart >= end && !final) return CUT
    if (!startsWith(bytes, idEnd + 1, Math.min(end, secretStart), MASTER_KEY)) return none
    const secretEnd = readHex(bytes, secretStart, end, this.#secret)
    if (secretEnd === end && !final) return CUT
    const length = (idEnd - idStart) / 2
    if (length < 1 || length > 32 || !Number.isInteger(length) || secretEnd - secretStart !== 96) this.broken++
    else if (this.#store.add(this.#key, length, SECRET.sessionMaster, this.#secret, 48, this.#origin)) this.used++
    return secretEnd
  }
}

/** Decodes hex digits from `start` into `into`; the position of the first octet that is none. */
function readHex(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  const stop = Math.min(end, start + MAX_DIGITS)
  let at = start
  for (; at + 1 < stop; at += 2) {
    const high = HEX[bytes[at] as number] as number
    const low = HEX[bytes[at + 1] as number] as number
    if ((high | low) < 0) break
    into[(at - start) >> 1] = (high << 4) | low
  }
  return at < stop && (HEX[bytes[at] as number] as number) >= 0 ? at + 1 : at
}

function startsWith(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  return end - start >= text.length && isPrefix(bytes, start, start + text.length, text)
}

/** Whether bytes[start, end) are the beginning of the text. */
function isPrefix(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== text[i - start]) return false
  return true
}
