import type { DamageKind } from '../../core/damage.ts'
import { latin1Range } from '../../platform/octets.ts'
import { decodeHuffman } from './hpack-huffman.ts'
import { STATIC_TABLE } from './hpack-static.ts'

/** A field as decoded; null stands for what only lost state could tell. */
export type Field = readonly [name: string | null, value: string | null]

/** SETTINGS_HEADER_TABLE_SIZE before any is sent (RFC 9113 6.5.2). */
export const DEFAULT_TABLE_SIZE = 4096
/** The largest dynamic table that is kept; of a larger one the oldest entries become unknown. */
export const MAX_TABLE_SIZE = 1024 * 1024
/** What is kept of a table of unknown size: no encoder in use has a larger one. */
const LOSSY_TABLE_SIZE = 64 * 1024
/** The longest string literal, decoded or not. */
export const MAX_STRING = 256 * 1024
/** The largest field section (RFC 9113 6.5.2: names, values and 32 a field) that is kept; further fields are decoded and dropped. */
export const MAX_FIELD_SECTION = 1024 * 1024
/** RFC 7541 5.1 sets no bound; no length, index or table size in use comes near it. */
const MAX_INTEGER = 2 ** 28

const STATIC_COUNT = STATIC_TABLE.length - 1
/** RFC 7541 4.1. */
const ENTRY_OVERHEAD = 32
const UNKNOWN: Field = [null, null]
const NO_OCTETS: Uint8Array = new Uint8Array(0)

export interface FieldBlock {
  readonly fields: Field[]
  /** Why not all fields are there; null when they are. */
  readonly problem: Problem | null
}

export interface Problem {
  readonly kind: DamageKind
  readonly detail: string
}

/** Thrown within `decode` and caught there. */
class HpackError extends Error {
  readonly problem: Problem

  constructor(kind: DamageKind, detail: string) {
    super(detail)
    this.problem = { kind, detail }
  }
}

// Made once: taking a stack for each broken block would cost more than decoding it.
const NO_ENTRY = new HpackError('malformed', 'a field block refers to a table entry that does not exist')
const TABLE_TOO_LARGE = new HpackError('malformed', 'a field block sets a table size above SETTINGS_HEADER_TABLE_SIZE')
const CUT_INTEGER = new HpackError('truncated', 'a field block ends within an integer')
const INTEGER_TOO_LARGE = new HpackError('malformed', 'a field block holds an integer that is too large')
const NO_STRING = new HpackError('truncated', 'a field block ends before a string')
const STRING_TOO_LONG = new HpackError('limit', `a field block holds a string of more than ${MAX_STRING} octets`)
const CUT_STRING = new HpackError('truncated', 'a field block ends within a string')
const BROKEN_HUFFMAN = new HpackError('malformed', 'a field block holds a string whose Huffman code is broken')

/**
 * Decodes the field blocks of one direction of an HTTP/2 connection (RFC 7541).
 *
 * When state was lost, the table is emptied and entries are counted from the newest again: what was inserted since is found
 * at its true index, whatever lies beyond is unknown. It stays so until entries known to fill the table have pushed out
 * all others, or the encoder has shrunk the table to nothing.
 */
export class HpackDecoder {
  /** The largest size that the encoder may choose; set from the other side's SETTINGS. */
  limit = DEFAULT_TABLE_SIZE

  /** Entries as a ring: the newest at #newest, older ones below it. Its length is a power of two. */
  #ring: Field[] = []
  #newest = 0
  #count = 0
  #size = 0
  #capacity = DEFAULT_TABLE_SIZE
  #lossy = false
  /** False when the encoder's table may be larger than this one. */
  #covers = true

  #bytes = NO_OCTETS
  #at = 0
  #end = 0

  /** True while the table may hold entries that were not seen. */
  get lossy(): boolean {
    return this.#lossy
  }

  /** Size as RFC 7541 4.1 counts it. */
  get size(): number {
    return this.#size
  }

