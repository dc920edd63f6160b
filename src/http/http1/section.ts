import { latin1Range } from '../../platform/octets.ts'
import { OctetBuffer } from '../octet-buffer.ts'
import { MAX_HEAD } from './head.ts'

const LF = 10
const CR = 13

/** Reads lines up to and with an empty one: a head or a trailer section. Lines end in CRLF or in LF alone (RFC 9112 2.2). */
export class SectionReader {
  /** The octets of the section as text, once `complete`, or so far when it was cut. */
  text = ''
  complete = false
  /** More than MAX_HEAD octets came without an empty line. */
  overflow = false
  readonly #held = new OctetBuffer()
  /** The line being read has no octet so far, but perhaps a CR. */
  #emptyLine = true

  get length(): number {
    return this.#held.length
  }

  /** The first octets that are held. */
  peek(): Uint8Array {
    return this.#held.bytes
  }

  begin(): void {
    this.text = ''
    this.complete = false
    this.overflow = false
    this.#emptyLine = true
    if (this.#held.length > 0) this.#held.clear()
  }

  /** Begins with octets that were read elsewhere and end in a line end. */
  resume(octets: OctetBuffer): void {
    this.begin()
    this.#held.append(octets.bytes, 0, octets.length)
  }

  /** Consumes octets of the section and returns where it stopped: behind the empty line, or at `end`. */
  read(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + MAX_HEAD - this.#held.length)
    let empty = this.#emptyLine
    let at = start
    while (at < stop) {
      const octet = bytes[at++]
      if (octet === LF) {
        if (empty) return this.#finish(bytes, start, at)
        empty = true
      } else if (octet !== CR) {
        empty = false
        // Most octets end no line.
        while (at < stop && bytes[at] !== LF) at++
        if (at < stop) {
          at++
          empty = true
        }
      }
    }
    this.#emptyLine = empty
    this.#held.append(bytes, start, stop)
    if (stop < end) {
      this.overflow = true
      this.cut()
    }
    return stop
  }

  #finish(bytes: Uint8Array, start: number, at: number): number {
    this.complete = true
    if (this.#held.length === 0) this.text = latin1Range(bytes, start, at)
    else {
      this.#held.append(bytes, start, at)
      this.cut()
    }
    return at
  }

  /** Makes what is held the text. */
  cut(): void {
    this.text = latin1Range(this.#held.bytes, 0, this.#held.length)
    this.#held.clear()
  }
}
