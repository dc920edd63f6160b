import { isRefused } from '../../report/conduct.ts'
import type { Report, SummaryVerdict } from '../../report/report.ts'
import { VERSION } from '../../report/version.ts'
import { alignSteps, type Pair, pairAccounts, pairAuthorizations, pairOrders } from './align.ts'
import { answerOf, type Difference, differencesOf, identification, type Weight } from './differences.ts'
import { isRead } from './roles.ts'
import { type Lane, type Lanes, lanesOf, type Side, type Step } from './steps.ts'

/** Two captures held against each other: what `acmescope diff --format json` prints. Unknown is null, never absent. */
export interface Comparison {
  readonly version: 1
  readonly generator: { readonly name: 'acmescope'; readonly version: string }
  readonly good: ComparedSide
  readonly bad: ComparedSide
  /** Number of the step at which the first difference that matters is; null when there is none. */
  readonly first: number | null
  /** In the order of the bad capture; a step that it lacks stands after the one that it should have followed. */
  readonly steps: readonly ComparedStep[]
}

export interface ComparedSide {
  readonly inputs: readonly string[]
  /** The first product of each User-Agent (RFC 9110 10.1.5), a few at most. */
  readonly userAgents: readonly string[]
  readonly requests: number
  readonly verdict: SummaryVerdict
}

export interface ComparedStep {
  /** From 1. */
  readonly step: number
  /** "session", "account 1", "order www.example.org", "authorization www.example.org", "validation" */
  readonly lane: string
  readonly role: string
  readonly good: Occurrence | null
  readonly bad: Occurrence | null
  readonly differences: readonly Difference[]
}

/** Where a step is in one capture. */
export interface Occurrence {
  /** All requests that are this step: polls, retries. */
  readonly requests: readonly number[]
  /** The request that decided it, and where that is: file and frames, or entry. */
  readonly request: number
  readonly input: string | null
  readonly frames: readonly number[] | null
  readonly entry: number | null
  readonly time: string | null
  readonly method: string
  readonly url: string
  /** "kid", "jwk", "kid and jwk", "neither kid nor jwk"; null when the request is not signed. */
  readonly identifiedBy: string | null
  readonly answer: string
}

/** Aligns two captures by what their requests are for, and says in what each step differs. */
export function compareSides(good: Side, bad: Side): Comparison {
  const before = lanesOf(good)
  const after = lanesOf(bad)
  const steps = new Comparing(good.report, bad.report).compare(before, after)
  return {
    version: 1,
    generator: { name: 'acmescope', version: VERSION },
    good: sideOf(good.report),
    bad: sideOf(bad.report),
    first: firstOf(steps),
    steps,
  }
}

/** What became of a request tells more than how it was asked: accepted differences are not what a reader looks for. */
function firstOf(steps: readonly ComparedStep[]): number | null {
  const matters = (step: ComparedStep, outcome: boolean) =>
    step.differences.some((difference) => difference.weight === 'matters' && (difference.outcome || !outcome))
  const found = steps.find((step) => matters(step, true)) ?? steps.find((step) => matters(step, false))
  return found?.step ?? null
}

function sideOf({ inputs, requests, summary }: Report): ComparedSide {
  const agents = new Set<string>()
  for (const { userAgent, resource } of requests)
    if (userAgent !== null && resource !== 'validation' && agents.size < 5) agents.add(userAgent.split(' ')[0] ?? userAgent)
  return {
    inputs: inputs.map(({ name }) => name),
    userAgents: [...agents],
    requests: summary.requests,
    verdict: summary.verdict,
  }
}

/** A pair of steps with its place in time, which is the bad capture's. */
interface Placed {
  at: string
  readonly lane: string
  readonly pair: Pair<Step>
  readonly differences: readonly Difference[]
}

class Comparing {
  readonly #good: Report
  readonly #bad: Report
  readonly #goodLost: boolean
  readonly #badLost: boolean
  readonly #placed: Placed[] = []

  constructor(good: Report, bad: Report) {
    this.#good = good
    this.#bad = bad
    this.#goodLost = hasLosses(good)
    this.#badLost = hasLosses(bad)
  }

