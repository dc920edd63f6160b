import { broken, HOLDS, type Rule } from '../rule.ts'

export const multipleSignatures: Rule = {
  id: 'multiple-signatures',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Exactly one signature',
  norm: 'A request carries one signature only.',
  decide: 'Fail if signatures has more than one element, or both signature and signatures are present.',
  traps: ['keyChange is nested, not multiply signed.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed',
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'One',
  },
  remedy: 'Sign once.',
  references: ['RFC 8555 §6.2'],
  why: 'With two signatures it is open whose request it is, so CAs refuse it.',
  examples: {
    fails:
      '{"payload": "e30", "signatures": [{"protected": "eyJhbGciOi…", "signature": "q3fQ…"}, {"protected": "eyJhbGciOi…", "signature": "Zx8k…"}]}',
    passes: '{"protected": "eyJhbGciOi…", "payload": "e30", "signature": "q3fQ…"}',
  },
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    const { jws } = request
    if (jws === null || jws.form === 'unreadable') return undefined
    if (jws.signatureCount <= 1) return HOLDS
    return broken(multipleSignatures, `The JWS carries ${jws.signatureCount} signatures.`, {
      evidence: { signatures: jws.signatureCount },
    })
  },
}
