import { decodeBase64 } from '../platform/base64.ts'
import { encodeBase64 } from '../platform/octets.ts'

/** One block of a PEM file (RFC 7468 2). */
export interface PemBlock {
  readonly label: string
  /** Base64 text without line ends and white space. */
  readonly base64: string
}

export interface PemFile {
  readonly blocks: readonly PemBlock[]
  /** Departures from the strict form that RFC 8555 9.1 asks for (RFC 7468 3), in words; each kind once. */
  readonly faults: readonly string[]
}

/** Blocks read from one file; a chain has three to five. */
export const MAX_BLOCKS = 64

const BEGIN = '-----BEGIN '
const END = '-----END '
const DASHES = '-----'
const LINE = 64
const FULL_LINE = /^[A-Za-z0-9+/]{64}$/
const BASE64_LINE = /^[A-Za-z0-9+/]*={0,2}$/

/** Reads a file of PEM blocks strictly, going on after each fault. Never throws. */
export function readPem(text: string): PemFile {
  const blocks: PemBlock[] = []
  const faults = new Set<string>()
  let label: string | null = null
  let lines: string[] = []
  for (const line of text.split(/\r\n|\n|\r/)) {
    const bare = line.trim()
    const begins = bare.startsWith(BEGIN)
    if (!(begins || bare.startsWith(END)) || !bare.endsWith(DASHES)) {
      if (label !== null) lines.push(line)
      else if (bare !== '') faults.add('has text outside the blocks')
      continue
    }
    if (line !== bare) faults.add('has white space around a boundary line')
    const name = bare.slice(begins ? BEGIN.length : END.length, -DASHES.length)
    if (begins) {
      if (label !== null) faults.add(`has a ${label} block without an end`)
      label = name
      lines = []
    } else if (label === null) faults.add('has an end without a beginning')
    else {
      if (name !== label) faults.add(`begins a block as ${label} and ends it as ${name}`)
      const joined = lines.join('')
      if (!isStrict(lines, joined)) for (const fault of lineFaults(lines)) faults.add(fault)
      if (blocks.length === MAX_BLOCKS) {
        faults.add(`has more than ${MAX_BLOCKS} blocks, of which the rest is not read`)
        return { blocks, faults: [...faults] }
      }
      blocks.push({ label, base64: joined.replace(/\s+/g, '') })
      label = null
    }
  }
  if (label !== null) faults.add(`ends within a ${label} block`)
  return { blocks, faults: [...faults] }
}

/** The usual case, without a look at every line's characters: what a strict encoder makes of the octets is the text itself. */
function isStrict(lines: readonly string[], joined: string): boolean {
  const last = lines.length - 1
  return (
    lines.every(({ length }, index) => (index < last ? length === LINE : length > 0 && length <= LINE)) &&
    encodeBase64(decodeBase64(joined)) === joined
  )
}

/** strictbase64text: full lines have 64 characters, only the last is shorter, nothing but base64 anywhere. */
function* lineFaults(lines: readonly string[]): Generator<string> {
  for (const [index, line] of lines.entries()) {
    if (FULL_LINE.test(line)) continue
    const isLast = index === lines.length - 1
    if (/^[A-Za-z0-9-]+:/.test(line)) yield 'has header fields inside a block'
    else if (/\s/.test(line) || line === '') yield 'has white space inside a block'
    else if (!BASE64_LINE.test(line) || (!isLast && line.includes('='))) yield 'has characters inside a block that are not base64'
    else if (!isLast || line.length > LINE) yield `has base64 lines that are not ${LINE} characters long`
    else if (line.length % 4 !== 0) yield 'has base64 without padding'
  }
}
