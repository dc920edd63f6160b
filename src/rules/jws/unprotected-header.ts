import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const unprotectedHeader: Rule = {
  id: 'unprotected-header',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'No unprotected header',
  norm: "All header parameters are integrity protected; the unprotected 'header' member must not be used.",
  decide: "Fail if the member 'header' exists (even an empty object).",
  traps: ['ACMEv1-era clients put jwk/alg there: tell the reader the client speaks v1.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder:
      '400 malformed; note: a header object holding non-string values fails JSON decoding first and yields the generic parse error',
    Pebble: '400 malformed',
    'step-ca': '400 malformed only if it carries values',
    'golang.org/x/crypto/acme': 'Never',
  },
  remedy: "Move everything into protected; drop 'header'.",
  references: ['RFC 8555 §6.2', 'RFC 7515 §7.2.1', 'RFC 7515 §7.2.2'],
  why: 'The signature does not cover this member, so anybody on the way could change it. CAs refuse it.',
  examples: {
    fails: '{"protected": "eyJhbGciOi…", "payload": "e30", "signature": "q3fQ…", "header": {"alg": "ES256"}}',
    passes: '{"protected": "eyJhbGciOi…", "payload": "e30", "signature": "q3fQ…"}',
  },
  explains: { types: ['malformed'], details: [/"header" field not allowed/, /unprotected header/] },
  judge(request) {
    const { jws } = request
    if (jws === null || jws.form === 'unreadable') return undefined
    if (jws.unprotected === undefined) return HOLDS
    const names = isObject(jws.unprotected) ? Object.keys(jws.unprotected) : []
    const old = names.includes('jwk') || names.includes('alg') ? ' That is how ACME version 1 clients wrote it.' : ''
    return broken(
      unprotectedHeader,
      `The JWS has an unprotected header ${quote(jws.unprotected)}; every parameter has to be in protected.${old}`,
      { evidence: { members: names } },
    )
  },
}
