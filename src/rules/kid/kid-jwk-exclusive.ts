import { keyChangeOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, isPresent, lostBody } from '../scope.ts'

export const kidJwkExclusive: Rule = {
  id: 'kid-jwk-exclusive',
  group: 'kid',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'kid and jwk never together',
  norm: 'The two are mutually exclusive and servers must refuse a request holding both.',
  decide:
    'Broken if one protected header has both and neither is empty; so too in the inner JWS of a key change, which meets the same requirements (§7.3.5). An empty kid beside a jwk is a warning, because common servers take it for absent.',
  traps: ['EAB inner JWS has its own kid while the outer has jwk: separate headers, no violation.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed, says mutually exclusive',
    Pebble: '400 malformed (after the account look-up, so an unknown account wins)',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Never both',
    others: 'serles accepts it (kid wins): raise server-accepted-invalid',
  },
  remedy: 'Send one.',
  references: ['RFC 8555 §6.2', 'RFC 8555 §7.3.5'],
  why: 'With both it is open which key verifies the request, so CAs have to refuse it.',
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed'], details: [/mutually exclusive/i, /got both account 'kid' and 'jwk'/] },
  judge(request) {
    const header = headerOf(request)
    if (header === null) return lostBody(request) ?? undefined
    const { kid, jwk } = header
    if (!isPresent(jwk) || kid === undefined || kid === null) {
      // RFC 8555 7.3.5: the inner JWS meets the same requirements but for its nonce.
      const inner = keyChangeOf(request)?.jws.header ?? {}
      if (!isPresent(inner.jwk) || !isPresent(inner.kid)) return HOLDS
      return broken(kidJwkExclusive, 'The protected header of the inner JWS of the key change has both kid and jwk.', {
        evidence: { kid: inner.kid, where: 'inner JWS' },
        remedy: 'Send jwk alone in the inner JWS; kid belongs into the outer one.',
      })
    }
    if (kid === '')
      return broken(
        kidJwkExclusive,
        'The protected header has jwk and an empty kid; some servers take that as absent, some do not.',
        { severity: 'warning' },
      )
    return broken(kidJwkExclusive, 'The protected header has both kid and jwk.', { evidence: { kid } })
  },
}
