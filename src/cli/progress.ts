import { bytesText, durationText } from '../report/phrases.ts'
import type { Io } from './io.ts'
import { columnsOf } from './terminal.ts'

/** Smaller inputs are read before anybody wonders. */
const BIG = 64_000_000
const EVERY_MS = 100
/** The first moments say nothing about the speed of the rest. */
const ETA_AFTER_MS = 1500
const BAR = 24

export interface Progress {
  report(readBytes: number, totalBytes: number | null): void
  /** Takes the line away. */
  clear(): void
}

/** A line on stderr that says how much was read, while a big input is read; null where no terminal would show it. */
export function openProgress(io: Io, quiet: boolean): Progress | null {
  const { stderr } = io
  if (quiet || stderr.isTTY !== true || io.env.TERM === 'dumb') return null
  const begun = io.now()
  let next = begun + EVERY_MS
  let shown = false
  return {
    report(readBytes, totalBytes) {
      if (totalBytes !== null ? totalBytes < BIG : readBytes < BIG) return
      const now = io.now()
      if (now < next) return
      next = now + EVERY_MS
      shown = true
      const text = progressText(readBytes, totalBytes, now - begun).slice(0, Math.max(1, columnsOf(io, stderr) - 1))
      stderr.write(`\r\u001b[2K${text}`)
    },
    clear() {
      if (shown) stderr.write('\r\u001b[2K')
      shown = false
    },
  }
}

function progressText(read: number, total: number | null, elapsed: number): string {
  const rate = elapsed > 0 ? read / (elapsed / 1000) : 0
  const speed = `${bytesText(rate)}/s`
  if (total === null || total <= 0) return `reading: ${bytesText(read)}, ${speed}`
  const part = Math.min(1, read / total)
  const done = Math.round(part * BAR)
  const left = elapsed < ETA_AFTER_MS || rate === 0 ? '' : `, ${durationText(Math.max(0, (total - read) / rate))} left`
  const percent = String(Math.floor(part * 100)).padStart(3)
  return `reading ${'#'.repeat(done)}${'.'.repeat(BAR - done)} ${percent}% of ${bytesText(total)}, ${speed}${left}`
}
