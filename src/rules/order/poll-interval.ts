import { statusOf } from '../../acme/orders.ts'
import { polls } from '../polls.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, remembered, seconds } from '../scope.ts'

export const pollInterval: Rule = {
  id: 'poll-interval',
  group: 'order',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'Polling honours Retry-After and is not too fast',
  norm: 'Clients wait the time the server gives in Retry-After before polling order or authorization again.',
  decide:
    'For consecutive POST-as-GETs of the same order, authorization or challenge by one client (address, User-Agent, account), whose answers came: after an order in processing with Retry-After, warn if the gap is below it (10% tolerance); after an authorization or challenge that was already triggered with Retry-After (a suggestion only): info. Without it: info if more than 3 polls fall within 1 s or 30 within 30 s while the status is unchanged. Both header forms (seconds, HTTP-date).',
  traps: [
    'Several controllers polling the same URL from one address look fast.',
    'Retry-After of 86400 (ZeroSSL processing) is commonly ignored by clients on purpose.',
  ],
  unknownWhen: ['U-CLOCK'],
  inPractice: {
    Boulder: 'Retry-After 3 on processing orders only',
    Pebble: 'Retry-After configurable (both)',
    'step-ca': 'None',
    'golang.org/x/crypto/acme': 'Honours it, default 1 s',
  },
  remedy: 'Wait at least Retry-After, with back-off.',
  references: ['RFC 8555 §7.4', 'RFC 8555 §7.5.1', 'RFC 8555 §8.2', 'RFC 9110 §10.2.3'],
  why: 'Polling too fast runs into the limits of the CA; then nothing is issued at all.',
  examples: { fails: 'Retry-After: 5, asked again after 1 s', passes: 'Retry-After: 5, asked again after 5 s' },
  explains: { types: ['rateLimited'], details: [] },
  judge(request, traffic) {
    const poll = remembered(traffic, polls).get(request)
    if (poll === undefined) return undefined
    const { before, wait, gap, inOneSecond, inHalfMinute } = poll
    const status = quote(statusOf(before))
    if (Number.isNaN(wait)) return unknown('U-CLOCK', 'Retry-After cannot be compared: it is a date, and the answer has no Date')
    if (wait !== null && gap < wait * 0.9e6)
      return broken(
        pollInterval,
        `The ${request.resource} (${status}) was asked for again after ${seconds(gap)}; the answer to ${named(before.request)} said Retry-After: ${wait} s.`,
        {
          severity: request.resource === 'order' ? 'warning' : 'info',
          evidence: { gapSeconds: gap / 1e6, retryAfter: wait },
        },
      )
    if (wait === null && (inOneSecond > 3 || inHalfMinute > 30))
      return broken(
        pollInterval,
        `The ${request.resource} (${status}) was asked for ${inOneSecond > 3 ? `${inOneSecond} times within a second` : `${inHalfMinute} times within 30 seconds`}.`,
        { severity: 'info', evidence: { inOneSecond, inHalfMinute } },
      )
    return HOLDS
  },
}
