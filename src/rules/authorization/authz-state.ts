import { lastSeen, statusOf } from '../../acme/orders.ts'
import type { AcmeRequest, AcmeTraffic, Seen } from '../../acme/traffic.ts'
import { broken, type Rule } from '../rule.ts'
import { named, remembered } from '../scope.ts'

/** Moves that RFC 8555 7.1.6 does not know; from pending everything can follow. */
const IMPOSSIBLE: Readonly<Record<string, readonly string[]>> = {
  valid: ['pending', 'invalid'],
  invalid: ['pending', 'valid'],
  deactivated: ['pending', 'valid', 'invalid'],
  revoked: ['pending', 'valid', 'invalid'],
  expired: ['pending', 'valid', 'invalid'],
}

/** Answers that show an authorization in a state that cannot follow the one an earlier answer showed. */
function setbacks(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, { before: Seen; status: string }> {
  const found = new Map<AcmeRequest, { before: Seen; status: string }>()
  for (const { history } of traffic.authorizations.values())
    for (const seen of history) {
      const before = lastSeen(history, seen.request)
      const status = statusOf(seen) ?? ''
      if (before !== null && IMPOSSIBLE[statusOf(before) ?? '']?.includes(status) === true)
        found.set(seen.request, { before, status })
    }
  return found
}

export const authzState: Rule = {
  id: 'authz-state',
  group: 'authorization',
  party: 'server',
  severity: 'warning',
  level: 'session',
  tier: 2,
  title: 'Authorization status moves forward only',
  norm: 'pending to valid or invalid; valid to expired, deactivated or revoked.',
  decide: 'State per authorization: fail on invalid to pending, valid to pending, deactivated to anything.',
  traps: ['A reused URL is still the same authorization.'],
  unknownWhen: [],
  inPractice: {
    Boulder: 'Reuses valid authorizations in new orders',
    Pebble: '50% reuse by default',
    'step-ca': 'New ones per order',
  },
  remedy: 'Server bug.',
  references: ['RFC 8555 §7.1.6'],
  why: 'A client that has seen the end of an authorization does not expect it to begin again.',
  examples: { fails: '["invalid", "pending"]', passes: '["pending", "valid", "deactivated"]' },
  explains: { types: [], details: [] },
  judge(request, traffic) {
    const setback = remembered(traffic, setbacks).get(request)
    if (setback === undefined) return undefined
    const { before, status } = setback
    return broken(
      authzState,
      `The authorization is ${status}, but was ${statusOf(before)} in the answer to ${named(before.request)}.`,
      { evidence: { status, before: statusOf(before), request: before.request.id } },
    )
  },
}
