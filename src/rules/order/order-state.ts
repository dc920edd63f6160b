import { lastSeen, statusOf } from '../../acme/orders.ts'
import type { AcmeRequest, AcmeTraffic, Order, Seen } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { broken, type Rule, type Severity } from '../rule.ts'
import { named, quote, remembered } from '../scope.ts'
import { readTimestamp } from '../timestamps.ts'

const RANKS: Readonly<Record<string, number>> = { pending: 0, ready: 1, processing: 2, valid: 3, invalid: 3 }

/** What is wrong with each answer that shows an order (RFC 8555 7.1.6). */
function faults(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, { severity: Severity; words: string }> {
  const found = new Map<AcmeRequest, { severity: Severity; words: string }>()
  for (const order of traffic.orders.values())
    for (const seen of order.history) {
      const flaw = flawOf(seen, lastSeen(order.history, seen.request)) ?? (lacksReason(seen, order, traffic) ? NO_REASON : null)
      if (flaw !== null) found.set(seen.request, flaw)
    }
  return found
}

const NO_REASON = { severity: 'info', words: 'is invalid, but neither an error nor an invalid authorization says why' } as const

function flawOf(seen: Seen, before: Seen | null): { severity: Severity; words: string } | null {
  const status = statusOf(seen)
  const rank = RANKS[status ?? '']
  if (rank === undefined) return { severity: 'warning', words: `has status ${quote(seen.object.status ?? null)}` }
  if (status === 'valid' && typeof seen.object.certificate !== 'string' && typeof seen.object['star-certificate'] !== 'string')
    return { severity: 'warning', words: 'is valid but has no certificate URL' }
  const earlier = before === null ? null : statusOf(before)
  const earlierRank = RANKS[earlier ?? '']
  if (before === null || earlier === null || earlier === status || earlierRank === undefined) return null
  const expired = (readTimestamp(seen.object.expires) ?? Number.POSITIVE_INFINITY) * 1000 <= seen.time
  if (earlier === 'valid' && status === 'invalid' && expired) return null
  if (rank > earlierRank || (status === 'invalid' && earlierRank < 3)) return null
  return { severity: 'warning', words: `is ${status}, but was ${earlier} in the answer to ${named(before.request)}` }
}

function lacksReason({ object }: Seen, order: Order, traffic: AcmeTraffic): boolean {
  if (object.status !== 'invalid' || isObject(object.error)) return false
  return !order.authorizations.some((url) =>
    ['invalid', 'expired', 'revoked', 'deactivated'].includes(
      String(traffic.authorizations.get(url)?.history.at(-1)?.object.status),
    ),
  )
}

export const orderState: Rule = {
  id: 'order-state',
  group: 'order',
  party: 'server',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'Order status moves only along the state machine',
  norm: 'pending to ready to processing to valid, or to invalid; certificate URL with valid; error with invalid.',
  decide:
    'State per order, comparing an answer with those that had come before its request was sent: valid or invalid to anything else (valid to invalid once expires has passed is right), processing or ready back to an earlier state, valid without certificate, an unknown status: warning. Invalid without error and with no invalid authorization visible: info. Skipping a state between two polls is fine.',
  traps: ['Different replicas may lag: a single stale read (ready after processing) is warning, not error.'],
  unknownWhen: [],
  inPractice: {
    Boulder: 'May show processing with asynchronous finalize (Retry-After 3)',
    Pebble: 'Always processing after finalize',
    'step-ca': 'Synchronous: valid at once',
    'golang.org/x/crypto/acme': 'Accepts ready/valid/invalid, otherwise keeps polling',
  },
  remedy: 'Server bug, or two orders mixed up.',
  references: ['RFC 8555 §7.1.6', 'RFC 8555 §7.1.3', 'RFC 8555 §7.4'],
  why: 'A client that follows the state machine waits for ever or gives up.',
  examples: { fails: '["valid", "pending"]', passes: '["pending", "ready", "processing", "valid"]' },
  explains: { types: [], details: [] },
  judge(request, traffic) {
    const fault = remembered(traffic, faults).get(request)
    if (fault === undefined) return undefined
    return broken(orderState, `The order ${fault.words}.`, {
      severity: fault.severity,
      evidence: { status: isObject(request.answer) ? (request.answer.status ?? null) : null },
    })
  },
}
