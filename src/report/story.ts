import { isRefused } from './conduct.ts'
import { explainNothingJudged } from './nothing-judged.ts'
import type { Page } from './page.ts'
import { CERTAINTY, capitalised, counted, grouped, numberRuns, uncapitalised, VERDICTS, WHOSE } from './phrases.ts'
import { saysWhere, whereabouts } from './places.ts'
import type { Report, ReportDiagnosis, ReportFinding, ReportRequest } from './report.ts'
import { isUnknownCode, UNKNOWN_CODES } from './unknown-codes.ts'

/** Untrusted parts of an explanation are capped by its author; this bounds the whole. */
const MAX_EXPLANATION = 1500

/** The answer to the question that brought the capture here; every text is safe to show but not yet laid out. */
export interface Story {
  readonly tone: 'good' | 'bad' | 'warn'
  readonly headline: string
  readonly happened: string
  readonly whose: string
  readonly todo: string
  /** Diagnoses beside the one that the headline tells, gravest first; what is only context stands last. */
  readonly further: readonly ReportDiagnosis[]
}

export function storyOf(page: Page): Story {
  const { diagnoses } = page.report
  // What is only context never is the headline; such diagnoses stand last.
  const first = diagnoses[0]?.severity === 'info' ? undefined : diagnoses[0]
  const further = first === undefined ? diagnoses : diagnoses.slice(1)
  return { ...(first === undefined ? withoutDiagnosis(page) : diagnosed(page, first)), further }
}

type Told = Omit<Story, 'further'>

/** The verdict in words; a capture without a single judged request and without an explanation has none. */
export function verdictWords(report: Report): string {
  const { requests, verdict } = report.summary
  if (report.diagnoses.length > 0 || explainNothingJudged(report) === null) return VERDICTS[verdict]
  return requests === 0 ? 'No ACME request could be read' : 'No ACME request could be judged'
}

/** "7 ACME requests: 7 compliant, 0 not, …": the counts of the whole capture. */
export function countsText({ report, options }: Page): string {
  const { requests, compliant, nonCompliant, undetermined, findings } = report.summary
  const shown =
    options.unfiltered === null
      ? ''
      : ` Shown: ${grouped(report.requests.length)} of ${counted(options.unfiltered, 'request')}; the counts are over all.`
  return (
    `${counted(requests, 'ACME request')}: ${grouped(compliant)} compliant, ${grouped(nonCompliant)} not, ` +
    `${grouped(undetermined)} undetermined; ${counted(findings.error, 'error')}, ${counted(findings.warning, 'warning')}, ` +
    `${counted(findings.info, 'note')}.${shown}`
  )
}

/** "The server refused 2 compliant newOrder requests (server, certain)" */
export function diagnosisHead(page: Page, { title, severity, party, confidence }: ReportDiagnosis): string {
  const side = severity === 'info' ? 'context' : party === 'unknown' ? 'unclear whose' : party
  return `${page.safe(title)} (${side}, ${CERTAINTY[confidence]})`
}

/** What a diagnosis explains and what to do about it, in full. */
export function diagnosisText(page: Page, diagnosis: ReportDiagnosis): string {
  return `${explanationText(page, diagnosis)} ${page.safe(diagnosis.remedy, MAX_EXPLANATION)}`
}

function explanationText(page: Page, diagnosis: ReportDiagnosis): string {
  return `${page.safe(capitalised(diagnosis.explanation), MAX_EXPLANATION)}${seeAlso(page, diagnosis)}`
}

function toneOf({ report }: Page, words: string): Story['tone'] {
  const { verdict } = report.summary
  if (words.startsWith('No ACME') || verdict === 'undetermined') return 'warn'
  return verdict === 'none' ? 'good' : 'bad'
}

function diagnosed(page: Page, diagnosis: ReportDiagnosis): Told {
  const { verdict } = page.report.summary
  const title = page.safe(diagnosis.title)
  const whose = verdict === 'both' ? 'Both: client and server each broke the protocol' : WHOSE[diagnosis.party]
  const headline = diagnosis.title.startsWith(VERDICTS[verdict]) ? title : `${VERDICTS[verdict]}: ${title}`
  return {
    tone: toneOf(page, headline),
    headline,
    happened: explanationText(page, diagnosis),
    whose: `${whose} (${CERTAINTY[diagnosis.confidence]}).`,
    todo: page.safe(diagnosis.remedy, MAX_EXPLANATION),
  }
}

/** Where to look, unless the explanation says so itself. */
function seeAlso(page: Page, { explanation, requests }: ReportDiagnosis): string {
  if (requests.length === 0 || saysWhere(explanation)) return ''
  return ` See ${whereabouts(page, requests)}.`
}

function withoutDiagnosis(page: Page): Told {
  const { summary } = page.report
  const words = verdictWords(page.report)
  const nothing = explainNothingJudged(page.report)
  if (nothing !== null)
    return {
      tone: toneOf(page, words),
      headline: words,
      happened: page.safe(sentence(nothing.reason)),
      whose: 'This capture cannot tell.',
      todo: page.safe(nothing.remedy),
    }
  const [culprit, fault] = gravest(page.report.requests)
  if (summary.verdict === 'none' || culprit === undefined || fault === undefined) return withoutFault(page)
  return {
    tone: toneOf(page, words),
    headline: VERDICTS[summary.verdict],
    happened: `${page.safe(fault.message, MAX_EXPLANATION)} See ${whereabouts(page, [culprit.id])}.`,
    whose: `${WHOSE[fault.party]}.`,
    todo: page.safe(fault.remedy, MAX_EXPLANATION),
  }
}

function withoutFault(page: Page): Told {
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
  return {
    tone: toneOf(page, ''),
    headline: VERDICTS[summary.verdict],
    happened: `${parts.join('; ')}.`,
    whose: summary.verdict === 'none' ? "Nobody's." : 'This capture cannot tell.',
    todo: whatNext(page),
  }
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
