import type { KeyFault } from '../../jose/keys.ts'
import { jwksOf } from '../jwks.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

const FAULTS: readonly KeyFault[] = ['coordinate-short', 'coordinate-long', 'swapped', 'off-curve']

export const jwkEcInvalid: Rule = {
  id: 'jwk-ec-invalid',
  group: 'jwk',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'EC point is on the curve, coordinates full length',
  norm: 'x and y are full-width big-endian coordinates of a point on the named curve, not the point at infinity.',
  decide:
    'Broken if x or y has not the full width of the curve (32, 48 or 66 octets), or the point is not on the curve. The message tells a stripped leading zero from swapped coordinates and from a wrong point.',
  traps: ['About one key in 128 has a short coordinate: intermittent failures after key regeneration point here.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed when parsing; key policy re-checks point and order: 400 badPublicKey',
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Left-pads coordinates',
  },
  remedy: 'Left-pad to the field size.',
  references: ['RFC 7518 §6.2.1.2', 'RFC 7518 §6.2.1.3', 'RFC 8555 §6.2'],
  why: 'A coordinate that lost its leading zero, in about one key of 128, makes the key unreadable: the same client works after the next key was made.',
  examples: {
    fails: '{"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}',
    passes: '{"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}',
  },
  explains: { types: ['malformed', 'badPublicKey'], details: [] },
  judge(request) {
    const keys = jwksOf(request).filter(({ facts }) => facts.kty === 'EC' && !facts.faults.has('missing'))
    if (keys.length === 0) return undefined
    const invalid = keys.flatMap(({ where, facts }) =>
      FAULTS.filter((fault) => facts.faults.has(fault)).map((fault) => ({ where, fault, words: facts.faults.get(fault) })),
    )
    if (invalid.length === 0) return HOLDS
    const stripped =
      invalid.some(({ fault }) => fault === 'coordinate-short') && !invalid.some(({ fault }) => fault === 'off-curve')
    const hint = stripped ? ' A leading zero octet was dropped; about one key in 128 has one.' : ''
    return broken(jwkEcInvalid, `${invalid.map(({ where, words }) => `${where}: ${words}`).join('; ')}.${hint}`, {
      evidence: { faults: invalid.map(({ where, fault }) => ({ where, fault })) },
    })
  },
}
