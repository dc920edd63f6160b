import { encodedFields } from '../encoded-fields.ts'
import { nonceEncoding } from '../nonce/nonce-encoding.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, wasAccepted } from '../scope.ts'

export const base64urlStrict: Rule = {
  id: 'base64url-strict',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Binary fields are unpadded base64url',
  norm: 'All binary fields use base64url without padding; padded values have to be refused.',
  decide:
    'protected, payload, signature, nonce, csr, certificate, members of keys, and the same fields of inner JWS: broken by "=", "+", "/", white space, or a length that no octets encode to. The message names the field.',
  traps: [
    "Go's decoder skips CR and LF inside the text, so line-wrapped values slip through Go servers and fail elsewhere: warning, not error, when the server is known to be Go and accepted it.",
    "A '=' in an EAB key shown to the operator is not on the wire.",
  ],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder:
      "protected/payload/signature/jwk: 400 malformed parse error; csr and certificate buffers: trailing '=' is stripped before decoding, so accepted",
    Pebble: 'Strict for csr and certificate: 400 malformed',
    'step-ca': "protected/payload/signature strict; csr has trailing '=' trimmed on purpose",
    'golang.org/x/crypto/acme': 'Unpadded everywhere',
  },
  remedy: "Use the URL-safe alphabet and strip '='.",
  references: ['RFC 8555 §6.1', 'RFC 7515 §2', 'RFC 4648 §5'],
  why: 'CAs differ in what they forgive: a client that pads works with one and fails with another.',
  examples: {
    fails: '{"protected": "eyJhbGciOi…", "payload": "eyJjc3IiOiIifQ==", "signature": "q3fQ…"}',
    passes: '{"protected": "eyJhbGciOi…", "payload": "eyJjc3IiOiIifQ", "signature": "q3fQ…"}',
  },
  explains: { types: ['malformed', 'badCSR'], details: [] },
  judge(request, traffic) {
    const lost = lostBody(request)
    if (lost !== null) return lost
    if (request.jws === null || request.jws.form === 'unreadable') return undefined
    const faulty = encodedFields(request)
      .filter(({ faults }) => faults.some((fault) => fault !== 'unused-bits'))
      // A nonce may be the server's own text: nonce-encoding knows.
      .filter(({ name }) => name !== 'nonce' || nonceEncoding.judge?.(request, traffic)?.outcome === 'broken')
    if (faulty.length === 0) return HOLDS
    const onlyBreaks = faulty.every(({ faults }) => faults.every((fault) => fault === 'white-space' || fault === 'unused-bits'))
    const words = faulty.map(({ name, words: fault }) => `${name} ${fault}`).join('; ')
    // Go's decoder skips line breaks inside the text, so such servers accept it.
    return broken(base64urlStrict, `Not base64url without padding: ${words}.`, {
      severity: onlyBreaks && wasAccepted(request) ? 'warning' : 'error',
      evidence: { fields: faulty.map(({ name }) => name) },
    })
  },
}
