import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, remembered } from '../scope.ts'
import { spentBefore } from '../spent.ts'

const WORDS = {
  'library retry': 'the first had no answer, so this looks like a retry by an HTTP library',
  redirect: 'the first was answered with a redirect, which the client followed without signing anew',
  'application retry': 'the first had been answered, so this is a retry by the application',
} as const

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
    'Broken if an earlier request has the same protected, payload and signature, and both reached the server as HTTP messages of their own. The first one is never blamed. The message says whether the first had an answer: without one, a library tried again. After a redirect it is a warning; after an unanswered HTTP/2 stream, which the server may have refused, a note.',
  traps: [
    'TCP retransmission, overlapping segments, a mirror port that shows both directions twice, or pcaps merged from two taps are NOT resends: compare TCP sequence space / QUIC packet numbers / HTTP/2 stream ids first.',
    'HTTP/2 GOAWAY/REFUSED_STREAM lets a library resend legitimately-unprocessed requests; still report as info because the nonce may be burnt by a front end.',
  ],
  unknownWhen: ['U-OTHER'],
  inPractice: {
    Boulder: 'Second copy: 400 badNonce',
    Pebble: 'Second copy: 400 badNonce',
    'step-ca': 'Second copy: 400 badNonce (even if the first failed signature, because the nonce was already deleted)',
    'golang.org/x/crypto/acme':
      "Signs anew for each attempt; Go's transport may transparently replay a POST only when no byte was written",
  },
  remedy: 'Disable transport-level retries for POST, or re-sign on retry.',
  references: ['RFC 8555 §6.5'],
  why: 'The nonce in it is spent, so the second copy gets badNonce even when the first one worked. An order may then exist that the client does not know.',
  examples: {
    fails:
      '{"first": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"oFvnlFP1wIhRlYS2jTaXbA\\", \\"url\\": \\"https://ca.example/newOrder\\"}", "second": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"oFvnlFP1wIhRlYS2jTaXbA\\", \\"url\\": \\"https://ca.example/newOrder\\"}"}',
    passes:
      '{"first": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"oFvnlFP1wIhRlYS2jTaXbA\\", \\"url\\": \\"https://ca.example/newOrder\\"}", "second": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"Wq0w5vXbQyJx2Zc3kJ1m8g\\", \\"url\\": \\"https://ca.example/newOrder\\"}"}',
  },
  explains: { types: ['badNonce'], details: [] },
  judge(request, traffic) {
    const record = request.nonceRecord
    if (record === null || request.jws?.signatureText == null) return undefined
    const copies = record.uses.length === 1 ? null : (remembered(traffic, spentBefore).get(request)?.copies ?? null)
    if (copies === null) return HOLDS
    const { first, maybeOne, maybeRefused, wereRedirected } = copies
    if (maybeOne)
      return unknown(
        'U-OTHER',
        `the same bytes were captured on another connection as ${named(first)}, and no answer tells whether they were sent once or twice`,
      )
    const kind = first.response === null ? 'library retry' : wereRedirected ? 'redirect' : 'application retry'
    return broken(jwsResentVerbatim, `The same signed request was sent before as ${named(first)}; ${WORDS[kind]}.`, {
      severity: maybeRefused ? 'info' : wereRedirected ? 'warning' : 'error',
      evidence: { first: first.id, secondsLater: (request.time - first.time) / 1e6, kind },
    })
  },
}
