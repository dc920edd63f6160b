import type { AcmeRequest } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { couldBeOneRequest, named } from '../scope.ts'

/** Earlier requests with the same nonce whose three parts are the same text. */
function earlierCopy(request: AcmeRequest): AcmeRequest | undefined {
  const jws = request.jws
  if (jws === null || jws.signatureText === null) return undefined
  for (const use of request.nonceRecord?.uses ?? []) {
    if (use === request) return undefined
    if (
      use.jws?.signatureText === jws.signatureText &&
      use.jws.protectedText === jws.protectedText &&
      use.jws.payloadText === jws.payloadText
    )
      return use
  }
  return undefined
}

export const jwsResentVerbatim: Rule = {
  id: 'jws-resent-verbatim',
  group: 'transport',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'A signed request is never sent twice as is',
  norm: 'A JWS consumes its nonce; a retry has to be signed again with a fresh nonce.',
  decide:
    "After packet-level de-duplication, look for two HTTP requests with byte-identical protected+payload+signature. If both reached the server (two distinct request messages on the HTTP layer): fail the later one, never the first, sub-reason 'library retry' when the first had no response or connection reset, 'application retry' otherwise.",
  traps: [
    'TCP retransmission, overlapping segments, a mirror port that shows both directions twice, or pcaps merged from two taps are NOT resends: compare TCP sequence space / QUIC packet numbers / HTTP/2 stream ids first.',
    'HTTP/2 GOAWAY/REFUSED_STREAM lets a library resend legitimately-unprocessed requests; still report as info because the nonce may be burnt by a front end.',
  ],
  unknownWhen: ['U-GAP', 'U-OTHER'],
  inPractice: {
    Boulder: 'Second copy: 400 badNonce',
    Pebble: 'Second copy: 400 badNonce',
    'step-ca': 'Second copy: 400 badNonce (even if the first failed signature, because the nonce was already deleted)',
    'golang.org/x/crypto/acme':
      "Signs anew for each attempt; Go's transport may transparently replay a POST only when no byte was written",
  },
  remedy: 'Disable transport-level retries for POST, or re-sign on retry.',
  references: ['RFC 8555 §6.5'],
  explains: { types: ['badNonce'], details: [] },
  judge(request) {
    if (request.nonceRecord === null) return undefined
    const first = earlierCopy(request)
    if (first === undefined) return HOLDS
    if (couldBeOneRequest(first, request))
      return unknown(
        'U-OTHER',
        `the same bytes were captured on another connection as ${named(first)}, and no answer tells whether they were sent once or twice`,
      )
    const retry =
      first.response === null
        ? 'the first had no answer, so this looks like a retry by an HTTP library'
        : 'the first had been answered, so this is a retry by the application'
    return broken(jwsResentVerbatim, `The same signed request was sent before as ${named(first)}; ${retry}.`, {
      evidence: {
        first: first.id,
        secondsLater: (request.time - first.time) / 1e6,
        kind: first.response === null ? 'library retry' : 'application retry',
      },
    })
  },
}
