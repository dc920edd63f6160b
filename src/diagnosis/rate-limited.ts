import { acmeType } from '../acme/answers.ts'
import { type AcmeRequest, isJudged } from '../acme/traffic.ts'
import { field } from '../http/exchange.ts'
import { wasAccepted } from '../rules/scope.ts'
import { type Case, groupBy, MAX_TOLD } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forClient } from './diagnosis.ts'
import { capitalised, refusal, requestList, were } from './words.ts'

export const diagRateLimited: DiagnosisKind = {
  id: 'diag-rate-limited',
  group: 'session',
  party: 'either',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'Rate limited',
  norm: 'The CA said stop.',
  decide:
    '429 or rateLimited: which limit (detail, Link help), requests counted in capture, next allowed time; blame client if poll-interval or retry storm fired, otherwise policy.',
  traps: ['Paused identifiers also use this type.'],
  unknownWhen: ['U-RESP'],
  inPractice: {
    Boulder: 'Detail names the limit and a UTC time',
    'golang.org/x/crypto/acme': '429 retried unless custom back-off',
  },
  remedy: 'Wait; reduce duplicates; use staging.',
  references: ['RFC 8555 §6.6'],
}

/** Answers that say "too much", one diagnosis for each limit as the CA's words tell it. */
export function rateLimited(facts: Case): Diagnosis[] {
  const limited = facts
    .open()
    .map(({ judgement }) => judgement.request)
    .filter(
      (request) =>
        acmeType(request.problem) === 'rateLimited' || (request.response?.status === 429 && acmeType(request.problem) === null),
    )
  return groupBy(
    limited,
    (request) => `${request.ca?.id} ${request.resource} ${(request.problem?.detail ?? '').replace(/\d+/g, '#')}`,
  )
    .slice(0, MAX_TOLD)
    .map((requests) => {
      const first = requests[0] as AcmeRequest
      const last = requests.at(-1) as AcmeRequest
      const all = facts.traffic.requests.filter((request) => request.ca === first.ca && isJudged(request))
      const hasty = all.filter((request) => isHasty(request, facts))
      const later = all.find((request) => request.id > last.id && request.resource === last.resource && wasAccepted(request))
      const wait = last.response === null ? null : field(last.response.headers, 'retry-after')
      return {
        kind: diagRateLimited,
        party: hasty.length > 0 ? 'client' : 'unknown',
        bothAtFault: false,
        confidence: 'likely',
        aside: later !== undefined,
        title: 'The CA limits the rate of requests',
        explanation: `${capitalised(requestList(requests))} ${were(requests)} answered ${refusal(first)}. ${wait === null ? 'The answer has no Retry-After' : `Retry-After is ${wait}`}. The capture shows ${all.length} requests to this CA, ${all.filter(({ resource }) => resource === first.resource).length} of them for ${first.resource}.${hasty.length > 0 ? ` The client polls faster than it was asked to: ${requestList(hasty)}.` : ''}${later === undefined ? '' : ` A later request was accepted (request ${later.id}).`} A limit is the policy of the CA; it says nothing about the form of the request.`,
        remedies: [
          forClient(
            `wait${wait === null ? '' : ' as Retry-After says'}, look for orders that are made again and again, and test against the CA's staging environment.${hasty.length > 0 ? ' Poll no faster than Retry-After.' : ''}`,
          ),
        ],
        explains: requests,
        evidence: later === undefined ? [] : [later],
      }
    })
}

function isHasty(request: AcmeRequest, facts: Case): boolean {
  return (
    facts
      .judgementOf(request)
      ?.findings.some(
        ({ rule, verdict }) => rule.id === 'poll-interval' && verdict.party === 'client' && verdict.severity !== 'info',
      ) ?? false
  )
}
