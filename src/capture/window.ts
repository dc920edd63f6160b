import type { Source } from './source.ts'

/**
 * The part of an input that is in memory: bytes[start, end) have been read from the file and not yet consumed.
 * A reader consumes by moving `start`; when it needs more it says how much with `want` and answers 'more', and whoever owns
 * the file moves the rest to the front and reads on. Nothing is allocated for a length that the file merely claims:
 * the buffer grows only when it is full of what the input really delivered.
 */
export interface Window {
  bytes: Uint8Array
  view: DataView
  start: number
  end: number
  /** Bytes from `start` that the reader must see before it can go on; 0 = any. */
  want: number
  /** No byte will follow bytes[end - 1]. */
  final: boolean
}

/** The largest record that is kept in memory at once; larger ones are damage and are skipped. */
export const MAX_RECORD = 64 * 1024 * 1024

/** Buffers that were given back, one of a size: many inputs one after the other share it. Those that had to grow are not kept. */
const spare = new Map<number, Uint8Array>()
const MAX_SPARE = 1024 * 1024

export function newWindow(size: number): Window {
  const bytes = spare.get(size) ?? new Uint8Array(size)
  spare.delete(size)
  return { bytes, view: new DataView(bytes.buffer), start: 0, end: 0, want: 0, final: false }
}

/** Nobody looks at the window any more. */
export function releaseWindow(window: Window): void {
  if (window.bytes.length <= MAX_SPARE) spare.set(window.bytes.length, window.bytes)
}

/** Moves the rest to the front, makes room when the reader needs more than the buffer holds, and reads on. */
export function refill(window: Window, source: Source): void | Promise<void> {
  const rest = window.end - window.start
  if (window.start > 0) {
    window.bytes.copyWithin(0, window.start, window.end)
    window.start = 0
    window.end = rest
  }
  if (rest === window.bytes.length) {
    const larger = new Uint8Array(rest * 2)
    larger.set(window.bytes)
    window.bytes = larger
    window.view = new DataView(larger.buffer)
  }
  const count = source.read(window.bytes, window.end, window.bytes.length - window.end)
  if (typeof count !== 'number') return count.then((octets) => took(window, octets))
  took(window, count)
}

function took(window: Window, octets: number): void {
  window.end += octets
  if (octets === 0) window.final = true
}
