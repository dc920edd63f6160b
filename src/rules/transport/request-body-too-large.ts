import { field } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote } from '../scope.ts'

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
  decide: 'A warning if the body of a signed request has more than 50,000 octets.',
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
  why: 'The CA stops reading and refuses the request; a proxy in front of it may do so sooner, with a page that is not ACME.',
  fixes: {
    'cert-manager': 'Spread the dnsNames over several Certificates.',
    certbot: 'Spread the names over several certificates, each with its own --cert-name.',
  },
  examples: { fails: 'Content-Length: 61440', passes: 'Content-Length: 1840' },
  explains: { types: ['unauthorized'], details: [/request body too large/] },
  judge(request) {
    const { body, headers } = request.http
    if (request.jws === null && !request.bodyLost) return undefined
    if (body.size === null) return unknown('U-GAP', 'the length of the request body is not in the capture')
    if (body.size > LIMIT)
      return broken(
        requestBodyTooLarge,
        `The request body has ${body.size} octets; servers refuse bodies over some limit, the largest public CA over ${LIMIT}.`,
        { evidence: { octets: body.size } },
      )
    // RFC 9113 8.1.1; over HTTP/1.1 the field is what delimits the body.
    const stated = field(headers, 'content-length')
    if (request.exchange.streamId === null || !body.complete || stated === null || Number(stated) === body.size) return HOLDS
    return broken(requestBodyTooLarge, `Content-Length says ${quote(stated)}, but the request body has ${body.size} octets.`, {
      evidence: { octets: body.size, contentLength: stated },
      remedy: 'Send the length of the body as it goes out.',
    })
  },
}
