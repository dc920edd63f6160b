import type { Micros } from '../core/time.ts'
import type { Mark, StreamSink } from '../tcp/connection.ts'
import { copyRange } from './copy.ts'
import { MarkedOctets } from './marked-octets.ts'
import { SSL2 } from './versions.ts'

/** Record content types (RFC 8446 5.1, RFC 6520). */
export const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23, heartbeat: 24 } as const

export const RECORD_HEADER = 5
/** Body of a protected record in TLS 1.2 and before, where protection may add most (RFC 5246 6.2.3). */
export const MAX_RECORD_BODY = (1 << 14) + 2048
/** What holding one call costs besides its octets. */
const HELD_CALL = 64

/** What was lost since the last record that could be read. */
export interface Loss {
  /** Records known to be lost, because their header was seen. */
  records: number
  /** Octets in which an unknown number of records was lost; null when not even their number is known. */
  octets: number | null
  /** All octets lost, headers included; null when unknown. */
  total: number | null
}

/** 'read': done with it. 'unread': it did not open. 'wait': something that may still come is needed first; ask again. */
export type Fate = 'read' | 'unread' | 'wait'

export interface RecordOwner {
  /** One whole record, its body being bytes[start, end); borrowed. `loss` says what is missing before it. */
  record(type: number, version: number, bytes: Uint8Array, start: number, end: number, mark: Mark, loss: Loss | null): Fate
  /** Whether, after loss, a header of these values may be one of this direction. */
  plausible(type: number, version: number, length: number): boolean
  /** A loss cuts a record: bytes[start, end) are the beginning of its body. Called before `lost`. */
  cut(type: number, bytes: Uint8Array, start: number, end: number, mark: Mark): void
  /** bytes[start, end) end a record that was lost. */
  passOver(bytes: Uint8Array, start: number, end: number): void
  /** Octets of the stream are missing. */
  lost(missing: number | null, mark: Mark): void
  /** No record begins where one must. */
  misaligned(mark: Mark): void
  /** More (or fewer) octets are held, because a record must wait. */
  held(change: number): void
  /** Something is held after the call that came last; the place to give up waiting. */
  holding(): void
  /** `unfinished` octets of a record stand at the end. */
  end(how: 'fin' | 'rst' | 'capture', time: Micros, unfinished: number): void
}

type Held =
  | { readonly bytes: Uint8Array; readonly mark: Mark }
  | { readonly missing: number | null; readonly mark: Mark }
  | { readonly how: 'fin' | 'rst' | 'capture'; readonly time: Micros }

/**
 * Cuts one direction into TLS records. A record that lies in one segment is handed on in place, others are collected first. After loss it
 * looks for the next record: by arithmetic when the loss ends within one, else by trying every place that looks like a header.
 */
export class RecordStream implements StreamSink {
  readonly #owner: RecordOwner
  /** The beginning of a record; while searching, all that may be one. */
  readonly #partial = new MarkedOctets()
  #searching = false
  /** Octets to come that end a lost record. */
  #skip = 0
  #loss: Loss | null = null
  /** Calls that came while a record had to wait, in order. */
  readonly #held: Held[] = []
  #waiting = false
  #first = true
  #closed = false

  constructor(owner: RecordOwner) {
    this.#owner = owner
  }

