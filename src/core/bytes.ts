/** Thrown by Cursor when a read would pass the end; caught at the edge of each parser and turned into damage. */
export class Truncated extends Error {
  readonly needed: number
  readonly available: number

  constructor(needed: number, available: number) {
    super(`needed ${needed} bytes, ${available} left`)
    this.needed = needed
    this.available = available
  }
}

/**
 * A bounds-checked reader of big-endian integers and byte ranges, for everything that is not on the per-packet hot path.
 * Every length that comes from the data goes through `take`, which refuses before anything is allocated.
 */
export class Cursor {
  readonly bytes: Uint8Array
  readonly end: number
  offset: number

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.end = Math.min(end, bytes.length)
    this.offset = start
  }

  get left(): number {
    return this.end - this.offset
  }

  #advance(count: number): number {
    if (count < 0 || count > this.end - this.offset) throw new Truncated(count, this.end - this.offset)
    const at = this.offset
    this.offset += count
    return at
  }

  u8(): number {
    return this.bytes[this.#advance(1)] as number
  }

  u16(): number {
    return this.#u16(this.#advance(2))
  }

  u24(): number {
    const at = this.#advance(3)
    return ((this.bytes[at] as number) << 16) | this.#u16(at + 1)
  }

  u32(): number {
    const at = this.#advance(4)
    return ((this.#u16(at) << 16) | this.#u16(at + 2)) >>> 0
  }

  /** By hand: a DataView for each cursor would cost more than what is read with it. */
  #u16(at: number): number {
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number)
  }

  /** A view of the next `count` bytes; shares memory with the source. */
  take(count: number): Uint8Array {
    const at = this.#advance(count)
    return this.bytes.subarray(at, at + count)
  }

  skip(count: number): void {
    this.#advance(count)
  }

  /** A cursor over the next `count` bytes, which this one skips. */
  sub(count: number): Cursor {
    const at = this.#advance(count)
    return new Cursor(this.bytes, at, at + count)
  }
}
