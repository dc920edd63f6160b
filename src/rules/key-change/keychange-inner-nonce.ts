import { keyChangeOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const keychangeInnerNonce: Rule = {
  id: 'keychange-inner-nonce',
  group: 'key-change',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 2,
  title: 'Inner JWS has no nonce',
  norm: 'The nonce belongs to the outer JWS only.',
  decide: 'Broken if the protected header of the inner JWS has a nonce.',
  traps: ['Early drafts had a nonce inside; never put it in the ledger.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'Not checked: accepted',
    Pebble: 'Not checked',
    'step-ca': '501',
    'golang.org/x/crypto/acme': 'Omits it',
  },
  remedy: 'Remove it.',
  references: ['RFC 8555 §7.3.5'],
  why: 'Only the outer JWS has a nonce. A strict CA refuses the request.',
  examples: {
    fails:
      '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/keyChange"}',
    passes: '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "url": "https://ca.example/keyChange"}',
  },
  explains: { types: [], details: [] },
  resources: ['keyChange'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const header = keyChangeOf(request)?.jws.header ?? null
    if (header === null) return lostBody(request) ?? undefined
    if (header.nonce === undefined) return HOLDS
    return broken(
      keychangeInnerNonce,
      `The inner JWS of the key change has nonce ${quote(header.nonce)}; only the outer JWS has one.`,
      { evidence: { nonce: header.nonce } },
    )
  },
}
