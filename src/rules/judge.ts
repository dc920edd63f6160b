import { type AcmeRequest, type AcmeTraffic, isJudged, type UnknownCode } from '../acme/traffic.ts'
import { asFarAsKept } from './redacted.ts'
import { type Broken, type Group, type Rule, unknown, type Verdict } from './rule.ts'
import { RULES } from './rules.ts'

export type CheckName = 'kid' | 'jwk' | 'nonce' | 'url' | 'signature'
export type CheckValue = 'pass' | 'fail' | 'unknown' | 'not-applicable'
export const CHECK_NAMES: readonly CheckName[] = ['kid', 'jwk', 'nonce', 'url', 'signature']

export interface Finding {
  readonly rule: Rule
  readonly verdict: Broken
}

export interface Undecided {
  readonly rule: Rule
  readonly code: UnknownCode
  readonly reason: string
}

/** What the rules say of one request. Findings stand in table order; diagnosis/ puts the one that explains a refusal first. */
export interface Judgement {
  readonly request: AcmeRequest
  readonly findings: readonly Finding[]
  readonly undecided: readonly Undecided[]
  readonly checks: Readonly<Record<CheckName, CheckValue>>
  /** Of the client's request alone; null when the capture cannot tell. */
  readonly compliant: boolean | null
  /** Rules that would have spoken against the request, or left it open, had the policy in force not switched them off or lowered them. */
  readonly waived: readonly Rule[]
}

/** Runs every rule over every request of the settled traffic. */
export function judge(traffic: AcmeTraffic, rules: readonly Rule[] = RULES): Judgement[] {
  const judging = rules.filter(({ judge }) => judge !== undefined)
  const reviewing = rules.filter(({ review }) => review !== undefined)
  const validating = judging.filter(({ subjects }) => subjects === 'validation')
  return traffic.requests.map((request) =>
    reviewed(judgeRequest(request, traffic, request.resource === 'validation' ? validating : judging), traffic, reviewing),
  )
}

const NOTHING_CHECKED = {
  kid: 'not-applicable',
  jwk: 'not-applicable',
  nonce: 'not-applicable',
  url: 'not-applicable',
  signature: 'not-applicable',
} as const

function judgeRequest(request: AcmeRequest, traffic: AcmeTraffic, rules: readonly Rule[]): Judgement {
  if (request.resource === 'other' && request.jws === null)
    return { request, findings: [], undecided: [], checks: NOTHING_CHECKED, compliant: null, waived: [] }
  const findings: Finding[] = []
  const undecided: Undecided[] = []
  const held = new Set<Group>()
  for (const rule of rules) {
    const verdict = asFarAsKept(request, traffic, rule, asFarAsSeen(request, rule.judge?.(request, traffic)))
    if (verdict === undefined) continue
    if (verdict.outcome === 'holds') held.add(rule.group)
    else if (verdict.outcome === 'broken') findings.push({ rule, verdict })
    else undecided.push({ rule, code: verdict.code, reason: verdict.reason })
  }
  const checks = {
    kid: checkOf('kid', request.jws?.header?.kid, findings, undecided, held),
    jwk: checkOf('jwk', request.jws?.header?.jwk, findings, undecided, held),
    nonce: checkOf('nonce', true, findings, undecided, held),
    url: checkOf('url', true, findings, undecided, held),
    signature: checkOf('signature', true, findings, undecided, held),
  }
  const compliant = isJudged(request) ? complianceOf(findings, undecided, checks) : null
  return { request, findings, undecided, checks, compliant, waived: [] }
}

/**
 * Nobody is accused over a request whose method, path or authority may not be in the capture: what it asked for is then a guess.
 * Of an HTTP/2 request any of them can be a reference to a table entry that was lost (RFC 7541 2.3.3).
 */
function asFarAsSeen(request: AcmeRequest, verdict: Verdict | undefined): Verdict | undefined {
  const { http, method, exchange } = request
  const isSeen = http.damage.length === 0 || (exchange.streamId === null && method !== '' && http.target !== '')
  return isSeen || verdict?.outcome !== 'broken'
    ? verdict
    : unknown('U-GAP', 'the method, the path or the authority of the request may not be in the capture')
}

/** The second pass: what the server made of the request, now that it is known what the request was. */
function reviewed(judgement: Judgement, traffic: AcmeTraffic, rules: readonly Rule[]): Judgement {
  if (!isJudged(judgement.request)) return judgement
  let { findings, undecided } = judgement
  for (const rule of rules) {
    const { request } = judgement
    const verdict = asFarAsKept(request, traffic, rule, asFarAsSeen(request, rule.review?.(judgement, traffic)))
    if (verdict?.outcome === 'broken') findings = [...findings, { rule, verdict }]
    else if (verdict?.outcome === 'unknown') undecided = [...undecided, { rule, code: verdict.code, reason: verdict.reason }]
  }
  return { ...judgement, findings, undecided }
}

/** A finding of a check's group with severity error fails it; what cannot be told of a rule that could fail it makes it unknown. */
function checkOf(
  group: CheckName,
  subject: unknown,
  findings: readonly Finding[],
  undecided: readonly Undecided[],
  held: ReadonlySet<Group>,
): CheckValue {
  if (findings.some(({ rule, verdict }) => rule.group === group && isClientError(verdict))) return 'fail'
  if (undecided.some(({ rule }) => rule.group === group && decidesCheck(rule))) return 'unknown'
  // kid and jwk do not apply where they are rightly absent; the others where there is no protected header to hold them.
  if (subject === undefined || subject === null || subject === '') return 'not-applicable'
  return held.has(group) ? 'pass' : 'not-applicable'
}

/** Where a nonce came from is part of the nonce check although the duty to know it is the server's (RFC 8555 6.5). */
export function decidesCheck(rule: Rule): boolean {
  return rule.severity === 'error' || rule.id === 'nonce-never-issued'
}

/** Besides the five checks: what has to be seen to pass before a request is called compliant. */
const NEEDED: ReadonlySet<string> = new Set([
  'alg-forbidden',
  'alg-key-mismatch',
  'content-type-jose',
  'body-not-jws',
  'get-not-allowed',
  'post-as-get-payload',
])

/** Whether what this rule cannot tell is the reason for a check, or a verdict on the request, to be unknown. */
export function leavesOpen(rule: Rule): boolean {
  return NEEDED.has(rule.id) || (CHECK_NAMES.some((name) => name === rule.group) && decidesCheck(rule))
}

export function complianceOf(
  findings: readonly Finding[],
  undecided: readonly Undecided[],
  checks: Judgement['checks'],
): boolean | null {
  if (findings.some(({ rule, verdict }) => isClientError(verdict) && rule.subjects !== 'validation')) return false
  if (CHECK_NAMES.some((name) => checks[name] === 'unknown')) return null
  if (undecided.some(({ rule }) => NEEDED.has(rule.id))) return null
  // A media type with a parameter is right or wrong depending on how it is compared, which no RFC says.
  if (findings.some(({ rule, verdict }) => rule.id === 'content-type-jose' && verdict.severity === 'warning')) return null
  return true
}

export function isClientError(verdict: Broken): boolean {
  return verdict.severity === 'error' && verdict.party === 'client'
}
