import { MAX_RECORD, type Window } from './window.ts'

/** Block types (draft-ietf-opsawg-pcapng 4 and 11.1). */
export const SECTION = 0x0a0d0d0a
export const INTERFACE = 1
export const OLD_PACKET = 2
export const SIMPLE_PACKET = 3
export const NAMES = 4
export const STATISTICS = 5
export const ENHANCED_PACKET = 6
export const JOURNAL = 9
export const SECRETS = 10
export const CUSTOM = 0xbad
export const CUSTOM_NOT_COPIED = 0x40000bad

/** Blocks that reading may go on with after damage. */
export const KNOWN: ReadonlySet<number> = new Set([
  SECTION,
  INTERFACE,
  OLD_PACKET,
  SIMPLE_PACKET,
  NAMES,
  STATISTICS,
  ENHANCED_PACKET,
  SECRETS,
])

const BYTE_ORDER = 0x1a2b3c4d
const BYTE_ORDER_SWAPPED = 0x4d3c2b1a
export const SMALLEST_BLOCK = 12
export const SMALLEST_SECTION = 28

/** A block that is looked for after damage is no larger than this, so that looking never reads far ahead. */
export const MAX_FOUND = 256 * 1024

/** True for little-endian; null when no section header with a byte-order magic stands there. */
export function byteOrder(view: DataView, at: number): boolean | null {
  if (view.getUint32(at) !== SECTION) return null
  const magic = view.getUint32(at + 8)
  return magic === BYTE_ORDER ? false : magic === BYTE_ORDER_SWAPPED ? true : null
}

export function isLength(length: number): boolean {
  return length >= SMALLEST_BLOCK && length <= MAX_RECORD && length % 4 === 0
}

/**
 * Goes to the next block that is whole: a known type, and the same sensible length before and behind. `little`: the byte order of the
 * section.
 */
export function searchBlock(window: Window, little: boolean): 'found' | 'more' | 'end' {
  for (let at = window.start + 1; at + SMALLEST_BLOCK <= window.end; at++) {
    const whole = isWholeBlock(window, at, little)
    if (whole === 'no') continue
    const passed = whole === 'more' ? at - 1 - window.start : at - window.start
    window.start += passed
    window.want -= passed
    return whole === 'more' ? 'more' : 'found'
  }
  window.start = window.final ? window.end : Math.max(window.start, window.end - SMALLEST_BLOCK)
  window.want = SMALLEST_BLOCK + 1
  return window.final ? 'end' : 'more'
}

/** Whether a whole block stands there, or nothing at all at the end of the file. 'more' leaves in `want` what it takes to tell. */
export function isWholeBlock(window: Window, at: number, little: boolean): 'yes' | 'no' | 'more' {
  const { view, start, end, final } = window
  if (at + SMALLEST_BLOCK > end) {
    window.want = at + SMALLEST_BLOCK - start
    return final ? (at === end ? 'yes' : 'no') : 'more'
  }
  const order = byteOrder(view, at) ?? little
  const type = view.getUint32(at, order)
  if (!KNOWN.has(type) || (type === SECTION && byteOrder(view, at) === null)) return 'no'
  const length = view.getUint32(at + 4, order)
  if (!isLength(length) || length > MAX_FOUND) return 'no'
  if (at + length > end) {
    window.want = at + length - start
    return final ? 'no' : 'more'
  }
  return view.getUint32(at + length - 4, order) === length ? 'yes' : 'no'
}
