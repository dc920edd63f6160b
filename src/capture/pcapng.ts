import { Truncated } from '../core/bytes.ts'
import { EndianCursor } from './endian-cursor.ts'
import type { Frame } from './frame.ts'
import {
  byteOrder,
  CUSTOM,
  CUSTOM_NOT_COPIED,
  ENHANCED_PACKET,
  INTERFACE,
  isLength,
  isWholeBlock,
  JOURNAL,
  KNOWN,
  MAX_FOUND,
  NAMES,
  OLD_PACKET,
  SECRETS,
  SECTION,
  SIMPLE_PACKET,
  SMALLEST_BLOCK,
  SMALLEST_SECTION,
  searchBlock,
} from './pcapng-blocks.ts'
import { PcapngFacts } from './pcapng-facts.ts'
import { CaptureError, type CaptureFacts, type PacketFormat, type PacketReader } from './reader.ts'
import { TickClock } from './tick-clock.ts'
import type { Window } from './window.ts'

const MAX_INTERFACES = 65_536

const OPTION_COMMENT = 1
const OPTION_RESOLUTION = 9
const OPTION_TIME_OFFSET = 14
const MICROSECONDS = 6

interface Interface {
  /** Counted over the whole file. */
  readonly id: number
  readonly linkType: number
  /** Infinity when none is stated. */
  readonly snapLength: number
  readonly clock: TickClock
}

export const pcapng: PacketFormat = {
  name: 'pcapng',
  header: SMALLEST_SECTION,
  recognises: (head) => head.length >= 4 && new DataView(head.buffer, head.byteOffset).getUint32(0) === SECTION,
  open: (window, facts) => new PcapngReader(window, facts),
}

class PcapngReader implements PacketReader {
  readonly #window: Window
  readonly #facts: CaptureFacts
  readonly #beside: PcapngFacts
  #little = true
  #interfaces: Interface[] = []
  #interfaceCount = 0
  #number = 0
  /** In a section of a version that is not known: only the next section header counts. */
  #foreign = false
  /** Damaged blocks make reading look for the next whole one. */
  #lost = false

  constructor(window: Window, facts: CaptureFacts) {
    this.#window = window
    this.#facts = facts
    this.#beside = new PcapngFacts(facts)
    const { view, start, end } = window
    if (end - start < SMALLEST_SECTION) throw new CaptureError(`the pcapng section header is cut off: ${end - start} bytes`)
    const little = byteOrder(view, start)
    if (little === null) throw new CaptureError('the pcapng section header has no byte-order magic')
    const major = view.getUint16(start + 12, little)
    const minor = view.getUint16(start + 14, little)
    if (major !== 1) throw new CaptureError(`pcapng version ${major}.${minor} is not supported, only 1.x`)
    const length = view.getUint32(start + 4, little)
    if (!isLength(length) || length < SMALLEST_SECTION)
      throw new CaptureError(`the pcapng section header claims a length of ${length} bytes`)
  }

