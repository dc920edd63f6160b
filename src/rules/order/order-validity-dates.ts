import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'
import { readTimestamp } from '../timestamps.ts'

export const orderValidityDates: Rule = {
  id: 'order-validity-dates',
  group: 'order',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 2,
  title: 'notBefore/notAfter are RFC 3339 and supported',
  norm: 'Both are optional RFC 3339 times; a server that cannot honour them must refuse rather than issue something else.',
  decide:
    'Broken if notBefore or notAfter is no RFC 3339 date. A notAfter that is not after notBefore, or a refusal by the server, is a warning.',
  traps: ['cert-manager only sets Order.spec.duration when enableDurationFeature is on.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed: not supported',
    Pebble: 'Accepted and echoed',
    'step-ca': 'Accepted',
    'golang.org/x/crypto/acme': 'Optional; cert-manager sends notAfter when spec.duration is enabled for the order',
  },
  remedy: 'Remove them for CAs that do not support them.',
  references: ['RFC 8555 §7.4', 'RFC 8555 §7.1.3', 'RFC 3339 §5.6'],
  why: 'A CA that cannot keep to the dates has to refuse the order.',
  fixes: { 'cert-manager': 'Set spec.acme.enableDurationFeature of the Issuer only for CAs that take notAfter.' },
  examples: {
    fails: '{"identifiers": [{"type": "dns", "value": "www.example.org"}], "notAfter": "2026-04-01"}',
    passes: '{"identifiers": [{"type": "dns", "value": "www.example.org"}], "notAfter": "2026-04-01T00:00:00Z"}',
  },
  explains: { types: ['malformed'], details: [/NotBefore and NotAfter/] },
  resources: ['newOrder'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    if (!isObject(request.payload)) return lostBody(request) ?? undefined
    const { notBefore, notAfter } = request.payload
    const given = Object.entries({ notBefore, notAfter }).filter(([, value]) => value !== undefined)
    if (given.length === 0) return undefined
    const evidence = Object.fromEntries(given)
    const unreadable = given.filter(([, value]) => readTimestamp(value) === null)
    if (unreadable.length > 0)
      return broken(
        orderValidityDates,
        `${unreadable.map(([name, value]) => `${name} ${quote(value)}`).join(' and ')} is no RFC 3339 date such as "2026-01-31T00:00:00Z".`,
        { evidence },
      )
    const from = readTimestamp(notBefore)
    const to = readTimestamp(notAfter)
    if (from !== null && to !== null && to <= from)
      return broken(orderValidityDates, `notAfter ${quote(notAfter)} is not later than notBefore ${quote(notBefore)}.`, {
        severity: 'warning',
        evidence,
      })
    if (request.problem !== null && /not ?(before|after)/i.test(request.problem.detail ?? ''))
      return broken(
        orderValidityDates,
        `The server does not take ${given.map(([name]) => name).join(' and ')}; a server that cannot honour them has to refuse the order.`,
        { severity: 'warning', evidence },
      )
    return HOLDS
  },
}
