import { utf8Range } from '../../platform/octets.ts'
import { OctetBuffer } from '../octet-buffer.ts'

/** The largest entry that is read; JSON.parse needs the whole of it in memory. */
export const MAX_ENTRY = 64 * 1024 * 1024
/** The largest other member of `log` that is read (creator, browser, version). */
const MAX_MEMBER = 64 * 1024
const MAX_KEY = 256

export interface HarParts {
  /** One element of log.entries: bytes[start, end), borrowed. */
  entry(bytes: Uint8Array, start: number, end: number): void
  /** An element of log.entries that is larger than MAX_ENTRY. */
  entryTooLarge(): void
  /** The JSON of a member of log. */
  member(name: string, json: string): void
}

/** Members of log that are handed out. */
const WANTED: ReadonlySet<string> = new Set(['version', 'creator', 'browser'])

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_ARRAY = 91
const BACKSLASH = 92
const CLOSE_ARRAY = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/** Whether an octet means anything between strings: opens 1, closes 2, begins a string 3. */
const STRUCTURE = new Uint8Array(256)
STRUCTURE[OPEN_ARRAY] = STRUCTURE[OPEN_OBJECT] = 1
STRUCTURE[CLOSE_ARRAY] = STRUCTURE[CLOSE_OBJECT] = 2
STRUCTURE[QUOTE] = 3

/** White space of JSON (RFC 8259 2). */
const SPACE = new Uint8Array(256)
SPACE[9] = SPACE[10] = SPACE[13] = SPACE[32] = 1

/** Octets of a string that are looked at one by one before the native search for its end begins. */
const NEAR = 48

type Place =
  | 'root' // before the top-level value
  | 'member' // in the top-level object or in log: before a key, a comma or the end
  | 'key'
  | 'colon'
  | 'value'
  | 'entries' // in log.entries: before an element, a comma or the end
  | 'over'
  | 'broken'

/**
 * Finds log.entries in the octets of a HAR, by structure, and cuts it into its elements, so that a file of any size needs the
 * memory of one entry. It balances brackets and strings and leaves judging the JSON to JSON.parse.
 */
export class HarSplitter {
  readonly #parts: HarParts
  #place: Place = 'root'
  /** 1 in the top-level object, 2 in log. */
  #level = 0
  #key = ''
  #keyOctets = new OctetBuffer()
  #held = new OctetBuffer()
  /** The value being passed over: 'entry' and 'member' are kept. */
  #scanning: 'entry' | 'member' | 'skip' | null = null
  #scalar = false
  #depth = 0
  #inString = false
  #escaped = false
  /** Octets of the value were given up because it is too large. */
  #dropped = false
  /** log.entries was met. */
  found = false
  /** Why the input is no JSON, or where it stopped being any. */
  fault: string | null = null

  constructor(parts: HarParts) {
    this.#parts = parts
  }

  /** The top-level value is complete. */
  get over(): boolean {
    return this.#place === 'over'
  }

  /** In the middle of an element of log.entries. */
  get withinEntry(): boolean {
    return this.#scanning === 'entry'
  }

  write(bytes: Uint8Array): void {
    const end = bytes.length
    let at = 0
    while (at < end) {
      if (this.#scanning !== null) {
        at = this.#scan(bytes, at)
        continue
      }
      const octet = bytes[at] as number
      switch (this.#place) {
        case 'key':
          at = this.#readKey(bytes, at)
          continue
        case 'broken':
          return
      }
      if (SPACE[octet] === 1) at++
      else at = this.#step(octet, at)
    }
  }

