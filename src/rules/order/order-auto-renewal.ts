import { lastSeen, statusOf } from '../../acme/orders.ts'
import { isObject, type JsonObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote } from '../scope.ts'
import { readTimestamp } from '../timestamps.ts'

/** What is wrong with an auto-renewal order by the limits of the directory (RFC 8739 3.1.1, 3.2). */
function flawsOf(wanted: JsonObject, limits: JsonObject, time: number): string[] {
  const flaws: string[] = []
  const lifetime = wanted.lifetime
  const end = readTimestamp(wanted['end-date'])
  const start = wanted['start-date'] === undefined ? time : readTimestamp(wanted['start-date'])
  if (end === null || start === null) flaws.push('its dates are no RFC 3339 dates')
  if (typeof lifetime !== 'number') flaws.push('it has no lifetime in seconds')
  else if (typeof limits['min-lifetime'] === 'number' && lifetime < limits['min-lifetime'])
    flaws.push(`its lifetime ${lifetime} s is under the minimum of ${limits['min-lifetime']} s`)
  if (
    end !== null &&
    start !== null &&
    typeof limits['max-duration'] === 'number' &&
    (end - start) / 1000 > limits['max-duration']
  )
    flaws.push(`it lasts longer than ${limits['max-duration']} s`)
  return flaws
}

export const orderAutoRenewal: Rule = {
  id: 'order-auto-renewal',
  group: 'order',
  party: 'either',
  severity: 'info',
  level: 'request',
  tier: 2,
  title: 'STAR members only where advertised',
  norm: 'auto-renewal in an order needs meta.auto-renewal; start/end dates and lifetime must obey its limits; star-certificate may be read by GET only if allow-certificate-get was agreed; such certificates cannot be revoked; cancelling is only for valid orders.',
  decide:
    'If newOrder has auto-renewal: the directory advertises it; it has end-date and lifetime; lifetime >= min-lifetime, end-date minus start-date <= max-duration; the answer shows it. Cancelling ({"status":"canceled"} to the order) only when the order is valid.',
  traps: ['Rare in the field: keep the check small.'],
  unknownWhen: ['U-GAP', 'U-START'],
  inPractice: { Boulder: 'Ignored', Pebble: 'Ignored', 'step-ca': 'Ignored', 'golang.org/x/crypto/acme': 'Cannot send' },
  remedy: 'Use only at a STAR CA.',
  references: ['RFC 8739 §3.1.1', 'RFC 8739 §3.1.2', 'RFC 8739 §3.2', 'RFC 8739 §3.3', 'RFC 8739 §3.4'],
  why: 'A CA that does not offer short-term automatic renewal refuses the order or ignores the wish.',
  examples: {
    fails: '{"identifiers": [{"type": "dns", "value": "www.example.org"}], "auto-renewal": {}}',
    passes: '{"identifiers": [{"type": "dns", "value": "www.example.org"}]}',
  },
  explains: {
    types: ['autoRenewalCanceled', 'autoRenewalExpired', 'autoRenewalCancellationInvalid', 'autoRenewalRevocationNotSupported'],
    details: [],
  },
  judge(request, traffic) {
    if (
      (request.resource !== 'newOrder' && request.resource !== 'order') ||
      request.method !== 'POST' ||
      !isObject(request.payload)
    )
      return undefined
    if (request.resource === 'order') {
      if (request.payload.status !== 'canceled') return undefined
      const known = lastSeen(traffic.orders.get(request.url)?.history ?? [], request)
      if (known === null) return unknown('U-START', 'no earlier answer shows the status of the order')
      if (statusOf(known) === 'valid') return HOLDS
      return broken(orderAutoRenewal, `The order is ${quote(statusOf(known))}; only a valid one can be cancelled.`, {
        party: 'client',
        evidence: { status: statusOf(known) },
      })
    }
    const wanted = request.payload['auto-renewal']
    if (wanted === undefined) return undefined
    if (!isObject(wanted))
      return broken(orderAutoRenewal, `auto-renewal is ${quote(wanted)}, not an object.`, { party: 'client' })
    const directory = request.ca?.directory ?? null
    if (directory === null)
      return unknown('U-START', 'the directory, which says whether short-term renewal is offered, is not in the capture')
    const limits = isObject(directory.meta) ? directory.meta['auto-renewal'] : undefined
    if (!isObject(limits))
      return broken(orderAutoRenewal, 'The order asks for auto-renewal, which the directory does not offer.', { party: 'client' })
    const flaws = flawsOf(wanted, limits, request.time / 1000)
    if (flaws.length > 0)
      return broken(orderAutoRenewal, `The order asks for auto-renewal, but ${flaws.join(', ')}.`, {
        party: 'client',
        evidence: { wanted, limits },
      })
    if (request.response?.status === 201 && isObject(request.answer) && !isObject(request.answer['auto-renewal']))
      return broken(orderAutoRenewal, 'The order was asked for with auto-renewal, but does not show it.', { party: 'server' })
    return HOLDS
  },
}
