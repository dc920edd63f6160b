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
    'Role newAccount: fail if jwk absent. revokeCert without kid: jwk must be present. Inner keyChange JWS: see keychange-inner-jws.',
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
