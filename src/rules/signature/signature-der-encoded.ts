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
    'ECDSA only: broken if the octets are one whole DER sequence of two integers and have not the length of the algorithm. If the same values verify once converted, this is the cause.',
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
  why: 'CAs take the octets for R and S and find no valid signature. It is the usual fault of a client that signs with OpenSSL.',
  examples: { fails: 'signature: 70 to 72 octets that begin with 30 45 02 (ES256)', passes: 'signature: 64 octets (ES256)' },
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
