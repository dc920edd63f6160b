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
    "Decode then re-encode each base64url field that the client encoded (not nonce, which repeats the server's text); if it differs from the wire text: fail. When the signature verifies over the wire text but not over the re-encoded text, say so.",
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
