import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, isPresent, lostBody, quote, uncertainRole } from '../scope.ts'

export const kidForbidden: Rule = {
  id: 'kid-forbidden',
  group: 'kid',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'newAccount has no kid',
  norm: 'newAccount identifies the key itself, so it carries jwk and not kid, also for onlyReturnExisting look-ups.',
  decide: 'newAccount requests: broken if the protected header has a kid that is not empty, with or without jwk.',
  traps: [
    'Deactivation and contact updates go to the account URL with kid; people post them to newAccount by mistake (LE forum 235722).',
  ],
  unknownWhen: ['U-GAP', 'U-ROLE'],
  inPractice: {
    Boulder: "400 malformed 'No embedded JWK in JWS header'",
    Pebble: "400 malformed 'No JWK in JWS header'",
    'step-ca': "400 malformed 'jwk expected in protected header' (log only)",
    'golang.org/x/crypto/acme': 'newAccount always goes out with jwk',
  },
  remedy: 'Sign newAccount with jwk and no kid.',
  references: ['RFC 8555 §6.2', 'RFC 8555 §7.3', 'RFC 8555 §7.3.1'],
  why: 'newAccount is how a key introduces itself. With a kid it speaks for an account that the CA may not have, and is refused.',
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newAccount"}',
    passes:
      '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newAccount"}',
  },
  explains: { types: ['malformed'], details: [/No embedded JWK/, /No JWK in JWS header/, /jwk expected/] },
  resources: ['newAccount'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const header = headerOf(request)
    if (header === null) return lostBody(request) ?? undefined
    if (!isPresent(header.kid)) return HOLDS
    const uncertain = uncertainRole(request)
    if (uncertain !== null) return uncertain
    return broken(kidForbidden, `A newAccount request identifies its key by jwk; here it has kid ${quote(header.kid)}.`, {
      evidence: { kid: header.kid },
    })
  },
}
