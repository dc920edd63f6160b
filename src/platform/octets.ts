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

/** Memory that small copies share, and the largest of them: a single one that is kept keeps all of it. */
const POOL = 8192
const MAX_POOLED = 4096
let pool = new ArrayBuffer(POOL)
let pooled = 0

/** A copy of bytes[start, end). Small ones share memory with each other: one allocation for each would cost more than the octets. */
export function pooledCopy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start
  if (length > MAX_POOLED) return Uint8Array.prototype.slice.call(bytes, start, end)
  if (pooled + length > POOL) {
    pool = new ArrayBuffer(POOL)
    pooled = 0
  }
  const copy = new Uint8Array(pool, pooled, length)
  copy.set(bytes.subarray(start, end))
  pooled += length
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
