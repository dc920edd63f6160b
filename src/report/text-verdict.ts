import { isRefused } from './conduct.ts'
import { explainNothingJudged } from './nothing-judged.ts'
import { labelled, type Page } from './page.ts'
import { CERTAINTY, capitalised, counted, grouped, numberRuns, uncapitalised, VERDICTS, WHOSE } from './phrases.ts'
import { whereabouts } from './places.ts'
import type { Report, ReportDiagnosis, ReportFinding, ReportRequest } from './report.ts'
import { isUnknownCode, UNKNOWN_CODES } from './unknown-codes.ts'
import { wrap } from './width.ts'

/** Untrusted parts of an explanation are capped by its author; this bounds the whole. */
const MAX_EXPLANATION = 1500
/** Further diagnoses that are told without --verbose. */
const MAX_MORE = 5

/** The lines that settle a ticket: what happened, whose fault it is, what to do. */
export function verdictLines(page: Page): string[] {
  const { diagnoses } = page.report
  // What is only context never is the headline; such diagnoses stand last.
  const first = diagnoses[0]?.severity === 'info' ? undefined : diagnoses[0]
  const more = first === undefined ? diagnoses : diagnoses.slice(1)
  const lines = first === undefined ? withoutDiagnosis(page) : diagnosed(page, first)
  return more.length === 0 ? lines : [...lines, '', ...furtherDiagnoses(page, more)]
}

/** The verdict in words; a capture without a single judged request and without an explanation has none. */
export function verdictWords(report: Report): string {
  const { requests, verdict } = report.summary
  if (report.diagnoses.length > 0 || explainNothingJudged(report) === null) return VERDICTS[verdict]
  return requests === 0 ? 'No ACME request could be read' : 'No ACME request could be judged'
}

function headline(page: Page, words: string): string[] {
  const { verdict } = page.report.summary
  const { styles } = page
  const style =
    words.startsWith('No ACME') || verdict === 'undetermined' ? styles.warn : verdict === 'none' ? styles.good : styles.bad
  return wrap(words, page.paragraph).map(style)
}

function threeLines(page: Page, happened: string, whose: string, todo: string): string[] {
  return [
    ...labelled(page, 'What happened', happened),
    ...labelled(page, 'Whose fault', whose),
    ...labelled(page, 'What to do', todo),
  ]
}

function diagnosed(page: Page, diagnosis: ReportDiagnosis): string[] {
  const { verdict } = page.report.summary
  const title = page.safe(diagnosis.title)
  const whose = verdict === 'both' ? 'Both: client and server each broke the protocol' : WHOSE[diagnosis.party]
  return [
    ...headline(page, diagnosis.title.startsWith(VERDICTS[verdict]) ? title : `${VERDICTS[verdict]}: ${title}`),
    '',
    ...threeLines(
      page,
      `${page.safe(capitalised(diagnosis.explanation), MAX_EXPLANATION)}${seeAlso(page, diagnosis)}`,
      `${whose} (${CERTAINTY[diagnosis.confidence]}).`,
      page.safe(diagnosis.remedy, MAX_EXPLANATION),
    ),
  ]
}

/** Where to look, unless the explanation says so itself. */
function seeAlso(page: Page, { explanation, requests }: ReportDiagnosis): string {
  if (requests.length === 0 || (/request \d/i.test(explanation) && /(?:frames?|entry) \d/i.test(explanation))) return ''
  return ` See ${whereabouts(page, requests)}.`
}

