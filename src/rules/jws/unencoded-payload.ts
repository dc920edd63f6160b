import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, quote } from '../scope.ts'

export const unencodedPayload: Rule = {
  id: 'unencoded-payload',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'b64=false is not used',
  norm: 'The unencoded-payload option must not be used in ACME.',
  decide: 'Fail if the protected header has b64 with value false. b64:true is pointless: info.',
  traps: [
    'Verify the signature over what the parameter says before calling it invalid, and report this rule instead of signature-invalid.',
  ],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder:
      'No explicit test; go-jose lists b64 as an understood critical parameter, so behaviour depends on the library: expect signature failure, not a clear message',
    Pebble: 'Same library',
    'step-ca': 'Same library family',
    'golang.org/x/crypto/acme': 'Never sends b64',
  },
  remedy: 'Remove b64 and base64url-encode the payload.',
  references: ['RFC 8555 §6.2', 'RFC 7797 §3'],
  why: 'Client and CA then sign and verify different bytes, and the refusal only says that the signature is wrong.',
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder", "b64": false, "crit": ["b64"]}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    const header = headerOf(request)
    if (header === null) return undefined
    if (header.b64 === undefined) return HOLDS
    if (header.b64 === false)
      return broken(unencodedPayload, 'The protected header says b64: false, so the payload is not base64url-encoded.')
    return broken(
      unencodedPayload,
      `The protected header has a b64 parameter (${quote(header.b64)}), which changes nothing here and only confuses servers.`,
      { severity: 'info' },
    )
  },
}
