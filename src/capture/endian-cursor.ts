import { Truncated } from '../core/bytes.ts'

/** A bounds-checked reader of integers in the byte order of a pcapng section; see Cursor for the rest. */
export class EndianCursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #little: boolean
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, view: DataView, start: number, end: number, little: boolean) {
    this.#bytes = bytes
    this.#view = view
    this.#at = start
    this.#end = end
    this.#little = little
  }

  get left(): number {
    return this.#end - this.#at
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), this.#little)
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), this.#little)
  }

  /** Seconds fit a double; what does not is nonsense anyway. */
  i64(): number {
    return Number(this.#view.getBigInt64(this.#advance(8), this.#little))
  }

  /** Shares memory with the source. */
  take(count: number): Uint8Array {
    const at = this.#advance(count)
    return this.#bytes.subarray(at, at + count)
  }

  skip(count: number): void {
    this.#advance(count)
  }

  /** The next `count` bytes as a cursor; this one goes on behind their padding to four bytes, which may be cut off at the very end. */
  padded(count: number): EndianCursor {
    const at = this.#advance(count)
    this.#at = Math.min(this.#end, this.#at + (-count & 3))
    return new EndianCursor(this.#bytes, this.#view, at, at + count, this.#little)
  }

  #advance(count: number): number {
    if (count > this.#end - this.#at) throw new Truncated(count, this.#end - this.#at)
    const at = this.#at
    this.#at += count
    return at
  }
}
