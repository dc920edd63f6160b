import { readJwk } from '../../jose/keys.ts'
import { bindingOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody } from '../scope.ts'

export const eabPayloadKey: Rule = {
  id: 'eab-payload-key',
  group: 'eab',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Binding payload is the account key',
  norm: 'The payload is the JWK being registered; the server checks it equals the outer jwk.',
  decide:
    'The payload of the binding is read as a JWK, and its thumbprint (RFC 7638) compared with that of the jwk of the request.',
  traps: ['Member order and whitespace may differ; compare thumbprints, not text.'],
  unknownWhen: ['U-GAP'],
  inPractice: { Pebble: '400 badPublicKey', 'step-ca': '401 unauthorized', 'golang.org/x/crypto/acme': 'Same encoder for both' },
  remedy: 'Put the public account JWK there.',
  references: ['RFC 8555 §7.3.4'],
  why: 'The binding vouches for another key than the one that registers, so the CA refuses.',
  examples: {
    fails:
      '{"jwk": {"kty": "EC", "crv": "P-256", "x": "the account key", "y": "…"}, "payload": {"kty": "EC", "crv": "P-256", "x": "another key", "y": "…"}}',
    passes:
      '{"jwk": {"kty": "EC", "crv": "P-256", "x": "the account key", "y": "…"}, "payload": {"kty": "EC", "crv": "P-256", "x": "the account key", "y": "…"}}',
  },
  explains: { types: ['badPublicKey', 'unauthorized', 'malformed'], details: [] },
  resources: ['newAccount'],
  judge(request) {
    const binding = bindingOf(request)
    if (binding === null) return lostBody(request) ?? undefined
    const outer = request.jwk?.thumbprint ?? null
    if (outer === null || binding.jws.payload === null) return undefined // jwk-required, jwk-members-missing, eab-structure say it
    const key = readJwk(binding.payload)
    if (key?.thumbprint == null)
      return broken(
        eabPayloadKey,
        `The payload of the external account binding has to be the account key as a JWK; here it is ${binding.payload === undefined ? 'no JSON' : 'no complete JWK'}.`,
        { evidence: { outer } },
      )
    if (key.thumbprint === outer) return HOLDS
    return broken(
      eabPayloadKey,
      `The external account binding is for the key with thumbprint ${key.thumbprint}, but the key being registered is ${outer}.`,
      { evidence: { inner: key.thumbprint, outer } },
    )
  },
}
