import type { DamageKind } from '../../core/damage.ts'
import type { Mark } from '../../tcp/connection.ts'
import { OctetBuffer } from '../octet-buffer.ts'
import { CONTINUATION, END_HEADERS, END_STREAM, HAS_PRIORITY, PADDED, PUSH_PROMISE, readUint31 } from './frame.ts'
import type { Frame } from './frame-reader.ts'
import { MAX_FIELD_BLOCK } from './frame-reader.ts'
import type { FieldBlock } from './hpack.ts'
import { HpackDecoder } from './hpack.ts'

/** Marks kept of one field block; a flood of CONTINUATION frames brings no more. */
const MAX_MARKS = 4096
const NO_BLOCK = -1

/** A decoded field section; borrowed. */
export interface Section {
  readonly streamId: number
  /** Stream that a PUSH_PROMISE announces; null for HEADERS. */
  readonly promisedId: number | null
  readonly endStream: boolean
  readonly block: FieldBlock
  readonly marks: readonly Mark[]
}

const CUT: Readonly<Record<string, string>> = {
  gap: 'a part of a field block was not captured',
  limit: `a field block of more than ${MAX_FIELD_BLOCK} octets`,
  truncated: 'the connection ends within a field block',
  malformed: 'a field block that is interrupted by another frame',
}

/** Joins the frames of a field block (RFC 9113 4.3) and decodes it, whole or cut: the table needs every block in order. */
export class FieldBlocks {
  readonly hpack = new HpackDecoder()
  readonly #deliver: (section: Section) => void
  readonly #octets = new OctetBuffer()
  #streamId = NO_BLOCK
  #promisedId: number | null = null
  #endStream = false
  #cut: DamageKind | null = null
  #marks: Mark[] = []

  constructor(deliver: (section: Section) => void) {
    this.#deliver = deliver
  }

  /** HEADERS, PUSH_PROMISE or CONTINUATION. */
  add(frame: Frame): void {
    const { flags, bytes, type } = frame
    if (type === CONTINUATION) {
      // RFC 9113 6.10: only after a frame of the same block. The beginning of this one was not captured, or it has none.
      if (this.#streamId === frame.streamId) this.#append(frame, frame.start, frame.end)
      else {
        this.abandon('malformed')
        this.hpack.lose()
      }
      return
    }
    this.abandon('malformed')
    let start = frame.start
    let stop = frame.start + frame.length
    if ((flags & PADDED) !== 0) {
      stop -= start < frame.end ? (bytes[start] as number) : 0
      start++
    }
    if (type === PUSH_PROMISE) {
      this.#promisedId = start + 4 <= frame.end ? readUint31(bytes, start) : 0
      start += 4
    } else {
      this.#promisedId = null
      if ((flags & HAS_PRIORITY) !== 0) start += 5
    }
    this.#streamId = frame.streamId
    this.#endStream = type !== PUSH_PROMISE && (flags & END_STREAM) !== 0
    this.#cut = start > stop ? 'malformed' : null
    this.#append(frame, start, Math.max(start, Math.min(stop, frame.end)))
  }

  #append(frame: Frame, start: number, stop: number): void {
    const { bytes, flags, marks } = frame
    const intact = this.#cut === null
    if (frame.cut !== null) this.#cut ??= frame.cut
    const from = Math.min(start, stop)
    const last = (flags & END_HEADERS) !== 0
    if (last && this.#octets.length === 0 && this.#marks.length === 0) {
      this.#finish(bytes, from, stop, marks)
      return
    }
    for (const mark of marks)
      if (this.#marks[this.#marks.length - 1] !== mark && this.#marks.length < MAX_MARKS) this.#marks.push(mark)
    if (intact) {
      const room = MAX_FIELD_BLOCK - this.#octets.length
      this.#octets.append(bytes, from, Math.min(stop, from + room))
      if (stop - from > room) this.#cut ??= 'limit'
    }
    if (last) this.#finish(this.#octets.bytes, 0, this.#octets.length, this.#marks)
  }

  /** The block that is being read will not be completed. */
  abandon(why: DamageKind): void {
    if (this.#streamId === NO_BLOCK) return
    this.#cut ??= why
    this.#finish(this.#octets.bytes, 0, this.#octets.length, this.#marks)
  }

  #finish(bytes: Uint8Array, start: number, end: number, marks: readonly Mark[]): void {
    const streamId = this.#streamId
    this.#streamId = NO_BLOCK
    let block = this.hpack.decode(bytes, start, end)
    if (this.#cut !== null) {
      this.hpack.lose()
      block = { fields: block.fields, problem: { kind: this.#cut, detail: CUT[this.#cut] ?? this.#cut } }
    }
    this.#deliver({ streamId, promisedId: this.#promisedId, endStream: this.#endStream, block, marks })
    this.#octets.clear()
    this.#marks = []
  }
}
