import { type AcmeRequest, type AcmeTraffic, isJudged } from '../acme/traffic.ts'
import { isClientError, type Judgement } from '../rules/judge.ts'
import { NO_POLICY, type Policy } from '../rules/policy.ts'
import { retries } from '../rules/retries.ts'
import type { Severity } from '../rules/rule.ts'
import { remembered, wasAccepted } from '../rules/scope.ts'
import { accountKeyMismatch, diagAccountKeyMismatch } from './account-key-mismatch.ts'
import { accountMissing, diagAccountMissing } from './account-missing.ts'
import { type Aftermath, type Attribution, attribute, wasRefused } from './attribute.ts'
import { badNonceLoop, diagBadnonceLoop } from './badnonce-loop.ts'
import { Case, NO_SURROUNDINGS, type Surroundings } from './case.ts'
import { clientAtFault, diagClientAtFault } from './client-at-fault.ts'
import { clientGaveUp, diagClientGaveUp } from './client-gave-up.ts'
import { clockSkew, diagClockSkew } from './clock-skew.ts'
import type { Diagnosis, DiagnosisKind } from './diagnosis.ts'
import { diagEabConsumed, eabConsumed } from './eab-consumed.ts'
import { diagEnvironmentMixup, environmentMixup } from './environment-mixup.ts'
import { diagIssuanceSlow, issuanceSlow } from './issuance-slow.ts'
import { diagKidDiffersFromLocation, kidDiffersFromLocation } from './kid-differs-from-location.ts'
import { diagKidOmittedAfterRegistration, kidOmittedAfterRegistration } from './kid-omitted-after-registration.ts'
import { diagLookupFailed, lookUpFailed } from './lookup-failed.ts'
import { diagMiddleboxResponse, middleboxResponse } from './middlebox-response.ts'
import { diagNoncePoolStale, noncePoolStale } from './nonce-pool-stale.ts'
import { diagOrderInvalid, orderInvalid } from './order-invalid.ts'
import { recognised } from './profiles.ts'
import { diagProxyRewroteUrl, proxyRewroteUrl } from './proxy-rewrote-url.ts'
import { diagRateLimited, rateLimited } from './rate-limited.ts'
import { diagServerRejectedCompliant, serverRejectedCompliant } from './server-rejected-compliant.ts'
import { diagSharedAccountRace, sharedAccountRace } from './shared-account-race.ts'
import { diagTlsFailure, tlsFailure } from './tls-failure.ts'

/** Every diagnosis, root causes before the refusals they lead to: what one explains, the next does not explain again. */
export const DIAGNOSES: readonly { readonly kind: DiagnosisKind; readonly find: (facts: Case) => Diagnosis[] }[] = [
  { kind: diagLookupFailed, find: lookUpFailed },
  { kind: diagKidOmittedAfterRegistration, find: kidOmittedAfterRegistration },
  { kind: diagEnvironmentMixup, find: environmentMixup },
  { kind: diagKidDiffersFromLocation, find: kidDiffersFromLocation },
  { kind: diagAccountKeyMismatch, find: accountKeyMismatch },
  { kind: diagAccountMissing, find: accountMissing },
  { kind: diagProxyRewroteUrl, find: proxyRewroteUrl },
  { kind: diagBadnonceLoop, find: badNonceLoop },
  { kind: diagNoncePoolStale, find: noncePoolStale },
  { kind: diagEabConsumed, find: eabConsumed },
  { kind: diagRateLimited, find: rateLimited },
  { kind: diagMiddleboxResponse, find: middleboxResponse },
  { kind: diagOrderInvalid, find: orderInvalid },
  { kind: diagServerRejectedCompliant, find: serverRejectedCompliant },
  { kind: diagClientAtFault, find: clientAtFault },
  { kind: diagTlsFailure, find: tlsFailure },
  { kind: diagClientGaveUp, find: clientGaveUp },
  { kind: diagIssuanceSlow, find: issuanceSlow },
  { kind: diagClockSkew, find: clockSkew },
  { kind: diagSharedAccountRace, find: sharedAccountRace },
]

export type Verdict = 'client' | 'server' | 'both' | 'proxy' | 'none' | 'undetermined'

/** A diagnosis with how grave it is under the policy in force. */
export type Weighed = Diagnosis & { readonly severity: Severity }

export interface Outcome {
  /** Most explaining first. */
  readonly diagnoses: readonly Weighed[]
  readonly verdict: Verdict
}

/** From the verdicts on single requests to who has to act (rule catalogue 3). */
export function diagnose(
  traffic: AcmeTraffic,
  judgements: readonly Judgement[],
  surroundings: Surroundings = NO_SURROUNDINGS,
  policy: Policy = NO_POLICY,
): Outcome {
  const { retryOf } = remembered(traffic, retries)
  const accepted = new Map<string, number>()
  for (const request of traffic.requests) if (wasAccepted(request)) accepted.set(operationOf(request), request.id)
  const aftermath: Aftermath = {
    wasRetried: (request) => retryOf.has(request),
    succeededLater: (request) => (accepted.get(operationOf(request)) ?? 0) > request.id,
  }
  const attributions = judgements
    .filter(
      ({ request, compliant, findings }) =>
        wasRefused(request) &&
        request.resource !== 'validation' &&
        (compliant !== null || findings.length > 0 || request.resource !== 'other'),
    )
    .map((judgement) => attribute(judgement, aftermath, recognised(judgement.request.ca, traffic)))
  const facts = new Case(traffic, judgements, attributions, surroundings)
  const diagnoses: Weighed[] = []
  for (const { kind, find } of DIAGNOSES) {
    const level = policy.get(kind.id) ?? kind.severity
    if (level === 'off') continue
    const found = find(facts)
    for (const diagnosis of found) {
      facts.explain(diagnosis.explains)
      const aside = diagnosis.aside === true || level === 'info'
      diagnoses.push({ ...diagnosis, aside, severity: aside ? 'info' : level })
    }
  }
  diagnoses.sort((a, b) => weight(b) - weight(a))
  return { diagnoses, verdict: verdictOf(diagnoses, facts.open(), judgements) }
}

function operationOf({ url, method, jws }: AcmeRequest): string {
  return `${method} ${url} ${jws?.payloadText ?? ''}`
}

/** By how much a diagnosis explains; what is certain goes before what is only possible, and what is context comes last. */
function weight({ confidence, explains, aside }: Diagnosis): number {
  return explains.length + { certain: 1e6, likely: 5e5, possible: 0 }[confidence] - (aside === true ? 1e9 : 0)
}

/** Whose conduct explains what went wrong; it agrees with the first diagnosis. */
function verdictOf(diagnoses: readonly Diagnosis[], open: readonly Attribution[], judgements: readonly Judgement[]): Verdict {
  const first = diagnoses[0]
  if (first !== undefined && first.aside !== true)
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
