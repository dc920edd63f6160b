import type { AcmeRequest, AcmeTraffic, Seen } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { identifierKey, readIdentifiers } from '../identifiers.ts'
import { broken, type Rule } from '../rule.ts'
import { named, remembered } from '../scope.ts'

interface Change {
  readonly before: Seen
  readonly member: 'identifiers' | 'authorizations'
}

/** Answers that show another list than an earlier one for the same order. */
function changes(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, Change> {
  const found = new Map<AcmeRequest, Change>()
  for (const { history } of traffic.orders.values())
    for (const member of ['identifiers', 'authorizations'] as const) {
      let before: { seen: Seen; key: string } | null = null
      for (const seen of history) {
        if (!Array.isArray(seen.object[member])) continue
        const key = keyOf(seen.object[member])
        if (before !== null && before.key !== key) found.set(seen.request, { before: before.seen, member })
        before = { seen, key }
      }
    }
  return found
}

/** One text for all sort orders of a list. */
function keyOf(list: unknown[]): string {
  return list.every(isObject) ? readIdentifiers(list).map(identifierKey).sort().join() : list.map(String).sort().join()
}

export const orderImmutable: Rule = {
  id: 'order-immutable',
  group: 'order',
  party: 'server',
  severity: 'error',
  level: 'session',
  tier: 2,
  title: 'identifiers and authorizations do not change',
  norm: 'Both arrays are immutable once set; a client seeing a change should treat the order as invalid.',
  decide: 'Identifiers and authorizations are compared as sets over all answers for one order URL.',
  traps: ['Different sort order is allowed.'],
  unknownWhen: [],
  inPractice: {
    Boulder: 'Conforms',
    Pebble: 'Shuffles the order of both on purpose',
    'step-ca': 'Conforms',
    'golang.org/x/crypto/acme': 'Ignores',
  },
  remedy: 'Server bug: report.',
  references: ['RFC 8555 §7.1.3'],
  why: 'The client has proved control of some names and would get a certificate for others.',
  examples: {
    fails: '[{"identifiers": ["www.example.org"]}, {"identifiers": ["example.org"]}]',
    passes: '[{"identifiers": ["www.example.org"]}, {"identifiers": ["www.example.org"]}]',
  },
  explains: { types: [], details: [] },
  judge(request, traffic) {
    const change = remembered(traffic, changes).get(request)
    if (change === undefined) return undefined
    const { before, member } = change
    const now = isObject(request.answer) ? request.answer[member] : null
    return broken(
      orderImmutable,
      `The order's ${member} are others than in the answer to ${named(before.request)}; they must not change.`,
      { evidence: { before: before.object[member], now } },
    )
  },
}
