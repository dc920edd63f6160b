/** Octets that are remembered of one direction: more than a full segment. */
const SIZE = 2048
const MASK = SIZE - 1

/** The last octets that were handed on, by sequence number, to be compared with what is captured of them again. */
export class History {
  #ring: Uint8Array | null = null
  /** How many octets before `next` are in the ring. */
  #known = 0

  /** bytes[start, end) were handed on, the first of them as octet `sequence`. */
  add(sequence: number, bytes: Uint8Array, start: number, end: number): void {
    this.#ring ??= new Uint8Array(SIZE)
    const from = Math.max(start, end - SIZE)
    const place = (sequence + from - start) & MASK
    const first = Math.min(end - from, SIZE - place)
    this.#ring.set(bytes.subarray(from, from + first), place)
    if (from + first < end) this.#ring.set(bytes.subarray(from + first, end), 0)
    this.#known = Math.min(SIZE, this.#known + end - start)
  }

  /** Octets that were not captured come next. */
  interrupt(): void {
    this.#known = 0
  }

  /** Whether bytes[start, end), captured again, differ from what was handed on; `behind`: how far before the next octet they begin. */
  differs(sequence: number, bytes: Uint8Array, start: number, end: number, behind: number): boolean {
    const ring = this.#ring
    if (ring === null) return false
    const stop = Math.min(end, start + behind)
    for (let at = start + Math.max(0, behind - this.#known); at < stop; at++)
      if (ring[(sequence + at - start) & MASK] !== bytes[at]) return true
    return false
  }
}
