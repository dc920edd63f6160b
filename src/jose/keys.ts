import { sha256Base64url } from '../platform/signature.ts'
import { ALGORITHMS, type Algorithm } from './algorithms.ts'
import { readBase64url } from './base64url.ts'
import { CURVES, isOnCurve, toInteger } from './curves.ts'
import { isObject, type JsonObject } from './json-object.ts'

export type KeyFault =
  | 'not-object'
  | 'private' // holds private or secret members
  | 'missing' // a required member is absent or of the wrong type
  | 'coordinate-short' // an EC coordinate is shorter than the field
  | 'coordinate-long' // or longer
  | 'off-curve'
  | 'swapped' // x and y exchanged: the swapped point is on the curve
  | 'small' // RSA under 2048 bits
  | 'even' // an even RSA modulus
  | 'leading-zero' // n or e with a leading zero octet

/** What a JWK (RFC 7517) says, read leniently. */
export interface JwkFacts {
  readonly jwk: JsonObject
  readonly kty: string | null
  readonly crv: string | null
  /** RSA modulus length in bits; null for other types. */
  readonly bits: number | null
  /** RSA public exponent as a decimal string; null for other types. */
  readonly exponent: string | null
  /** RFC 7638 SHA-256 thumbprint over the members as sent; null when a required member is missing. */
  readonly thumbprint: string | null
  readonly faults: ReadonlyMap<KeyFault, string>
}

/** Members that belong to a private or symmetric key (RFC 7518 6.2.2, 6.3.2, 6.4, RFC 8037 2). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** Required members by key type, in the order of RFC 7638 3.2 (lexicographic). */
const REQUIRED: ReadonlyMap<string, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['RSA', ['e', 'kty', 'n']],
  ['OKP', ['crv', 'kty', 'x']],
  ['oct', ['k', 'kty']],
  ['AKP', ['alg', 'kty', 'pub']],
])

const cache = new WeakMap<JsonObject, JwkFacts>()
const NO_FAULTS: ReadonlyMap<KeyFault, string> = new Map()

/** Reads a JWK; null when the value is not an object at all. */
export function readJwk(value: unknown): JwkFacts | null {
  if (!isObject(value)) return null
  let facts = cache.get(value)
  if (facts === undefined) {
    facts = examine(value)
    cache.set(value, facts)
  }
  return facts
}

function examine(jwk: JsonObject): JwkFacts {
  const faults = new Map<KeyFault, string>()
  const kty = text(jwk.kty)
  const crv = text(jwk.crv)
  const secret = PRIVATE_MEMBERS.filter((name) => jwk[name] !== undefined)
  if (secret.length > 0) faults.set('private', secret.join(', '))
  const required = kty === null ? ['kty'] : REQUIRED.get(kty)
  const missing = (required ?? []).filter((name) => typeof jwk[name] !== 'string')
  if (missing.length > 0) faults.set('missing', missing.join(', '))
  const complete = required !== undefined && missing.length === 0
  let bits: number | null = null
  let exponent: string | null = null
  if (complete && kty === 'EC') examineEc(jwk, crv, faults)
  if (complete && kty === 'RSA') ({ bits, exponent } = examineRsa(jwk, faults))
  return {
    jwk,
    kty,
    crv,
    bits,
    exponent,
    thumbprint: complete ? thumbprint(jwk, required) : null,
    faults: faults.size === 0 ? NO_FAULTS : faults,
  }
}

/** RFC 7638 3: the required members alone, names sorted, no white space. */
function thumbprint(jwk: JsonObject, members: readonly string[]): string {
  return sha256Base64url(`{${members.map((name) => `${JSON.stringify(name)}:${JSON.stringify(jwk[name])}`).join(',')}}`)
}

/** RFC 7518 6.2.1.2, 6.2.1.3: coordinates have the full width of the field, and the point is on the curve. */
function examineEc(jwk: JsonObject, crv: string | null, faults: Map<KeyFault, string>): void {
  const curve = crv === null ? undefined : CURVES.get(crv)
  if (curve === undefined) return
  const x = readBase64url(jwk.x as string).bytes
  const y = readBase64url(jwk.y as string).bytes
  const lengths = [
    { name: 'x', octets: x.length },
    { name: 'y', octets: y.length },
  ]
  for (const [fault, wrong] of [
    ['coordinate-short', lengths.filter(({ octets }) => octets < curve.octets)],
    ['coordinate-long', lengths.filter(({ octets }) => octets > curve.octets)],
  ] as const)
    if (wrong.length > 0)
      faults.set(fault, wrong.map(({ name, octets }) => `${name} has ${octets} octets instead of ${curve.octets}`).join(', '))
  if (isOnCurve(curve, toInteger(x), toInteger(y))) return
  if (isOnCurve(curve, toInteger(y), toInteger(x))) faults.set('swapped', 'x and y are exchanged')
  else faults.set('off-curve', `the point is not on ${crv}`)
}

/** RFC 7518 3.3 (size), 6.3.1.1 (no superfluous leading zero octet). */
function examineRsa(jwk: JsonObject, faults: Map<KeyFault, string>): { bits: number; exponent: string } {
  const n = readBase64url(jwk.n as string).bytes
  const e = readBase64url(jwk.e as string).bytes
  const zeros = [n[0] === 0 ? 'n' : '', e[0] === 0 || e.length === 0 ? 'e' : ''].filter((name) => name !== '')
  if (zeros.length > 0) faults.set('leading-zero', zeros.join(', '))
  const first = n.findIndex((octet) => octet !== 0)
  const bits = first < 0 ? 0 : (n.length - first) * 8 - Math.clz32(n[first] ?? 0) + 24
  if (bits < 2048) faults.set('small', `${bits} bits`)
  if (((n.at(-1) ?? 0) & 1) === 0) faults.set('even', 'the modulus is even')
  return { bits, exponent: e.length > 16 ? `${e.length * 8} bits` : toInteger(e).toString() }
}

/** Whether a key can be used with an algorithm (RFC 7518 3.1: key type; ES*, EdDSA: also the curve). */
export function fits(key: JwkFacts, algorithm: Algorithm): boolean {
  return key.kty === algorithm.kty && (algorithm.curves === null || (key.crv !== null && algorithm.curves.includes(key.crv)))
}

/** The algorithm that belongs to a key, for explanations: ES256 for P-256 and so on; null when none is known. */
export function naturalAlgorithm(key: JwkFacts): string | null {
  for (const [name, algorithm] of ALGORITHMS) if (algorithm.kind === 'signature' && fits(key, algorithm)) return name
  return null
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
