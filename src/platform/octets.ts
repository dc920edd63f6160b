import { Buffer } from 'node:buffer'

// Native methods that work on any Uint8Array: no Buffer object is made for a look at a few octets of a borrowed range.
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string
  utf8Slice(this: Uint8Array, start: number, end: number): string
}

/** bytes[start, end) as text, one character an octet. */
export function latin1Range(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes, start, end)
}

/** bytes[start, end) as UTF-8; what is not UTF-8 becomes U+FFFD. */
export function utf8Range(bytes: Uint8Array, start: number, end: number): string {
  return utf8Slice.call(bytes, start, end)
}

/** A copy of bytes[start, end). Small ones share memory with each other: one allocation for each would cost more than the octets. */
export function pooledCopy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = Buffer.allocUnsafe(end - start)
  copy.set(bytes.subarray(start, end))
  return copy
}

/** A Buffer over the same octets, for packages that want one. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Standard base64 with padding (RFC 4648 4). */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
