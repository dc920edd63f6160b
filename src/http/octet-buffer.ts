/** Octets that must outlive the call that brought them. Grows by doubling, so a claimed length alone never allocates. */
export class OctetBuffer {
  bytes: Uint8Array
  length = 0

  constructor(capacity = 0) {
    this.bytes = new Uint8Array(capacity)
  }

  append(source: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2, 512))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    this.bytes.set(source.subarray(start, end), this.length)
    this.length = needed
  }

  /** Forgets the first `count` octets. */
  drop(count: number): void {
    this.bytes.copyWithin(0, count, this.length)
    this.length -= count
  }

  /** Empties it; a large memory is given back, because thousands of idle connections may each own one. */
  clear(): void {
    this.length = 0
    if (this.bytes.length > KEPT_CAPACITY) this.bytes = EMPTY
  }
}

const EMPTY = new Uint8Array(0)
const KEPT_CAPACITY = 4096
