import { ALGORITHMS } from '../../jose/algorithms.ts'
import { fits, naturalAlgorithm } from '../../jose/keys.ts'
import { keyChangeOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { isPresent, lostBody, quote, wasAccepted } from '../scope.ts'

export const keychangeInnerJws: Rule = {
  id: 'keychange-inner-jws',
  group: 'key-change',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Inner JWS: jwk of the new key, its own signature, no kid',
  norm: 'The payload of the outer JWS is itself a flattened JWS signed by the new key, with that key as jwk.',
  decide:
    'Decode outer payload; the inner JWS is flattened, without unprotected header, with jwk, without kid, and alg fits that jwk. What other rules say of an inner JWS they say alone: kid beside jwk (kid-jwk-exclusive), a MAC (alg-forbidden), no url (url-missing), the signature under its jwk (signature-invalid), the encoding and the key itself.',
  traps: ['Swapping outer and inner keys is the classic mistake: test both.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: "400 malformed 'Inner JWS does not verify...'; key policy 400 badPublicKey",
    Pebble: "400 malformed, detail prefixed 'inner JWS error'",
    'step-ca': '501 with type rejectedIdentifier: not implemented',
    'golang.org/x/crypto/acme': 'jwk form',
  },
  remedy: 'Sign inner with the new key and embed it.',
  references: ['RFC 8555 §7.3.5', 'RFC 8555 §6.2'],
  why: 'Only who has the new key may put it in place of the old one. Without proof the CA refuses.',
  examples: {
    fails: '{"alg": "ES256", "kid": "https://ca.example/acct/1", "url": "https://ca.example/keyChange"}',
    passes: '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "url": "https://ca.example/keyChange"}',
  },
  explains: { types: ['malformed', 'badPublicKey'], details: [/inner JWS/i] },
  resources: ['keyChange'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const lost = lostBody(request)
    if (lost !== null) return lost
    const inner = keyChangeOf(request)
    if (inner === null) return undefined // payload-not-json says it
    const { jws, alg, jwk } = inner
    const flaws = jws.defects
      .filter(({ fault }) => fault !== 'encoding' && !fault.startsWith('member'))
      .map(({ detail }) => detail)
    const { header } = jws
    const algorithm = alg === null ? undefined : ALGORITHMS.get(alg)
    if (header !== null) {
      if (jwk === null)
        flaws.push(`has ${isPresent(header.kid) ? `kid ${quote(header.kid)} instead of` : 'no'} jwk with the new key`)
      if (alg === null) flaws.push('has no alg')
      else if (algorithm === undefined && !wasAccepted(request))
        flaws.push(`has alg ${quote(alg)}, which is no signature algorithm`)
      else if (jwk?.thumbprint != null && algorithm?.kind === 'signature' && !fits(jwk, algorithm))
        flaws.push(
          `has alg ${quote(alg)}, which does not fit its key${naturalAlgorithm(jwk) === null ? '' : `: that goes with ${naturalAlgorithm(jwk)}`}`,
        )
    }
    if (flaws.length === 0) return HOLDS
    return broken(keychangeInnerJws, `The inner JWS of the key change ${flaws.join(', ')}.`, {
      evidence: { alg, members: Object.keys(header ?? {}).slice(0, 20), flaws },
    })
  },
}
