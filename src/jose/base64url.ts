import { decodeBase64, encodeBase64url } from '../platform/base64.ts'

/** What keeps a text from being base64url as RFC 7515 2 defines it (RFC 4648 5 without padding, line breaks or white space). */
export type EncodingFault =
  | 'padding'
  | 'standard-alphabet'
  | 'white-space'
  | 'foreign-character'
  | 'impossible-length'
  | 'unused-bits'

/** The octets a text stands for, read leniently, and everything that is wrong with the text. */
export function readBase64url(text: string): { bytes: Uint8Array; faults: EncodingFault[] } {
  const bytes = decodeBase64(text)
  if (encodeBase64url(bytes) === text) return { bytes, faults: NO_FAULTS }
  if (STRICT.test(text)) return { bytes, faults: [text.length % 4 === 1 ? 'impossible-length' : 'unused-bits'] }
  const faults: EncodingFault[] = []
  if (text.includes('=')) faults.push('padding')
  if (/[+/]/.test(text)) faults.push('standard-alphabet')
  if (/\s/.test(text)) faults.push('white-space')
  if (/[^A-Za-z0-9_\-+/=\s]/.test(text)) faults.push('foreign-character')
  return { bytes, faults }
}

const NO_FAULTS: EncodingFault[] = []

const STRICT = /^[A-Za-z0-9_-]*$/

/** The text a conforming encoder would have written for the same octets. */
export function canonicalBase64url(text: string): string {
  return encodeBase64url(decodeBase64(text))
}

export function describeFault(fault: EncodingFault): string {
  return FAULT_TEXT[fault]
}

const FAULT_TEXT: Record<EncodingFault, string> = {
  padding: 'has "=" padding',
  'standard-alphabet': 'uses "+" or "/" of the standard alphabet',
  'white-space': 'contains white space',
  'foreign-character': 'contains characters outside the alphabet',
  'impossible-length': 'has a length that no octet string encodes to',
  'unused-bits': 'has unused trailing bits that are not zero',
}
