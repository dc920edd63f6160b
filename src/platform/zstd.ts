import { Decompress } from 'fzstd'
import type { Decoded, Fault } from './content-coding.ts'

/** RFC 9659 2: the largest window that a decoder of the content coding "zstd" must support. */
export const MAX_ZSTD_WINDOW = 8 * 1024 * 1024

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50

/** Octets pushed at once; what they decode to is seen before the next ones. */
const PIECE = 4096

/** Thrown out of the decompressor's callback, which is the only way to stop it. */
class Enough extends Error {}

/** Decodes Zstandard frames (RFC 8878) until the input or the bound ends. */
export function decodeZstd(bytes: Uint8Array, bound: number): Decoded {
  const out: Uint8Array[] = []
  let length = 0
  const collect = (chunk: Uint8Array): void => {
    const room = bound - length
    out.push(chunk.length > room ? chunk.slice(0, room) : chunk)
    length += Math.min(room, chunk.length)
    if (chunk.length > room) throw new Enough()
  }
  let fault: Fault | null = null
  let at = 0
  while (at < bytes.length && fault === null) {
    const frame = measureFrame(bytes, at)
    if (frame.fault !== null && frame.end === at) fault = frame.fault
    else {
      fault =
        (frame.skippable ? null : decodeFrame(bytes.subarray(at, frame.end), frame.fault === null, collect, bound)) ?? frame.fault
      at = frame.end
    }
  }
  if (fault !== null && length === 0) return { bytes: null, fault }
  return { bytes: join(out, length), fault }
}

/** The decompressor holds short input back until it is told that no more comes, and throws then if it is not a whole frame. */
function decodeFrame(frame: Uint8Array, whole: boolean, collect: (chunk: Uint8Array) => void, bound: number): Fault | null {
  const decompress = new Decompress(collect)
  try {
    for (let at = 0; at < frame.length; at += PIECE)
      decompress.push(frame.subarray(at, at + PIECE), whole && at + PIECE >= frame.length)
    return null
  } catch (error) {
    if (error instanceof Enough) return { kind: 'limit', detail: `zstd content longer than ${bound} octets when decoded` }
    return { kind: 'malformed', detail: 'zstd content is corrupt' }
  }
}

interface FrameSpan {
  readonly end: number
  readonly skippable: boolean
  readonly fault: Fault | null
}

const CUT: Fault = { kind: 'truncated', detail: 'zstd content ends early' }
const CORRUPT: Fault = { kind: 'malformed', detail: 'zstd content is corrupt' }

/** Where a frame ends, by its block headers (RFC 8878 3.1.1), before anything is allocated for what it claims. */
function measureFrame(bytes: Uint8Array, start: number): FrameSpan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const cut = { end: bytes.length, skippable: false, fault: CUT }
  if (start + 8 > bytes.length) return { end: start, skippable: false, fault: CUT }
  const magic = view.getUint32(start, true)
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
    const end = start + 8 + view.getUint32(start + 4, true)
    return end > bytes.length ? { end: bytes.length, skippable: true, fault: CUT } : { end, skippable: true, fault: null }
  }
  if (magic !== FRAME_MAGIC) return { end: start, skippable: false, fault: CORRUPT }
  const descriptor = view.getUint8(start + 4)
  const single = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const sizeOctets = sizeFlag === 0 ? (single ? 1 : 0) : 1 << sizeFlag
  const dictionaryOctets = [0, 1, 2, 4][descriptor & 3] as number
  let at = start + (single ? 5 : 6) + dictionaryOctets
  if (at + sizeOctets > bytes.length) return { end: start, skippable: false, fault: CUT }
  const window = single ? contentSize(view, at, sizeOctets) : windowSize(view.getUint8(start + 5))
  if (window > MAX_ZSTD_WINDOW)
    return {
      end: start,
      skippable: false,
      fault: { kind: 'limit', detail: `a zstd window larger than ${MAX_ZSTD_WINDOW} octets` },
    }
  at += sizeOctets
  for (;;) {
    if (at + 3 > bytes.length) return cut
    const header = view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16)
    const type = (header >> 1) & 3
    if (type === 3) return { end: at, skippable: false, fault: CORRUPT }
    at += 3 + (type === 1 ? 1 : header >> 3)
    if (at > bytes.length) return cut
    if ((header & 1) === 1) break
  }
  if ((descriptor & 4) !== 0) at += 4
  return at > bytes.length ? cut : { end: at, skippable: false, fault: null }
}

/** RFC 8878 3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** RFC 8878 3.1.1.1.4. */
function contentSize(view: DataView, at: number, octets: number): number {
  if (octets === 1) return view.getUint8(at)
  if (octets === 2) return view.getUint16(at, true) + 256
  if (octets === 4) return view.getUint32(at, true)
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
