import { lastSeen } from '../../acme/orders.ts'
import type { AcmeTraffic, Order } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, remembered, seconds } from '../scope.ts'
import { readTimestamp, serverTime } from '../timestamps.ts'

/** Finalize URLs to the orders they belong to. */
function ordersByFinalize(traffic: AcmeTraffic): ReadonlyMap<string, Order> {
  return new Map([...traffic.orders.values()].map((order) => [String(order.object.finalize), order]))
}

/** Milliseconds that two clocks may differ. */
const DOUBT = 300_000

export const orderExpired: Rule = {
  id: 'order-expired',
  group: 'order',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 1,
  title: 'Order and authorizations used before they expire',
  norm: 'After expires the server treats the object as invalid.',
  decide:
    "A finalize request, or a response to a challenge, made after the expires of the order or authorization as the last answer before showed it: warn. Reading an expired object is fine. The server's Date decides when the answer has one; without it a difference of less than five minutes is unknown (U-CLOCK).",
  traps: ["Order.expires is not the certificate's expiry; a client that schedules renewal by it re-issues weekly (UCM #74)."],
  unknownWhen: ['U-CLOCK', 'U-START'],
  inPractice: {
    Boulder: 'Expired order at finalize 404 malformed; expired authorization 404 malformed',
    Pebble: '404/400 malformed',
    'step-ca': 'Order becomes invalid',
    'golang.org/x/crypto/acme': 'Not checked',
  },
  remedy: 'Create a new order.',
  references: ['RFC 8555 §7.1.3', 'RFC 8555 §7.1.4', 'RFC 8555 §7.4'],
  why: 'The CA has dropped the order; everything has to be done again.',
  fixes: { 'cert-manager': 'Delete the Order, so that a new one is made.' },
  examples: {
    fails: '{"expires": "2026-01-08T00:00:00Z", "used": "2026-01-09T00:00:00Z"}',
    passes: '{"expires": "2026-01-08T00:00:00Z", "used": "2026-01-01T00:00:00Z"}',
  },
  explains: { types: ['malformed', 'orderNotReady'], details: [/expired/i] },
  judge(request, traffic) {
    if (
      (request.resource !== 'finalize' && request.resource !== 'challenge') ||
      request.method !== 'POST' ||
      request.payloadKind !== 'object'
    )
      return undefined
    const isFinalize = request.resource === 'finalize'
    const target = isFinalize
      ? remembered(traffic, ordersByFinalize).get(request.url)
      : traffic.authorizations.get(traffic.challenges.get(request.url)?.authorization ?? '')
    const known = target === undefined ? null : lastSeen(target.history, request)
    const what = isFinalize ? 'order' : 'authorization'
    if (known === null) return unknown('U-START', `no earlier answer shows the ${what}, and so when it expires`)
    const expires = readTimestamp(known.object.expires)
    if (expires === null) return undefined
    const clock = serverTime(request.response)
    const late = (clock ?? request.time / 1000) - expires
    if (clock === null && Math.abs(late) < DOUBT)
      return unknown(
        'U-CLOCK',
        `the ${what} expires within minutes of the request, and the answer does not tell the server's time`,
      )
    if (late <= 0) return HOLDS
    return broken(
      orderExpired,
      `The ${what} had expired ${seconds(late * 1000)} before (${quote(known.object.expires)}, in the answer to ${named(known.request)}).`,
      { evidence: { expires: known.object.expires, serverTime: clock === null ? null : new Date(clock).toISOString() } },
    )
  },
}
