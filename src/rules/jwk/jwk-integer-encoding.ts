import { jwksOf } from '../jwks.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

export const jwkIntegerEncoding: Rule = {
  id: 'jwk-integer-encoding',
  group: 'jwk',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 2,
  title: 'Integers without superfluous leading zeros',
  norm: 'n and e are minimal unsigned big-endian; e is normally AQAB; a leading zero octet changes the text and therefore the thumbprint.',
  decide:
    'Broken if n or e begins with a zero octet, or e is empty (RFC 7518 §2 asks for the fewest octets). The evidence has the thumbprint of the key as it was sent.',
  traps: ['EC coordinates are the opposite: fixed width with leading zeros kept.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'Parses to an integer, thumbprint recomputed from the normalised form',
    Pebble: 'Same',
    'step-ca': 'Same',
    'golang.org/x/crypto/acme': 'Minimal',
  },
  remedy: 'Strip leading zero octets of n and e (never of EC coordinates).',
  references: ['RFC 7518 §2', 'RFC 7518 §6.3.1.1', 'RFC 7638 §3', 'RFC 8555 §8.1'],
  why: 'The thumbprint is over the text of the key. Client and CA then compute different key authorizations, and challenges fail without a word about the key.',
  examples: { fails: '{"kty": "RSA", "n": "…", "e": "AAEAAQ"}', passes: '{"kty": "RSA", "n": "…", "e": "AQAB"}' },
  explains: { types: ['unauthorized', 'incorrectResponse'], details: [] },
  judge(request) {
    const keys = jwksOf(request).filter(({ facts }) => facts.kty === 'RSA' && !facts.faults.has('missing'))
    if (keys.length === 0) return undefined
    const faulty = keys.filter(({ facts }) => facts.faults.has('leading-zero'))
    if (faulty.length === 0) return HOLDS
    return broken(
      jwkIntegerEncoding,
      `${faulty.map(({ where, facts }) => `${facts.faults.get('leading-zero')} of ${where}`).join('; ')} has a superfluous leading zero octet or is empty; the thumbprint then differs from the one a server computes.`,
      {
        evidence: {
          keys: faulty.map(({ where, facts }) => ({
            where,
            members: facts.faults.get('leading-zero'),
            thumbprintAsSent: facts.thumbprint,
          })),
        },
      },
    )
  },
}
