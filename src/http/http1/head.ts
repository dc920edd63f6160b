import { type Header, isNamed, type MessageHead } from '../exchange.ts'
import { FieldMemory } from '../field-memory.ts'

/** The largest head or trailer section that is held; a longer one is damage. */
export const MAX_HEAD = 256 * 1024
/** Field lines of one section that are kept; further ones are damage. */
export const MAX_FIELDS = 2048

/** A head as it was read, with the fields that decide about framing at hand. */
export interface Head extends MessageHead {
  /** The digits after "HTTP/". */
  readonly version: string
  readonly statusText: string
  readonly headers: readonly Header[]
  /** Lines of one field joined by ", "; null when absent. */
  readonly contentLength: string | null
  readonly transferEncoding: string | null
  readonly contentEncoding: string | null
  readonly upgrade: string | null
  readonly host: string | null
  /** What contradicts RFC 9112, in stable words; null when nothing does. */
  readonly faults: readonly string[] | null
}

export interface StartLine {
  method: string
  target: string
  version: string
  status: number
  statusText: string
  fault: string | null
}

/** 1 for the octets of a token (RFC 9110 5.6.2). */
export const TOKEN_OCTETS: Uint8Array = markOctets(
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
)

function markOctets(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

const HTAB = 9
const CR = 13
const SP = 32
const COLON = 58

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (TOKEN_OCTETS[text.charCodeAt(i)] !== 1) return false
  return text.length > 0
}

/**
 * A request line (RFC 9112 3), read as leniently as RFC 9112 3 allows a recipient: what cannot be meant otherwise is accepted
 * and named in `fault`. Null when the line is no request line at all.
 */
export function parseRequestLine(line: string): StartLine | null {
  const first = line.indexOf(' ')
  const last = line.lastIndexOf(' ')
  if (first <= 0) return null
  const method = line.slice(0, first)
  if (!isToken(method)) return null
  if (last > first && line.startsWith('HTTP/', last + 1)) {
    const target = line.slice(first + 1, last)
    const version = parseVersion(line.slice(last + 6))
    const fault = version === null ? 'a version that is not HTTP/1.x' : targetFault(target)
    return { method, target: target.trim(), version: version ?? line.slice(last + 6), status: 0, statusText: '', fault }
  }
  const loose = /^(\S+)[ \t]+(\S.*?)[ \t]+HTTP\/(\S*)[ \t]*$/.exec(line)
  if (loose !== null && isToken(loose[1] as string))
    return {
      method: loose[1] as string,
      target: loose[2] as string,
      version: loose[3] as string,
      status: 0,
      statusText: '',
      fault: 'white space in a request line where none belongs',
    }
  // HTTP/0.9 had no version (RFC 1945 4.1); any text with a space in it would pass, so only known methods do.
  const target = line.slice(first + 1).trim()
  if (!METHODS.has(method) || targetFault(target) !== null) return null
  return {
    method,
    target,
    version: '0.9',
    status: 0,
    statusText: '',
    fault: 'a request line without HTTP version',
  }
}

function targetFault(target: string): string | null {
  if (target === '') return 'a request line without target'
  for (let i = 0; i < target.length; i++) {
    const octet = target.charCodeAt(i)
    if (octet <= SP) return 'white space or a control octet in the request target'
  }
  return null
}

/** "1.1" and "1.0" without making a string; null for what is not HTTP/1.x. */
function parseVersion(text: string): string | null {
  if (text === '1.1') return '1.1'
  if (text === '1.0') return '1.0'
  return /^1\.\d$/.test(text) ? text : null
}

/** A status line (RFC 9112 4); null when the line is none. */
export function parseStatusLine(line: string): StartLine | null {
  if (!line.startsWith('HTTP/')) return null
  const simple = line.charCodeAt(8) === SP && (line.length === 12 || line.charCodeAt(12) === SP)
  if (simple) {
    const version = parseVersion(line.slice(5, 8))
    const status = threeDigits(line, 9)
    if (version !== null && status >= 100) {
      const fault = line.includes('\r') ? 'a CR within a line' : null
      return { method: '', target: '', version, status, statusText: line.slice(13), fault }
    }
  }
  const loose =
    /^HTTP\/(\d+\.\d+)[\0 \t]+(\d{1,3})(?:[\0 \t]+(.*))?$/.exec(line) ?? /^HTTP\/(\d+\.\d+)[ \t]+(\d{3})(.*)$/.exec(line)
  if (loose === null) return null
  const version = loose[1] as string
  const fault = parseVersion(version) === null ? 'a version that is not HTTP/1.x' : 'a status line that is not well formed'
  return { method: '', target: '', version, status: Number(loose[2]), statusText: loose[3] ?? '', fault }
}

