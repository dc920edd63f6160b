import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, isPresent, lostBody } from '../scope.ts'

export const nonceMissing: Rule = {
  id: 'nonce-missing',
  group: 'nonce',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'nonce present in the protected header',
  norm: 'Every ACME request JWS has a nonce (the EAB and inner key-change JWS do not).',
  decide: 'Broken if the protected header has no nonce or an empty one.',
  traps: ['Inner JWS objects must NOT have one.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 badNonce',
    Pebble: '400 badNonce',
    'step-ca': '400 badNonce',
    'golang.org/x/crypto/acme': 'Fetches one when the pool is empty',
  },
  remedy: 'Obtain a nonce from newNonce or the last response.',
  references: ['RFC 8555 §6.5', 'RFC 8555 §6.2'],
  why: 'The CA has to refuse a request that could be sent again by anybody.',
  examples: {
    fails: '{"alg": "ES256", "kid": "https://ca.example/acct/1", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['badNonce', 'malformed'], details: [/no anti-replay nonce/] },
  judge(request) {
    if (request.method !== 'POST') return undefined
    const header = headerOf(request)
    if (header === null) return lostBody(request) ?? undefined
    const { nonce } = header
    if (isPresent(nonce)) return HOLDS
    const what = nonce === undefined ? 'has no nonce' : nonce === null ? 'has nonce null' : 'has an empty nonce'
    const elsewhere = request.http.headers.some(([name]) => name.toLowerCase() === 'replay-nonce')
      ? ' There is one in an HTTP field of the request, where it does not count.'
      : ''
    return broken(nonceMissing, `The protected header ${what}.${elsewhere}`)
  },
}
