import { shapeOf } from '../../acme/answers.ts'
import { isObject } from '../../jose/json-object.ts'
import { lostAnswer, lostContent } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote, wasAccepted } from '../scope.ts'

/** RFC 8555 7.4 lists all of them as answers to a successful finalize request. */
const STATUSES: ReadonlySet<unknown> = new Set(['pending', 'ready', 'processing', 'valid', 'invalid'])

export const finalizeResponse: Rule = {
  id: 'finalize-response',
  group: 'finalize',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 1,
  title: 'Finalize answer is 200 with the order, Retry-After while processing',
  norm: "Success returns 200 with the updated order; the specification's example has Location; while processing a Retry-After helps.",
  decide:
    'A success is 200 with an order object whose status is one of the five that §7.4 lists after it. Info if Location is missing: not required, but x/crypto-based clients poll the Location value and break.',
  traps: [
    'Absence of Location is not a violation by the text; mark as interoperability risk (kelunik 40, mod_md 265, golang 73504).',
  ],
  unknownWhen: ['U-RESP', 'U-GAP', 'U-REDACT'],
  inPractice: {
    Boulder: 'Location always; Retry-After 3 when processing',
    Pebble: 'No Location; Retry-After',
    'step-ca': 'Location',
    'golang.org/x/crypto/acme': 'CreateOrderCert polls o.URI = Location of this response: empty when absent',
  },
  remedy: 'Client: poll the order URL from newOrder; server: send Location.',
  references: ['RFC 8555 §7.4'],
  why: 'The client does not learn whether the order is done, or where to ask.',
  fixes: { 'cert-manager': 'It asks at the Location of this answer. A CA that leaves Location out has to be changed.' },
  examples: {
    fails: 'HTTP/1.1 202 Accepted',
    passes: '{"status": "processing", "finalize": "https://ca.example/order/1/finalize"}',
  },
  explains: { types: [], details: [] },
  resources: ['finalize'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const { response, answer } = request
    if (response !== null && !wasAccepted(request)) return undefined
    const lost = lostAnswer(request)
    if (lost !== null || response === null) return lost ?? undefined
    if (response.status !== 200)
      return broken(finalizeResponse, `A successful finalize request is answered 200, not ${response.status}.`, {
        evidence: { status: response.status },
      })
    const without = lostContent(request)
    if (without !== null) return without
    if (!isObject(answer) || shapeOf(answer) !== 'order')
      return broken(finalizeResponse, 'The answer to a successful finalize request is not an order object.', {
        evidence: { answer: answer ?? null },
      })
    const { status } = answer
    if (!STATUSES.has(status))
      return broken(finalizeResponse, `The order in the answer has the status ${quote(status)}, which is none of an order.`, {
        evidence: { status },
      })
    if (request.location !== null) return HOLDS
    return broken(
      finalizeResponse,
      'The answer has no Location. It need not have one, but clients built on golang.org/x/crypto/acme poll the URL in it.',
      { severity: 'info', evidence: { status } },
    )
  },
}