  /** Entries from the newest to the oldest, as Appendix C of RFC 7541 prints them. */
  entries(): Field[] {
    return Array.from({ length: this.#count }, (_, index) => this.#dynamic(index + 1))
  }

  /** Field blocks were missed: forget what they may have changed. */
  lose(): void {
    this.#clear()
    this.#lossy = true
    // The encoder may have changed its size: an entry kept too long is never referred to, one dropped too early would be missed.
    this.#capacity = Math.min(this.limit, LOSSY_TABLE_SIZE)
    this.#covers = this.limit <= LOSSY_TABLE_SIZE
  }

  /** Decodes a complete field block. After a problem other than 'limit' the state counts as lost. */
  decode(bytes: Uint8Array, start: number, end: number): FieldBlock {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    const fields: Field[] = []
    try {
      const size = this.#readFields(fields)
      if (size <= MAX_FIELD_SECTION) return { fields, problem: null }
      return { fields, problem: { kind: 'limit', detail: `field section of more than ${MAX_FIELD_SECTION} octets` } }
    } catch (error) {
      if (!(error instanceof HpackError)) throw error
      this.lose()
      return { fields, problem: error.problem }
    } finally {
      // Borrowed, and part of something large.
      this.#bytes = NO_OCTETS
    }
  }

  #readFields(fields: Field[]): number {
    const bytes = this.#bytes
    const end = this.#end
    let size = 0
    while (this.#at < end) {
      const octet = bytes[this.#at] as number
      let field: Field
      if (octet >= 0x80) {
        // RFC 7541 6.1
        field = this.#find(this.#readInteger(0x7f))
      } else if (octet >= 0x40) {
        // RFC 7541 6.2.1
        field = this.#readLiteral(0x3f)
        this.#insert(field)
      } else if (octet >= 0x20) {
        this.#resize(this.#readInteger(0x1f))
        continue
      } else {
        // RFC 7541 6.2.2 and 6.2.3: not indexed now, or never.
        field = this.#readLiteral(0x0f)
      }
      size += sizeOf(field)
      if (size <= MAX_FIELD_SECTION) fields.push(field)
    }
    return size
  }

  #readLiteral(prefix: number): Field {
    const index = this.#readInteger(prefix)
    const name = index === 0 ? this.#readString() : this.#find(index)[0]
    return [name, this.#readString()]
  }

  /** RFC 7541 2.3.3 */
  #find(index: number): Field {
    if (index > STATIC_COUNT) {
      if (index - STATIC_COUNT <= this.#count) return this.#dynamic(index - STATIC_COUNT)
      if (this.#lossy) return UNKNOWN
    } else if (index > 0) return STATIC_TABLE[index] as Field
    throw NO_ENTRY
  }

  #dynamic(index: number): Field {
    return this.#ring[(this.#newest - index + 1) & (this.#ring.length - 1)] as Field
  }

  /** RFC 7541 4.4: evict from the end until the entry fits; one that never fits empties the table. */
  #insert(field: Field): void {
    const size = sizeOf(field)
    this.#evict(this.#capacity - size)
    if (size <= this.#capacity) {
      if (this.#count === this.#ring.length) this.#grow()
      this.#newest = (this.#newest + 1) & (this.#ring.length - 1)
      this.#ring[this.#newest] = field
      this.#count++
      this.#size += size
    }
    this.#settle()
  }

  /** RFC 7541 6.3 */
  #resize(capacity: number): void {
    if (capacity > this.limit) throw TABLE_TOO_LARGE
    this.#capacity = Math.min(capacity, MAX_TABLE_SIZE)
    this.#covers = capacity <= MAX_TABLE_SIZE
    if (!this.#covers) this.#lossy = true
    this.#evict(this.#capacity)
    this.#settle()
  }

  #evict(size: number): void {
    while (this.#count > 0 && this.#size > size) {
      this.#size -= sizeOf(this.#dynamic(this.#count))
      this.#ring[(this.#newest - this.#count + 1) & (this.#ring.length - 1)] = UNKNOWN
      this.#count--
    }
  }

  /** Entries that were not seen are older than all that were: gone when there is no room beside the latter. */
  #settle(): void {
    if (this.#lossy && this.#covers && this.#capacity - this.#size < ENTRY_OVERHEAD) this.#lossy = false
  }

  #grow(): void {
    const entries = this.entries().reverse()
    const ring = new Array<Field>(Math.max(32, this.#ring.length * 2)).fill(UNKNOWN)
    for (let i = 0; i < entries.length; i++) ring[i] = entries[i] as Field
    this.#ring = ring
    this.#newest = entries.length - 1
  }

  #clear(): void {
    this.#ring = []
    this.#newest = 0
    this.#count = 0
    this.#size = 0
  }

  /** RFC 7541 5.1: an integer whose first bits share an octet with flags. */
  #readInteger(prefix: number): number {
    const bytes = this.#bytes
    let value = (bytes[this.#at++] as number) & prefix
    if (value < prefix) return value
    for (let shift = 0; ; shift += 7) {
      if (this.#at >= this.#end) throw CUT_INTEGER
      const octet = bytes[this.#at++] as number
      // Past 28 bits only zeros could follow, and a run of them says nothing.
      if (shift > 28) throw INTEGER_TOO_LARGE
      value += (octet & 0x7f) * 2 ** shift
      if (value > MAX_INTEGER) throw INTEGER_TOO_LARGE
      if (octet < 0x80) return value
    }
  }

  /** RFC 7541 5.2 */
  #readString(): string {
    if (this.#at >= this.#end) throw NO_STRING
    const huffman = (this.#bytes[this.#at] as number) >= 0x80
    const length = this.#readInteger(0x7f)
    if (length > MAX_STRING) throw STRING_TOO_LONG
    if (length > this.#end - this.#at) throw CUT_STRING
    const start = this.#at
    this.#at += length
    if (!huffman) return latin1Range(this.#bytes, start, this.#at)
    const text = decodeHuffman(this.#bytes, start, this.#at)
    if (text === null) throw BROKEN_HUFFMAN
    return text
  }
}

/** RFC 7541 4.1; of an unknown name or value the least it can be. */
function sizeOf(field: Field): number {
  return (field[0]?.length ?? 0) + (field[1]?.length ?? 0) + ENTRY_OVERHEAD
}
