import { ALGORITHMS, registeredSpelling } from '../../jose/algorithms.ts'
import { fits, naturalAlgorithm } from '../../jose/keys.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { headerOf, quote, wasAccepted } from '../scope.ts'

export const algKeyMismatch: Rule = {
  id: 'alg-key-mismatch',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'alg fits the signing key',
  norm: 'The algorithm has to suit the key: RS*/PS* with RSA, ES256 with P-256, ES384 with P-384, ES512 with P-521, EdDSA with OKP.',
  decide:
    'Key type and curve, of the jwk or of the key that kid stands for, are compared with alg. A name that the IANA registry does not list as a signature algorithm (case counts: "es256" is none) fits no key, whether that is known or not.',
  traps: [
    'ES512 goes with P-521, not P-512.',
    'After a key rollover from RSA to EC the alg changes for the same kid; resolve the key by time.',
    'Keep the table of algorithms updatable: a name that is not in it but that the server accepted is newer than the table, answer unknown.',
  ],
  unknownWhen: ['U-KEY', 'U-GAP', 'U-OTHER'],
  inPractice: {
    Boulder: '400 malformed, states expected algorithm',
    Pebble: '400 badSignatureAlgorithm',
    'step-ca': '400 malformed for RSA algs with a non-RSA jwk; otherwise a verification failure',
    'golang.org/x/crypto/acme': 'Derived from key, cannot mismatch',
  },
  remedy: 'Derive alg from the key type and curve.',
  references: ['RFC 7518 §3.1', 'RFC 7518 §3.4', 'RFC 7515 §4.1.1', 'RFC 8555 §6.2'],
  why: 'The CA looks up the key, finds that it cannot make such a signature, and refuses.',
  examples: {
    fails:
      '{"alg": "RS256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newAccount"}',
    passes:
      '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newAccount"}',
  },
  explains: { types: ['malformed', 'badSignatureAlgorithm'], details: [/does not match expected algorithm/] },
  judge(request) {
    const { alg, key } = request
    if (alg === null || headerOf(request) === null || alg.toLowerCase() === 'none') return undefined
    const algorithm = ALGORITHMS.get(alg)
    if (algorithm === undefined) {
      if (wasAccepted(request))
        return unknown(
          'U-OTHER',
          `alg ${quote(alg)} is not in this program's table of the IANA registry, but the server accepted it`,
        )
      const spelling = registeredSpelling(alg)
      const hint = spelling === null ? '' : ` Names are case-sensitive: ${spelling}.`
      return broken(
        algKeyMismatch,
        `alg ${quote(alg)} is no signature algorithm of the IANA JOSE registry, so it fits no key.${hint}`,
        { evidence: { alg } },
      )
    }
    if (algorithm.kind !== 'signature') return undefined
    if (key === null) return unknown('U-KEY', 'the key of the signer is not known')
    if (fits(key.facts, algorithm)) return HOLDS
    const natural = naturalAlgorithm(key.facts)
    const name = `${key.facts.kty ?? 'unknown'}${key.facts.crv === null ? '' : ` ${key.facts.crv}`}`
    return broken(
      algKeyMismatch,
      `alg ${quote(alg)} does not fit the key, which is ${name}${natural === null ? '' : ` and goes with ${natural}`}.`,
      { evidence: { alg, key: name } },
    )
  },
}