  compare(good: Lanes, bad: Lanes): ComparedStep[] {
    this.#lane({ good: good.session, bad: bad.session })
    for (const accounts of pairAccounts(good.accounts, bad.accounts)) {
      this.#lane(accounts)
      for (const orders of pairOrders(accounts.good?.orders ?? [], accounts.bad?.orders ?? [])) {
        this.#lane(orders)
        const lanes = [orders.good, orders.bad].map((order) => [...(order?.authorizations.values() ?? [])])
        for (const authorizations of pairAuthorizations(lanes[0] ?? [], lanes[1] ?? [])) this.#lane(authorizations)
      }
    }
    if (good.validation.steps.length > 0 && bad.validation.steps.length > 0)
      this.#lane({ good: good.validation, bad: bad.validation })
    this.#placeMissing()
    // sorting keeps the order of what is equal: a missing step stays behind the one it should have followed
    return this.#placed
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
      .map(({ lane, pair, differences }, index) => ({
        step: index + 1,
        lane,
        role: (pair.bad ?? pair.good)?.role ?? '',
        good: occurrenceOf(pair.good, this.#good),
        bad: occurrenceOf(pair.bad, this.#bad),
        differences,
      }))
  }

  #lane({ good, bad }: Pair<Lane>): void {
    const pairs = alignSteps(good?.steps ?? [], bad?.steps ?? [])
    const lane = (bad ?? good)?.name ?? ''
    let at = ''
    for (const [index, pair] of pairs.entries()) {
      const time = pair.bad?.sights[0]?.request.time ?? at
      if (time > at) at = time
      const differences =
        pair.good !== null && pair.bad !== null
          ? differencesOf(pair.good, pair.bad, this.#goodLost || this.#badLost)
          : [this.#missing(pair, pairs.slice(0, index), pairs.slice(index + 1))]
      this.#placed.push({ at, lane, pair, differences })
    }
  }

  /** A step that the bad capture lacks belongs behind what came before it in the good one, whatever lane that is in. */
  #placeMissing(): void {
    const number = ({ pair }: Placed) => pair.good?.sights[0]?.request.id ?? 0
    let at = ''
    for (const placed of this.#placed.filter(({ pair }) => pair.good !== null).sort((a, b) => number(a) - number(b))) {
      if (placed.pair.bad === null) placed.at = at
      else if (placed.at > at) at = placed.at
    }
    this.#placed.sort((a, b) => Number(a.pair.bad === null) - Number(b.pair.bad === null) || number(a) - number(b))
  }

  #missing(pair: Pair<Step>, before: readonly Pair<Step>[], after: readonly Pair<Step>[]): Difference {
    const step = (pair.good ?? pair.bad) as Step
    const isExtra = pair.good === null
    const lost = isExtra ? this.#goodLost : this.#badLost
    const there =
      step.sights.length === 1 ? answerOf(step.last.request) : `${step.sights.length} requests, ${answerOf(step.last.request)}`
    return {
      aspect: isExtra ? 'extra step' : 'missing step',
      weight: weigh(step, isExtra, lost, before, after),
      // what was done besides and accepted is a way of asking; what was not done was kept from being done, or forgotten
      outcome: !isExtra || isRefused(step.last.request),
      good: isExtra ? 'no such step' : there,
      bad: isExtra ? there : 'no such step',
    }
  }
}

function weigh(step: Step, isExtra: boolean, lost: boolean, before: readonly Pair<Step>[], after: readonly Pair<Step>[]): Weight {
  const failed = isRefused(step.last.request)
  if (failed) return isExtra ? 'matters' : 'minor'
  if (isRead(step.role)) return 'minor'
  if (lost) return 'unclear'
  const goesOn = after.some((pair) => {
    const other = isExtra ? pair.good : pair.bad
    return other !== null && !isRefused(other.last.request)
  })
  // an account that was there before, an authorization that was valid already
  const isBeginning = before.every((pair) => (isExtra ? pair.good : pair.bad) === null)
  if (step.last.request.resource === 'newAccount' && isBeginning && goesOn) return 'minor'
  return 'matters'
}

/** Whether requests may be missing because the capture lacks or cannot decrypt them. */
function hasLosses({ inputs, connections }: Report): boolean {
  const isLoss = ({ kind }: { kind: string }) => kind !== 'conflict' && kind !== 'unsupported'
  return (
    inputs.some(({ damage }) => damage.some(isLoss)) ||
    connections.some(({ damage, tls }) => damage.some(isLoss) || (tls !== null && !tls.decrypted))
  )
}

function occurrenceOf(step: Step | null, { inputs }: Report): Occurrence | null {
  if (step === null) return null
  const { request } = step.last
  return {
    requests: step.sights.map((sight) => sight.request.id),
    request: request.id,
    input: inputs[request.input]?.name ?? null,
    frames: request.frames,
    entry: request.entry,
    time: request.time,
    method: request.method,
    url: request.url,
    identifiedBy: request.protected === null ? null : identification(request),
    answer: answerOf(request),
  }
}