  next(frame: Frame): 'frame' | 'more' | 'end' {
    const window = this.#window
    for (;;) {
      if (this.#lost) {
        const found = searchBlock(window, this.#little)
        if (found !== 'found') return found
        this.#lost = false
      }
      const { view, start } = window
      const have = window.end - start
      if (have < SMALLEST_BLOCK) {
        if (!window.final) return this.#ask(SMALLEST_BLOCK)
        return have === 0
          ? 'end'
          : this.#cut(`a block header is cut off by the end of the file: ${have} of ${SMALLEST_BLOCK} bytes`)
      }
      const isSection = view.getUint32(start) === SECTION
      const little = isSection ? byteOrder(view, start) : this.#little
      if (little === null) {
        this.#loseTrack('a section header has no byte-order magic')
        continue
      }
      const type = view.getUint32(start, little)
      const length = view.getUint32(start + 4, little)
      if (!isLength(length)) {
        this.#loseTrack(`a block of type ${type} claims a length of ${length} bytes`)
        continue
      }
      if (have < length) {
        if (!window.final) return this.#ask(length)
        const detail = `a block of type ${type} is cut off by the end of the file: ${have} of ${length} bytes`
        if (length <= MAX_FOUND && KNOWN.has(type)) return this.#cut(detail)
        this.#loseTrack(detail, KNOWN.has(type) ? 'truncated' : 'malformed')
        continue
      }
      if (view.getUint32(start + length - 4, little) !== length) {
        const trusted = isWholeBlock(window, start + length, little)
        if (trusted === 'more') return 'more'
        if (trusted === 'no') {
          this.#loseTrack('the two lengths of a block differ')
          continue
        }
        this.#damage('malformed', 'the two lengths of a block differ; the first is right')
      }
      if (isSection) this.#little = little
      window.start = start + length
      if (this.#block(type, start + 8, start + length - 4, frame)) return 'frame'
    }
  }

  /** True when the block was a packet, which then is in `frame`. */
  #block(type: number, start: number, end: number, frame: Frame): boolean {
    if (this.#foreign && type !== SECTION) return false
    if (type === ENHANCED_PACKET) return this.#enhancedPacket(start, end, frame)
    if (type === OLD_PACKET) return this.#oldPacket(start, end, frame)
    if (type === SIMPLE_PACKET) return this.#simplePacket(start, end, frame)
    if (type === SECTION) this.#attempt('a section header', () => this.#section(this.#cursor(start, end)))
    else if (type === INTERFACE) this.#attempt('an interface description', () => this.#interface(this.#cursor(start, end)))
    else if (type === NAMES) this.#attempt('a block of names', () => this.#beside.names(this.#cursor(start, end)))
    else if (type === SECRETS) this.#attempt('a block of secrets', () => this.#beside.secrets(this.#cursor(start, end)))
    // Wireshark numbers these among the packets.
    else if (type === JOURNAL || type === CUSTOM || type === CUSTOM_NOT_COPIED) this.#number++
    return false
  }

  #section(cursor: EndianCursor): void {
    this.#interfaces = []
    cursor.skip(4)
    const major = cursor.u16()
    const minor = cursor.u16()
    this.#foreign = major !== 1
    if (this.#foreign) this.#damage('unsupported', `a section of pcapng version ${major}.${minor} was passed over`)
    else {
      cursor.skip(8)
      this.#beside.options(cursor, null, null)
    }
  }

  #interface(cursor: EndianCursor): void {
    const linkType = cursor.u16()
    cursor.skip(2)
    const snapLength = cursor.u32() || Number.POSITIVE_INFINITY
    if (this.#interfaces.length >= MAX_INTERFACES) {
      this.#damage('limit', `more than ${MAX_INTERFACES} interfaces in a section`)
      return
    }
    let resolution = MICROSECONDS
    let offset = 0
    this.#attempt('an interface description', () =>
      this.#beside.options(cursor, null, (code, value) => {
        if (code === OPTION_RESOLUTION) resolution = value.take(1)[0] as number
        else if (code === OPTION_TIME_OFFSET) offset = value.i64()
      }),
    )
    this.#interfaces.push({ id: this.#interfaceCount++, linkType, snapLength, clock: new TickClock(resolution, offset) })
    this.#facts.linkTypes.add(linkType)
  }

  #enhancedPacket(start: number, end: number, frame: Frame): boolean {
    if (end - start < 20) return this.#shortPacket()
    const { view } = this.#window
    const little = this.#little
    const on = this.#interfaces[view.getUint32(start, little)]
    return this.#timedPacket(frame, on, start + 4, end)
  }

  /** Obsolete: the interface has 16 bits, the rest counts drops. */
  #oldPacket(start: number, end: number, frame: Frame): boolean {
    if (end - start < 20) return this.#shortPacket()
    return this.#timedPacket(frame, this.#interfaces[this.#window.view.getUint16(start, this.#little)], start + 4, end)
  }

  #timedPacket(frame: Frame, on: Interface | undefined, start: number, end: number): boolean {
    const { view } = this.#window
    const little = this.#little
    if (on !== undefined) on.clock.set(frame, view.getUint32(start, little), view.getUint32(start + 4, little))
    const captured = view.getUint32(start + 8, little)
    return this.#packet(frame, on, captured, view.getUint32(start + 12, little), start + 16, end)
  }

  /** Without a time, which stays that of the packet before, and without a captured length: what block, original and snap length allow. */
  #simplePacket(start: number, end: number, frame: Frame): boolean {
    if (end - start < 4) return this.#shortPacket()
    const original = this.#window.view.getUint32(start, this.#little)
    const on = this.#interfaces[0]
    const captured = Math.min(original, on?.snapLength ?? original, end - start - 4)
    if (!this.#packet(frame, on, captured, original, start + 4, end)) return false
    this.#facts.damage.add('capture', 'unsupported', 'packets without a time take that of the packet before', this.#number)
    return true
  }

  #packet(frame: Frame, on: Interface | undefined, captured: number, original: number, start: number, end: number): boolean {
    const number = ++this.#number
    if (on === undefined) return this.#badPacket('a packet of an interface that was not described')
    if (captured > end - start) return this.#badPacket('a packet that claims more captured bytes than its block holds')
    if (captured > on.snapLength) this.#badPacket('a packet is longer than the snap length of its interface')
    frame.number = number
    frame.linkType = on.linkType
    frame.interfaceId = on.id
    frame.bytes = this.#window.bytes
    frame.view = this.#window.view
    frame.start = start
    frame.end = start + captured
    frame.originalLength = original
    const options = frame.end + (-captured & 3)
    if (this.#hasComment(options, end))
      this.#attempt('the options of a packet', () => this.#beside.options(this.#cursor(options, end), number, null))
    return true
  }

  /** Most packets have no options or only flags, and are not worth a cursor. */
  #hasComment(start: number, end: number): boolean {
    const { view } = this.#window
    for (let at = start; at + 4 <= end; ) {
      const code = view.getUint16(at, this.#little)
      if (code <= OPTION_COMMENT) return code === OPTION_COMMENT
      const length = view.getUint16(at + 2, this.#little)
      at += 4 + length + (-length & 3)
    }
    return false
  }

  #shortPacket(): false {
    this.#number++
    return this.#badPacket('a packet block that is shorter than its header')
  }

  #badPacket(detail: string): false {
    this.#facts.damage.add('capture', 'malformed', detail, this.#number)
    return false
  }

  #cursor(start: number, end: number): EndianCursor {
    return new EndianCursor(this.#window.bytes, this.#window.view, start, end, this.#little)
  }

  #attempt(what: string, read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!(error instanceof Truncated)) throw error
      this.#damage('malformed', `${what} ends before what it holds: needed ${error.needed} bytes, ${error.available} left`)
    }
  }

  #cut(detail: string): 'end' {
    this.#damage('truncated', detail)
    this.#window.start = this.#window.end
    return 'end'
  }

  #loseTrack(detail: string, kind: 'malformed' | 'truncated' = 'malformed'): void {
    this.#damage(kind, `${detail}; reading goes on at the next whole block`)
    this.#lost = true
  }

  #ask(needed: number): 'more' {
    this.#window.want = needed
    return 'more'
  }

  #damage(kind: 'malformed' | 'truncated' | 'unsupported' | 'limit', detail: string): void {
    this.#facts.damage.add('capture', kind, detail, this.#number + 1)
  }
}
