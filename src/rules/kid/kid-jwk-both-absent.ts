import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, isPresent, lostBody, quote } from '../scope.ts'

export const kidJwkBothAbsent: Rule = {
  id: 'kid-jwk-both-absent',
  group: 'kid',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'One of kid or jwk is there',
  norm: 'The protected header has to contain one of them.',
  decide: 'Every signed request: broken if the protected header has neither, or both are empty.',
  traps: ['Some logging proxies drop unknown members when pretty-printing; decode from raw base64url.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: "400 malformed: kid endpoints say 'No Key ID', newAccount says 'No embedded JWK', revokeCert says neither",
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Cannot happen',
  },
  remedy: 'Add jwk (newAccount) or kid (all else).',
  references: ['RFC 8555 §6.2'],
  why: 'The CA has no key to verify the signature with.',
  examples: {
    fails: '{"alg": "ES256", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: {
    types: ['malformed', 'unauthorized'],
    details: [
      /neither required fields/,
      /either jwk or kid must be defined/,
      /no KeyID or embedded JWK/,
      /must contain either KID/i,
    ],
  },
  judge(request) {
    if (request.method !== 'POST') return undefined
    const header = headerOf(request)
    if (header === null) return lostBody(request) ?? undefined
    if (isPresent(header.kid) || isPresent(header.jwk)) return HOLDS
    const misspelt = Object.keys(header).filter((name) => name !== 'kid' && name !== 'jwk' && /^(kid|jwk|key-?_?id)$/i.test(name))
    const hint = misspelt.length > 0 ? ` There is ${misspelt.map(quote).join(' and ')}, but names are case-sensitive.` : ''
    return broken(
      kidJwkBothAbsent,
      `The protected header has neither kid nor jwk; its members are ${Object.keys(header).join(', ') || 'none'}.${hint}`,
      {
        evidence: { members: Object.keys(header).slice(0, 20) },
      },
    )
  },
}
