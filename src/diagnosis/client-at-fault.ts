import type { AcmeRequest } from '../acme/traffic.ts'
import type { Finding } from '../rules/judge.ts'
import type { Rule } from '../rules/rule.ts'
import type { Attribution } from './attribute.ts'
import { type Case, groupBy } from './case.ts'
import { type Confidence, type Diagnosis, type DiagnosisKind, forClient } from './diagnosis.ts'
import { type Recognised, recognised, turnOf, usualAnswer } from './profiles.ts'
import { outcomeOf, taleOf } from './tale.ts'
import { capitalised, refusal, requestList, were } from './words.ts'

export const diagClientAtFault: DiagnosisKind = {
  id: 'diag-client-at-fault',
  group: 'session',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Server rightly refused',
  norm: 'A failing client rule explains the refusal.',
  decide:
    "F contains a rule whose explains_problem_types has the returned type (or whose detail_patterns match): choose the one earliest in that server's order of checks (table 3.3); else any error-severity rule; else 'refused for another reason, but these violations exist'.",
  traps: ['A violation that this server never checks is not the explanation (e.g. url at Dogtag).'],
  unknownWhen: ['U-RESP'],
  inPractice: {},
  remedy: 'Fix the named rule first.',
  references: [],
}

/** Public threads about exactly this fault: the rule, and what its message says then. */
const UPSTREAM: readonly (readonly [rule: string, says: RegExp, threads: readonly string[]])[] = [
  ['nonce-reused', /./, ['nginx/nginx-acme 47']],
  ['nonce-retry-not-fresh', /./, ['acmephp/acmephp 211']],
  ['signature-length', /./, ['smallstep/certificates 1631']],
  ['kid-is-eab-key-id', /./, ['shred/acme4j 54']],
  ['kid-not-account-url', /application\//, ['acmesh-official/acme.sh 1390']],
  ['content-type-jose', /charset/i, ['fszlin/certes 76', 'letsencrypt/boulder 3603']],
  ['base64url-strict', /\bcsr\b.*padd|padd.*\bcsr\b/i, ['smallstep/certificates 939']],
]

function upstream(finding: Finding | null): readonly string[] {
  return UPSTREAM.find(([rule, says]) => rule === finding?.rule.id && says.test(finding.verdict.message))?.[2] ?? []
}

const CONFIDENCE: Readonly<Record<Attribution['match'], Confidence>> = { words: 'certain', type: 'likely', none: 'possible' }

/** Refusals that a broken client rule explains, one diagnosis for each rule. */
export function clientAtFault(facts: Case): Diagnosis[] {
  const refused = facts.open().filter(({ verdict, proximate }) => verdict === 'client' && proximate !== null)
  return groupBy(refused, ({ proximate, match }) => `${proximate?.rule.id} ${match}`).map((group) => {
    const { proximate, match, judgement } = group[0] as Attribution
    const requests = group.map((attribution) => attribution.judgement.request)
    const first = requests[0] as AcmeRequest
    const rule = proximate?.rule
    // A warning can explain a refusal too (catalogue 3.1): the client has to change, but broke nothing.
    const isForbidden = proximate?.verdict.severity === 'error'
    const server = recognised(first.ca, facts.traffic)
    const masked = judgement.findings.filter(
      ({ rule: other, verdict }) => other !== rule && verdict.party === 'client' && verdict.severity !== 'info',
    )
    const also =
      masked.length === 0
        ? ''
        : ` Also wrong, and perhaps masked by the first fault${orderWords(rule, masked, server)}: ${masked.map(({ rule: other }) => other.id).join(', ')}.`
    const answer = rule === undefined ? null : usualAnswer(rule, server)
    const known = answer === null ? '' : ` ${server?.profile.name} is known to answer this mistake with ${answer}.`
    const burns = rule?.group === 'nonce' ? server?.profile.burns : undefined
    const usual = burns === undefined ? known : `${known} Of ${server?.profile.name} it is also known: ${burns}`
    const doubt =
      match === 'none'
        ? ' The words of the answer do not name this fault, so it may not be the reason; but it is one that has to be mended.'
        : ''
    return {
      kind: diagClientAtFault,
      party: 'client',
      bothAtFault: false,
      confidence: CONFIDENCE[match],
      title: isForbidden ? `The client is at fault: ${rule?.id}` : `Not forbidden, but this server does not take it: ${rule?.id}`,
      story: taleOf(requests, `${first.resource} sent and ${outcomeOf(first)}`, facts),
      explanation: `${capitalised(requestList(requests))} ${were(requests)} answered ${refusal(first)}. ${proximate?.verdict.message} (${rule?.references[0]})${isForbidden ? '' : ' No MUST of the protocol is broken by that; nor has every server to take it.'}${usual}${doubt}${also}`,
      remedies: [forClient(proximate?.verdict.remedy ?? rule?.remedy ?? '')],
      upstream: upstream(proximate),
      explains: requests,
      evidence: [],
    }
  })
}

/** Says so when this kind of server is known to come to none of the masked faults before the first one. */
function orderWords(rule: Rule | undefined, masked: readonly Finding[], server: Recognised | null): string {
  const turn = rule === undefined ? null : turnOf(rule, server)
  if (turn === null || server === null) return ''
  const later = masked.every((finding) => (turnOf(finding.rule, server) ?? -1) > turn)
  return later ? `, which ${server.profile.name} looks at before them` : ''
}
