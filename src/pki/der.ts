import type { BaseBlock, ObjectIdentifier } from 'asn1js'
import { latin1Text } from '../platform/base64.ts'

/** One element of an ASN.1 encoding as the library holds it; outside this file only the functions below look inside. */
export type Element = BaseBlock

/** Octets that are not the structure that was looked for; caught at the doors of this folder. */
export class Malformed extends Error {}

/** Bounds on what one certificate or request may hold; the largest real ones stay under a tenth of each. */
export const MAX_DEPTH = 64
export const MAX_ELEMENTS = 16_384
export const MAX_OCTETS = 256 * 1024

export interface ParsedDer {
  readonly root: Element
  /** Octets after the outermost element. */
  readonly trailing: number
  /** What makes it BER but not DER (X.690 10.1), in words; null when nothing was seen. */
  readonly notDer: string | null
}

type Library = typeof import('asn1js')

/** The ASN.1 library, loaded only when a capture holds a certificate or a request for one. */
export class DerParser {
  readonly #library: Library

  private constructor(library: Library) {
    this.#library = library
  }

  static async load(): Promise<DerParser> {
    return new DerParser(await import('asn1js'))
  }

  /** Parses one element and all in it. Throws Malformed, saying what was found, when the octets are none. */
  parse(octets: Uint8Array): ParsedDer {
    const fault = lengthFault(octets)
    if (fault !== null) throw new Malformed(fault)
    const { offset, result } = this.#library.fromBER(octets, {
      maxDepth: MAX_DEPTH,
      maxNodes: MAX_ELEMENTS,
      maxContentLength: MAX_OCTETS,
      parseEmbedded: false,
      copyInput: false,
    })
    if (offset === -1 || result.error !== '')
      throw new Malformed(
        /^Maximum/.test(result.error)
          ? `it is larger or deeper than this program reads (${result.error})`
          : 'its inner structure is not ASN.1',
      )
    return { root: result, trailing: octets.length - offset, notDer: notDer(result) }
  }
}

/** Looks at the outermost length (X.690 8.1.3), to say more than that something is wrong. */
function lengthFault(octets: Uint8Array): string | null {
  if (octets.length === 0) return 'it is empty'
  const first = octets[1]
  if (first === undefined) return 'it ends after its first octet'
  if (first === INDEFINITE) return null
  const long = first > INDEFINITE ? first - INDEFINITE : 0
  if (octets.length < 2 + long) return 'it ends within its length'
  let length = long === 0 ? first : 0
  for (let i = 0; i < long; i++) length = length * 256 + (octets[2 + i] as number)
  const there = octets.length - 2 - long
  return length > there ? `it says that ${length} octets follow, and ${there} do` : null
}

const INDEFINITE = 0x80

/**
 * DER allows one encoding of each length only, and no value in pieces (X.690 10.1, 10.2). Throws Malformed for an element that ends after the
 * one it stands in, which the library lets pass.
 */
function notDer(element: Element): string | null {
  const { lenBlock, idBlock } = element
  if (lenBlock.isIndefiniteForm) return 'it has a length in indefinite form'
  if (lenBlock.blockLength !== shortestLength(lenBlock.length)) return 'it has a length in more octets than needed'
  if (!idBlock.isConstructed) return null
  let room = lenBlock.length
  let found: string | null =
    idBlock.tagClass === UNIVERSAL && !CONSTRUCTED_TAGS.includes(idBlock.tagNumber) ? 'it has a string in several pieces' : null
  for (const child of children(element)) {
    room -= child.blockLength
    if (room < 0) throw new Malformed('a part of it ends after the whole')
    found ??= notDer(child)
  }
  return found
}

function shortestLength(length: number): number {
  if (length < 128) return 1
  return length < 256 ? 2 : length < 65_536 ? 3 : 4
}

/** Classes as the library numbers them. */
const UNIVERSAL = 1
const CONTEXT = 3

/** Universal tags (X.680 8.4). */
export const TAG = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octetString: 4,
  oid: 6,
  sequence: 16,
  set: 17,
  utcTime: 23,
  generalizedTime: 24,
} as const

const CONSTRUCTED_TAGS: readonly number[] = [TAG.sequence, TAG.set]

export function children(element: Element): readonly Element[] {
  const { value } = element.valueBlock as unknown as { value?: unknown }
  return element.idBlock.isConstructed && Array.isArray(value) ? (value as Element[]) : NONE
}

const NONE: readonly Element[] = []

/** The members of a SEQUENCE or SET. */
export function members(element: Element | undefined, tag: number = TAG.sequence): readonly Element[] {
  return children(expect(element, tag))
}

function expect(element: Element | undefined, tag: number): Element {
  if (!is(element, tag)) throw new Malformed('a part is missing or of another type')
  return element
}

export function is(element: Element | undefined, tag: number): element is Element {
  return element !== undefined && element.idBlock.tagClass === UNIVERSAL && element.idBlock.tagNumber === tag
}

/** The number of a context-specific tag; null for an element of another class. */
export function contextTag(element: Element | undefined): number | null {
  return element !== undefined && element.idBlock.tagClass === CONTEXT ? element.idBlock.tagNumber : null
}

/** The whole encoding: identifier, length and contents. Shares memory with the source. */
export function encoding(element: Element): Uint8Array {
  return element.valueBeforeDecodeView
}

/** The contents octets alone. */
export function contents(element: Element): Uint8Array {
  const whole = element.valueBeforeDecodeView
  return whole.subarray(element.idBlock.blockLength + element.lenBlock.blockLength)
}

export function oidOf(element: Element | undefined): string {
  return (expect(element, TAG.oid) as ObjectIdentifier).getValue()
}

/** Contents octets of an INTEGER, two's complement, as encoded. */
export function integerOctets(element: Element | undefined): Uint8Array {
  return contents(expect(element, TAG.integer))
}

export function octetsOf(element: Element | undefined): Uint8Array {
  return contents(expect(element, TAG.octetString))
}

/** The octets of a BIT STRING with no unused bits, as keys and signatures are. */
export function bitsOf(element: Element | undefined): Uint8Array {
  const octets = contents(expect(element, TAG.bitString))
  if (octets[0] !== 0) throw new Malformed('a BIT STRING does not end with an octet')
  return octets.subarray(1)
}

export function isTrue(element: Element | undefined): boolean {
  return is(element, TAG.boolean) && contents(element)[0] !== 0
}

/** Seconds since the epoch of a Time (RFC 5280 4.1.2.5); null when it is none. */
export function timeOf(element: Element | undefined): number | null {
  if (!is(element, TAG.utcTime) && !is(element, TAG.generalizedTime)) return null
  const short = element.idBlock.tagNumber === TAG.utcTime
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(latin1Text(contents(element)))
  if (match === null || (match[1]?.length === 2) !== short) return null
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number]
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second))
  date.setUTCFullYear(short ? (year < 50 ? 2000 : 1900) + year : year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / 1000 : null
}

/** Octets as "30 82 01", for messages. */
export function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(' ')
}
