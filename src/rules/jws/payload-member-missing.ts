import { broken, HOLDS, type Rule } from '../rule.ts'

export const payloadMemberMissing: Rule = {
  id: 'payload-member-missing',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Payload present, not detached',
  norm: 'The payload travels inside the JWS; detached content is forbidden and even a fetch has payload "".',
  decide: "Fail if 'payload' is absent, null or not a string.",
  traps: ['JSON null decodes to a missing payload in some servers and to empty in others.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed (go-jose refuses a missing payload)',
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Always present',
  },
  remedy: 'Always include payload.',
  references: ['RFC 8555 §6.2', 'RFC 8555 §6.3', 'RFC 7515 App. F'],
  why: 'A JWS without payload has nothing to verify for most libraries; the CA calls it malformed.',
  examples: {
    fails: '{"protected": "eyJhbGciOi…", "signature": "q3fQ…"}',
    passes: '{"protected": "eyJhbGciOi…", "payload": "", "signature": "q3fQ…"}',
  },
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    const { jws } = request
    if (jws === null || jws.form === 'unreadable') return undefined
    if (jws.payloadText !== null) return HOLDS
    const why = jws.defects.find((defect) => defect.member === 'payload')?.detail ?? 'has no payload'
    return broken(payloadMemberMissing, `The JWS ${why}.`)
  },
}