  /** Looks at one octet that is no white space, outside of values; returns where to go on. */
  #step(octet: number, at: number): number {
    switch (this.#place) {
      case 'root':
        if (octet !== OPEN_OBJECT) return this.#break('not a JSON object', at)
        this.#enter(1)
        return at + 1
      case 'member':
        if (octet === QUOTE) {
          this.#place = 'key'
          this.#keyOctets.clear()
          this.#escaped = false
        } else if (octet === CLOSE_OBJECT) this.#leave()
        else if (octet !== COMMA) return this.#break('a member without a name', at)
        return at + 1
      case 'colon':
        if (octet !== COLON) return this.#break('a member without a value', at)
        this.#place = 'value'
        return at + 1
      case 'value':
        return this.#beginValue(octet, at)
      case 'entries':
        if (octet === COMMA) return at + 1
        if (octet === CLOSE_ARRAY) {
          this.#place = 'member'
          return at + 1
        }
        if (octet === CLOSE_OBJECT) return this.#break('an array that is closed by a brace', at)
        this.#beginScan('entry', octet)
        return at
      default:
        return this.#break('something after the end of the JSON', at)
    }
  }

  #break(fault: string, at: number): number {
    this.fault = fault
    this.#place = 'broken'
    return at + 1
  }

  #enter(level: number): void {
    this.#level = level
    this.#place = 'member'
  }

  #leave(): void {
    this.#level--
    this.#place = this.#level === 0 ? 'over' : 'member'
  }

  #readKey(bytes: Uint8Array, start: number): number {
    let at = start
    while (at < bytes.length) {
      const octet = bytes[at++]
      if (this.#escaped) this.#escaped = false
      else if (octet === BACKSLASH) this.#escaped = true
      else if (octet === QUOTE) {
        this.#holdKey(bytes, start, at - 1)
        this.#key = utf8Range(this.#keyOctets.bytes, 0, this.#keyOctets.length)
        this.#place = 'colon'
        return at
      }
    }
    this.#holdKey(bytes, start, at)
    return at
  }

  #holdKey(bytes: Uint8Array, start: number, end: number): void {
    this.#keyOctets.append(bytes, start, Math.min(end, start + Math.max(0, MAX_KEY - this.#keyOctets.length)))
  }

  #beginValue(octet: number, at: number): number {
    if (octet === CLOSE_OBJECT || octet === CLOSE_ARRAY || octet === COMMA) return this.#break('a member without a value', at)
    if (this.#level === 1 && this.#key === 'log' && octet === OPEN_OBJECT) {
      this.#enter(2)
      return at + 1
    }
    if (this.#level === 2 && this.#key === 'entries' && octet === OPEN_ARRAY) {
      this.found = true
      this.#place = 'entries'
      return at + 1
    }
    this.#beginScan(this.#level === 2 && WANTED.has(this.#key) ? 'member' : 'skip', octet)
    this.#place = 'member'
    return at
  }

  #beginScan(kind: 'entry' | 'member' | 'skip', octet: number): void {
    this.#scanning = kind
    this.#scalar = octet !== OPEN_OBJECT && octet !== OPEN_ARRAY && octet !== QUOTE
    this.#depth = 0
    this.#inString = false
    this.#escaped = false
    this.#dropped = false
    this.#held.clear()
  }

  /** Passes over a value, or what there is of it. */
  #scan(bytes: Uint8Array, start: number): number {
    const stop = this.#scalar ? scalarEnd(bytes, start) : this.#nestedEnd(bytes, start)
    // A scalar that reaches to the end of the chunk may go on in the next one.
    const ends = stop >= 0 && !(this.#scalar && stop === bytes.length)
    const end = stop < 0 ? bytes.length : stop
    if (this.#scanning !== 'skip') this.#keep(bytes, start, end, ends)
    if (ends) this.#scanning = null
    return end
  }

  #keep(bytes: Uint8Array, start: number, end: number, ends: boolean): void {
    const isEntry = this.#scanning === 'entry'
    const held = this.#held
    if (!this.#dropped && held.length + end - start > (isEntry ? MAX_ENTRY : MAX_MEMBER)) {
      this.#dropped = true
      held.clear()
    }
    if (this.#dropped) {
      if (ends && isEntry) this.#parts.entryTooLarge()
      return
    }
    const inOnePiece = ends && held.length === 0
    if (!inOnePiece) held.append(bytes, start, end)
    if (!ends) return
    const source = inOnePiece ? bytes : held.bytes
    const from = inOnePiece ? start : 0
    const to = inOnePiece ? end : held.length
    if (isEntry) this.#parts.entry(source, from, to)
    else this.#parts.member(this.#key, utf8Range(source, from, to))
    held.clear()
  }

  /** Where the string, object or array ends that is being passed over; -1 when it goes on in the next chunk. */
  #nestedEnd(bytes: Uint8Array, start: number): number {
    const end = bytes.length
    let at = start
    while (at < end) {
      if (this.#inString) {
        at = this.#stringEnd(bytes, at)
        if (at < 0) return -1
        if (this.#depth === 0) return at
      }
      while (at < end) {
        const meaning = STRUCTURE[bytes[at++] as number]
        if (meaning === 0) continue
        if (meaning === 1) this.#depth++
        else if (meaning === 2) {
          if (--this.#depth <= 0) return at
        } else {
          this.#inString = true
          break
        }
      }
    }
    return -1
  }

  /** Behind the closing quote of the string that bytes[start] is in; -1 when it goes on in the next chunk. */
  #stringEnd(bytes: Uint8Array, start: number): number {
    const end = bytes.length
    let at = start
    if (this.#escaped) {
      this.#escaped = false
      at++
    }
    while (at < end) {
      // Most strings are short, or JSON in JSON with escapes everywhere: a loop beats the native search there.
      let near = Math.min(end, at + NEAR)
      while (at < near) {
        const octet = bytes[at++]
        if (octet === QUOTE) {
          this.#inString = false
          return at
        }
        if (octet === BACKSLASH) {
          if (at === end) {
            this.#escaped = true
            return -1
          }
          at++
          near = Math.min(end, at + NEAR)
        }
      }
      if (at >= end) return -1
      const quote = bytes.indexOf(QUOTE, at)
      const stop = quote < 0 ? end : quote
      let slashes = 0
      while (stop - 1 - slashes >= at && bytes[stop - 1 - slashes] === BACKSLASH) slashes++
      const escaped = slashes % 2 === 1
      if (quote < 0) {
        this.#escaped = escaped
        return -1
      }
      at = quote + 1
      if (!escaped) {
        this.#inString = false
        return at
      }
    }
    return -1
  }
}

function scalarEnd(bytes: Uint8Array, start: number): number {
  let at = start
  while (at < bytes.length) {
    const octet = bytes[at] as number
    if (octet === COMMA || octet === CLOSE_ARRAY || octet === CLOSE_OBJECT || SPACE[octet] === 1) break
    at++
  }
  return at
}
