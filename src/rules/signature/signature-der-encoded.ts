import { ALGORITHMS } from '../../jose/algorithms.ts'
import { derToRaw } from '../../jose/ecdsa-der.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

export const signatureDerEncoded: Rule = {
  id: 'signature-der-encoded',
  group: 'signature',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'ECDSA signature is raw R||S',
  norm: 'JWS uses the fixed-length concatenation of R and S, not ASN.1 DER.',
  decide:
    'For ES*: fail if the octets parse as a DER SEQUENCE of two INTEGERs consuming all bytes and the length is not 64/96/132. Convert and verify; if it verifies, this is the cause.',
  traps: ['A raw signature can start with 0x30 by chance: require full DER parse and wrong length.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed verification error',
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Converts DER to raw',
  },
  remedy: 'Convert DER to fixed-width R||S.',
  references: ['RFC 7518 §3.4'],
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    const octets = request.jws?.signature ?? null
    const algorithm = request.alg === null ? undefined : ALGORITHMS.get(request.alg)
    if (octets === null || octets.length === 0 || algorithm?.kty !== 'EC' || algorithm.length === null) return undefined
    if (octets.length === algorithm.length || derToRaw(octets, algorithm.length / 2) === null) return HOLDS
    const certain = request.signature.state === 'invalid' && request.signature.cause?.kind === 'der'
    return broken(
      signatureDerEncoded,
      `The signature is ASN.1 DER (${octets.length} octets) instead of R and S in ${algorithm.length} octets.${certain ? ' Converted, it verifies.' : ''}`,
      {
        evidence: { octets: octets.length, verifiesConverted: certain },
      },
    )
  },
}
