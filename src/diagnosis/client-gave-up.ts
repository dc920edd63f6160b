import { statusOf } from '../acme/orders.ts'
import type { AcmeRequest, Order } from '../acme/traffic.ts'
import { seconds, wasAccepted } from '../rules/scope.ts'
import { wasRefused } from './attribute.ts'
import type { Case } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCapturer, forClient } from './diagnosis.ts'
import { moment, requestList } from './words.ts'

export const diagClientGaveUp: DiagnosisKind = {
  id: 'diag-client-gave-up',
  group: 'session',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'Client stopped before the end',
  norm: 'Order ready/processing/valid but not finalized, polled or downloaded.',
  decide:
    'Last state per order and idle time to end of capture > max(120 s, 3x previous poll gap); also: FIN/RST right after a 2xx.',
  traps: ['Capture may simply end; another replica may go on (cert-manager 5062 processing).'],
  unknownWhen: ['U-OTHER', 'U-START'],
  inPractice: { 'golang.org/x/crypto/acme': 'WaitOrder to an empty URL when finalize had no Location' },
  remedy: 'See client log; re-run.',
  references: ['RFC 8555 §7.4'],
}

/** Microseconds of silence before a client is thought to have stopped. */
const SILENCE = 120e6

/** Orders that could have gone on, but after whose last request the capture shows a long silence. */
export function clientGaveUp(facts: Case): Diagnosis[] {
  const { end } = facts.surroundings
  if (end === null) return []
  const refused = new Set(
    facts.attributions.filter(({ verdict }) => verdict !== 'benign').map(({ judgement }) => judgement.request),
  )
  return [...facts.traffic.orders.values()].flatMap((order) => {
    const left = whatWasLeft(order)
    const last = order.requests.at(-1)
    if (left === null || last === undefined || last.response === null || wasRefused(last)) return []
    const silence = end - last.response.endTime
    if (silence <= Math.max(SILENCE, 3 * longestGap(order.requests))) return []
    // Told already, as when the order's trouble lies elsewhere.
    if (order.requests.some((request) => refused.has(request))) return []
    const finalize = order.requests.find(({ resource }) => resource === 'finalize')
    const lost = finalize !== undefined && wasAccepted(finalize) && finalize.location === null && left.status === 'processing'
    return [
      {
        kind: diagClientGaveUp,
        party: 'unknown' as const,
        bothAtFault: false,
        confidence: 'possible' as const,
        title: `The client stopped while the order was ${left.status}`,
        explanation: `The order ${order.url} was last seen ${left.status} at ${moment(left.request)} (${requestList([left.request])}); ${left.next}, but the capture shows no request for it in the ${seconds(silence)} until it ends.${lost ? ' The answer to finalize carried no Location: a client that polls there, as golang.org/x/crypto/acme does, has nothing to poll.' : ''} Another process may have gone on outside this capture.`,
        remedies: [
          forClient("read the client's log at that time, raise its timeout when the order was processing, and run it again."),
          forCapturer('capture all hosts that use this account.'),
        ],
        upstream: left.status === 'processing' ? ['cert-manager/cert-manager 5062'] : [],
        explains: [left.request],
        evidence: finalize === undefined || finalize === left.request ? [] : [finalize],
      },
    ]
  })
}

function whatWasLeft(order: Order): { status: string; next: string; request: AcmeRequest } | null {
  const seen = order.history.at(-1)
  if (seen === undefined) return null
  const status = statusOf(seen)
  if (status === 'ready' && order.requests.every(({ resource }) => resource !== 'finalize'))
    return { status, next: 'the next step is finalize', request: seen.request }
  if (status === 'processing') return { status, next: 'the next step is to ask for the order again', request: seen.request }
  if (
    status === 'valid' &&
    typeof seen.object.certificate === 'string' &&
    order.requests.every(({ resource }) => resource !== 'certificate')
  )
    return { status, next: 'the next step is to fetch the certificate', request: seen.request }
  return null
}

function longestGap(requests: readonly AcmeRequest[]): number {
  let longest = 0
  for (const [index, request] of requests.entries())
    longest = Math.max(longest, request.time - (requests[index - 1]?.time ?? request.time))
  return longest
}
