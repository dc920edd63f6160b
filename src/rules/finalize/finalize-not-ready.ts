import { statusOf } from '../../acme/orders.ts'
import type { AcmeRequest, AcmeTraffic, Order } from '../../acme/traffic.ts'
import { finalizesBefore, orderOf, seenBefore } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, wasAccepted, wasRefusedAs } from '../scope.ts'

const FINAL: ReadonlySet<string> = new Set(['processing', 'valid', 'invalid'])

/** Where the authorizations of an order stood when a request was made, as the answers showed them. */
function authorizationsBefore(
  order: Order,
  request: AcmeRequest,
  traffic: AcmeTraffic,
): { open: string | null; unseen: string | null } {
  let unseen: string | null = null
  for (const url of order.authorizations) {
    const authorization = traffic.authorizations.get(url)
    const seen = seenBefore(authorization?.history ?? [], request)
    // RFC 8555 7.1.6: one valid challenge makes the authorization valid, and some clients look at that alone.
    const isProven = authorization?.challenges.some((challenge) => {
      const last = seenBefore(traffic.challenges.get(challenge)?.history ?? [], request)
      return last !== null && statusOf(last) === 'valid'
    })
    if (isProven === true) continue
    if (seen === null) unseen ??= url
    else if (statusOf(seen) !== 'valid')
      return { open: `authorization ${quote(url)} was last seen as ${quote(statusOf(seen))} in ${named(seen.request)}`, unseen }
  }
  return { open: null, unseen }
}

export const finalizeNotReady: Rule = {
  id: 'finalize-not-ready',
  group: 'finalize',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'Finalize only when the order is ready',
  norm: 'Finalizing an order that is not ready is answered 403 orderNotReady; the client then re-reads the order.',
  decide:
    "Latest status of the order that an answer showed before the request; an order last seen pending counts as ready once each of its authorizations, or a challenge of it, was seen valid (most clients do not read the order again), or when the server takes the request. Warn if pending otherwise, processing, invalid or valid, and if the server says orderNotReady; unknown if the state of an authorization is. What the same client finalized before is finalize-repeated's. §7.4 obliges the server (403 orderNotReady), not the client: never an error.",
  traps: ['Another replica may have finalized: status valid means success, fetch the certificate (cert-manager handles 403 so).'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: '403 orderNotReady',
    Pebble: '403 orderNotReady',
    'step-ca': 'pending/invalid: 400 orderNotReady (spec says 403); valid: idempotent 200',
    'golang.org/x/crypto/acme': 'No check; CreateOrderCert posts at once',
  },
  remedy: 'Poll until ready.',
  references: ['RFC 8555 §7.4'],
  why: 'The CA refuses with orderNotReady. A client that takes this for the end of the order starts all over.',
  examples: { fails: '{"status": "pending"}', passes: '{"status": "ready"}' },
  explains: { types: ['orderNotReady'], details: [/not (acceptable for finalization|ready)/i] },
  resources: ['finalize'],
  judge(request, traffic) {
    if (request.method !== 'POST' || request.payloadKind !== 'object') return undefined
    const order = orderOf(request, traffic)
    const seen = order === null ? null : seenBefore(order.history, request)
    const status = seen === null ? null : statusOf(seen)
    const shown = seen === null ? '' : `${quote(status)} in ${named(seen.request)}`
    const evidence = { status, seenIn: seen?.request.id ?? null }
    if (status !== null && FINAL.has(status)) {
      if (finalizesBefore(request, traffic)?.taken != null) return undefined // finalize-repeated says it
      return broken(finalizeNotReady, `The order had been ${shown}; only a ready order can be finalized.`, {
        evidence,
        remedy: status === 'valid' ? 'Fetch the certificate: the order is done, perhaps by another process.' : null,
      })
    }
    if (wasAccepted(request)) return HOLDS
    if (wasRefusedAs(request, 'orderNotReady'))
      return broken(
        finalizeNotReady,
        `The server says that the order is not ready${shown === '' ? '' : `; it was last seen as ${shown}`}.`,
        { evidence },
      )
    if (order === null || status === null) return unknown('U-START', 'no earlier answer shows the state of this order')
    if (status === 'ready') return HOLDS
    const { open, unseen } = authorizationsBefore(order, request, traffic)
    if (open !== null) return broken(finalizeNotReady, `The order was last seen as ${shown}, and ${open}.`, { evidence })
    if (unseen !== null) return unknown('U-START', `no earlier answer shows the state of authorization ${quote(unseen)}`)
    return HOLDS
  },
}
