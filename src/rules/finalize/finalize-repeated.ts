import type { AcmeRequest } from '../../acme/traffic.ts'
import { finalizesBefore } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { couldBeOneRequest, named } from '../scope.ts'

export const finalizeRepeated: Rule = {
  id: 'finalize-repeated',
  group: 'finalize',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 2,
  title: 'Finalize is sent once per success',
  norm: 'After a 2xx the order is processing or valid; poll it.',
  decide:
    'Warn on a finalize request whose order had been finalized by an earlier one: answered with success, and with a status other than pending or ready. Unknown when the answer to an earlier one is missing.',
  traps: ['A badNonce retry is not a repetition.'],
  unknownWhen: ['U-RESP'],
  inPractice: {
    Boulder: '403 orderNotReady on the second',
    Pebble: '403',
    'step-ca': 'Idempotent',
    'golang.org/x/crypto/acme': 'Once',
  },
  remedy: 'Poll the order URL.',
  references: ['RFC 8555 §7.4'],
  why: 'The second request is refused at most CAs, and the client may take that for a failure of the order.',
  examples: { fails: 'POST finalize 200, POST finalize 403', passes: 'POST finalize 200, POST order 200' },
  explains: { types: ['orderNotReady'], details: [] },
  resources: ['finalize'],
  judge(request, traffic) {
    if (request.method !== 'POST') return undefined
    const before = finalizesBefore(request, traffic)
    if (before === null) return undefined
    const { taken, unanswered } = before
    if (taken !== null && !couldBeOneRequest(taken, request))
      return broken(
        finalizeRepeated,
        `The server had taken the finalize request of this order before, in ${named(taken)}${taken.response !== null && taken.response.endTime > request.time ? ', whose answer had not come yet' : ''}; the order is polled after that, not finalized again.`,
        { evidence: { first: taken.id, status: request.response?.status ?? null } },
      )
    if (taken !== null || unanswered !== null)
      return unknown('U-RESP', `what the server answered to ${named((taken ?? unanswered) as AcmeRequest)} is not in the capture`)
    return HOLDS
  },
}
