import { importPublicJwk } from '../platform/signature.ts'
import { importSpki, type SignatureScheme, verifyX509 } from '../platform/x509.ts'
import { bitsOf, children, contextTag, type Element, encoding, integerOctets, is, members, oidOf, TAG } from './der.ts'
import type { PublicKey } from './public-key.ts'

/** The signed part of a certificate or request with its signature (RFC 5280 4.1.1, RFC 2986 4.2). */
export interface Signed {
  readonly data: Uint8Array
  readonly signature: Uint8Array
  /** Name of the algorithm as people write it, or its object identifier. */
  readonly algorithm: string
  /** Null when this program cannot verify it. */
  readonly scheme: SignatureScheme | null
}

/** 'unchecked': verification was switched off, or neither this program nor node:crypto knows the algorithm or the kind of key. */
export type SignatureOutcome = 'valid' | 'invalid' | 'unchecked'

/** Signature algorithms by object identifier: name, digest (null: its own). RFC 8017 A.2, RFC 5758 3, RFC 8410 3. */
const ALGORITHMS: Readonly<Record<string, readonly [name: string, hash: string | null]>> = {
  '1.2.840.113549.1.1.4': ['md5WithRSAEncryption', 'md5'],
  '1.2.840.113549.1.1.5': ['sha1WithRSAEncryption', 'sha1'],
  '1.2.840.113549.1.1.14': ['sha224WithRSAEncryption', 'sha224'],
  '1.2.840.113549.1.1.11': ['sha256WithRSAEncryption', 'sha256'],
  '1.2.840.113549.1.1.12': ['sha384WithRSAEncryption', 'sha384'],
  '1.2.840.113549.1.1.13': ['sha512WithRSAEncryption', 'sha512'],
  '1.2.840.10045.4.1': ['ecdsa-with-SHA1', 'sha1'],
  '1.2.840.10045.4.3.1': ['ecdsa-with-SHA224', 'sha224'],
  '1.2.840.10045.4.3.2': ['ecdsa-with-SHA256', 'sha256'],
  '1.2.840.10045.4.3.3': ['ecdsa-with-SHA384', 'sha384'],
  '1.2.840.10045.4.3.4': ['ecdsa-with-SHA512', 'sha512'],
  '1.3.101.112': ['Ed25519', null],
  '1.3.101.113': ['Ed448', null],
}

const RSASSA_PSS = '1.2.840.113549.1.1.10'
const DIGESTS: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

export function readSigned(root: Element): Signed {
  const [data, algorithm, signature] = members(root)
  const [type, parameters] = members(algorithm)
  const oid = oidOf(type)
  const octets = bitsOf(signature)
  const signed = { data: encoding(data as Element), signature: octets }
  if (oid === RSASSA_PSS) return { ...signed, ...readPss(parameters) }
  const known = ALGORITHMS[oid]
  if (known === undefined) return { ...signed, algorithm: oid, scheme: null }
  return { ...signed, algorithm: known[0], scheme: { hash: known[1], saltLength: null } }
}

/** RFC 4055 3.1: what is left out is SHA-1 and 20 octets of salt. */
function readPss(parameters: Element | undefined): Pick<Signed, 'algorithm' | 'scheme'> {
  let hash: string | undefined = 'sha1'
  let saltLength = 20
  for (const parameter of is(parameters, TAG.sequence) ? members(parameters) : []) {
    const [value] = children(parameter)
    if (contextTag(parameter) === 0) hash = DIGESTS[oidOf(members(value)[0])]
    else if (contextTag(parameter) === 2) saltLength = integerOctets(value).reduce((sum, octet) => sum * 256 + octet, 0)
  }
  if (hash === undefined) return { algorithm: 'RSASSA-PSS', scheme: null }
  return { algorithm: `RSASSA-PSS with ${hash}`, scheme: { hash, saltLength } }
}

/** Whether the signature verifies under a key. */
export async function verifySigned({ data, signature, scheme }: Signed, key: PublicKey): Promise<SignatureOutcome> {
  if (scheme === null) return 'unchecked'
  let imported: ReturnType<typeof importSpki>
  try {
    // Importing a JWK costs node:crypto half of what importing DER does.
    imported = key.facts === null ? importSpki(key.spki) : importPublicJwk(key.facts.jwk)
  } catch {
    return 'unchecked'
  }
  return (await verifyX509(scheme, imported, data, signature)) ? 'valid' : 'invalid'
}
