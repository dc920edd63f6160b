import { countsAgainst, findingLabel, isJudged } from './conduct.ts'
import { type Markup, markup } from './markup.ts'
import { explainNothingJudged } from './nothing-judged.ts'
import { openPage, type Page, type RenderOptions } from './page.ts'
import { counted } from './phrases.ts'
import { placeOf } from './places.ts'
import type { Report, ReportDiagnosis, ReportFinding, ReportRequest } from './report.ts'
import { configText, diagnosisText } from './story.ts'
import { originOf } from './table-rows.ts'
import { redactionText } from './text-inputs.ts'
import { answerText } from './told.ts'

/** Test cases at most; CI systems refuse or cut longer files. */
export const MAX_CASES = 10_000
const MAX_ATTRIBUTE = 300

interface Case {
  readonly outcome: 'passed' | 'failure' | 'error' | 'skipped'
  readonly seconds: number
  readonly element: Markup
}

interface Suite {
  readonly name: string
  /** Time of its first request; null when none has one. */
  readonly start: string | null
  readonly cases: Case[]
}

/**
 * JUnit XML as Jenkins, GitLab and others read it: a suite for each CA with a test case for each ACME request, and one for the diagnoses.
 * What counts for --fail-on is a failure, a request that the capture cannot judge is skipped and says why, and a capture without any
 * judgement is an error: so a run is red here when the exit status is not 0.
 */
export function* renderJunit(report: Report, options: RenderOptions): Iterable<string> {
  const page = openPage(report, { ...options, charset: 'unicode', verbose: false })
  const suites = [diagnosisSuite(page), ...requestSuites(page)].filter(({ cases }) => cases.length > 0)
  const all = suites.flatMap(({ cases }) => cases)
  yield '<?xml version="1.0" encoding="UTF-8"?>\n'
  yield `<testsuites name="acmescope" ${countsOf(all).markup}>\n`
  const redaction = redactionText(page.report)
  const config = configText(page)
  const properties = [
    ...(config === null ? [] : [markup`<property name="rules changed" value="${config}"/>`]),
    ...(redaction === null ? [] : [markup`<property name="redaction" value="${redaction}"/>`]),
  ]
  const head = properties.length === 0 ? '' : `    ${markup`<properties>${properties}</properties>`.markup}\n`
  for (const suite of suites) {
    yield `  ${openSuite(suite).markup}\n${head}`
    for (const { element } of suite.cases) yield `    ${element.markup}\n`
    yield '  </testsuite>\n'
  }
  yield '</testsuites>\n'
}

function countsOf(cases: readonly Case[]): Markup {
  const count = (outcome: Case['outcome']) => cases.filter((one) => one.outcome === outcome).length
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0)
  return markup`tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" time="${seconds.toFixed(3)}"`
}

function openSuite({ name, start, cases }: Suite): Markup {
  const skipped = cases.filter(({ outcome }) => outcome === 'skipped').length
  const timestamp = start === null ? null : markup` timestamp="${start.slice(0, 19)}"`
  return markup`<testsuite name="${name}" ${countsOf(cases)} skipped="${skipped}"${timestamp}>`
}

function diagnosisSuite(page: Page): Suite {
  const { report } = page
  const cases = report.diagnoses.slice(0, MAX_CASES).map((diagnosis) => diagnosisCase(page, diagnosis))
  const nothing = explainNothingJudged(report)
  if (nothing !== null)
    cases.push({
      outcome: 'error',
      seconds: 0,
      element: markup`<testcase classname="acmescope.capture" name="an ACME request can be judged"><error type="not-judged" message="${page.safe(nothing.reason, MAX_ATTRIBUTE)}">${page.safe(`${nothing.reason}. ${nothing.remedy}`)}</error></testcase>`,
    })
  return { name: 'diagnoses', start: null, cases }
}

