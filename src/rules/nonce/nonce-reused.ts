import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, remembered, seconds } from '../scope.ts'
import { spentBefore } from '../spent.ts'

export const nonceReused: Rule = {
  id: 'nonce-reused',
  group: 'nonce',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'A nonce is used once',
  norm: 'A nonce seen in one request is spent, whatever the outcome of that request.',
  decide:
    'Broken if an earlier request to the same CA carries the same nonce. The first use is never blamed. What was captured twice, retransmitted by TCP, or seen on both legs of a proxy is one request; what the server gave out twice may be used twice. The same bytes after a redirect are a warning.',
  traps: [
    'Retransmitted or duplicate-captured packets are not reuse.',
    'A request seen on the client leg and again on the server leg of a reverse proxy is one request.',
    'Equal nonce text at two different CAs is not reuse.',
    'If the server issued the same value twice (server-nonce-duplicate) the client is innocent.',
  ],
  unknownWhen: ['U-OTHER'],
  inPractice: {
    Boulder:
      '400 badNonce on second redemption; because redemption follows signature verification, a first request with a bad signature leaves the nonce usable',
    Pebble: '400 badNonce; consumed after signature and url-presence but before url equality',
    'step-ca': '400 badNonce; deleted before url, kid and signature are looked at',
    'golang.org/x/crypto/acme': 'Pops from a map, never reuses; clears the pool on badNonce',
  },
  remedy: 'Take each nonce from the pool exactly once, under a lock.',
  references: ['RFC 8555 §6.5'],
  why: 'The second request gets badNonce. Under load this shows as failures that come and go.',
  examples: {
    fails:
      '{"first": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"oFvnlFP1wIhRlYS2jTaXbA\\", \\"url\\": \\"https://ca.example/newOrder\\"}", "second": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"oFvnlFP1wIhRlYS2jTaXbA\\", \\"url\\": \\"https://ca.example/order/1\\"}"}',
    passes:
      '{"first": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"oFvnlFP1wIhRlYS2jTaXbA\\", \\"url\\": \\"https://ca.example/newOrder\\"}", "second": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"Wq0w5vXbQyJx2Zc3kJ1m8g\\", \\"url\\": \\"https://ca.example/order/1\\"}"}',
  },
  explains: { types: ['badNonce'], details: [/nonce/i] },
  judge(request, traffic) {
    const record = request.nonceRecord
    if (record === null) return undefined
    const spent = record.uses.length === 1 ? undefined : remembered(traffic, spentBefore).get(request)
    // A server that issues one value twice has only itself to blame.
    if (spent === undefined || record.issues.length > spent.place) return HOLDS
    const { place, first, copies } = spent
    if (copies?.maybeOne)
      return unknown(
        'U-OTHER',
        `the same bytes were captured on another connection as ${named(copies.first)}, and no answer tells whether they were sent once or twice`,
      )
    if (copies?.maybeRefused && copies.count === place)
      return unknown(
        'U-OTHER',
        `the same bytes were sent before as ${named(copies.first)} on an HTTP/2 stream that was not answered: the server may have refused it unprocessed`,
      )
    const wasRedirected = copies?.wereRedirected === true && copies.count === place
    return broken(
      nonceReused,
      `nonce ${quote(record.value)} had been spent in ${named(first)}, ${seconds(request.time - first.time)} before${wasRedirected ? ', which was answered with a redirect' : ''}.`,
      {
        // Whoever redirected it may not have looked at the nonce: redirect-on-acme-request names the cause.
        severity: wasRedirected ? 'warning' : 'error',
        evidence: {
          nonce: record.value,
          firstUse: first.id,
          secondsLater: (request.time - first.time) / 1e6,
          sameBytes: copies !== null,
          clients: [first, request].map(({ exchange }) => exchange.connection?.client ?? null),
        },
      },
    )
  },
}