/** The other diagnoses: a line each, since their requests' findings follow; all of it with --verbose. */
function furtherDiagnoses(page: Page, diagnoses: readonly ReportDiagnosis[]): string[] {
  const { verbose } = page.options
  const shown = verbose ? diagnoses : diagnoses.slice(0, MAX_MORE)
  const lines = shown.flatMap((diagnosis, at) => {
    const { title, severity, party, confidence, explanation, remedy, requests } = diagnosis
    const side = severity === 'info' ? 'context' : party === 'unknown' ? 'unclear whose' : party
    const where = requests.length === 0 ? '' : `: ${whereabouts(page, requests)}`
    const text = verbose
      ? `. ${page.safe(capitalised(explanation), MAX_EXPLANATION)}${seeAlso(page, diagnosis)} ${page.safe(remedy, MAX_EXPLANATION)}`
      : where
    return labelled(page, at === 0 ? 'Also' : '', `${page.safe(title)} (${side}, ${CERTAINTY[confidence]})${text}`)
  })
  const left = diagnoses.length - shown.length
  return left === 0
    ? lines
    : [...lines, ...labelled(page, '', `${counted(left, 'more diagnosis', 'more diagnoses')}: --verbose shows them.`)]
}

function withoutDiagnosis(page: Page): string[] {
  const { summary } = page.report
  const nothing = explainNothingJudged(page.report)
  if (nothing !== null)
    return [
      ...headline(page, verdictWords(page.report)),
      '',
      ...threeLines(page, page.safe(sentence(nothing.reason)), 'This capture cannot tell.', page.safe(nothing.remedy)),
    ]
  const [culprit, fault] = gravest(page.report.requests)
  if (summary.verdict === 'none' || culprit === undefined || fault === undefined) return withoutFault(page)
  return [
    ...headline(page, VERDICTS[summary.verdict]),
    '',
    ...threeLines(
      page,
      `${page.safe(fault.message, MAX_EXPLANATION)} See ${whereabouts(page, [culprit.id])}.`,
      `${WHOSE[fault.party]}.`,
      page.safe(fault.remedy, MAX_EXPLANATION),
    ),
  ]
}

function withoutFault(page: Page): string[] {
  const { summary } = page.report
  const refused = page.report.requests.filter(isRefused).map((request) => request.id)
  const { requests, compliant } = summary
  const parts = [
    compliant === requests
      ? `${requests === 1 ? 'The one request keeps' : `All ${grouped(requests)} requests keep`} to the protocol`
      : `${grouped(compliant)} of ${counted(requests, 'request')} ${compliant === 1 ? 'keeps' : 'keep'} to the protocol`,
  ]
  if (summary.undetermined > 0) parts.push(`${grouped(summary.undetermined)} cannot be judged from this capture`)
  if (refused.length > 0) parts.push(`the server refused ${counted(refused.length, 'request')} (${numberRuns(refused)})`)
  return [
    ...headline(page, VERDICTS[summary.verdict]),
    '',
    ...threeLines(
      page,
      `${parts.join('; ')}.`,
      summary.verdict === 'none' ? "Nobody's." : 'This capture cannot tell.',
      whatNext(page),
    ),
  ]
}

function whatNext(page: Page): string {
  const { verdict, undetermined, findings } = page.report.summary
  if (verdict !== 'none') return missingEvidence(page)
  const now = findings.warning > 0 ? worthALook(findings.warning) : 'Nothing.'
  return undetermined === 0 ? now : `${now} To judge the rest: ${uncapitalised(missingEvidence(page))}`
}

function worthALook(warnings: number): string {
  return `Nothing must change; the ${counted(warnings, 'warning')} below ${warnings === 1 ? 'is' : 'are'} worth a look.`
}

/** What the next capture needs, from the reasons why checks of this one are unknown. */
function missingEvidence(page: Page): string {
  const codes = new Set(page.report.requests.flatMap((request) => request.unknown.map(({ code }) => code)))
  const remedies = [...codes].filter(isUnknownCode).map((code) => UNKNOWN_CODES[code].remedy)
  return remedies.length === 0 ? 'Capture the whole session, from the start of the client.' : remedies.slice(0, 2).join(' ')
}

function gravest(requests: readonly ReportRequest[]): [ReportRequest, ReportFinding] | [] {
  for (const request of requests)
    for (const finding of request.findings)
      if (finding.severity === 'error' && finding.party !== 'capture') return [request, finding]
  return []
}

function sentence(text: string): string {
  return text.endsWith('.') ? capitalised(text) : `${capitalised(text)}.`
}
