import { constants, createHash, createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto'

/** A JWK as node:crypto takes it; throws when the key cannot be imported (bad point, missing member, unknown curve). */
export function importPublicJwk(jwk: Record<string, unknown>): KeyObject {
  return createPublicKey({ key: jwk as import('node:crypto').JsonWebKey, format: 'jwk' })
}

/**
 * Verifies octets under a JWS algorithm name without any JOSE rules around it, for signatures that a JOSE library refuses to look at
 * (RSA keys under 2048 bits, unknown crit members, an altered signing input that is tried to find the cause of a failure).
 * Null when node:crypto knows no such algorithm.
 */
export function verifyOctets(alg: string, key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean | null {
  const hash = HASHES[alg]
  if (hash === undefined) return null
  try {
    if (alg.startsWith('ES')) return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature)
    if (alg.startsWith('PS')) {
      const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      return verify(hash, data, { key, ...padding }, signature)
    }
    return verify(hash, data, key, signature)
  } catch {
    return false
  }
}

/** Digest by JWS algorithm (RFC 7518 3.1, RFC 8037 3.1); undefined digest names EdDSA's own. */
const HASHES: Readonly<Record<string, string | null>> = {
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
  ES256K: 'sha256',
  RS256: 'sha256',
  RS384: 'sha384',
  RS512: 'sha512',
  PS256: 'sha256',
  PS384: 'sha384',
  PS512: 'sha512',
  EdDSA: null,
  Ed25519: null,
  Ed448: null,
}

/** The MAC of data under a JWS algorithm name (RFC 7518 3.2); null when the name is not that of an HMAC known here. */
export function macOctets(alg: string, secret: Uint8Array, data: Uint8Array): Uint8Array | null {
  const hash = MAC_HASHES[alg]
  return hash === undefined ? null : createHmac(hash, secret).update(data).digest()
}

const MAC_HASHES: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }

export function sha256Base64url(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
