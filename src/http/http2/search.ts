import type { Mark } from '../../tcp/connection.ts'
import { OctetBuffer } from '../octet-buffer.ts'
import { DATA, END_STREAM, FRAME_HEADER, plausibleFrame } from './frame.ts'

/** A longer frame is not waited for while looking for one. */
export const MAX_SEARCHED_FRAME = 64 * 1024
/** Candidates that wait for more octets at a time. */
const MAX_WAITING = 16

/**
 * Finds where frames begin again after octets were lost: at a plausible header that another plausible one follows, or whose
 * frame ends just where the octets at hand do, as it does when a sender flushes. Holds at most one frame of MAX_SEARCHED_FRAME
 * and what one call brings.
 */
export class FrameSearch {
  readonly #fromClient: boolean
  readonly octets = new OctetBuffer()
  /** Marks of what is held, and the offset of each one's first octet. */
  marks: Mark[] = []
  offsets: number[] = []
  /** Where `find` found a frame. */
  found = 0
  /** Offset of the next octet to look at. */
  #at = 0
  /** Offsets of headers whose frame is not all there yet. */
  #waiting: number[] = []

  constructor(fromClient: boolean) {
    this.#fromClient = fromClient
  }

  hold(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    if (start === end) return
    if (this.marks[this.marks.length - 1] !== mark) {
      this.marks.push(mark)
      this.offsets.push(this.octets.length)
    }
    this.octets.append(bytes, start, end)
  }

  /** False when more octets are needed to tell. */
  find(maxFrame: number): boolean {
    const { bytes, length } = this.octets
    const maxLength = Math.min(maxFrame, MAX_SEARCHED_FRAME)
    const waiting = this.#waiting
    this.#waiting = []
    for (const at of waiting) if (this.#try(at, maxLength)) return true
    for (; this.#at + FRAME_HEADER <= length; this.#at++)
      // Most octets are told here: a length of at most MAX_SEARCHED_FRAME begins with 0 or 1.
      if ((bytes[this.#at] as number) <= 1 && this.#try(this.#at, maxLength)) return true
    this.#drop(this.#waiting[0] ?? this.#at)
    return false
  }

  #try(at: number, maxLength: number): boolean {
    const { bytes, length } = this.octets
    const payload = plausibleFrame(bytes, at, maxLength, this.#fromClient)
    if (payload < 0) return false
    const next = at + FRAME_HEADER + payload
    // Small numbers in four octets look like DATA without flags; where the octets at hand end is no proof for that.
    const fits = next === length && (bytes[at + 3] !== DATA || ((bytes[at + 4] as number) & END_STREAM) !== 0)
    // Content may look like frames, so a candidate that is proven does not wait for an earlier one that is not.
    if (!fits && next + FRAME_HEADER > length) {
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push(at)
      return false
    }
    this.found = at
    return fits || plausibleFrame(bytes, next, maxLength, this.#fromClient) >= 0
  }

  /** What was found at `found` were no frames, at least not from `offset` on. */
  retry(offset: number): void {
    this.#at = offset
    this.#waiting = []
  }

  /** Forgets the first `count` octets, as soon as that is worth the copying. */
  #drop(count: number): void {
    if (count <= this.octets.length / 2) return
    this.octets.drop(count)
    this.#at -= count
    this.#waiting = this.#waiting.map((offset) => offset - count)
    let first = 0
    while (first + 1 < this.offsets.length && (this.offsets[first + 1] as number) <= count) first++
    this.marks = this.marks.slice(first)
    this.offsets = this.offsets.slice(first).map((offset) => Math.max(0, offset - count))
  }
}
