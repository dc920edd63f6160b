import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody } from '../scope.ts'

export const signatureMissing: Rule = {
  id: 'signature-missing',
  group: 'signature',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Signature present',
  norm: 'A request without signature octets is not authenticated.',
  decide: 'Fail if signature is absent, empty or decodes to zero octets.',
  traps: ['Capture tools that redact secrets sometimes blank signatures: U-REDACT.'],
  unknownWhen: ['U-GAP'],
  inPractice: { Boulder: "400 malformed 'POST JWS not signed'", Pebble: '400 malformed', 'step-ca': '400 malformed' },
  remedy: 'Sign the request.',
  references: ['RFC 8555 §6.2', 'RFC 7515 §7.2.1'],
  explains: { types: ['malformed'], details: [/not signed/] },
  judge(request) {
    const { jws } = request
    if (jws === null || jws.form === 'unreadable') return lostBody(request) ?? undefined
    if (jws.signature !== null && jws.signature.length > 0) return HOLDS
    const why =
      jws.signatureText === null
        ? (jws.defects.find((defect) => defect.member === 'signature')?.detail ?? 'has no signature')
        : 'has an empty signature'
    return broken(signatureMissing, `The JWS ${why}.`)
  },
}
