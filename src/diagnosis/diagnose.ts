import { type AcmeRequest, type AcmeTraffic, isJudged } from '../acme/traffic.ts'
import { isClientError, type Judgement } from '../rules/judge.ts'
import { retries } from '../rules/retries.ts'
import { remembered } from '../rules/scope.ts'
import { type Attribution, attribute, wasRefused } from './attribute.ts'
import { Case } from './case.ts'
import { clientAtFault, diagClientAtFault } from './client-at-fault.ts'
import type { Diagnosis, DiagnosisKind } from './diagnosis.ts'
import { diagKidOmittedAfterRegistration, kidOmittedAfterRegistration } from './kid-omitted-after-registration.ts'
import { diagLookupFailed, lookUpFailed } from './lookup-failed.ts'
import { diagServerRejectedCompliant, serverRejectedCompliant } from './server-rejected-compliant.ts'

/** Every diagnosis, root causes before the refusals they lead to: what one explains, the next does not explain again. */
export const DIAGNOSES: readonly { readonly kind: DiagnosisKind; readonly find: (facts: Case) => Diagnosis[] }[] = [
  { kind: diagLookupFailed, find: lookUpFailed },
  { kind: diagKidOmittedAfterRegistration, find: kidOmittedAfterRegistration },
  { kind: diagServerRejectedCompliant, find: serverRejectedCompliant },
  { kind: diagClientAtFault, find: clientAtFault },
]

export type Verdict = 'client' | 'server' | 'both' | 'proxy' | 'none' | 'undetermined'

export interface Outcome {
  /** Most explaining first. */
  readonly diagnoses: readonly Diagnosis[]
  readonly verdict: Verdict
}

/** From the verdicts on single requests to who has to act (rule catalogue 3). */
export function diagnose(traffic: AcmeTraffic, judgements: readonly Judgement[]): Outcome {
  const { retryOf } = remembered(traffic, retries)
  const wasRetried = (request: AcmeRequest) => retryOf.has(request)
  const attributions = judgements
    .filter(
      ({ request, compliant, findings }) =>
        wasRefused(request) && (compliant !== null || findings.length > 0 || request.resource !== 'other'),
    )
    .map((judgement) => attribute(judgement, wasRetried))
  const facts = new Case(traffic, judgements, attributions)
  const diagnoses: Diagnosis[] = []
  for (const { find } of DIAGNOSES) {
    const found = find(facts)
    for (const diagnosis of found) facts.explain(diagnosis.explains)
    diagnoses.push(...found)
  }
  diagnoses.sort((a, b) => weight(b) - weight(a))
  return { diagnoses, verdict: verdictOf(diagnoses, facts.open(), judgements) }
}

/** By how much a diagnosis explains; what is certain goes before what is only possible. */
function weight({ confidence, explains }: Diagnosis): number {
  return explains.length + { certain: 1e6, likely: 5e5, possible: 0 }[confidence]
}

/** Whose conduct explains what went wrong; it agrees with the first diagnosis. */
function verdictOf(diagnoses: readonly Diagnosis[], open: readonly Attribution[], judgements: readonly Judgement[]): Verdict {
  const first = diagnoses[0]
  if (first !== undefined)
    return first.bothAtFault ? 'both' : first.party === 'capture' || first.party === 'unknown' ? 'undetermined' : first.party
  if (open.some(isTrouble)) return 'undetermined'
  // What a server gets wrong while everything succeeds is a finding, not something that went wrong.
  if (judgements.some(({ findings }) => findings.some(({ verdict }) => isClientError(verdict)))) return 'client'
  return judgements.some(({ request }) => isJudged(request)) ? 'none' : 'undetermined'
}

/** A refusal that is no part of a normal course: not a retried nonce, not a look-up that found no account, not a second revocation. */
function isTrouble({ verdict, judgement: { request } }: Attribution): boolean {
  if (verdict === 'benign') return false
  return !['accountDoesNotExist', 'alreadyRevoked'].some((type) => request.problem?.type?.endsWith(`:${type}`) === true)
}
