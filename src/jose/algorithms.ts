/** All that is known of an "alg" value stands in one row; nothing else switches on the name. */
export interface Algorithm {
  /** 'signature' digital, 'mac' symmetric, 'none'. ACME allows digital signatures only (RFC 8555 6.2). */
  readonly kind: 'signature' | 'mac' | 'none'
  /** Key type it needs, and curve where the algorithm fixes one (RFC 7518 3.1, RFC 8037 3.1, RFC 8812 3.2, RFC 9864). */
  readonly kty: 'EC' | 'RSA' | 'OKP' | 'oct' | 'AKP' | null
  readonly curves: readonly string[] | null
  /** Octets of a signature; null when the key decides (RSA: as long as the modulus). */
  readonly length: number | null
}

const ec = (curve: string, length: number): Algorithm => ({ kind: 'signature', kty: 'EC', curves: [curve], length })
const rsa: Algorithm = { kind: 'signature', kty: 'RSA', curves: null, length: null }
const okp = (curves: string[], length: number | null): Algorithm => ({ kind: 'signature', kty: 'OKP', curves, length })
const mac = (length: number): Algorithm => ({ kind: 'mac', kty: 'oct', curves: null, length })
const mldsa = (length: number): Algorithm => ({ kind: 'signature', kty: 'AKP', curves: null, length })

/** The signature and MAC algorithms of the IANA JOSE registry whose use is not prohibited; names are case-sensitive (RFC 7515 4.1.1). */
export const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['ES256', ec('P-256', 64)],
  ['ES384', ec('P-384', 96)],
  ['ES512', ec('P-521', 132)],
  ['ES256K', ec('secp256k1', 64)],
  ['RS256', rsa],
  ['RS384', rsa],
  ['RS512', rsa],
  ['PS256', rsa],
  ['PS384', rsa],
  ['PS512', rsa],
  ['EdDSA', okp(['Ed25519', 'Ed448'], null)],
  ['Ed25519', okp(['Ed25519'], 64)],
  ['Ed448', okp(['Ed448'], 114)],
  ['ML-DSA-44', mldsa(2420)],
  ['ML-DSA-65', mldsa(3309)],
  ['ML-DSA-87', mldsa(4627)],
  ['HS256', mac(32)],
  ['HS384', mac(48)],
  ['HS512', mac(64)],
  ['none', { kind: 'none', kty: null, curves: null, length: 0 }],
])

/** Names that differ from a registered one by letter case only, for explanations. */
export function registeredSpelling(alg: string): string | null {
  for (const name of ALGORITHMS.keys()) if (name !== alg && name.toLowerCase() === alg.toLowerCase()) return name
  return null
}