function threeDigits(line: string, at: number): number {
  let value = 0
  for (let i = at; i < at + 3; i++) {
    const digit = line.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

export interface Fields {
  readonly headers: readonly Header[]
  readonly faults: string[] | null
}

const memory = new FieldMemory()

/** Field lines (RFC 9112 5) from text[at] on, up to the empty line or the end of the text. */
export function parseFields(text: string, at: number): Fields {
  const headers: Header[] = []
  let faults: string[] | null = null
  let position = at
  let carriageReturn = -1
  while (position < text.length) {
    const lineFeed = text.indexOf('\n', position)
    let stop = lineFeed < 0 ? text.length : lineFeed
    const next = stop + 1
    while (stop > position && text.charCodeAt(stop - 1) === CR) stop--
    if (stop === position) break
    // RFC 9112 2.2: a CR that does not end a line makes the line invalid.
    if (carriageReturn < position) carriageReturn = indexOrEnd(text, '\r', position)
    if (carriageReturn < stop) faults = add(faults, 'a CR within a line')
    let i = position
    while (i < stop && TOKEN_OCTETS[text.charCodeAt(i)] === 1) i++
    const nameEnd = i
    if (nameEnd === position) {
      // RFC 9112 5.2: a recipient replaces obsolete folding by a space.
      const folds = isBlank(text.charCodeAt(position)) && headers.length > 0
      if (folds) foldInto(headers, text.slice(position, stop))
      else faults = add(faults, 'a line in the head that is no field line')
      position = next
      continue
    }
    while (i < stop && isBlank(text.charCodeAt(i))) i++
    if (i === stop || text.charCodeAt(i) !== COLON) {
      faults = add(faults, 'a line in the head that is no field line')
      position = next
      continue
    }
    // RFC 9112 5.1: no white space before the colon; a proxy strips it from a response, a server refuses the request.
    if (i > nameEnd) faults = add(faults, 'white space between field name and colon')
    let from = i + 1
    while (from < stop && isBlank(text.charCodeAt(from))) from++
    let to = stop
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--
    if (headers.length < MAX_FIELDS) headers.push(memory.line(text, position, nameEnd, from, to))
    else faults = add(faults, `more than ${MAX_FIELDS} field lines`)
    position = next
  }
  if (text.indexOf('\0', at) >= 0) faults = add(faults, 'a NUL octet in the head')
  return { headers, faults }
}

function indexOrEnd(text: string, wanted: string, from: number): number {
  const index = text.indexOf(wanted, from)
  return index < 0 ? text.length : index
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === HTAB
}

function foldInto(headers: Header[], line: string): void {
  const [name, value] = headers[headers.length - 1] as Header
  headers[headers.length - 1] = [name, `${value} ${line.trim()}`.trim()]
}

function add(faults: string[] | null, fault: string): string[] {
  if (faults === null) return [fault]
  if (!faults.includes(fault)) faults.push(fault)
  return faults
}

/** Joins the start line and the fields after it; `fieldsAt` is where they begin in `text`. */
export function makeHead(start: StartLine, text: string, fieldsAt: number): Head {
  const { headers, faults } = parseFields(text, fieldsAt)
  let contentLength: string | null = null
  let transferEncoding: string | null = null
  let contentEncoding: string | null = null
  let upgrade: string | null = null
  let host: string | null = null
  for (const [name, value] of headers)
    switch (name.length) {
      case 4:
        if (host === null && isNamed(name, 'host')) host = value
        break
      case 7:
        if (isNamed(name, 'upgrade')) upgrade = join(upgrade, value)
        break
      case 14:
        if (isNamed(name, 'content-length')) contentLength = join(contentLength, value)
        break
      case 16:
        if (isNamed(name, 'content-encoding')) contentEncoding = join(contentEncoding, value)
        break
      case 17:
        if (isNamed(name, 'transfer-encoding')) transferEncoding = join(transferEncoding, value)
        break
    }
  const { method, target, version, status, statusText } = start
  return {
    method, target, version, status, statusText, headers,
    contentLength, transferEncoding, contentEncoding, upgrade, host,
    faults: start.fault === null ? faults : add(faults, start.fault),
  } // biome-ignore format: one row of fields
}

function join(known: string | null, value: string): string {
  return known === null ? value : `${known}, ${value}`
}

/** Methods that are recognised without other evidence: RFC 9110 9.3, PATCH, WebDAV and what reads like HTTP in the field. */
export const METHODS: ReadonlySet<string> = new Set(
  (
    'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT ' +
    'MERGE ACL PURGE CCM_POST BITS_POST RPC_IN_DATA RPC_OUT_DATA BIND UNBIND REBIND LINK UNLINK CHECKOUT MKACTIVITY MKCALENDAR SUBSCRIBE UNSUBSCRIBE NOTIFY SOURCE QUERY'
  ).split(' '),
)
