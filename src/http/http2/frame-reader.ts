import type { DamageKind } from '../../core/damage.ts'
import type { Mark, StreamSink } from '../../tcp/connection.ts'
import { OctetBuffer } from '../octet-buffer.ts'
import type { FrameHeader } from './frame.ts'
import {
  CONTINUATION,
  DATA,
  DEFAULT_FRAME_SIZE,
  FRAME_HEADER,
  frameFault,
  GOAWAY,
  HEADERS,
  PADDED,
  PREFACE,
  PUSH_PROMISE,
  RST_STREAM,
  readFrameHeader,
  SETTINGS,
} from './frame.ts'
import { FrameSearch } from './search.ts'

/** Octets of one HEADERS, PUSH_PROMISE or CONTINUATION frame, and of a whole field block, that are held. */
export const MAX_FIELD_BLOCK = 256 * 1024
/** 64 settings, of the 6 that RFC 9113 knows. */
const MAX_SETTINGS = 384
/** Octets to hold of the frames that matter here, by type. */
const HELD: ReadonlyMap<number, number> = new Map([
  [HEADERS, MAX_FIELD_BLOCK],
  [PUSH_PROMISE, MAX_FIELD_BLOCK],
  [CONTINUATION, MAX_FIELD_BLOCK],
  [SETTINGS, MAX_SETTINGS],
  [RST_STREAM, 4],
  [GOAWAY, 8],
])
const NO_OCTETS = new Uint8Array(0)

/** A frame that is not DATA; borrowed, like its octets. */
export interface Frame extends FrameHeader {
  /** Payload: bytes[start, end). */
  bytes: Uint8Array
  start: number
  end: number
  /** Why the payload's end is missing; null when it is not. */
  cut: DamageKind | null
  readonly marks: readonly Mark[]
}

export interface FrameListener {
  /** HEADERS, PUSH_PROMISE, CONTINUATION, SETTINGS, RST_STREAM or GOAWAY: the frames that matter here. */
  frame(frame: Frame): void
  dataBegins(streamId: number, marks: readonly Mark[]): void
  /** Content without padding: bytes[start, end). */
  data(bytes: Uint8Array, start: number, end: number, mark: Mark): void
  /** Octets of content that were not captured; null when their number is not known. */
  dataMissing(count: number | null): void
  /** Not called when the connection ends before the frame does. */
  dataEnds(flags: number): void
  /** Frames may be missing here; `fault` is null when the layer below has said so itself. */
  lost(mark: Mark, fault: string | null): void
  ended(how: 'fin' | 'rst' | 'capture'): void
}

type State = 'preface' | 'header' | 'payload' | 'search' | 'over'

/**
 * One direction of an HTTP/2 connection as frames (RFC 9113 4). Only payloads that matter and straddle calls are held; all
 * others are passed on in place or passed over by arithmetic. A gap within a frame of known length costs that frame alone;
 * after any other the next frame is searched for.
 */
export class FrameReader implements StreamSink {
  readonly #listener: FrameListener
  readonly #fromClient: boolean
  /** The largest payload that the peer accepts, as far as it was seen to say. */
  maxFrame = DEFAULT_FRAME_SIZE

