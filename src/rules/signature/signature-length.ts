import type { AcmeRequest } from '../../acme/traffic.ts'
import { ALGORITHMS } from '../../jose/algorithms.ts'
import { derToRaw } from '../../jose/ecdsa-der.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

/** Octets a signature has to have (RFC 7518 3.3, 3.4, RFC 8037 3.1); null when the key is needed and unknown. */
function expectedLength(request: AcmeRequest): number | null {
  const algorithm = request.alg === null ? undefined : ALGORITHMS.get(request.alg)
  if (algorithm?.kind !== 'signature') return null
  if (algorithm.length !== null) return algorithm.length
  const facts = request.key?.facts
  if (facts === undefined || facts.kty !== algorithm.kty) return null
  if (facts.bits !== null) return Math.ceil(facts.bits / 8)
  return facts.crv === 'Ed448' ? 114 : facts.crv === 'Ed25519' ? 64 : null
}

export const signatureLength: Rule = {
  id: 'signature-length',
  group: 'signature',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: "Signature has the algorithm's length",
  norm: 'ES256/384/512 signatures are 64/96/132 octets; RSA signatures equal the modulus length; Ed25519 64.',
  decide:
    'The decoded length is compared with that of the algorithm or of the RSA modulus. For ECDSA, one or two octets short, leading zeros are put back and the result is verified.',
  traps: ['Intermittent by nature (about 1 in 128 requests): do not dismiss because neighbours verify.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed',
    Pebble: '400 malformed',
    'step-ca': 'Retries with padding when 1 or 2 octets short, so it passes',
    'golang.org/x/crypto/acme': 'Fixed width',
  },
  remedy: 'Left-pad R and S to the curve size.',
  references: ['RFC 7518 §3.4', 'RFC 7518 §3.3', 'RFC 8037 §3.1'],
  why: 'One signature in about 128 has a leading zero less. The client fails now and then and nobody finds out why.',
  examples: { fails: 'signature: 63 octets (ES256)', passes: 'signature: 64 octets (ES256)' },
  explains: { types: ['malformed'], details: [/invalid signature size/] },
  judge(request) {
    const octets = request.jws?.signature ?? null
    if (octets === null || octets.length === 0 || request.signature.state === 'valid')
      return octets === null || octets.length === 0 ? undefined : HOLDS
    const expected = expectedLength(request)
    if (expected === null) return undefined
    if (octets.length === expected || (request.alg?.startsWith('ES') && derToRaw(octets, expected / 2) !== null)) return HOLDS
    const padded = request.signature.state === 'invalid' && request.signature.cause?.kind === 'length'
    return broken(
      signatureLength,
      `The signature has ${octets.length} octets, ${request.alg} needs ${expected}.${padded ? ' With the dropped leading zero put back it verifies.' : ''}`,
      {
        evidence: { octets: octets.length, expected, verifiesPadded: padded },
      },
    )
  },
}
