/** Handshake message types (RFC 8446 4, RFC 5246 7.4). */
export const MESSAGE = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  endOfEarlyData: 5,
  helloRetryRequest: 6,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  serverHelloDone: 14,
  clientKeyExchange: 16,
  finished: 20,
  keyUpdate: 24,
} as const

const HEADER = 4
/** The largest message that is kept in memory: certificate chains stay well below, a claimed length of 16 MB is not believed. */
export const MAX_MESSAGE = 256 * 1024

export interface MessageOwner {
  /** One whole message: its header begins at `start`, its body is bytes[start + 4, end); borrowed. */
  message(type: number, bytes: Uint8Array, start: number, end: number): void
  /** Like `message`, of a message of which only the beginning, bytes[start, end), is there. */
  cutMessage(type: number, bytes: Uint8Array, start: number, end: number): void
  /** A message is larger than MAX_MESSAGE and was passed over. */
  tooLarge(type: number, length: number): void
}

/** Puts handshake messages together: a record holds many of them, or a part of one (RFC 8446 5.1). */
export class HandshakeReader {
  readonly #owner: MessageOwner
  #partial = new Uint8Array(0)
  #length = 0
  /** Octets of a message to come that is passed over. */
  #skip = 0
  #lost = false

  constructor(owner: MessageOwner) {
    this.#owner = owner
  }

  /** A record of messages was lost: where the next one begins is unknown until `recover`. */
  lose(): void {
    const [partial, length] = [this.#partial, this.#length]
    this.reset()
    this.#lost = true
    if (length > HEADER) this.#owner.cutMessage(partial[0] as number, partial, 0, length)
  }

  /** After lost messages the next octet begins one. */
  recover(): void {
    if (this.#lost) this.reset()
  }

  /** The next octet begins a message. */
  reset(): void {
    this.#partial = EMPTY
    this.#length = 0
    this.#skip = 0
    this.#lost = false
  }

  feed(bytes: Uint8Array, start: number, end: number): void {
    let at = start
    while (at < end && !this.#lost) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, end - at)
        this.#skip -= passed
        at += passed
      } else if (this.#length > 0) at = this.#complete(bytes, at, end)
      else {
        const size = sizeAt(bytes, at, end)
        if (size === 0 || size > end - at) {
          if (size > MAX_MESSAGE) this.#passOver(bytes[at] as number, size)
          else {
            this.#append(bytes, at, end)
            at = end
          }
        } else {
          this.#owner.message(bytes[at] as number, bytes, at, at + size)
          at += size
        }
      }
    }
  }

  #complete(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    if (this.#length < HEADER) {
      at = Math.min(end, at + HEADER - this.#length)
      this.#append(bytes, start, at)
    }
    const size = sizeAt(this.#partial, 0, this.#length)
    if (size === 0) return at
    if (size > MAX_MESSAGE) {
      const type = this.#partial[0] as number
      const had = this.#length
      this.reset()
      this.#passOver(type, size)
      this.#skip -= had
      return at
    }
    const next = Math.min(end, at + size - this.#length)
    this.#append(bytes, at, next)
    if (this.#length === size) {
      const whole = this.#partial
      this.reset()
      this.#owner.message(whole[0] as number, whole, 0, size)
    }
    return next
  }

  #passOver(type: number, size: number): void {
    this.#skip = size
    this.#owner.tooLarge(type, size - HEADER)
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start
    if (needed > this.#partial.length) {
      const larger = new Uint8Array(Math.max(needed, this.#partial.length * 2))
      larger.set(this.#partial.subarray(0, this.#length))
      this.#partial = larger
    }
    for (let i = start; i < end; i++) this.#partial[this.#length + i - start] = bytes[i] as number
    this.#length = needed
  }
}

const EMPTY = new Uint8Array(0)

/** Octets of the message at `at` with its header; 0 when the header is cut. */
function sizeAt(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < HEADER) return 0
  return HEADER + (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
}

const KNOWN_MESSAGES: ReadonlySet<number> = new Set([1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 24, 25])

/** Whether a record of which it is not certain seems to hold messages: the first of them whole, and all of known types. */
export function looksLikeMessage(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const size = sizeAt(bytes, at, end)
    if (size === 0 || !KNOWN_MESSAGES.has(bytes[at] as number)) return false
    if (size > end - at) return at > start
    at += size
  }
  return true
}

/** Whether a record seems to begin with a hello: what may stand in clear behind a compatibility ChangeCipherSpec (RFC 8446 D.4). */
export function looksLikeHello(bytes: Uint8Array, start: number, end: number): boolean {
  const type = bytes[start]
  const size = sizeAt(bytes, start, end)
  return (type === MESSAGE.clientHello || type === MESSAGE.serverHello) && size > 0 && size <= MAX_MESSAGE
}