  #state: State
  #matched = 0
  readonly #header = new Uint8Array(FRAME_HEADER)
  #filled = 0
  readonly #frame: Frame & { marks: Mark[] } = {
    length: 0, type: 0, flags: 0, streamId: 0, bytes: NO_OCTETS, start: 0, end: 0, cut: null, marks: [],
  } // biome-ignore format: one row of defaults
  /** Octets of the payload still to come. */
  #left = 0
  /** Octets of the payload to hold. */
  #wanted = 0
  readonly #held = new OctetBuffer()
  /** DATA: octets of content still to come; -1 before the pad length was read. */
  #content = 0
  #search: FrameSearch | null = null

  constructor(listener: FrameListener, fromClient: boolean) {
    this.#listener = listener
    this.#fromClient = fromClient
    this.#state = fromClient ? 'preface' : 'header'
  }

  data(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    if (start === end) return
    const at = this.#search === null ? this.#feed(bytes, start, end, mark) : start
    if (this.#search === null) return
    this.#search.hold(this.#header, 0, this.#filled, this.#frame.marks[0] ?? mark)
    this.#filled = 0
    this.#search.hold(bytes, at, end, mark)
    this.#resume(this.#search)
  }

  /** Reads frames up to `end`, or up to the octet from which on a frame must be searched for. */
  #feed(bytes: Uint8Array, start: number, end: number, mark: Mark): number {
    let at = start
    while (at < end)
      switch (this.#state) {
        case 'header':
          at = this.#readHeader(bytes, at, end, mark)
          break
        case 'payload':
          at = this.#readPayload(bytes, at, end, mark)
          break
        case 'preface':
          at = this.#readPreface(bytes, at, mark)
          break
        case 'search':
          return at
        case 'over':
          return end
      }
    return at
  }

  #readPreface(bytes: Uint8Array, at: number, mark: Mark): number {
    if (bytes[at] !== PREFACE[this.#matched]) {
      this.#lose(mark, 'no HTTP/2 connection preface')
      return at
    }
    this.#matched++
    if (this.#matched === PREFACE.length) this.#state = 'header'
    return at + 1
  }

  #readHeader(bytes: Uint8Array, at: number, end: number, mark: Mark): number {
    const { marks } = this.#frame
    if (this.#filled === 0) {
      marks[0] = mark
      if (marks.length > 1) marks.length = 1
      if (end - at >= FRAME_HEADER) {
        readFrameHeader(bytes, at, this.#frame)
        if (!this.#begin(mark)) return at
        return at + FRAME_HEADER
      }
    } else if (marks[marks.length - 1] !== mark) marks.push(mark)
    const stop = Math.min(end, at + FRAME_HEADER - this.#filled)
    this.#header.set(bytes.subarray(at, stop), this.#filled)
    this.#filled += stop - at
    if (this.#filled < FRAME_HEADER) return stop
    readFrameHeader(this.#header, 0, this.#frame)
    if (this.#begin(mark)) {
      this.#filled = 0
      return stop
    }
    // What was no header may yet hold the beginning of one.
    this.#filled = FRAME_HEADER - (stop - at)
    return at
  }

  /** A header is complete; false when it is none. */
  #begin(mark: Mark): boolean {
    const frame = this.#frame
    const fault = frameFault(frame, this.maxFrame)
    if (fault !== null) {
      this.#lose(mark, fault)
      return false
    }
    this.#state = 'payload'
    this.#left = frame.length
    this.#wanted = Math.min(frame.length, HELD.get(frame.type) ?? 0)
    frame.cut = this.#wanted < frame.length ? 'limit' : null
    if (frame.type === DATA) {
      this.#content = (frame.flags & PADDED) === 0 ? frame.length : -1
      this.#listener.dataBegins(frame.streamId, frame.marks)
    }
    if (this.#left === 0) this.#finish(NO_OCTETS, 0, 0)
    return true
  }

  #readPayload(bytes: Uint8Array, at: number, end: number, mark: Mark): number {
    const frame = this.#frame
    const stop = at + Math.min(this.#left, end - at)
    if (frame.type === DATA) this.#readData(bytes, at, stop, mark)
    else if (this.#held.length < this.#wanted) {
      if (frame.marks[frame.marks.length - 1] !== mark) frame.marks.push(mark)
      if (stop - at === frame.length) {
        this.#finish(bytes, at, at + this.#wanted)
        return stop
      }
      this.#held.append(bytes, at, Math.min(stop, at + this.#wanted - this.#held.length))
    }
    this.#left -= stop - at
    if (this.#left === 0) this.#finish(this.#held.bytes, 0, this.#held.length)
    return stop
  }

  #readData(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    let at = start
    if (this.#content < 0) {
      this.#content = this.#frame.length - 1 - (bytes[at] as number)
      at++
      // RFC 9113 6.1: padding that is longer than the frame. Nothing in it is content for sure.
      if (this.#content < 0) {
        this.#content = 0
        this.#listener.dataMissing(null)
      }
    }
    const count = Math.min(this.#content, end - at)
    this.#content -= count
    // A frame of padding alone is part of the message, too.
    this.#listener.data(bytes, at, at + count, mark)
  }

  #finish(bytes: Uint8Array, start: number, end: number): void {
    const frame = this.#frame
    this.#state = 'header'
    if (frame.type === DATA) this.#listener.dataEnds(frame.flags)
    else if (HELD.has(frame.type)) {
      frame.bytes = bytes
      frame.start = start
      frame.end = end
      this.#listener.frame(frame)
    }
    this.#held.clear()
    frame.bytes = NO_OCTETS
  }

  gap(missing: number | null, mark: Mark): void {
    if (this.#state === 'over' || missing === 0) return
    if (this.#state === 'preface' && missing !== null && missing <= PREFACE.length - this.#matched) {
      this.#matched += missing
      if (this.#matched === PREFACE.length) this.#state = 'header'
      return
    }
    if (this.#state === 'payload') {
      const inside = missing === null ? this.#left : Math.min(missing, this.#left)
      this.#passOver(inside)
      if (inside === missing) return
    }
    this.#filled = 0
    this.#lose(mark, null)
  }

  /** Octets of the payload are missing: what the header said about the frame still holds. */
  #passOver(count: number): void {
    if (this.#frame.type === DATA) {
      if (this.#content < 0) this.#listener.dataMissing(null)
      else if (this.#content > 0) this.#listener.dataMissing(Math.min(count, this.#content))
      this.#content = Math.max(0, this.#content - count)
    }
    this.#wanted = Math.min(this.#wanted, this.#held.length)
    this.#frame.cut = 'gap'
    this.#left -= count
    if (this.#left === 0) this.#finish(this.#held.bytes, 0, this.#held.length)
  }

  #lose(mark: Mark, fault: string | null): void {
    this.#state = 'search'
    this.#search = new FrameSearch(this.#fromClient)
    this.#listener.lost(mark, fault)
  }

  /** Goes on with the octets that were held for the search, and searches again if they turn out to be no frames. */
  #resume(search: FrameSearch): void {
    while (search.find(this.maxFrame)) {
      const { octets, marks, offsets } = search
      this.#search = null
      this.#state = 'header'
      let at = search.found
      for (let i = 0; i < marks.length && this.#isInStep(); i++) {
        const stop = offsets[i + 1] ?? octets.length
        if (at < stop) at = this.#feed(octets.bytes, at, stop, marks[i] as Mark)
      }
      if (this.#isInStep()) return
      search.retry(at - this.#filled + 1)
      this.#filled = 0
      this.#search = search
    }
  }

  #isInStep(): boolean {
    return this.#search === null
  }

  end(how: 'fin' | 'rst' | 'capture'): void {
    if (this.#state === 'over') return
    if (this.#state === 'payload' && this.#frame.type !== DATA) {
      this.#frame.cut = 'truncated'
      this.#finish(this.#held.bytes, 0, this.#held.length)
    }
    this.#state = 'over'
    this.#search = null
    this.#listener.ended(how)
  }
}
