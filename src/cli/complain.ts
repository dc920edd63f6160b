import { escapeText } from '../report/escape.ts'
import type { Io } from './io.ts'

/** Longer than any sensible path. */
const MAX_COMPLAINT = 2000

/** A line on stderr, and indented ones under it; the texts may quote anything. */
export function complain(io: Io, ...lines: readonly string[]): void {
  io.stderr.write(`acmescope: ${lines.map((line) => escapeText(line, MAX_COMPLAINT)).join('\n           ')}\n`)
}
