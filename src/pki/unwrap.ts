import { describeFault, readBase64url } from '../jose/base64url.ts'
import { decodeBase64, latin1Text } from '../platform/base64.ts'

/** Octets that a JSON member carries, with everything that is wrong with the way it carries them. */
export interface Unwrapped {
  readonly octets: Uint8Array
  /** In words, to follow "csr ": "is PEM text". Empty when the member is base64url as RFC 7515 2 defines it. */
  readonly faults: readonly string[]
}

const BEGIN = '-----BEGIN '
const SEQUENCE = 0x30

/**
 * RFC 8555 7.4 and 7.6 want base64url of DER. What people send instead is undone, so that it can be named and the content still be
 * judged: PEM, base64url of PEM, base64 twice, hexadecimal, padding, the standard alphabet.
 */
export function unwrap(text: string): Unwrapped {
  if (text.includes(BEGIN)) return { octets: pemBody(text), faults: ['is PEM text'] }
  const { bytes, faults } = readBase64url(text)
  const words = faults.map(describeFault)
  if (bytes[0] === SEQUENCE) return { octets: bytes, faults: words }
  const inner = latin1Text(bytes)
  if (inner.includes(BEGIN)) return { octets: pemBody(inner), faults: [...words, 'is base64url of PEM text'] }
  if (/^(0x)?30[0-9a-f]+$/i.test(text)) return { octets: hexOctets(text.replace(/^0x/i, '')), faults: ['is hexadecimal'] }
  if (/^M[A-Za-z0-9+/_\-\s]+=*\s*$/.test(inner)) {
    const again = decodeBase64(inner)
    if (again[0] === SEQUENCE) return { octets: again, faults: [...words, 'is encoded in base64 twice'] }
  }
  return { octets: bytes, faults: words }
}

/** The octets of the first PEM block, however it is laid out. */
function pemBody(text: string): Uint8Array {
  const start = text.indexOf('-----', text.indexOf(BEGIN) + BEGIN.length)
  const end = text.indexOf('-----END', start)
  return decodeBase64(text.slice(start < 0 ? text.length : start + 5, end < 0 ? text.length : end))
}

function hexOctets(text: string): Uint8Array {
  const octets = new Uint8Array(text.length >> 1)
  for (let i = 0; i < octets.length; i++) octets[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return octets
}
