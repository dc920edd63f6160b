import { parseFields } from './head.ts'
import type { Message } from './message.ts'
import { SectionReader } from './section.ts'

const LF = 10
const CR = 13
const HTAB = 9
const SP = 32
const SEMICOLON = 59

type State = 'size' | 'after-size' | 'extension' | 'data' | 'data-end' | 'trailers' | 'done'

/** Undoes the chunked transfer coding (RFC 9112 7.1). */
export class ChunkedReader {
  #state: State = 'size'
  #left = 0
  #digits = 0
  #sawCr = false
  readonly #trailers = new SectionReader()
  /** What made reading on impossible, in stable words. */
  fault: string | null = null

  get done(): boolean {
    return this.#state === 'done'
  }

  begin(): void {
    this.#state = 'size'
    this.#left = 0
    this.#digits = 0
    this.fault = null
  }

  /** Gives content to the message; returns where it stopped: at `end`, behind the last octet of the body, or at a fault. */
  read(bytes: Uint8Array, start: number, end: number, message: Message): number {
    let at = start
    while (at < end && this.#state !== 'done' && this.fault === null) {
      switch (this.#state) {
        case 'size':
        case 'after-size':
          at = this.#size(bytes, at, end)
          break
        case 'extension':
          // RFC 9112 7.1.1: extensions that are not known are ignored.
          while (at < end && this.#state === 'extension') if (bytes[at++] === LF) this.#sizeEnds()
          break
        case 'data': {
          const take = Math.min(end - at, this.#left)
          message.content(bytes, at, at + take)
          message.size += take
          at += take
          this.#left -= take
          if (this.#left === 0) {
            this.#state = 'data-end'
            this.#sawCr = false
          }
          break
        }
        case 'data-end': {
          const octet = bytes[at]
          if (octet === LF) {
            at++
            this.#state = 'size'
          } else if (octet === CR && !this.#sawCr) {
            at++
            this.#sawCr = true
          } else this.fault = 'a chunk longer than its size'
          break
        }
        case 'trailers':
          at = this.#trailers.read(bytes, at, end)
          if (this.#trailers.complete) {
            this.#state = 'done'
            if (this.#trailers.text.length > 2) takeTrailers(this.#trailers.text, message)
          } else if (this.#trailers.overflow) this.fault = 'a trailer section that is too long'
          break
      }
    }
    return at
  }

  #size(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    while (at < end) {
      const octet = bytes[at] as number
      const digit = hexDigit(octet)
      if (digit >= 0 && this.#state === 'size') {
        this.#left = this.#left * 16 + digit
        this.#digits++
        if (this.#left > Number.MAX_SAFE_INTEGER) {
          this.fault = 'a chunk size too large to count with'
          return at
        }
        at++
      } else if (octet === SP || octet === HTAB) {
        // RFC 9112 7.1.1: BWS, bad but allowed, stands before an extension; some senders pad the size itself.
        if (this.#digits > 0) this.#state = 'after-size'
        at++
      } else if (octet === CR && this.#digits > 0) {
        this.#state = 'after-size'
        at++
      } else if (this.#digits === 0 || (octet !== LF && octet !== SEMICOLON)) {
        this.fault = 'a chunk size that is not a number'
        return at
      } else if (octet === LF) {
        this.#sizeEnds()
        return at + 1
      } else {
        this.#state = 'extension'
        return at + 1
      }
    }
    return at
  }

  #sizeEnds(): void {
    this.#digits = 0
    if (this.#left > 0) this.#state = 'data'
    else {
      this.#state = 'trailers'
      this.#trailers.begin()
    }
  }

  /** Octets of content before the last one of the chunk that is being read. */
  get skippable(): number {
    return this.#state === 'data' ? this.#left - 1 : 0
  }

  /** Passes over octets that were not captured or that nobody needs to see; false when they reach beyond the chunk, so that its end cannot be found. */
  skip(missing: number, message: Message): boolean {
    if (this.#state !== 'data' || missing > this.#left) return false
    this.#left -= missing
    message.size += missing
    if (this.#left === 0) {
      this.#state = 'data-end'
      this.#sawCr = false
    }
    return true
  }
}

function takeTrailers(text: string, message: Message): void {
  const { headers, faults } = parseFields(text, 0)
  message.trailers = headers
  if (faults !== null) for (const fault of faults) message.hurt('malformed', fault)
}

function hexDigit(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48
  const lower = octet | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
