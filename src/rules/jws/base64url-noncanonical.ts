import { encodedFields } from '../encoded-fields.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

export const base64urlNoncanonical: Rule = {
  id: 'base64url-noncanonical',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 2,
  title: 'Unused trailing bits are zero',
  norm: 'Encoders set leftover bits to zero; decoders may refuse otherwise, and JOSE libraries that re-encode before verifying will compute another signing input.',
  decide:
    "Every field that the client encoded itself is decoded and encoded again; broken if that gives another text. The nonce is the server's text and is left out.",
  traps: ['Verify over the received characters (RFC 7515) and separately over the re-encoded ones before accusing anyone.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder:
      "go-jose re-encodes protected and payload from decoded bytes, so verification fails: 400 malformed 'JWS verification error'",
    Pebble: 'Same',
    'step-ca': 'Same',
    'golang.org/x/crypto/acme': 'Canonical output',
  },
  remedy: "Fix the encoder's last character.",
  references: ['RFC 4648 §3.5', 'RFC 7515 §5.2'],
  why: 'A library that encodes the value again before it verifies computes another signing input, so a good signature is called wrong.',
  examples: {
    fails: '{"protected": "eyJhbGciOi…", "payload": "e31", "signature": "q3fQ…"}',
    passes: '{"protected": "eyJhbGciOi…", "payload": "e30", "signature": "q3fQ…"}',
  },
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    if (request.jws === null || request.jws.form === 'unreadable') return undefined
    const faulty = encodedFields(request).filter(({ name, faults }) => faults.includes('unused-bits') && name !== 'nonce')
    if (faulty.length === 0) return HOLDS
    const verifies =
      request.signature.state === 'valid'
        ? ' The signature verifies over the text as sent, but a server that re-encodes before verifying will refuse it.'
        : ''
    return broken(
      base64urlNoncanonical,
      `The last character has unused bits that are not zero: ${faulty.map(({ name }) => name).join(', ')}.${verifies}`,
      {
        evidence: { fields: faulty.map(({ name }) => name) },
      },
    )
  },
}
