import { latin1Text, utf8Text } from '../platform/base64.ts'
import { children, contents, contextTag, type Element, encoding, hex, Malformed, members, oidOf, TAG } from './der.ts'

/** What a subjectAltName lists (RFC 5280 4.2.1.6), in the order listed. */
export interface AltNames {
  /** dNSName, lower case. */
  readonly dns: readonly string[]
  /** iPAddress as text: dotted decimal, or as RFC 5952 writes IPv6; octets of another length in hexadecimal. */
  readonly ip: readonly string[]
  readonly email: readonly string[]
  /** Everything else, in words. */
  readonly other: readonly string[]
}

export const NO_NAMES: AltNames = { dns: [], ip: [], email: [], other: [] }

/** GeneralNames. */
export function readAltNames(root: Element): AltNames {
  const names = { dns: [] as string[], ip: [] as string[], email: [] as string[], other: [] as string[] }
  for (const name of members(root)) {
    const tag = contextTag(name)
    if (tag === 2) names.dns.push(latin1Text(contents(name)).toLowerCase())
    else if (tag === 7) names.ip.push(ipText(contents(name)))
    else if (tag === 1) names.email.push(latin1Text(contents(name)))
    else if (tag === 6) names.other.push(`URI ${latin1Text(contents(name))}`)
    else if (tag === 4) names.other.push(`directory name ${readName(children(name)[0]).text}`)
    else if (tag === 0) names.other.push(`other name ${oidOf(children(name)[0])}`)
    else throw new Malformed('a name in the subjectAltName is of no known kind')
  }
  return names
}

export function ipText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.')
  if (octets.length !== 16) return `#${hex(octets).replaceAll(' ', '')}`
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push((((octets[i] as number) << 8) | (octets[i + 1] as number)).toString(16))
  return comparableIp(groups.join(':')) as string
}

/** One text for all spellings of an address (IPv6: always in hexadecimal groups); null when the text is no address. */
export function comparableIp(text: string): string | null {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const numbers = text.split('.').map(Number)
    return numbers.every((number) => number < 256) ? numbers.join('.') : null
  }
  const url = `http://[${text}]/`
  return /^[0-9A-Fa-f:.]+$/.test(text) && URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : null
}

export interface DistinguishedName {
  /** "CN=www.example, O=Example", in the order encoded. */
  readonly text: string
  readonly commonNames: readonly string[]
  readonly encoding: Uint8Array
}

/** Attribute types that people know by a short name (RFC 4519 2). */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
}

/** Name, an RDNSequence (RFC 5280 4.1.2.4). */
export function readName(root: Element | undefined): DistinguishedName {
  const parts: string[] = []
  const commonNames: string[] = []
  for (const set of members(root))
    for (const attribute of members(set, TAG.set)) {
      const [type, value] = members(attribute)
      const oid = oidOf(type)
      if (value === undefined) throw new Malformed('an attribute of a name has no value')
      const text = stringOf(value)
      if (oid === '2.5.4.3') commonNames.push(text)
      parts.push(`${SHORT_NAMES[oid] ?? oid}=${text}`)
    }
  return { text: parts.join(', '), commonNames, encoding: encoding(root as Element) }
}

/** A DirectoryString or IA5String, whatever its type; a BMPString has two octets a character. */
function stringOf(value: Element): string {
  const octets = contents(value)
  if (value.idBlock.tagNumber !== BMP_STRING) return utf8Text(octets) ?? latin1Text(octets)
  let text = ''
  for (let i = 0; i + 1 < octets.length; i += 2)
    text += String.fromCharCode(((octets[i] as number) << 8) | (octets[i + 1] as number))
  return text
}

const BMP_STRING = 30