  /** Time of what must wait first; Infinity when nothing must. */
  get heldSince(): Micros {
    if (this.#waiting && this.#partial.length > 0) return this.#partial.mark(0, this.#partial.length).time
    const first = this.#held[0]
    if (first === undefined) return Infinity
    return 'mark' in first ? first.mark.time : first.time
  }

  get waiting(): boolean {
    return this.#waiting
  }

  /** Nothing that follows is looked at any more; only `end` is still passed on. */
  close(): void {
    this.#closed = true
    this.#waiting = false
    this.#partial.clear()
    for (const call of this.#held.splice(0)) {
      this.#owner.held(-sizeOf(call))
      if ('how' in call) this.#owner.end(call.how, call.time, 0)
    }
  }

  data(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    if (this.#closed) return
    if (this.#waiting || this.#held.length > 0) {
      this.#hold({ bytes: copyRange(bytes, start, end), mark })
      return
    }
    this.#take(bytes, start, end, mark)
    while (!this.#waiting && this.#held.length > 0) this.step()
    if (this.#waiting) this.#owner.holding()
  }

  gap(missing: number | null, mark: Mark): void {
    if (this.#closed) return
    if (this.#waiting || this.#held.length > 0) this.#hold({ missing, mark })
    else this.#lose(missing, mark)
  }

  end(how: 'fin' | 'rst' | 'capture', time: Micros): void {
    if (this.#waiting || this.#held.length > 0) this.#hold({ how, time })
    else this.#finish(how, time)
  }

  /** Looks again at what is held first; false when nothing is or it must still wait. */
  step(): boolean {
    if (this.#waiting) {
      this.#waiting = false
      if (this.#partial.length > 0) {
        if (this.#searching) this.#search()
        else this.#complete(EMPTY, 0, 0, NO_MARK)
        return !this.#waiting
      }
    }
    const call = this.#held.shift()
    if (call === undefined) return false
    const before = sizeOf(call)
    this.#owner.held(-before)
    if ('bytes' in call) {
      this.#take(call.bytes, 0, call.bytes.length, call.mark)
      const again = this.#held[0]
      return !(this.#waiting && again !== undefined && sizeOf(again) === before)
    }
    if ('how' in call) this.#finish(call.how, call.time)
    else this.#lose(call.missing, call.mark)
    return true
  }

  #finish(how: 'fin' | 'rst' | 'capture', time: Micros): void {
    this.#handCut()
    this.#owner.end(how, time, this.#searching ? 0 : this.#partial.length)
    this.#closed = true
    this.#partial.clear()
  }

  #hold(call: Held): void {
    this.#held.push(call)
    this.#owner.held(sizeOf(call))
    this.#owner.holding()
  }

  #putBack(bytes: Uint8Array, mark: Mark): void {
    const call = { bytes, mark }
    this.#held.unshift(call)
    this.#owner.held(sizeOf(call))
  }

  #take(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    let at = start
    if (this.#skip > 0) {
      at = Math.min(end, start + this.#skip)
      this.#skip -= at - start
      if (this.#skip === 0) this.#owner.passOver(bytes, start, at)
    }
    if (this.#searching) {
      this.#partial.append(bytes, at, end, mark)
      this.#search()
      return
    }
    if (this.#partial.length > 0) at = this.#complete(bytes, at, end, mark)
    while (at < end && !this.#waiting && !this.#closed) {
      const size = this.#sizeAt(bytes, at, end)
      if (size < 0) {
        this.#misalign(bytes, at, end, mark)
        return
      }
      if (size === 0 || size > end - at) {
        this.#partial.append(bytes, at, end, mark)
        return
      }
      if (this.#deliver(bytes, at, at + size, mark)) at += size
    }
    if (this.#waiting && at < end) this.#putBack(copyRange(bytes, at, end), mark)
  }

  /** Fills up the record that was begun and hands it on; the position after what was used. */
  #complete(bytes: Uint8Array, start: number, end: number, mark: Mark): number {
    const partial = this.#partial
    let at = start
    for (;;) {
      const size = this.#sizeAt(partial.bytes, 0, partial.length)
      if (size < 0) {
        this.#misalign(bytes, at, end, mark)
        return end
      }
      const wanted = (size === 0 ? RECORD_HEADER : size) - partial.length
      if (wanted === 0) {
        if (this.#deliver(partial.bytes, 0, size, partial.mark(0, size))) partial.clear()
        return at
      }
      if (at === end) return at
      const next = Math.min(end, at + wanted)
      partial.append(bytes, at, next, mark)
      at = next
    }
  }

  #misalign(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    this.#owner.misaligned(mark)
    if (this.#closed) return
    this.#searching = true
    this.#addLoss(0, 0, 0)
    this.#partial.append(bytes, start, end, mark)
    this.#search()
  }

  /** Octets of the record at `at` with its header; 0 when the header is not complete, -1 when there is none. */
  #sizeAt(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < RECORD_HEADER) return 0
    const type = bytes[at] as number
    if (this.#first && isSsl2Hello(bytes, at)) return 2 + (((type & 0x7f) << 8) | (bytes[at + 1] as number))
    const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number)
    return looksLikeRecord(type, bytes[at + 1] as number, bytes[at + 2] as number, length) ? RECORD_HEADER + length : -1
  }

  /** Hands on the record bytes[at, to); false when it must wait. */
  #deliver(bytes: Uint8Array, at: number, to: number, mark: Mark): boolean {
    const type = bytes[at] as number
    const version = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    const fate =
      type < 0x80
        ? this.#owner.record(type, version, bytes, at + RECORD_HEADER, to, mark, this.#loss)
        : this.#owner.record(CONTENT.handshake, SSL2, bytes, at + 2, to, mark, null)
    this.#waiting = fate === 'wait'
    if (fate === 'wait') return false
    this.#first = false
    if (fate === 'read') this.#loss = null
    else this.#addLoss(1, 0, to - at)
    return true
  }

  #lose(missing: number | null, mark: Mark): void {
    const partial = this.#partial
    this.#handCut()
    this.#owner.lost(missing, mark)
    if (this.#closed) return
    this.#first = false
    /** Octets that the record which the gap hits still has to come. */
    let left = this.#skip
    if (partial.length >= RECORD_HEADER && !this.#searching) {
      const size = this.#sizeAt(partial.bytes, 0, partial.length)
      left = size - partial.length
      this.#addLoss(1, 0, size)
    } else if (partial.length > 0) this.#addLoss(0, partial.length, partial.length)
    partial.clear()
    if (missing !== null && left > 0 && missing <= left) {
      this.#skip = left - missing
      return
    }
    this.#skip = 0
    this.#searching = true
    const unknown = missing === null ? null : missing - left
    this.#addLoss(0, unknown, unknown)
  }

  #handCut(): void {
    const { bytes, length } = this.#partial
    if (length > RECORD_HEADER && !this.#searching)
      this.#owner.cut(bytes[0] as number, bytes, RECORD_HEADER, length, this.#partial.mark(0, length))
  }

  #addLoss(records: number, octets: number | null, total: number | null): void {
    this.#loss ??= { records: 0, octets: 0, total: 0 }
    const loss = this.#loss
    loss.records += records
    loss.octets = loss.octets === null || octets === null ? null : loss.octets + octets
    loss.total = loss.total === null || total === null ? null : loss.total + total
  }

  /** Tries the candidates in #partial one after the other. */
  #search(): void {
    const partial = this.#partial
    let from = 0
    while (!this.#closed) {
      let at = from
      while (at + RECORD_HEADER <= partial.length && !this.#candidate(partial.bytes, at)) at++
      if (at > 0) {
        partial.drop(at)
        this.#addLoss(0, at, at)
      }
      const size = this.#sizeAt(partial.bytes, 0, partial.length)
      if (size === 0 || partial.length < size) return
      const type = partial.bytes[0] as number
      const version = ((partial.bytes[1] as number) << 8) | (partial.bytes[2] as number)
      const fate = this.#owner.record(type, version, partial.bytes, RECORD_HEADER, size, partial.mark(0, size), this.#loss)
      if (fate === 'unread') {
        from = 1
        continue
      }
      this.#waiting = fate === 'wait'
      if (fate === 'read') {
        this.#searching = false
        this.#loss = null
        for (const piece of partial.takeFrom(size).reverse()) this.#putBack(piece.bytes, piece.mark)
      }
      return
    }
  }

  #candidate(bytes: Uint8Array, at: number): boolean {
    const type = bytes[at] as number
    const minor = bytes[at + 2] as number
    const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number)
    return looksLikeRecord(type, bytes[at + 1] as number, minor, length) && this.#owner.plausible(type, 0x300 | minor, length)
  }
}

const EMPTY = new Uint8Array(0)
const NO_MARK: Mark = { input: 0, frames: [], time: 0 }

function sizeOf(call: Held): number {
  return 'bytes' in call ? HELD_CALL + call.bytes.length : HELD_CALL
}

export function looksLikeRecord(type: number, major: number, minor: number, length: number): boolean {
  return type >= CONTENT.changeCipherSpec && type <= CONTENT.heartbeat && major === 3 && minor <= 4 && length <= MAX_RECORD_BODY
}

/** RFC 5246 E.2: a client hello in the format of SSL 2.0, a length of 15 bits in front and the first bit set. */
export function isSsl2Hello(bytes: Uint8Array, at: number): boolean {
  const major = bytes[at + 3] as number
  return ((bytes[at] as number) & 0x80) !== 0 && bytes[at + 2] === 1 && (major === 3 || (major === 0 && bytes[at + 4] === 2))
}
