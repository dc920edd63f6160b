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
    'After a badNonce response N with Replay-Nonce v, find the retry (same url, same decoded payload, same signer, next in time). Pass if it uses v; info if it uses another value issued AFTER N (e.g. a newNonce fetched in between); warning if it uses an older pooled value; nonce-reused (error) if it repeats the rejected nonce.',
  traps: [
    "certbot's client raises the error before storing that response's nonce, so its retry uses a pooled or newly fetched one.",
    'Scoped nonces (per account or per resource) make this matter; Boulder, Pebble, step-ca do not scope.',
  ],
  unknownWhen: ['U-RESP', 'U-OTHER'],
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
  explains: { types: ['badNonce'], details: [] },
  judge(request, traffic) {
    const refused = remembered(traffic, retries).refusedBy.get(request)
    const offered = refused?.replayNonce ?? null
    if (refused === undefined || offered === null || request.nonce === null) return undefined
    if (request.nonce === offered) return HOLDS
    if (request.nonce === refused.nonce) return undefined // nonce-reused says it
    const issue = request.nonceRecord?.issues.findLast((known) => known.time <= request.time)
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
