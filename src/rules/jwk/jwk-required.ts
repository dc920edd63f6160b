import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, isPresent, lostBody, quote, uncertainRole } from '../scope.ts'

export const jwkRequired: Rule = {
  id: 'jwk-required',
  group: 'jwk',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'newAccount carries jwk',
  norm: "newAccount, and revokeCert when signed by the certificate's key, embed the public key.",
  decide:
    'Broken if newAccount has no jwk, or revokeCert has neither kid nor jwk. For the inner JWS of a key change see keychange-inner-jws.',
  traps: ['See kid-forbidden for the usual cause.'],
  unknownWhen: ['U-GAP', 'U-ROLE'],
  inPractice: {
    Boulder: "400 malformed 'No embedded JWK in JWS header'",
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Always',
  },
  remedy: 'Embed the public account key.',
  references: ['RFC 8555 §6.2'],
  why: 'The CA sees the key for the first time in newAccount. Without it there is nothing to register or to verify with.',
  examples: {
    fails: '{"alg": "ES256", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newAccount"}',
    passes:
      '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newAccount"}',
  },
  explains: { types: ['malformed'], details: [/No embedded JWK/, /No JWK in JWS header/] },
  judge(request) {
    const { resource } = request
    if (request.method !== 'POST' || (resource !== 'newAccount' && resource !== 'revokeCert')) return undefined
    const header = headerOf(request)
    if (header === null) return lostBody(request) ?? undefined
    if (resource === 'revokeCert' && isPresent(header.kid)) return undefined
    if (isObject(header.jwk)) return HOLDS
    const uncertain = uncertainRole(request)
    if (uncertain !== null) return uncertain
    const what = header.jwk === undefined ? 'has no jwk' : `has a jwk that is ${quote(header.jwk)}`
    if (resource === 'revokeCert')
      return broken(jwkRequired, `The revocation ${what} and no kid either: one of them has to say who signs.`)
    return broken(jwkRequired, `The newAccount request ${what}; it has to carry the public key of the account.`)
  },
}