function diagnosisCase(page: Page, diagnosis: ReportDiagnosis): Case {
  const { id, title, party } = diagnosis
  const fails = failing(page, diagnosis)
  const text = `${page.safe(title)} (${party}). ${diagnosisText(page, diagnosis)}`
  const body = fails
    ? markup`<failure type="${id}" message="${page.safe(title, MAX_ATTRIBUTE)}">${text}</failure>`
    : markup`<system-out>${text}</system-out>`
  return {
    outcome: fails ? 'failure' : 'passed',
    seconds: 0,
    element: markup`<testcase classname="acmescope.diagnoses" name="${page.safe(`${id}: ${title}`, MAX_ATTRIBUTE)}" time="0.000">${body}</testcase>`,
  }
}

function failing({ options }: Page, item: ReportFinding | ReportDiagnosis): boolean {
  return options.failOn !== null && countsAgainst(item, options.failOn)
}

/** What is judged, and of the rest (validation, other) what has something to say; when there is too much, what fails comes first. */
function requestSuites(page: Page): Suite[] {
  const all = page.report.requests.filter((request) => isJudged(request) || request.findings.length > 0)
  const fails = (request: ReportRequest) => request.findings.some((finding) => failing(page, finding))
  const order = all.length > MAX_CASES ? [...all.filter(fails), ...all.filter((request) => !fails(request))] : all
  const suites = new Map<string, Suite>()
  for (const request of order.slice(0, MAX_CASES)) {
    const origin = originOf(request.url)
    const name = page.safe(origin === null ? 'unknown host' : origin.replace(/^https?:\/\//, ''), 200)
    const suite = suites.get(name) ?? { name, start: request.time, cases: [] }
    suites.set(name, suite)
    suite.cases.push(requestCase(page, request, name))
  }
  const left = all.length - MAX_CASES
  if (left > 0) suites.set('', { name: 'left out', start: null, cases: [leftOut(left)] })
  return [...suites.values()]
}

function leftOut(left: number): Case {
  const reason = `${counted(left, 'more request')} left out to keep this file small; --format json has everything`
  return {
    outcome: 'skipped',
    seconds: 0,
    element: markup`<testcase classname="acmescope.report" name="requests left out" time="0.000"><skipped message="${reason}"/></testcase>`,
  }
}

function requestCase(page: Page, request: ReportRequest, host: string): Case {
  const failures = request.findings.filter((finding) => failing(page, finding))
  const notes = request.findings.filter((finding) => !failing(page, finding))
  const [first] = failures
  const place = placeOf(page, request)
  const seen = `Request ${request.id}${place === null ? '' : ` (${place})`}: ${page.safe(`${request.method} ${request.url}`, 1000)}, ${answerText(page, request)}`
  const out = [seen, ...notes.map((finding) => findingText(page, finding))].join('\n')
  const undecided = first === undefined && request.compliant === null
  const reasons = request.unknown.map(({ check, code, reason }) => `${check}: ${reason} (${code})`).join('; ')
  const verdict =
    first !== undefined
      ? markup`<failure type="${page.safe(first.rule, 100)}" message="${page.safe(first.message, MAX_ATTRIBUTE)}">${[seen, ...failures.map((finding) => findingText(page, finding))].join('\n')}</failure>`
      : undecided
        ? markup`<skipped message="${page.safe(reasons === '' ? 'this capture cannot tell' : reasons, 600)}"/>`
        : null
  const seconds = request.duration ?? 0
  return {
    outcome: first !== undefined ? 'failure' : undecided ? 'skipped' : 'passed',
    seconds,
    element: markup`<testcase classname="${`${host}.${request.resource}`}" name="${`request ${request.id}: ${page.safe(request.method, 20)} ${request.resource}`}" time="${seconds.toFixed(3)}">${verdict}<system-out>${out}</system-out></testcase>`,
  }
}

function findingText(page: Page, finding: ReportFinding): string {
  const fix = finding.remedy === '' ? '' : `\n  Fix: ${page.safe(finding.remedy, 1500)}`
  return `${findingLabel(finding)}: ${page.safe(finding.message, 1500)}\n  Rule: ${page.safe(finding.rule, 100)}, ${page.safe(finding.reference, 300)}${fix}`
}
