import type { Mark } from '../../tcp/connection.ts'
import type { Section } from './blocks.ts'
import { FieldBlocks } from './blocks.ts'
import { ACK, END_STREAM, GOAWAY, LARGEST_FRAME_SIZE, RST_STREAM, SETTINGS } from './frame.ts'
import type { Frame, FrameListener } from './frame-reader.ts'
import { FrameReader } from './frame-reader.ts'
import type { Incoming } from './stream.ts'

/** RFC 9113 6.5.2 */
const HEADER_TABLE_SIZE = 1
const MAX_FRAME_SIZE = 5
/** SETTINGS frames that may wait for their ACK; of more the oldest are taken for acknowledged. */
const MAX_PENDING = 64

/** RFC 9113 7 */
const ERROR_CODES: readonly string[] = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]

/** What the two directions of a connection tell its owner. */
export interface DirectionOwner {
  section(from: Direction, section: Section): void
  /** The message that a DATA frame belongs to; null when it belongs to none that is of interest. */
  dataBegins(from: Direction, streamId: number, marks: readonly Mark[]): Incoming | null
  streamEnds(from: Direction, streamId: number): void
  /** RST_STREAM, with the name of its error code. */
  reset(from: Direction, streamId: number, error: string, mark: Mark): void
  /** GOAWAY, with the name of its error code. */
  goAway(from: Direction, error: string, mark: Mark): void
  /** Octets were no frames, or, when `fault` is null, were not captured. */
  lost(mark: Mark, fault: string | null): void
  ended(): void
}

/** What one endpoint sends. */
export class Direction implements FrameListener {
  readonly who: 'client' | 'server'
  readonly reader: FrameReader
  /** The other direction, which is bound by what this one says; set by the owner, who makes both. */
  peer: Direction | null = null
  readonly #owner: DirectionOwner
  readonly #blocks: FieldBlocks
  /** How often frames may have been missed. */
  losses = 0
  /** How it ended; null while it goes on. */
  how: 'fin' | 'rst' | 'capture' | null = null
  /** SETTINGS of this endpoint were seen. */
  #hasSettings = false
  /** SETTINGS_HEADER_TABLE_SIZE of the other endpoint's frames that this one has not acknowledged; null where it was not among them. */
  #offered: (number | null)[] = []
  #data: Incoming | null = null
  #streamId = 0

  constructor(owner: DirectionOwner, who: 'client' | 'server') {
    this.#owner = owner
    this.who = who
    this.reader = new FrameReader(this, who === 'client')
    this.#blocks = new FieldBlocks((section) => owner.section(this, section))
  }

  frame(frame: Frame): void {
    const mark = frame.marks[0] as Mark
    switch (frame.type) {
      case SETTINGS:
        this.#settings(frame)
        break
      case RST_STREAM:
        this.#owner.reset(this, frame.streamId, errorName(frame, 0), mark)
        break
      case GOAWAY:
        this.#owner.goAway(this, errorName(frame, 4), mark)
        break
      default:
        this.#blocks.add(frame)
    }
  }

  dataBegins(streamId: number, marks: readonly Mark[]): void {
    // RFC 9113 6.2: nothing may come between HEADERS and CONTINUATION.
    this.#blocks.abandon('malformed')
    this.#streamId = streamId
    this.#data = this.#owner.dataBegins(this, streamId, marks)
  }

  data(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    this.#data?.data(bytes, start, end, mark)
  }

  dataMissing(count: number | null): void {
    this.#data?.missing(count)
  }

  dataEnds(flags: number): void {
    if (this.#data !== null && (flags & END_STREAM) !== 0) this.#owner.streamEnds(this, this.#streamId)
    this.#data = null
  }

  lost(mark: Mark, fault: string | null): void {
    this.#blocks.abandon('gap')
    this.losses++
    // SETTINGS and their ACK may be among what was lost.
    this.#blocks.hpack.limit = Number.POSITIVE_INFINITY
    this.#blocks.hpack.lose()
    if (this.peer !== null) this.peer.#blocks.hpack.limit = Number.POSITIVE_INFINITY
    if (this.peer !== null && !this.#hasSettings) this.peer.#accept(LARGEST_FRAME_SIZE)
    this.#data = null
    this.#owner.lost(mark, fault)
  }

  ended(how: 'fin' | 'rst' | 'capture'): void {
    this.#blocks.abandon('truncated')
    this.how = how
    this.#owner.ended()
  }

  #settings(frame: Frame): void {
    if ((frame.flags & ACK) !== 0) {
      this.#acknowledge()
      return
    }
    this.#hasSettings = true
    this.#apply(frame.bytes, frame.start, frame.end)
  }

  /** Settings that came with the upgrade from HTTP/1.1, whose answer acknowledges them (RFC 7540 3.2.1). */
  upgrade(settings: Uint8Array): void {
    this.#apply(settings, 0, settings.length)
    if (this.peer !== null) this.peer.#acknowledge()
  }

  /** RFC 9113 6.5: settings of this endpoint bind the other one. */
  #apply(bytes: Uint8Array, start: number, end: number): void {
    const { peer } = this
    if (peer === null) return
    let tableSize: number | null = null
    for (let at = start; at + 6 <= end; at += 6) {
      const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
      const value = readUint32(bytes, at + 2)
      if (id === HEADER_TABLE_SIZE) tableSize = value
      else if (id === MAX_FRAME_SIZE) peer.#accept(value)
    }
    peer.#offer(tableSize)
  }

  #accept(length: number): void {
    this.reader.maxFrame = Math.max(this.reader.maxFrame, Math.min(length, LARGEST_FRAME_SIZE))
  }

  /** A larger table may be used at once, a smaller one binds the encoder when it has acknowledged it (RFC 9113 4.3.1). */
  #offer(tableSize: number | null): void {
    const { hpack } = this.#blocks
    this.#offered.push(tableSize)
    if (tableSize !== null) hpack.limit = Math.max(hpack.limit, tableSize)
    if (this.#offered.length > MAX_PENDING) this.#acknowledge()
  }

  #acknowledge(): void {
    const { hpack } = this.#blocks
    const acknowledged = this.#offered.shift() ?? null
    if (acknowledged === null || hpack.limit === Number.POSITIVE_INFINITY) return
    hpack.limit = this.#offered.reduce<number>((limit, size) => Math.max(limit, size ?? 0), acknowledged)
  }
}

function errorName({ bytes, start, end }: Frame, offset: number): string {
  if (end - start < offset + 4) return 'an unknown error code'
  const code = readUint32(bytes, start + offset)
  return ERROR_CODES[code] ?? `error code ${code}`
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}
