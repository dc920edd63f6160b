import { acmeType } from '../acme/answers.ts'
import type { Account, AcmeRequest, AcmeTraffic } from '../acme/traffic.ts'
import type { Micros } from '../core/time.ts'
import type { Finding, Judgement } from '../rules/judge.ts'
import { retries } from '../rules/retries.ts'
import { remembered } from '../rules/scope.ts'
import type { Handshake } from '../tls/context.ts'
import type { Attribution } from './attribute.ts'

/** Requests that should have named an account by kid, with what happened since it registered. */
export interface Kidless {
  readonly account: Account
  readonly registration: AcmeRequest
  readonly requests: readonly AcmeRequest[]
  /** The last look-up by the same key since registration, when it failed through the server's fault. */
  readonly failedLookUp: AcmeRequest | null
}

/** What the capture shows beside ACME requests. */
export interface Surroundings {
  /** TLS handshakes that an alert ended. */
  readonly failedHandshakes: readonly Handshake[]
  /** When the capture ends; null when it does not say. */
  readonly end: Micros | null
}

export const NO_SURROUNDINGS: Surroundings = { failedHandshakes: [], end: null }

/** What diagnoses look at: the traffic, its judgements, the attribution of each refusal, and what is explained already. */
export class Case {
  readonly traffic: AcmeTraffic
  readonly judgements: readonly Judgement[]
  readonly attributions: readonly Attribution[]
  readonly surroundings: Surroundings
  readonly #explained = new Set<AcmeRequest>()
  #byRequest: ReadonlyMap<AcmeRequest, Judgement> | null = null
  #kidless: Kidless[] | null = null

  constructor(
    traffic: AcmeTraffic,
    judgements: readonly Judgement[],
    attributions: readonly Attribution[],
    surroundings: Surroundings = NO_SURROUNDINGS,
  ) {
    this.surroundings = surroundings
    this.traffic = traffic
    this.judgements = judgements
    this.attributions = attributions
  }

  /** Refusals that no diagnosis explains yet. */
  open(): Attribution[] {
    return this.attributions.filter(({ judgement }) => !this.#explained.has(judgement.request))
  }

  /** Open refusals with a finding of one of these rules against the client (warnings too), each with that finding. */
  openWith(...rules: readonly string[]): { readonly attribution: Attribution; readonly finding: Finding }[] {
    return this.open().flatMap((attribution) => {
      const finding = attribution.judgement.findings.find(
        ({ rule, verdict }) => rules.includes(rule.id) && verdict.party === 'client' && verdict.severity !== 'info',
      )
      return finding === undefined ? [] : [{ attribution, finding }]
    })
  }

  judgementOf(request: AcmeRequest): Judgement | null {
    this.#byRequest ??= new Map(this.judgements.map((judgement) => [judgement.request, judgement]))
    return this.#byRequest.get(request) ?? null
  }

  /** The request that repeats one which was refused as badNonce; null when none does. */
  retryOf(request: AcmeRequest): AcmeRequest | null {
    return remembered(this.traffic, retries).retryOf.get(request) ?? null
  }

  explain(requests: Iterable<AcmeRequest>): void {
    for (const request of requests) this.#explained.add(request)
  }

  kidless(): readonly Kidless[] {
    this.#kidless ??= this.#findKidless()
    return this.#kidless
  }

  /** Refused requests that lack kid, of keys that had been given an account URL before: grouped by account and by failed look-up. */
  #findKidless(): Kidless[] {
    const groups = new Map<
      string,
      { account: Account; registration: AcmeRequest; requests: AcmeRequest[]; failedLookUp: AcmeRequest | null }
    >()
    for (const { judgement, verdict } of this.attributions) {
      const { request, findings } = judgement
      if (verdict !== 'client' || !findings.some(({ rule }) => rule.id === 'kid-required') || masksKid(judgement)) continue
      const account = accountOf(request, this.traffic)
      const registration = account?.registeredBy ?? null
      if (account === null || registration === null || registration.time >= request.time) continue
      const failedLookUp = this.#failedLookUp(account, registration, request)
      const key = `${account.url} ${failedLookUp?.id ?? ''}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, { account, registration, requests: [request], failedLookUp })
      else group.requests.push(request)
    }
    return [...groups.values()]
  }

  #failedLookUp(account: Account, registration: AcmeRequest, request: AcmeRequest): AcmeRequest | null {
    const thumbprints = new Set(account.keys.map(({ key }) => key.thumbprint))
    const between = this.traffic.lookUps.filter(
      (lookUp) =>
        thumbprints.has(lookUp.thumbprint) && lookUp.request.time > registration.time && lookUp.request.time < request.time,
    )
    const last = between.at(-1)?.request
    if (last === undefined || last.response === null) return null
    const judgement = this.judgements.find((candidate) => candidate.request === last)
    // A look-up that was itself wrong was rightly refused; an account that is gone, or a nonce, is another story.
    if (judgement?.compliant === false || ['accountDoesNotExist', 'badNonce'].includes(acmeType(last.problem) ?? '')) return null
    return last.response.status >= 300 || last.location === null || last.location === '' ? last : null
  }
}

/** The request has a graver fault in its JWS than the missing kid. */
function masksKid({ findings }: Judgement): boolean {
  return findings.some(
    ({ rule }) => rule.id === 'body-not-jws' || rule.id === 'protected-header-malformed' || rule.id === 'unprotected-header',
  )
}

function accountOf(request: AcmeRequest, traffic: AcmeTraffic): Account | null {
  const { signature } = request
  if (signature.state === 'unchecked' && signature.verifiesFor !== null) return signature.verifiesFor
  const thumbprint = request.jwk?.thumbprint ?? null
  return thumbprint === null
    ? null
    : ((traffic.accountsByKey.get(thumbprint) ?? []).find((account) => account.ca === request.ca) ?? null)
}

/** Diagnoses of one kind that are told at most where each takes a walk through the whole traffic. */
export const MAX_TOLD = 50

export function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const id = key(item)
    const group = groups.get(id)
    if (group === undefined) groups.set(id, [item])
    else group.push(item)
  }
  return [...groups.values()]
}
