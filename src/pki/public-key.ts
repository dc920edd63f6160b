import { readBase64url } from '../jose/base64url.ts'
import { CURVES } from '../jose/curves.ts'
import { type JwkFacts, readJwk } from '../jose/keys.ts'
import { encodeBase64url } from '../platform/base64.ts'
import { spkiToJwk } from '../platform/x509.ts'
import { bitsOf, type DerParser, type Element, encoding, integerOctets, members, oidOf } from './der.ts'

/** The public key of a certificate or of a request for one. */
export interface PublicKey {
  /** SubjectPublicKeyInfo (RFC 5280 4.1.2.7), DER. */
  readonly spki: Uint8Array
  /** "RSA 2048 bits", "EC P-256", or the object identifier of an algorithm without a JWK. */
  readonly kind: string
  /** The key as a JWK in its one canonical form; null when JWK has none for it. */
  readonly facts: JwkFacts | null
  /** Equal for equal keys: the RFC 7638 thumbprint of the canonical JWK, or the whole encoding where there is none. */
  readonly identity: string
}

/** Object identifiers of named curves (RFC 5480 2.1.1.1, SEC 2) by their JWK names. */
const CURVE_NAMES: Readonly<Record<string, string>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
  '1.3.132.0.10': 'secp256k1',
}

/** RFC 8410 3. */
const OKP_NAMES: Readonly<Record<string, string>> = {
  '1.3.101.110': 'X25519',
  '1.3.101.111': 'X448',
  '1.3.101.112': 'Ed25519',
  '1.3.101.113': 'Ed448',
}

/** RFC 9881 2. */
const ML_DSA_NAMES: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
}

const EC_PUBLIC_KEY = '1.2.840.10045.2.1'
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1'
/** RFC 4055 1.2: an RSA key for one kind of signature only. */
const RSASSA_PSS = '1.2.840.113549.1.1.10'
const UNCOMPRESSED = 4

export function readPublicKey(root: Element | undefined, parser: DerParser): PublicKey {
  const [algorithm, key] = members(root)
  const [type, parameters] = members(algorithm)
  const oid = oidOf(type)
  const bits = bitsOf(key)
  const spki = encoding(root as Element)
  const facts = readJwk(toJwk(oid, parameters, bits, spki, parser))
  return {
    spki,
    kind: facts === null ? oid : describeKey(facts),
    facts,
    identity: facts?.thumbprint ?? encodeBase64url(spki),
  }
}

function toJwk(
  oid: string,
  parameters: Element | undefined,
  bits: Uint8Array,
  spki: Uint8Array,
  parser: DerParser,
): Record<string, unknown> | null {
  if (oid === RSA_ENCRYPTION || oid === RSASSA_PSS) {
    const [n, e] = members(parser.parse(bits).root)
    return { kty: 'RSA', n: integer(integerOctets(n)), e: integer(integerOctets(e)) }
  }
  const okp = OKP_NAMES[oid]
  if (okp !== undefined) return { kty: 'OKP', crv: okp, x: encodeBase64url(bits) }
  const mlDsa = ML_DSA_NAMES[oid]
  if (mlDsa !== undefined) return { kty: 'AKP', alg: mlDsa, pub: encodeBase64url(bits) }
  if (oid !== EC_PUBLIC_KEY) return null
  const crv = CURVE_NAMES[oidOf(parameters)]
  const half = crv === undefined ? 0 : (CURVES.get(crv)?.octets ?? 0)
  if (bits[0] !== UNCOMPRESSED || bits.length !== 1 + 2 * half) return spkiToJwk(spki)
  return { kty: 'EC', crv, x: encodeBase64url(bits.subarray(1, 1 + half)), y: encodeBase64url(bits.subarray(1 + half)) }
}

/** Base64urlUInt (RFC 7518 2): no leading zero octets, which DER needs where the top bit is set. */
function integer(octets: Uint8Array): string {
  let start = 0
  while (start < octets.length - 1 && octets[start] === 0) start++
  return encodeBase64url(octets.subarray(start))
}

export function describeKey({ kty, crv, bits, jwk }: JwkFacts): string {
  if (kty === 'RSA') return `RSA ${bits} bits`
  return kty === 'AKP' ? String(jwk.alg) : `${kty === 'EC' ? 'EC ' : ''}${crv}`
}

const identities = new WeakMap<JwkFacts, string | null>()

/**
 * What `identity` is for a certificate's key, for a key that came as a JWK: people write the same key in several ways (leading zeros,
 * padding), and comparing must not depend on that. Null when the JWK is no usable key.
 */
export function identityOf(facts: JwkFacts): string | null {
  let identity = identities.get(facts)
  if (identity === undefined) {
    identity = readJwk(canonicalJwk(facts))?.thumbprint ?? null
    identities.set(facts, identity)
  }
  return identity
}

function canonicalJwk({ kty, crv, jwk }: JwkFacts): Record<string, unknown> {
  const octets = (name: string) => readBase64url(typeof jwk[name] === 'string' ? jwk[name] : '').bytes
  if (kty === 'RSA') return { kty, n: integer(octets('n')), e: integer(octets('e')) }
  if (kty !== 'EC') return jwk
  const width = CURVES.get(crv ?? '')?.octets ?? 0
  return { kty, crv, x: fullWidth(octets('x'), width), y: fullWidth(octets('y'), width) }
}

/** A field element in as many octets as the field has (RFC 7518 6.2.1.2). */
function fullWidth(octets: Uint8Array, width: number): string {
  const bare = readBase64url(integer(octets)).bytes
  if (bare.length >= width) return encodeBase64url(bare)
  const wide = new Uint8Array(width)
  wide.set(bare, width - bare.length)
  return encodeBase64url(wide)
}
