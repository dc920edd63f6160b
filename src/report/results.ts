import { sha256Base64url } from '../platform/signature.ts'
import { byGravity } from './conduct.ts'
import { shapeOf } from './likeness.ts'
import type { Page } from './page.ts'
import { capitalised } from './phrases.ts'
import { saysWhere, whereabouts } from './places.ts'
import type { Party, Report, ReportRequest, Severity } from './report.ts'

/** What a report says against somebody, or of the capture: a diagnosis or a finding, as CI systems take them, one by one. */
export interface Result {
  /** Id of the rule or of the diagnosis. */
  readonly rule: string
  /** What the capture lacks is never more than a note. */
  readonly severity: Severity
  readonly party: Party
  /** Not yet escaped, as all texts here. */
  readonly title: string
  readonly message: string
  readonly remedy: string
  readonly evidence: Readonly<Record<string, unknown>>
  /** Where it lies; for a diagnosis all that it explains. */
  readonly requests: readonly ReportRequest[]
  /** Equal for the same result in another capture of the same failure, different within one report. */
  readonly fingerprint: string
}

/** Diagnoses and findings, gravest first, diagnoses before findings of the same severity, then in order of time. */
export function resultsOf(report: Report): Result[] {
  const requests = new Map(report.requests.map((request) => [request.id, request]))
  const fingerprint = fingerprints()
  const diagnoses = report.diagnoses.map(
    ({ id, severity, party, title, explanation, remedy, requests: ids }): Result => ({
      rule: id,
      severity: party === 'capture' ? 'info' : severity,
      party,
      title,
      message: `${title}. ${capitalised(explanation)}`,
      remedy,
      evidence: {},
      requests: ids.flatMap((request) => requests.get(request) ?? []),
      fingerprint: fingerprint([id, party, shapeOf(title)]),
    }),
  )
  const findings = report.requests.flatMap((request) =>
    request.findings.map(
      ({ rule, severity, party, message, remedy, evidence }): Result => ({
        rule,
        severity: party === 'capture' ? 'info' : severity,
        party,
        title: `${rule} (${party})`,
        message,
        remedy,
        evidence,
        requests: [request],
        fingerprint: fingerprint([rule, party, request.method, request.resource, shapeOf(message)]),
      }),
    ),
  )
  return [...diagnoses, ...findings].sort(byGravity)
}

/** Equal results of one report are told apart by their order, which is that of time. */
function fingerprints(): (parts: readonly string[]) => string {
  const seen = new Map<string, number>()
  return (parts) => {
    const text = JSON.stringify(parts)
    const before = seen.get(text) ?? 0
    seen.set(text, before + 1)
    return sha256Base64url(before === 0 ? text : `${text} ${before}`).slice(0, 32)
  }
}

/** What was seen, where, and what to do about it, on one line. */
export function resultText(page: Page, { message, remedy, requests }: Result): string {
  const ids = requests.map(({ id }) => id)
  const where = ids.length === 0 || saysWhere(message) ? '' : ` Seen in ${whereabouts(page, ids)}.`
  const fix = remedy === '' ? '' : ` Fix: ${page.safe(remedy, 1500)}`
  return `${page.safe(message, 2000)}${where}${fix}`
}
