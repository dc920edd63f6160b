import { issueBefore } from '../nonce-issue.ts'
import { retries } from '../retries.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { named, remembered } from '../scope.ts'

export const nonceRetryNotFresh: Rule = {
  id: 'nonce-retry-not-fresh',
  group: 'nonce',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'badNonce retry uses the nonce from that error',
  norm: 'The retry has to use the nonce delivered in the badNonce response. §6.5 says MUST, but the retried request itself is in order and §7.2 lets a client fetch a new nonce when its own is no longer valid: hence a warning.',
  decide:
    'The retry is the next request with the same url, payload and signer after a badNonce answer. It passes with the nonce of that answer. A nonce given out after it is a note, an older one a warning; the refused nonce once more is nonce-reused.',
  traps: [
    "certbot's client raises the error before storing that response's nonce, so its retry uses a pooled or newly fetched one.",
    'Scoped nonces (per account or per resource) make this matter; Boulder, Pebble, step-ca do not scope.',
  ],
  unknownWhen: [],
  inPractice: {
    Boulder: 'Any unspent nonce is accepted',
    Pebble: 'Any unspent nonce (its README blesses newNonce too)',
    'step-ca': 'Any unspent nonce',
    'golang.org/x/crypto/acme':
      'Stores the nonce, then clears the whole pool on badNonce and does HEAD newNonce: info, not a fault in practice',
    others: 'acmez (LIFO stack) and lego (LIFO list) normally use the fresh one; acmephp issue 211 re-sent the old one',
  },
  remedy: 'Use the Replay-Nonce of the error response.',
  references: ['RFC 8555 §6.5'],
  why: 'A nonce from before the error may be as stale as the refused one, so that the retry fails too.',
  examples: {
    fails:
      '{"answer": {"status": 400, "Replay-Nonce": "oFvnlFP1wIhRlYS2jTaXbA"}, "retry": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"Wq0w5vXbQyJx2Zc3kJ1m8g\\", \\"url\\": \\"https://ca.example/newOrder\\"}"}',
    passes:
      '{"answer": {"status": 400, "Replay-Nonce": "oFvnlFP1wIhRlYS2jTaXbA"}, "retry": "{\\"alg\\": \\"ES256\\", \\"kid\\": \\"https://ca.example/acct/1\\", \\"nonce\\": \\"oFvnlFP1wIhRlYS2jTaXbA\\", \\"url\\": \\"https://ca.example/newOrder\\"}"}',
  },
  explains: { types: ['badNonce'], details: [] },
  judge(request, traffic) {
    const refused = remembered(traffic, retries).refusedBy.get(request)
    const offered = refused?.replayNonce ?? null
    if (refused === undefined || offered === null || request.nonce === null) return undefined
    if (request.nonce === offered) return HOLDS
    if (request.nonce === refused.nonce) return undefined // nonce-reused says it
    const issue = request.nonceRecord === null ? undefined : issueBefore(request.nonceRecord, request.time)
    if (issue === undefined) return undefined
    const evidence = { refused: refused.id, offered, used: request.nonce }
    if (issue.time > (refused.response?.time ?? refused.time))
      return broken(
        nonceRetryNotFresh,
        `After the badNonce answer to ${named(refused)} the retry uses another nonce than the one offered there, issued later.`,
        { severity: 'info', evidence },
      )
    return broken(
      nonceRetryNotFresh,
      `After the badNonce answer to ${named(refused)} the retry uses an older nonce from the client's pool instead of the one offered there.`,
      { evidence },
    )
  },
}
