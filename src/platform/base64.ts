import { Buffer } from 'node:buffer'

/** Decodes leniently: both alphabets, padding or none, white space and foreign characters skipped. Strictness is judged elsewhere. */
export function decodeBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64url')
}

/** Canonical base64url without padding (RFC 7515 2). */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** The octets of a string of latin1 characters, one each. */
export function latin1Bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** One character an octet: the form that cannot fail, used for signing inputs and for looking at foreign bytes. */
export function latin1Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** UTF-8 text, or null when the bytes are not valid UTF-8 (RFC 3629). */
export function utf8Text(bytes: Uint8Array): string | null {
  try {
    return STRICT_UTF8.decode(bytes)
  } catch {
    return null
  }
}

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
