import { strings } from '../../acme/answers.ts'
import { splitUrl } from '../../acme/urls.ts'
import { isObject, type JsonObject } from '../../jose/json-object.ts'
import { lostAnswer, lostContent } from '../answer.ts'
import { identifierKey, isIdentifier, readIdentifiers } from '../identifiers.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote, uncertainRole, wasAccepted } from '../scope.ts'
import { readTimestamp } from '../timestamps.ts'

const STATUSES = ['pending', 'ready', 'processing', 'valid', 'invalid']

/** Members that RFC 8555 7.1.3 requires, with their types. */
function flawsOf(order: JsonObject): string[] {
  const flaws: string[] = []
  if (!STATUSES.includes(String(order.status))) flaws.push(`status is ${quote(order.status ?? null)}`)
  if (!Array.isArray(order.identifiers) || !order.identifiers.every(isIdentifier))
    flaws.push('identifiers is no list of identifiers')
  if (
    !Array.isArray(order.authorizations) ||
    !strings(order.authorizations).every((url) => splitUrl(url) !== null) ||
    strings(order.authorizations).length < order.authorizations.length
  )
    flaws.push('authorizations is no list of URLs')
  if (typeof order.finalize !== 'string' || splitUrl(order.finalize) === null)
    flaws.push(order.finalize === undefined ? 'finalize is missing' : `finalize ${quote(order.finalize)} is no URL`)
  if ((order.status === 'pending' || order.status === 'valid') && order.expires === undefined)
    flaws.push(`expires is missing, which a ${order.status} order has to have`)
  if (order.expires !== undefined && readTimestamp(order.expires) === null)
    flaws.push(`expires ${quote(order.expires)} is no RFC 3339 date`)
  return flaws
}

/** Identifiers that only one of the two lists has, as texts. */
function differences(asked: unknown, given: unknown): string[] {
  const wanted = new Map(readIdentifiers(asked).map((one) => [identifierKey(one), one.value]))
  const shown = new Map(readIdentifiers(given).map((one) => [identifierKey(one), one.value]))
  return [...[...wanted].filter(([key]) => !shown.has(key)), ...[...shown].filter(([key]) => !wanted.has(key))].map(
    ([, value]) => value,
  )
}

export const orderResponse: Rule = {
  id: 'order-response',
  group: 'order',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'newOrder answer is 201 with Location and a complete order',
  norm: '201, Location with the order URL, and an order having status, identifiers, authorizations, finalize, and expires while pending or valid; identifiers reflect the request.',
  decide:
    '2xx to newOrder: Location present; the required members (status, identifiers, authorizations, finalize; expires while pending or valid) with their types; identifiers set-equal to the request (without case): error. A status other than 201, a Location that is relative, a pending order without authorizations, requested notBefore or notAfter not shown: warning.',
  traps: [
    'Reused orders may arrive with status ready.',
    'One authorization may serve several identifiers and vice versa (RFC 9444): counts need not match.',
  ],
  unknownWhen: ['U-RESP', 'U-GAP', 'U-REDACT', 'U-ROLE'],
  inPractice: {
    Boulder: 'Conforms',
    Pebble: 'Conforms',
    'step-ca': 'Conforms',
    'golang.org/x/crypto/acme': 'Requires 201; URI from Location (empty Location is not detected until polling)',
  },
  remedy: 'Server: send Location and all required members.',
  references: ['RFC 8555 §7.4', 'RFC 8555 §7.1.3'],
  why: 'Without the URL of the order or of its parts the client cannot go on.',
  examples: {
    fails: '{"status": "pending", "identifiers": []}',
    passes:
      '{"status": "pending", "identifiers": [{"type": "dns", "value": "www.example.org"}], "authorizations": ["https://ca.example/authz/1"], "finalize": "https://ca.example/order/1/finalize"}',
  },
  explains: { types: [], details: [] },
  resources: ['newOrder'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    if (!wasAccepted(request)) return undefined
    const uncertain = uncertainRole(request)
    if (uncertain !== null) return uncertain
    const { location, answer } = request
    if (location === null || location === '')
      return broken(orderResponse, 'The answer to newOrder has no Location, so the client is not told the URL of its order.')
    const unread = lostContent(request)
    if (unread !== null) return unread
    if (!isObject(answer))
      return broken(orderResponse, 'The answer to newOrder holds no order object.', {
        evidence: { status: request.response?.status },
      })
    const flaws = flawsOf(answer)
    const asked = isObject(request.payload) ? request.payload : {}
    const differing = differences(asked.identifiers, answer.identifiers)
    if (asked.identifiers !== undefined && differing.length > 0)
      flaws.push(`the identifiers differ from those of the request in ${differing.slice(0, 5).map(quote).join(', ')}`)
    if (flaws.length > 0) return broken(orderResponse, `In the new order ${flaws.join('; ')}.`, { evidence: { flaws } })
    const odd: string[] = []
    if (request.response?.status !== 201) odd.push(`the status code is ${request.response?.status}, not 201`)
    if (splitUrl(location) === null) odd.push(`Location ${quote(location)} is relative`)
    if (answer.status === 'pending' && strings(answer.authorizations).length === 0)
      odd.push('it is pending but lists no authorization')
    for (const name of ['notBefore', 'notAfter'])
      if (asked[name] !== undefined && answer[name] === undefined) odd.push(`${name} of the request is not shown`)
    return odd.length === 0
      ? HOLDS
      : broken(orderResponse, `The new order is usable, but ${odd.join('; ')}.`, {
          severity: 'warning',
          evidence: { flaws: odd },
        })
  },
}
