import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'

/** A signature scheme of X.509 (RFC 5280 4.1.1.2) as node:crypto takes it. */
export interface SignatureScheme {
  /** Digest; null when the algorithm brings its own (EdDSA). */
  readonly hash: string | null
  /** RSASSA-PSS: octets of salt; null for every other padding. */
  readonly saltLength: number | null
}

/** A SubjectPublicKeyInfo as node:crypto takes it; throws when it cannot be imported. */
export function importSpki(der: Uint8Array): KeyObject {
  return createPublicKey({ key: der as Buffer, format: 'der', type: 'spki' })
}

/** The public key as a JWK, for encodings that take arithmetic to read (a compressed point); null when node:crypto cannot. */
export function spkiToJwk(der: Uint8Array): Record<string, unknown> | null {
  try {
    return importSpki(der).export({ format: 'jwk' }) as Record<string, unknown>
  } catch {
    return null
  }
}

/** Verifies on the pool of threads; false also when the key does not fit the scheme. */
export function verifyX509(scheme: SignatureScheme, key: KeyObject, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const options =
    scheme.saltLength === null ? key : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltLength }
  return new Promise((resolve) => {
    try {
      verify(scheme.hash, data, options, signature, (error, valid) => resolve(error === null && valid))
    } catch {
      resolve(false)
    }
  })
}
