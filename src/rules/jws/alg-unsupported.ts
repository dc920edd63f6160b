import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, wasRefusedAs } from '../scope.ts'

export const algUnsupported: Rule = {
  id: 'alg-unsupported',
  group: 'jws',
  party: 'either',
  severity: 'warning',
  level: 'exchange',
  tier: 1,
  title: 'alg is one the server takes',
  norm: 'A server must implement ES256 and should implement EdDSA/Ed25519; others are optional and refused with badSignatureAlgorithm plus the list of accepted ones.',
  decide:
    'A warning if alg is not ES256 and the server answered badSignatureAlgorithm or words to that effect. If it is ES256, see server-es256-support. It never makes a request non-compliant: any registered algorithm that fits the key is allowed.',
  traps: [
    'RS256 is merely optional in the text but every large CA takes it; a server refusing RS256 is within its rights.',
    'Dogtag takes only RS256 and, since 2025, ES256 with P-256.',
  ],
  unknownWhen: ['U-RESP'],
  inPractice: {
    Boulder: 'Accepts RS256 ES256 ES384 ES512 only; no EdDSA, no PS*',
    Pebble: 'Same four',
    'step-ca': 'RS256/384/512 PS256/384/512 ES256/384/512 EdDSA',
    'golang.org/x/crypto/acme': 'Never emits EdDSA',
    others: "Vault lists 'EdDSA2' (sic) in its allow-list in the stored source, so real EdDSA is refused as malformed",
  },
  remedy: 'Switch the account key to ECDSA P-256 with ES256.',
  references: ['RFC 8555 §6.2', 'RFC 8037 §3.1'],
  why: 'The CA does not have the algorithm. The key has to be of a kind that it takes, which is the choice of the CA and no fault of the request.',
  fixes: {
    'cert-manager': 'Nothing to choose: it signs with RSA keys and RS256 only.',
    'acme.sh': 'Register with --accountkeylength ec-256.',
  },
  examples: {
    fails:
      '{"alg": "EdDSA", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: {
    types: ['badSignatureAlgorithm'],
    details: [
      /unsupported algorithm/i,
      /unsuitable algorithm/,
      /signature (type|algorithm) .{1,40} (is )?not (supported|allowed)/i,
    ],
  },
  judge(request) {
    if (request.alg === null) return undefined
    if (request.response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (
      !wasRefusedAs(request, 'badSignatureAlgorithm') &&
      !this.explains.details.some((pattern) => pattern.test(request.problem?.detail ?? ''))
    )
      return HOLDS
    if (request.alg === 'ES256') return undefined // RFC 8555 6.2 obliges the server to take it: server-es256-support
    const accepted = isObject(request.problem?.object) ? request.problem.object.algorithms : undefined
    const list = Array.isArray(accepted) ? ` It accepts ${accepted.map(String).join(', ')}.` : ''
    return broken(algUnsupported, `The server does not take alg ${quote(request.alg)}.${list}`, {
      party: 'client',
      evidence: { alg: request.alg, algorithms: accepted ?? null },
    })
  },
}
