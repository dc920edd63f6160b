import { plainJson } from './escape.ts'
import { openPage, type RenderOptions } from './page.ts'
import type { Report, Severity } from './report.ts'
import { resultsOf, resultText } from './results.ts'

/** More would not be looked at, and the widget of a merge request has to load them. */
export const MAX_ISSUES = 5000
const SEVERITIES: Readonly<Record<Severity, string>> = { error: 'major', warning: 'minor', info: 'info' }

/**
 * GitLab's code quality report: a diagnosis or finding is an issue. A capture has frames and no lines, so the line is always the first and
 * the description says where to look.
 */
export function* renderGitlab(report: Report, options: RenderOptions): Iterable<string> {
  const page = openPage(report, { ...options, charset: 'unicode', verbose: false })
  const results = resultsOf(report)
  const issues = results.slice(0, MAX_ISSUES).map((result) => ({
    description: resultText(page, result),
    check_name: page.safe(result.rule, 100),
    fingerprint: result.fingerprint,
    severity: result.severity === 'error' && result.rule.startsWith('diag-') ? 'critical' : SEVERITIES[result.severity],
    location: { path: page.safe(report.inputs[result.requests[0]?.input ?? 0]?.name ?? 'capture', 400), lines: { begin: 1 } },
  }))
  if (results.length > MAX_ISSUES)
    issues.push({
      description: `${results.length - MAX_ISSUES} more results, the mildest, are left out: --format json has everything.`,
      check_name: 'left-out',
      fingerprint: 'left-out',
      severity: 'info',
      location: { path: page.safe(report.inputs[0]?.name ?? 'capture', 400), lines: { begin: 1 } },
    })
  yield `${plainJson(issues, 2)}\n`
}
