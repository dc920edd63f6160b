import { explainNothingJudged } from './nothing-judged.ts'
import type { Party, Report, ReportFinding, ReportRequest, Severity } from './report.ts'

const GRAVITY: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

/** For sorting, gravest first. */
export function byGravity(a: { severity: Severity }, b: { severity: Severity }): number {
  return GRAVITY[a.severity] - GRAVITY[b.severity]
}

/** At least as grave as `severity`, and somebody's conduct: what the capture lacks counts against nobody. */
export function countsAgainst(item: { severity: Severity; party: Party }, severity: Severity): boolean {
  return item.party !== 'capture' && GRAVITY[item.severity] <= GRAVITY[severity]
}

/** The answer says no (RFC 8555 6.7). */
export function isRefused(request: ReportRequest): boolean {
  return request.response !== null && request.response.status >= 400
}

/** Validation fetches and requests that are not ACME's have ids but no judgement. */
export function isJudged(request: ReportRequest): boolean {
  return request.resource !== 'validation' && request.resource !== 'other'
}

/** What `--only-failing` keeps: somebody broke a rule, a check failed, or the server said no. */
export function isFailing(request: ReportRequest): boolean {
  return (
    request.compliant === false ||
    isRefused(request) ||
    Object.values(request.checks).includes('fail') ||
    request.findings.some((finding) => countsAgainst(finding, 'error'))
  )
}

/** Ids of requests that a diagnosis explains, with the party it names; gravest diagnosis first. */
export function diagnosedParties(report: Report): ReadonlyMap<number, Party> {
  const parties = new Map<number, Party>()
  for (const diagnosis of report.diagnoses)
    if (diagnosis.severity === 'error')
      for (const id of diagnosis.requests) if (!parties.has(id)) parties.set(id, diagnosis.party)
  return parties
}

export type VerdictWord = 'ok' | 'warning' | 'refused' | 'client' | 'server' | 'both' | 'proxy' | 'unknown' | 'none'

/**
 * One word for one exchange: who broke a MUST in it. A refused request that is itself in order is the fault of whom a diagnosis names;
 * without one it is just refused (limits, policy, a stale nonce).
 */
export function verdictWord(request: ReportRequest, diagnosed: ReadonlyMap<number, Party>): VerdictWord {
  const errors = request.findings.filter((finding) => countsAgainst(finding, 'error'))
  const client = request.compliant === false || errors.some((finding) => finding.party === 'client')
  const server = errors.some((finding) => finding.party === 'server')
  if (client && server) return 'both'
  if (client) return 'client'
  if (server) return 'server'
  if (errors.some((finding) => finding.party === 'proxy')) return 'proxy'
  if (!isJudged(request)) return 'none'
  if (request.compliant === null) return 'unknown'
  if (isRefused(request)) {
    const party = diagnosed.get(request.id)
    return party === 'server' || party === 'proxy' ? party : 'refused'
  }
  return request.findings.some((finding) => countsAgainst(finding, 'warning')) ? 'warning' : 'ok'
}

/** "client error", "server warning", "note": whose, and how grave. */
export function findingLabel(finding: ReportFinding): string {
  const grave = finding.severity === 'info' ? 'note' : finding.severity
  if (finding.party === 'unknown') return finding.severity === 'info' ? 'note' : `${grave}, unclear whose`
  return `${finding.party} ${grave}`
}

/** 0 nothing at or above `failOn` (null: never), 1 something, 3 no request could be judged. */
export type ExitStatus = 0 | 1 | 3

/** The findings decide first: a server's fault can be plain although no request of the client could be judged. */
export function exitStatusOf(report: Report, failOn: Severity | null): ExitStatus {
  if (failOn !== null) {
    const items = [...report.diagnoses, ...report.requests.flatMap((request) => request.findings)]
    if (items.some((item) => countsAgainst(item, failOn))) return 1
  }
  return explainNothingJudged(report) === null ? 0 : 3
}

export function exitWords(status: ExitStatus): string {
  return {
    0: 'analysed, nothing at or above the chosen severity',
    1: 'analysed, something at or above the chosen severity',
    3: 'read, but no ACME request could be judged',
  }[status]
}
