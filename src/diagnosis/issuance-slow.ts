import { statusOf } from '../acme/orders.ts'
import { field } from '../http/exchange.ts'
import { seconds } from '../rules/scope.ts'
import type { Case } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCa, forClient } from './diagnosis.ts'
import { moment } from './words.ts'

export const diagIssuanceSlow: DiagnosisKind = {
  id: 'diag-issuance-slow',
  group: 'session',
  party: 'server',
  severity: 'info',
  level: 'session',
  tier: 2,
  title: 'Issuance outlasts client patience',
  norm: 'Order stays processing longer than the client waits.',
  decide: "Time in processing vs polls and client's end; Retry-After given?",
  traps: ['cert-manager 5062/7583; acme.sh 6103 waits days on Retry-After 86400.'],
  unknownWhen: ['U-OTHER'],
  inPractice: {
    Boulder: 'Seconds',
    Pebble: 'Seconds',
    'step-ca': 'Synchronous',
    'golang.org/x/crypto/acme': 'Waits until context ends',
  },
  remedy: "Raise the client's timeout; CA should send Retry-After.",
  references: ['RFC 8555 §7.4'],
}

/** Microseconds in processing that are worth telling. */
const SLOW = 30e6

/** Orders that were seen processing for long: context for a client that ran out of patience. */
export function issuanceSlow(facts: Case): Diagnosis[] {
  return [...facts.traffic.orders.values()].flatMap((order) => {
    const processing = order.history.filter((seen) => statusOf(seen) === 'processing')
    const [first, last] = [processing[0], processing.at(-1)]
    if (first === undefined || last === undefined) return []
    const after = order.history.find((seen) => seen.time > last.time && statusOf(seen) !== 'processing')
    const span = (after?.time ?? last.time) - first.time
    if (span < SLOW) return []
    const asked = processing.filter(
      ({ request }) => request.response !== null && field(request.response.headers, 'retry-after') !== null,
    ).length
    return [
      {
        kind: diagIssuanceSlow,
        party: 'server' as const,
        bothAtFault: false,
        confidence: 'likely' as const,
        aside: true,
        title: 'The CA takes long to issue',
        explanation: `The order ${order.url} was processing from ${moment(first.request)} for ${seconds(span)}${after === undefined ? ' at least, until the client asked no more' : `, then ${statusOf(after)}`}; it was seen so ${processing.length} times (requests ${first.request.id} to ${last.request.id}), ${asked === 0 ? 'never' : `${asked} times`} with a Retry-After. No limit is set for this; clients with a shorter patience fail (cert-manager/cert-manager 5062).`,
        remedies: [
          forClient("raise the client's timeout for issuance."),
          forCa('send Retry-After while an order is processing.'),
        ],
        explains: [],
        evidence: [first.request, last.request],
      },
    ]
  })
}
