import { encodedFields } from '../encoded-fields.ts'
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
    "For protected, payload, signature, jwk members (n,e,x,y,d...), nonce, csr, certificate, EAB and inner JWS members: fail on '=', '+', '/', whitespace or CR/LF, or a length of 1 mod 4. Name the offending field.",
  traps: [
    "Go's decoder skips CR and LF inside the text, so line-wrapped values slip through Go servers and fail elsewhere: warning, not error, when the server is known to be Go and accepted it.",
    "A '=' in an EAB key shown to the operator is not on the wire.",
  ],
  unknownWhen: ['U-GAP', 'U-REDACT'],
  inPractice: {
    Boulder:
      "protected/payload/signature/jwk: 400 malformed parse error; csr and certificate buffers: trailing '=' is stripped before decoding, so accepted",
    Pebble: 'Strict for csr and certificate: 400 malformed',
    'step-ca': "protected/payload/signature strict; csr has trailing '=' trimmed on purpose",
    'golang.org/x/crypto/acme': 'Unpadded everywhere',
  },
  remedy: "Use the URL-safe alphabet and strip '='.",
  references: ['RFC 8555 §6.1', 'RFC 7515 §2', 'RFC 4648 §5'],
  explains: { types: ['malformed', 'badCSR'], details: [] },
  judge(request) {
    const lost = lostBody(request)
    if (lost !== null) return lost
    if (request.jws === null || request.jws.form === 'unreadable') return undefined
    const faulty = encodedFields(request).filter(({ faults }) => faults.some((fault) => fault !== 'unused-bits'))
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
