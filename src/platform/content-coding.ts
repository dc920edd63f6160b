import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { decodeZstd } from './zstd.ts'

export interface Fault {
  readonly kind: 'truncated' | 'malformed' | 'unsupported' | 'limit'
  readonly detail: string
}

export interface Decoded {
  /** The decoded content or its readable prefix; null when nothing could be decoded. */
  readonly bytes: Uint8Array | null
  /** Null when all of it was decoded. */
  readonly fault: Fault | null
}

type Decoder = (bytes: Uint8Array, bound: number) => Decoded

const CODINGS: Readonly<Record<string, Decoder>> = {
  gzip: (bytes, bound) => decodeZlib(gunzipSync, bytes, bound, 'gzip'),
  'x-gzip': (bytes, bound) => decodeZlib(gunzipSync, bytes, bound, 'gzip'),
  deflate: decodeDeflate,
  br: (bytes, bound) => decodeZlib(brotliDecompressSync, bytes, bound, 'br'),
  zstd: decodeZstd,
}

/**
 * Undoes one content coding (RFC 9110 8.4.1, RFC 7932, RFC 8878). `coding` is lower case. At most `bound` octets come out: more
 * is a fault of kind 'limit' and leaves a prefix, as corrupt or cut input does.
 */
export function decodeContentCoding(bytes: Uint8Array, coding: string, bound: number): Decoded {
  const decode = Object.hasOwn(CODINGS, coding) ? CODINGS[coding] : undefined
  if (decode === undefined) return { bytes: null, fault: { kind: 'unsupported', detail: 'a content coding that is not known' } }
  return decode(bytes, bound)
}

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number; finishFlush?: number }) => Uint8Array

/** RFC 9110 8.4.1.2: "deflate" is the zlib format; some senders leave its wrapper away. */
function decodeDeflate(bytes: Uint8Array, bound: number): Decoded {
  const wrapped =
    bytes.length >= 2 && ((bytes[0] as number) & 15) === 8 && (((bytes[0] as number) << 8) | (bytes[1] as number)) % 31 === 0
  const first = decodeZlib(wrapped ? inflateSync : inflateRawSync, bytes, bound, 'deflate')
  if (!wrapped || first.fault === null || first.bytes !== null) return first
  return decodeZlib(inflateRawSync, bytes, bound, 'deflate')
}

function decodeZlib(inflate: Inflate, bytes: Uint8Array, bound: number, name: string): Decoded {
  const whole = attempt(inflate, bytes, bound, undefined)
  if (whole.bytes !== null) return { bytes: whole.bytes, fault: null }
  const flush = inflate === brotliDecompressSync ? constants.BROTLI_OPERATION_FLUSH : constants.Z_SYNC_FLUSH
  if (whole.reason === 'short') {
    const prefix = attempt(inflate, bytes, bound, flush)
    if (prefix.bytes !== null) return { bytes: prefix.bytes, fault: { kind: 'truncated', detail: `${name} content ends early` } }
    whole.reason = prefix.reason
  }
  const prefix = longestReadable(inflate, bytes, bound, flush)
  const fault: Fault =
    whole.reason === 'large'
      ? { kind: 'limit', detail: `${name} content longer than ${bound} octets when decoded` }
      : { kind: 'malformed', detail: `${name} content is corrupt` }
  return { bytes: prefix, fault }
}

/**
 * The decoded form of the longest prefix of the input that can be decoded within the bound. The synchronous functions of
 * node:zlib throw all output away at the first fault, so the place is found by halving: a fault once met stays met.
 */
function longestReadable(inflate: Inflate, bytes: Uint8Array, bound: number, flush: number): Uint8Array | null {
  let good = 0
  let bad = bytes.length
  let best: Uint8Array | null = null
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1
    const attempted = attempt(inflate, bytes.subarray(0, middle), bound, flush)
    if (attempted.bytes === null) bad = middle
    else {
      good = middle
      best = attempted.bytes
    }
  }
  return best === null || best.length === 0 ? null : best
}

interface Attempt {
  bytes: Uint8Array | null
  reason: 'short' | 'large' | 'corrupt' | null
}

function attempt(inflate: Inflate, bytes: Uint8Array, bound: number, finishFlush: number | undefined): Attempt {
  try {
    const options = { maxOutputLength: Math.max(1, bound) }
    const all = inflate(bytes, finishFlush === undefined ? options : { ...options, finishFlush })
    // A copy: what node:zlib returns may be a small piece of a large buffer, which would be kept with it.
    return { bytes: new Uint8Array(all), reason: null }
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code === 'ERR_BUFFER_TOO_LARGE') return { bytes: null, reason: 'large' }
    return { bytes: null, reason: code === 'Z_BUF_ERROR' ? 'short' : 'corrupt' }
  }
}
