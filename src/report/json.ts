import type { Report } from './report.ts'

/** Pieces are gathered to about this many characters, so that few writes are made and none is large. */
const PIECE = 65_536

/**
 * Exactly `JSON.stringify(report, null, 2)` and a newline, in pieces: the whole of a large report may be longer than a string can be.
 * No string of the report holds a raw newline once it is JSON, so indenting an element is a replacement of newlines.
 */
export function* renderJson(report: Report): Iterable<string> {
  let piece = '{'
  let first = true
  for (const [name, value] of Object.entries(report)) {
    piece += `${first ? '' : ','}\n  ${JSON.stringify(name)}: `
    first = false
    if (!Array.isArray(value) || value.length === 0) {
      piece += indented(value, '  ')
      continue
    }
    piece += '['
    for (let at = 0; at < value.length; at++) {
      piece += `${at === 0 ? '' : ','}\n    ${indented(value[at], '    ')}`
      if (piece.length >= PIECE) {
        yield piece
        piece = ''
      }
    }
    piece += '\n  ]'
  }
  yield `${piece}\n}\n`
}

function indented(value: unknown, margin: string): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${margin}`)
}
