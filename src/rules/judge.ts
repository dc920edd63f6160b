import { redactionOf } from '../acme/redacted.ts'
import { type AcmeRequest, type AcmeTraffic, isJudged, type Resource, type UnknownCode } from '../acme/traffic.ts'
import { asFarAsKept } from './redacted.ts'
import { type Broken, type Group, HOLDS, type Rule, unknown, type Verdict } from './rule.ts'
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

/**
 * Requests that one rule judges before the next has its turn. The code of all rules is larger than a processor's caches, and so is what is
 * known of thousands of requests; one rule and a few dozen requests fit in.
 */
const BLOCK = 32

/** Runs every rule over every request of the settled traffic. */
export function judge(traffic: AcmeTraffic, rules: readonly Rule[] = RULES): Judgement[] {
  const { requests } = traffic
  const judgements: Judgement[] = []
  for (let from = 0; from < requests.length; from += BLOCK) {
    const block = requests.slice(from, from + BLOCK)
    judgements.push(...reviewed(judgeBlock(block, traffic, rules), traffic, rules))
  }
  return judgements
}

/** What some rules have said of one request. */
interface Sheet {
  readonly request: AcmeRequest
  readonly isRedacted: boolean
  readonly findings: Finding[]
  readonly undecided: Undecided[]
  /** Groups of which a rule holds. */
  readonly held: Group[]
}

function newSheet(request: AcmeRequest): Sheet {
  const isRedacted = redactionOf(request.exchange, request.jws) !== null
  return { request, isRedacted, findings: [], undecided: [], held: [] }
}

function judgeBlock(requests: readonly AcmeRequest[], traffic: AcmeTraffic, rules: readonly Rule[]): Judgement[] {
  const sheets = requests.map(newSheet)
  // What is no resource of a CA and carries no JWS is nobody's request.
  const subjects = sheets.filter(({ request: { resource, jws } }) => resource !== 'other' || jws !== null)
  const ordinary = subjects.filter(({ request }) => request.resource !== 'validation')
  const byResource = new Map<Resource, Sheet[]>()
  for (const sheet of ordinary) {
    const others = byResource.get(sheet.request.resource)
    if (others === undefined) byResource.set(sheet.request.resource, [sheet])
    else others.push(sheet)
  }
  const ask = (rule: Rule, asked: readonly Sheet[]) => {
    for (const sheet of asked) note(sheet, rule, rule.judge?.(sheet.request, traffic), traffic)
  }
  for (const rule of rules) {
    if (rule.resources !== undefined) for (const resource of rule.resources) ask(rule, byResource.get(resource) ?? NO_SHEETS)
    else if (rule.judge !== undefined) ask(rule, rule.subjects === 'validation' ? subjects : ordinary)
  }
  return sheets.map(judgementOf)
}

const NO_SHEETS: readonly Sheet[] = []

/** The second pass: what the server made of the request, now that it is known what the request was. */
function reviewed(judgements: readonly Judgement[], traffic: AcmeTraffic, rules: readonly Rule[]): Judgement[] {
  const sheets = judgements.map(({ request }) => newSheet(request))
  for (const rule of rules) {
    if (rule.review === undefined) continue
    for (const [index, judgement] of judgements.entries())
      if (isJudged(judgement.request)) note(sheets[index] as Sheet, rule, rule.review(judgement, traffic), traffic)
  }
  return judgements.map((judgement, index) => {
    const { findings, undecided } = sheets[index] as Sheet
    if (findings.length + undecided.length === 0) return judgement
    return { ...judgement, findings: [...judgement.findings, ...findings], undecided: [...judgement.undecided, ...undecided] }
  })
}

/** Writes down what a rule says, as far as the capture lets it. Most have nothing to say of most requests, or nothing against them. */
function note(sheet: Sheet, rule: Rule, said: Verdict | undefined, traffic: AcmeTraffic): void {
  if (said === undefined && !sheet.isRedacted) return
  const { request, findings, undecided, held } = sheet
  const isPlain = said === HOLDS && !sheet.isRedacted
  const verdict = isPlain ? said : asFarAsKept(request, traffic, rule, asFarAsSeen(request, said))
  if (verdict === undefined) return
  if (verdict.outcome === 'broken') findings.push({ rule, verdict })
  else if (verdict.outcome === 'unknown') undecided.push({ rule, code: verdict.code, reason: verdict.reason })
  else if (!held.includes(rule.group)) held.push(rule.group)
}

function judgementOf({ request, findings, undecided, held }: Sheet): Judgement {
  const header = request.jws?.header
  const checks = {
    kid: checkOf('kid', header?.kid, findings, undecided, held),
    jwk: checkOf('jwk', header?.jwk, findings, undecided, held),
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

/** A finding of a check's group with severity error fails it; what cannot be told of a rule that could fail it makes it unknown. */
function checkOf(
  group: CheckName,
  subject: unknown,
  findings: readonly Finding[],
  undecided: readonly Undecided[],
  held: readonly Group[],
): CheckValue {
  if (findings.some(({ rule, verdict }) => rule.group === group && isClientError(verdict))) return 'fail'
  if (undecided.some(({ rule }) => rule.group === group && decidesCheck(rule))) return 'unknown'
  // kid and jwk do not apply where they are rightly absent; the others where there is no protected header to hold them.
  if (subject === undefined || subject === null || subject === '') return 'not-applicable'
  return held.includes(group) ? 'pass' : 'not-applicable'
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
