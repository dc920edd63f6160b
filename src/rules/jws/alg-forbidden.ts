import { ALGORITHMS } from '../../jose/algorithms.ts'
import { keyChangeOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, quote } from '../scope.ts'

export const algForbidden: Rule = {
  id: 'alg-forbidden',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: "alg is neither 'none' nor a MAC",
  norm: "The request signature must be a real digital signature; 'none' and HMAC algorithms are excluded for the outer JWS and for the inner key-change JWS.",
  decide:
    "Fail if alg is missing, 'none' in any case, or HS256/HS384/HS512 on an outer JWS or inner keyChange JWS. The EAB inner JWS is the only place where HS* is right.",
  traps: ['Do not run this on externalAccountBinding.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 badSignatureAlgorithm',
    Pebble: '400 badSignatureAlgorithm',
    'step-ca': '400 badSignatureAlgorithm',
    'golang.org/x/crypto/acme': 'RS256/ES256/ES384/ES512 by key type',
    others: 'Vault: 400 malformed instead of badSignatureAlgorithm',
  },
  remedy: 'Choose ES256.',
  references: ['RFC 8555 §6.2', 'RFC 7518 §3.1', 'RFC 7518 §3.6'],
  why: 'With none or a MAC nobody proves to hold the account key. Every CA refuses it.',
  examples: {
    fails:
      '{"alg": "HS256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['badSignatureAlgorithm', 'malformed'], details: [] },
  judge(request) {
    const header = headerOf(request)
    if (header === null) return undefined
    const alg = header.alg
    if (alg === undefined) return broken(algForbidden, 'The protected header has no alg.', { evidence: { alg: null } })
    if (typeof alg !== 'string') return undefined
    if (alg.toLowerCase() === 'none')
      return broken(algForbidden, `alg is ${quote(alg)}: the request is not signed.`, { evidence: { alg } })
    if (ALGORITHMS.get(alg)?.kind === 'mac')
      return broken(algForbidden, `alg ${quote(alg)} is a MAC; an ACME request needs a digital signature.`, { evidence: { alg } })
    const inner = keyChangeOf(request)?.alg ?? null
    if (inner === null || !(inner.toLowerCase() === 'none' || ALGORITHMS.get(inner)?.kind === 'mac')) return HOLDS
    return broken(algForbidden, `alg of the inner JWS is ${quote(inner)}; the new key has to sign it.`, {
      evidence: { alg: inner, where: 'inner JWS' },
    })
  },
}
