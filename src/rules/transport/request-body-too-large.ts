import { broken, HOLDS, type Rule, unknown } from '../rule.ts'

/** Where the largest CA draws the line. */
const LIMIT = 50_000

export const requestBodyTooLarge: Rule = {
  id: 'request-body-too-large',
  group: 'transport',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: 'Request body within server limits',
  norm: 'Servers bound what they read; there is no limit in the specification but a huge CSR or identifier list runs into it.',
  decide: 'Warn when a request body exceeds 50,000 bytes, or Content-Length disagrees with the bytes captured.',
  traps: ["A reverse proxy's own limit answers 413 with HTML: see diag-middlebox-response."],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: "Over 50,000 bytes: 403 unauthorized 'request body too large'",
    Pebble: 'No limit',
    'step-ca': 'No ACME-level limit',
    'golang.org/x/crypto/acme': 'No limit on requests; certificate chains capped (1 MiB x 5)',
  },
  remedy: 'Split the order or shrink the CSR.',
  references: ['RFC 8555 §10.3'],
  explains: { types: ['unauthorized'], details: [/request body too large/] },
  judge(request) {
    const size = request.http.body.size
    if (request.jws === null && !request.bodyLost) return undefined
    if (size === null) return unknown('U-GAP', 'the length of the request body is not in the capture')
    if (size <= LIMIT) return HOLDS
    return broken(
      requestBodyTooLarge,
      `The request body has ${size} octets; servers refuse bodies over some limit, the largest public CA over ${LIMIT}.`,
      { evidence: { octets: size } },
    )
  },
}
