import type { Recognition } from '../../tcp/connection.ts'
import { METHODS } from './head.ts'

const CR = 13
const LF = 10

/** "GET " and so on as octets, by their first one. */
const METHODS_BY_OCTET: readonly (readonly Uint8Array[] | undefined)[] = indexMethods()
const STATUS_PREFIX = octets('HTTP/1.')

function indexMethods(): (Uint8Array[] | undefined)[] {
  const index: (Uint8Array[] | undefined)[] = new Array(256).fill(undefined)
  for (const method of METHODS) {
    const first = method.charCodeAt(0)
    const row = index[first] ?? []
    row.push(octets(`${method} `))
    index[first] = row
  }
  return index
}

function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/**
 * Tells HTTP/1.x by the first payload octets of one direction: a known method and a space, or "HTTP/1.", after at most two empty
 * lines. Allocates nothing: it is asked for every flow.
 */
export function recogniseHttp1(bytes: Uint8Array, start: number, end: number): Recognition {
  let at = start
  while (at < end && at < start + 4 && (bytes[at] === CR || bytes[at] === LF)) at++
  if (at === end) return 'more'
  const rows = METHODS_BY_OCTET[bytes[at] as number]
  let more = false
  if (rows !== undefined)
    for (let i = 0; i < rows.length; i++) {
      const matched = compare(bytes, at, end, rows[i] as Uint8Array)
      if (matched > 0) return 'client'
      if (matched === 0) more = true
    }
  const response = compare(bytes, at, end, STATUS_PREFIX)
  if (response > 0) return 'server'
  return more || response === 0 ? 'more' : 'ignore'
}

/** 1: begins with it; 0: may do so when more octets come; -1: does not. */
function compare(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): number {
  const length = Math.min(end - start, expected.length)
  for (let i = 0; i < length; i++) if (bytes[start + i] !== expected[i]) return -1
  return length === expected.length ? 1 : 0
}
