import type { Frame } from './frame.ts'
import { CaptureError, type CaptureFacts, type PacketFormat, type PacketReader } from './reader.ts'
import { MAX_RECORD, type Window } from './window.ts'

/** What a magic number says (draft-ietf-opsawg-pcap 4). */
interface Variant {
  readonly little: boolean
  /** Nanoseconds of one unit of the time fraction. */
  readonly unit: number
  readonly recordHeader: number
}

/** By the first four octets read big-endian. A record of the "modified" format ends its header with interface, protocol and packet type. */
const VARIANTS: ReadonlyMap<number, Variant> = new Map([
  [0xa1b2c3d4, { little: false, unit: 1000, recordHeader: 16 }],
  [0xd4c3b2a1, { little: true, unit: 1000, recordHeader: 16 }],
  [0xa1b23c4d, { little: false, unit: 1, recordHeader: 16 }],
  [0x4d3cb2a1, { little: true, unit: 1, recordHeader: 16 }],
  [0xa1b2cd34, { little: false, unit: 1000, recordHeader: 24 }],
  [0x34cdb2a1, { little: true, unit: 1000, recordHeader: 24 }],
])

const FILE_HEADER = 24

export const pcap: PacketFormat = {
  name: 'pcap',
  header: FILE_HEADER,
  recognises: (head) => head.length >= 4 && variantOf(head, 0) !== undefined,
  open: (window, facts) => new PcapReader(window, facts),
}

function variantOf(bytes: Uint8Array, at: number): Variant | undefined {
  return VARIANTS.get(new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0))
}

class PcapReader implements PacketReader {
  readonly #window: Window
  readonly #facts: CaptureFacts
  #little = false
  #unit = 1000
  #header = 16
  #linkType = -1
  /** Infinity when the file states none. */
  #snapLength = Number.POSITIVE_INFINITY
  #number = 0
  /** Octets still to be passed over of a record that is too large to be held. */
  #skip = 0

  constructor(window: Window, facts: CaptureFacts) {
    this.#window = window
    this.#facts = facts
    const have = window.end - window.start
    if (have < FILE_HEADER) throw new CaptureError(`the pcap file header is cut off: ${have} of ${FILE_HEADER} bytes`)
    const { view, start } = window
    const { little } = variantOf(window.bytes, start) as Variant
    const major = view.getUint16(start + 4, little)
    if (major !== 2)
      throw new CaptureError(`pcap version ${major}.${view.getUint16(start + 6, little)} is not supported, only 2.x`)
    this.#fileHeader()
  }

  #fileHeader(): void {
    const { view, start } = this.#window
    const { little, unit, recordHeader } = variantOf(this.#window.bytes, start) as Variant
    this.#little = little
    this.#unit = unit
    this.#header = recordHeader
    this.#snapLength = view.getUint32(start + 16, little) || Number.POSITIVE_INFINITY
    // The upper half says how long the frame check sequence is, which the length in the IP header leaves out anyway.
    this.#linkType = view.getUint32(start + 20, little) & 0xffff
    this.#facts.linkTypes.add(this.#linkType)
    this.#window.start += FILE_HEADER
  }

  next(frame: Frame): 'frame' | 'more' | 'end' {
    const window = this.#window
    if (this.#skip > 0 && !this.#passOver()) return window.final ? 'end' : this.#ask(1)
    const { view, start } = window
    const have = window.end - start
    if (have < this.#header) return this.#starve(this.#header, have, 'a record header')
    const little = this.#little
    const captured = view.getUint32(start + 8, little)
    if (captured === 0) {
      if (have < FILE_HEADER && !window.final) return this.#ask(FILE_HEADER)
      if (have >= FILE_HEADER && this.#isFileHeader()) return this.#joined(frame)
    }
    const length = this.#header + captured
    if (have < length) return captured > MAX_RECORD ? this.#tooLarge(frame, captured) : this.#starve(length, have, 'a record')
    this.#number++
    frame.number = this.#number
    frame.seconds = view.getUint32(start, little)
    frame.nanoseconds = view.getUint32(start + 4, little) * this.#unit
    if (frame.nanoseconds >= 1e9) this.#carry(frame)
    frame.linkType = this.#linkType
    frame.bytes = window.bytes
    frame.view = view
    frame.start = start + this.#header
    frame.end = start + length
    frame.originalLength = view.getUint32(start + 12, little)
    if (captured > this.#snapLength) this.#damage('malformed', 'a record is longer than the snap length of the file header', 0)
    window.start = frame.end
    return 'frame'
  }

  #joined(frame: Frame): 'frame' | 'more' | 'end' {
    this.#damage('malformed', 'a second file header: files were joined one behind the other')
    const window = this.#window
    while (window.end - window.start >= FILE_HEADER && this.#isFileHeader()) this.#fileHeader()
    return this.next(frame)
  }

  /** Magic number, version 2.4 and a time zone of 0 stand where a record should. */
  #isFileHeader(): boolean {
    const { view, bytes, start } = this.#window
    const little = variantOf(bytes, start)?.little
    return little !== undefined && view.getUint32(start + 4, little) === (little ? 0x0004_0002 : 0x0002_0004)
  }

  #carry(frame: Frame): void {
    this.#damage('malformed', 'a record time has a fraction of a second or more', 0)
    frame.seconds += Math.floor(frame.nanoseconds / 1e9)
    frame.nanoseconds %= 1e9
  }

  #tooLarge(frame: Frame, captured: number): 'frame' | 'more' | 'end' {
    this.#damage('limit', `a record that claims ${captured} captured bytes, more than ${MAX_RECORD}, was passed over`)
    this.#number++
    this.#skip = this.#header + captured
    return this.next(frame)
  }

  /** True when the record is behind us. */
  #passOver(): boolean {
    const window = this.#window
    const passed = Math.min(this.#skip, window.end - window.start)
    window.start += passed
    this.#skip -= passed
    if (this.#skip > 0 && window.final)
      this.#damage('truncated', 'the file ends within a record that was passed over: what its length hid cannot be read', 0)
    return this.#skip === 0
  }

  /** Fewer bytes than needed: ask for more, or say what the end of the file cut. */
  #starve(needed: number, have: number, what: string): 'more' | 'end' {
    if (!this.#window.final) return this.#ask(needed)
    if (have > 0) this.#damage('truncated', `${what} is cut off by the end of the file: ${have} of ${needed} bytes`)
    this.#window.start = this.#window.end
    return 'end'
  }

  #ask(needed: number): 'more' {
    this.#window.want = needed
    return 'more'
  }

  /** Of the record that comes next, or of the one just read (`ahead` 0). */
  #damage(kind: 'malformed' | 'truncated' | 'limit', detail: string, ahead = 1): void {
    this.#facts.damage.add('capture', kind, detail, this.#number + ahead)
  }
}
