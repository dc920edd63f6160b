import { acmeType } from '../acme/answers.ts'
import type { AcmeRequest } from '../acme/traffic.ts'
import { wasAccepted } from '../rules/scope.ts'
import { type Attribution, rankFindings } from './attribute.ts'
import { type Case, groupBy, MAX_TOLD } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCa, forClient } from './diagnosis.ts'
import { recognised } from './profiles.ts'
import { outcomeOf, taleOf } from './tale.ts'
import { capitalised, moment, refusal, requestList, were } from './words.ts'

export const diagEabConsumed: DiagnosisKind = {
  id: 'diag-eab-consumed',
  group: 'session',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'External account binding used up or wrong',
  norm: 'EAB refused.',
  decide: 'Join eab-* rules, previous success with same EAB kid, and the error.',
  traps: ['cert-manager 2882.'],
  unknownWhen: ['U-START', 'U-SECRET'],
  inPractice: { 'step-ca': 'Single use' },
  remedy: 'New EAB credentials or restore the old key.',
  references: ['RFC 8555 §7.3.4'],
}

const SPEAKS_OF_BINDING = /external|\beab\b|binding|\bbound\b|hmac/i
/** Words that speak of earlier use; without any words earlier use stays the best guess. */
const USED_UP = /already|used|\bbound\b|await|consumed|unknown|not found|^$/i
const TYPES: ReadonlySet<string> = new Set(['unauthorized', 'externalAccountRequired', 'malformed', 'badPublicKey'])

/** Registrations whose external account binding was refused. */
export function eabConsumed(facts: Case): Diagnosis[] {
  return groupBy(
    facts.open().filter(isRefusedBinding),
    ({ judgement: { request } }) => `${request.inner?.kid} ${request.jwk?.thumbprint}`,
  )
    .slice(0, MAX_TOLD)
    .map((group) => diagnosisOf(group, facts))
}

function isRefusedBinding({ judgement: { request, findings }, match }: Attribution): boolean {
  if (request.resource !== 'newAccount' || request.inner?.kind !== 'binding') return false
  const type = acmeType(request.problem)
  if (type !== null && !TYPES.has(type)) return false
  const own = findings.some(
    ({ rule, verdict }) => rule.group === 'eab' && verdict.party === 'client' && verdict.severity !== 'info',
  )
  return SPEAKS_OF_BINDING.test(request.problem?.detail ?? '') || (own && match !== 'none') || type === 'externalAccountRequired'
}

function diagnosisOf(group: readonly Attribution[], facts: Case): Diagnosis {
  const requests = group.map(({ judgement }) => judgement.request)
  const first = requests[0] as AcmeRequest
  const { judgement, match } = group[0] as Attribution
  const kid = first.inner?.kid ?? ''
  const told = `${capitalised(requestList(requests))} presented the external account key "${kid}" and ${were(requests)} answered ${refusal(first)}.`
  const story = taleOf(requests, `newAccount with external account key "${kid}" sent and ${outcomeOf(first)}`, facts)
  const common = { kind: diagEabConsumed, bothAtFault: false, explains: requests, story }
  const registration =
    (facts.traffic.accountsByKey.get(first.jwk?.thumbprint ?? '') ?? []).find(
      ({ ca, registeredBy }) => ca === first.ca && registeredBy !== null && registeredBy.time < first.time,
    )?.registeredBy ?? null
  if (registration !== null && judgement.compliant !== false)
    return {
      ...common,
      party: 'server',
      confidence: 'certain',
      title: 'The server refuses a binding of a key that already has an account',
      explanation: `${told} But this key had been registered at ${moment(registration)} (request ${registration.id}), and a newAccount request by a known key is to be answered with 200 and the account URL whatever else it carries (RFC 8555 §7.3.1).`,
      upstream: ['cert-manager/cert-manager 2882'],
      remedies: [
        forCa('look the key up before the binding is judged.'),
        forClient('do not register anew, but use the account URL that the key was given.'),
      ],
      evidence: [registration],
    }
  const finding = rankFindings(judgement, recognised(judgement.request.ca, facts.traffic)).find(
    ({ finding: { rule, verdict } }) =>
      rule.group === 'eab' && rule.id !== 'eab-reuse' && verdict.party === 'client' && verdict.severity !== 'info',
  )?.finding
  if (finding !== undefined)
    return {
      ...common,
      party: 'client',
      confidence: match === 'words' ? 'certain' : 'likely',
      title: `The external account binding is wrong: ${finding.rule.id}`,
      explanation: `${told} ${finding.verdict.message}`,
      remedies: [forClient(finding.verdict.remedy ?? finding.rule.remedy)],
      evidence: [],
    }
  const earlier = !USED_UP.test(first.problem?.detail ?? '')
    ? undefined
    : facts.traffic.requests.find(
        (request) =>
          request.inner?.kind === 'binding' &&
          request.inner.kid === kid &&
          request.ca === first.ca &&
          request.time < first.time &&
          request.jwk?.thumbprint !== first.jwk?.thumbprint &&
          wasAccepted(request),
      )
  if (earlier !== undefined)
    return {
      ...common,
      party: 'client',
      confidence: 'likely',
      title: 'The external account key was used up by an earlier registration',
      explanation: `${told} At ${moment(earlier)} the same external account key was bound to another account key (request ${earlier.id}); many CAs allow that once.`,
      remedies: [forClient('get a new external account key from the CA, or restore the account key that was registered first.')],
      evidence: [earlier],
    }
  return {
    ...common,
    party: 'unknown',
    confidence: 'possible',
    title: 'The CA refused the external account binding',
    explanation: `${told} The form of the binding is in order as far as the capture shows. Whether its MAC is right, and whether the key was used before, only the CA's MAC key and records can tell.`,
    remedies: [
      forClient(
        'compare key identifier and MAC key with what the CA gave (give it with --eab-key to have the MAC verified), or get a new pair.',
      ),
      forCa('look up what became of this key identifier.'),
    ],
    evidence: [],
  }
}
