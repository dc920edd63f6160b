import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { lostBody, wasAccepted } from '../scope.ts'

export const signatureMissing: Rule = {
  id: 'signature-missing',
  group: 'signature',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Signature present',
  norm: 'A request without signature octets is not authenticated.',
  decide: 'Broken if signature is absent, empty, or decodes to nothing.',
  traps: ['Capture tools that redact secrets sometimes blank signatures: U-REDACT.'],
  unknownWhen: ['U-GAP', 'U-REDACT'],
  inPractice: { Boulder: "400 malformed 'POST JWS not signed'", Pebble: '400 malformed', 'step-ca': '400 malformed' },
  remedy: 'Sign the request.',
  references: ['RFC 8555 §6.2', 'RFC 7515 §7.2.1'],
  why: 'Nobody has proved to hold the key, so the CA refuses the request.',
  examples: {
    fails: '{"protected": "eyJhbGciOi…", "payload": "e30", "signature": ""}',
    passes: '{"protected": "eyJhbGciOi…", "payload": "e30", "signature": "q3fQ…"}',
  },
  explains: { types: ['malformed'], details: [/not signed/] },
  judge(request) {
    const { jws } = request
    if (jws === null || jws.form === 'unreadable') return lostBody(request) ?? undefined
    if (jws.signature !== null && jws.signature.length > 0) return HOLDS
    if (request.exchange.entry !== null && wasAccepted(request))
      return unknown(
        'U-REDACT',
        'the HAR holds no signature, but the server took the request: the recorder seems to have blanked it',
      )
    const why =
      jws.signatureText === null
        ? (jws.defects.find((defect) => defect.member === 'signature')?.detail ?? 'has no signature')
        : 'has an empty signature'
    return broken(signatureMissing, `The JWS ${why}.`)
  },
}
