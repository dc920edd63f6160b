import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const jwkAlgConflict: Rule = {
  id: 'jwk-alg-conflict',
  group: 'jwk',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: 'jwk.alg agrees with the header',
  norm: 'If the key states an alg it has to be the one used.',
  decide:
    'newAccount and other requests with a jwk: a warning if the key states another alg than the header, a use other than sig, or key_ops without verify. RFC 7517 calls these the intended use, without a MUST.',
  traps: ["key_ops 'sign' belongs to private keys; a public JWK says 'verify'."],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed',
    Pebble: '400 badPublicKey',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'No alg in jwk',
  },
  remedy: 'Drop alg/use/key_ops from jwk.',
  references: ['RFC 7517 §4.4'],
  why: 'Some CAs refuse a key that names another algorithm than the one it is used with.',
  examples: {
    fails: '{"kty": "EC", "crv": "P-256", "x": "…", "y": "…", "alg": "ES384"}',
    passes: '{"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}',
  },
  explains: { types: ['malformed', 'badPublicKey'], details: [] },
  judge(request) {
    const facts = request.jwk
    if (facts === null) return undefined
    const { alg, use, key_ops: operations } = facts.jwk
    const conflicts: string[] = []
    if (alg !== undefined && alg !== request.alg) conflicts.push(`jwk says alg ${quote(alg)}, the header ${quote(request.alg)}`)
    if (use !== undefined && use !== 'sig') conflicts.push(`jwk says use ${quote(use)} instead of "sig"`)
    if (Array.isArray(operations) && !operations.includes('verify'))
      conflicts.push(`jwk says key_ops ${quote(operations)} without "verify"`)
    return conflicts.length === 0 ? HOLDS : broken(jwkAlgConflict, `${conflicts.join('; ')}.`)
  },
}
