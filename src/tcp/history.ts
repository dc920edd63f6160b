/** Octets that are remembered of one direction: more than a full segment. */
const REMEMBERED = 2048
/** Room for more than that, so that they are moved only now and then. */
const ROOM = 2 * REMEMBERED

/** Memories that wait for their next use: most connections are given up after their first octets. */
const MAX_IDLE = 64
const idle: Uint8Array[] = []

/** The last octets that were handed on, to be compared with what is captured of them again. */
export class History {
  #memory: Uint8Array | null = null
  /** memory[end - known, end) are the last octets. */
  #end = 0
  #known = 0

  /** bytes[start, end) were handed on. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.#memory ??= idle.pop() ?? new Uint8Array(ROOM)
    const from = Math.max(start, end - REMEMBERED)
    const count = end - from
    if (this.#end + count > ROOM) {
      this.#known = Math.min(this.#known, REMEMBERED - count)
      this.#memory.copyWithin(0, this.#end - this.#known, this.#end)
      this.#end = this.#known
    }
    this.#memory.set(bytes.subarray(from, end), this.#end)
    this.#end += count
    this.#known += count
  }

  /** Octets that are not remembered come next. */
  interrupt(): void {
    const memory = this.#memory
    this.#memory = null
    this.#known = 0
    this.#end = 0
    if (memory !== null && idle.length < MAX_IDLE) idle.push(memory)
  }

  /** Whether bytes[start, end), captured again, differ from what was handed on; `behind`: how far before the next octet they begin. */
  differs(bytes: Uint8Array, start: number, end: number, behind: number): boolean {
    const memory = this.#memory
    if (memory === null) return false
    const stop = Math.min(end, start + behind)
    const shift = this.#end - behind - start
    for (let at = start + Math.max(0, behind - this.#known); at < stop; at++) if (memory[at + shift] !== bytes[at]) return true
    return false
  }
}
