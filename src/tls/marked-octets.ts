import type { Mark } from '../tcp/connection.ts'

/** Room for the largest record, so that collecting one never moves it. */
const CAPACITY = 20 * 1024
/** Memories that wait for their next use; only a connection that is in the middle of a record owns one. */
const MAX_IDLE = 16
const idle: Uint8Array[] = []
const EMPTY = new Uint8Array(0)

/** Octets that are collected over several segments, and which mark each came with. */
export class MarkedOctets {
  bytes: Uint8Array = EMPTY
  length = 0
  /** Of each range its mark, and where it ends. */
  readonly #marks: Mark[] = []
  readonly #ends: number[] = []

  append(source: Uint8Array, start: number, end: number, mark: Mark): void {
    if (start >= end) return
    this.#reserve(this.length + end - start)
    // Short ranges are copied by hand: a view on the source costs more than they do.
    if (end - start < 32) for (let i = start; i < end; i++) this.bytes[this.length + i - start] = source[i] as number
    else this.bytes.set(source.subarray(start, end), this.length)
    this.length += end - start
    const last = this.#marks.length - 1
    if (this.#marks[last] === mark) this.#ends[last] = this.length
    else {
      this.#marks.push(mark)
      this.#ends.push(this.length)
    }
  }

  /** One mark for the range [from, to): the frames of all that carried it, in the input of the first, at the time of the last. */
  mark(from: number, to: number): Mark {
    let first = 0
    while (first < this.#ends.length - 1 && (this.#ends[first] as number) <= from) first++
    let last = first
    while (last < this.#ends.length - 1 && (this.#ends[last] as number) < to) last++
    return joinMarks(this.#marks, first, last)
  }

  /** Forgets the first `count` octets. */
  drop(count: number): void {
    if (count >= this.length) {
      this.clear()
      return
    }
    this.bytes.copyWithin(0, count, this.length)
    this.length -= count
    let gone = 0
    while ((this.#ends[gone] as number) <= count) gone++
    this.#marks.splice(0, gone)
    this.#ends.splice(0, gone)
    for (let i = 0; i < this.#ends.length; i++) this.#ends[i] = (this.#ends[i] as number) - count
  }

  /** Copies of what lies behind `from`, one for each mark; empties this. */
  takeFrom(from: number): { bytes: Uint8Array; mark: Mark }[] {
    const pieces: { bytes: Uint8Array; mark: Mark }[] = []
    let start = from
    for (const [i, end] of this.#ends.entries()) {
      if (end <= start) continue
      pieces.push({ bytes: this.bytes.slice(start, end), mark: this.#marks[i] as Mark })
      start = end
    }
    this.clear()
    return pieces
  }

  clear(): void {
    if (this.bytes.length === CAPACITY && idle.length < MAX_IDLE) idle.push(this.bytes)
    this.bytes = EMPTY
    this.length = 0
    this.#marks.length = 0
    this.#ends.length = 0
  }

  #reserve(needed: number): void {
    if (needed <= this.bytes.length) return
    const larger =
      needed <= CAPACITY ? (idle.pop() ?? new Uint8Array(CAPACITY)) : new Uint8Array(Math.max(needed, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }
}

function joinMarks(marks: readonly Mark[], first: number, last: number): Mark {
  const begin = marks[first] as Mark
  if (first === last) return begin
  const { input } = begin
  const { time } = marks[last] as Mark
  const frames: number[] = []
  let ascends = true
  for (let i = first; i <= last; i++) {
    const mark = marks[i] as Mark
    if (mark.input !== input) continue
    for (const frame of mark.frames) {
      const before = frames.length === 0 ? -1 : (frames[frames.length - 1] as number)
      if (frame < before) ascends = false
      if (frame !== before) frames.push(frame)
    }
  }
  // Captured out of order: a frame may then stand in two places.
  return { input, frames: ascends ? frames : [...new Set(frames)].sort((a, b) => a - b), time }
}
