import { isRefused } from './conduct.ts'
import { whatToCapture } from './next-capture.ts'
import { explainNothingJudged } from './nothing-judged.ts'
import type { Page } from './page.ts'
import { CERTAINTY, capitalised, counted, grouped, numberRuns, uncapitalised, VERDICTS, WHOSE } from './phrases.ts'
import { saysWhere, whereabouts } from './places.ts'
import type { Report, ReportDiagnosis, ReportFinding, ReportRequest } from './report.ts'

/** Untrusted parts of an explanation are capped by its author; this bounds the whole. */
const MAX_EXPLANATION = 1500

/** The answer to the question that brought the capture here; every text is safe to show but not yet laid out. */
export interface Story {
  readonly tone: 'good' | 'bad' | 'warn'
  readonly headline: string
  /** What happened, whose fault it is, what to do, and the proof; in this order. */
  readonly lines: readonly StoryLine[]
  /** Diagnoses beside the one that the headline tells, gravest first; what is only context stands last. */
  readonly further: readonly ReportDiagnosis[]
}

/** A label and the paragraphs beside it. */
export interface StoryLine {
  readonly label: string
  readonly texts: readonly string[]
}

export function storyOf(page: Page): Story {
  const { diagnoses } = page.report
  // What is only context never is the headline; such diagnoses stand last.
  const first = diagnoses[0]?.severity === 'info' ? undefined : diagnoses[0]
  const further = first === undefined ? diagnoses : diagnoses.slice(1)
  const told = first === undefined ? withoutDiagnosis(page) : diagnosed(page, first)
  const config = configText(page)
  const lines = [
    { label: 'What happened', texts: [told.happened] },
    { label: 'Whose fault', texts: [told.whose] },
    { label: 'What to do', texts: told.todo },
    { label: 'Proof', texts: told.proof ?? [] },
    { label: 'See also', texts: told.before ?? [] },
    { label: 'Rules changed', texts: config === null ? [] : [config] },
  ]
  return { tone: told.tone, headline: told.headline, lines: lines.filter(({ texts }) => texts.length > 0), further }
}

interface Told {
  readonly tone: Story['tone']
  readonly headline: string
  readonly happened: string
  readonly whose: string
  readonly todo: readonly string[]
  /** What the first line rests on, where that is not all there is to say. */
  readonly proof?: readonly string[]
  /** Public threads about the same. */
  readonly before?: readonly string[]
}

/** The verdict in words; a capture without a single judged request and without an explanation has none. */
export function verdictWords(report: Report): string {
  const { requests, verdict, undetermined } = report.summary
  if (report.diagnoses.length > 0 || explainNothingJudged(report) === null) {
    if (verdict !== 'none') return verdictTitle(report)
    // Nothing failed through it, but it counts for --fail-on, so it must not be passed over.
    if (gravest(report.requests).length > 0) return 'Nothing failed, but not everything keeps to the protocol'
    return undetermined > 0 ? 'Nothing is seen to have gone wrong' : VERDICTS.none
  }
  return requests === 0 ? 'No ACME request could be read' : 'No ACME request could be judged'
}

/** Who must act; a client that sent nothing forbidden is not called at fault for that. */
function verdictTitle(report: Report): string {
  return mustOnlyChange(report) ? 'The client has to change something' : VERDICTS[report.summary.verdict]
}

function mustOnlyChange({ summary, diagnoses }: Report): boolean {
  return summary.verdict === 'client' && summary.nonCompliant === 0 && diagnoses[0]?.id === 'diag-client-at-fault'
}

/** What the user changed about the rules; null when nothing. Every report says it in its first lines. */
export function configText({ report: { config }, safe }: Page): string | null {
  if (config === null) return null
  const changes = config.rules.map(
    ({ rule, level, from }) => `${rule} ${level}${from === 'option' && config.file !== null ? ' (by option)' : ''}`,
  )
  const what = changes.length === 0 ? 'changes nothing' : changes.join(', ')
  return config.file === null ? `by option: ${safe(what, 2000)}` : `${safe(config.file, 300)}: ${safe(what, 2000)}`
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
  const { story, remedy } = diagnosis
  const parts = [story === null ? '' : sentence(page.safe(story, MAX_EXPLANATION)), explanationText(page, diagnosis)]
  return [...parts, page.safe(remedy, MAX_EXPLANATION), ...seenBefore(page, diagnosis).map((threads) => `See also ${threads}`)]
    .filter((part) => part !== '')
    .join(' ')
}

function seenBefore(page: Page, { upstream }: ReportDiagnosis): string[] {
  if (upstream.length === 0) return []
  const byRepository = new Map<string, number[]>()
  for (const { repository, number } of upstream) byRepository.set(repository, [...(byRepository.get(repository) ?? []), number])
  return [
    `${[...byRepository].map(([repository, numbers]) => `${page.safe(repository, 100)} ${numbers.join(', ')}`).join('; ')}.`,
  ]
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
  const root = diagnosis.party === 'server' || diagnosis.party === 'client' ? `; the root cause is the ${diagnosis.party}'s` : ''
  const whose = mustOnlyChange(page.report)
    ? "Nobody's, but it is the client that has to change"
    : verdict === 'both'
      ? `Both: client and server each broke the protocol${root}`
      : WHOSE[diagnosis.party]
  const words = verdictTitle(page.report)
  const headline = diagnosis.title.startsWith(words) ? title : `${words}: ${title}`
  const { story, remedies } = diagnosis
  const explanation = explanationText(page, diagnosis)
  return {
    tone: toneOf(page, headline),
    headline,
    happened: story === null ? explanation : sentence(page.safe(story, MAX_EXPLANATION)),
    whose: diagnosis.party === 'unknown' ? `${whose}.` : `${whose} (${CERTAINTY[diagnosis.confidence]}).`,
    todo: remedies.map(({ to, text }) => `${page.safe(capitalised(to), 40)}: ${page.safe(text, MAX_EXPLANATION)}`),
    proof: story === null ? [] : [explanation],
    before: seenBefore(page, diagnosis),
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
      todo: [page.safe(nothing.remedy)],
    }
  const [culprit, fault] = gravest(page.report.requests)
  if (summary.verdict === 'none' || culprit === undefined || fault === undefined) return withoutFault(page)
  return {
    tone: toneOf(page, words),
    headline: VERDICTS[summary.verdict],
    happened: `${page.safe(fault.message, MAX_EXPLANATION)} See ${whereabouts(page, [culprit.id])}.`,
    whose: `${WHOSE[fault.party]}.`,
    todo: [page.safe(fault.remedy, MAX_EXPLANATION)],
  }
}

function withoutFault(page: Page): Told {
  const { requests, compliant, undetermined, verdict } = page.report.summary
  const law = (page.report.config?.rules.length ?? 0) > 0 ? 'the rules in force' : 'the protocol'
  const parts = [
    compliant === requests
      ? `${requests === 1 ? 'The one request keeps' : `All ${grouped(requests)} requests keep`} to ${law}`
      : `${grouped(compliant)} of ${counted(requests, 'request')} ${compliant === 1 ? 'keeps' : 'keep'} to ${law}`,
  ]
  if (undetermined > 0) parts.push(`${grouped(undetermined)} cannot be judged from this capture`)
  parts.push(...refusals(page.report))
  const [culprit, fault] = gravest(page.report.requests)
  const whose =
    verdict !== 'none' ? 'This capture cannot tell.' : undetermined > 0 ? "Nobody's, as far as this capture shows." : "Nobody's."
  const told = { headline: verdictWords(page.report), happened: `${parts.join('; ')}.` }
  if (verdict !== 'none' || culprit === undefined || fault === undefined)
    return { ...told, tone: toneOf(page, ''), whose, todo: whatNext(page) }
  return {
    ...told,
    tone: 'warn',
    happened: `${told.happened} ${page.safe(fault.message, MAX_EXPLANATION)} See ${whereabouts(page, [culprit.id])}.`,
    whose: `${WHOSE[fault.party]}; nothing failed through it in this capture.`,
    todo: [page.safe(fault.remedy, MAX_EXPLANATION)],
  }
}

/** Requests that the server said no to: those that were accepted when they were sent again, and the others. */
function refusals({ requests }: Report): string[] {
  const accepted = new Map<string, number>()
  const operation = ({ method, url, payload }: ReportRequest) => JSON.stringify([method, url, payload])
  for (const request of requests)
    if (request.response !== null && request.response.status < 400) accepted.set(operation(request), request.id)
  const refused = requests.filter(isRefused)
  const repaired = refused.filter((request) => (accepted.get(operation(request)) ?? 0) > request.id)
  const others = refused.filter((request) => !repaired.includes(request))
  const told = (some: readonly ReportRequest[]) => `${counted(some.length, 'request')} (${numberRuns(some.map(({ id }) => id))})`
  return [
    ...(repaired.length === 0
      ? []
      : [
          `the server refused ${told(repaired)} at first and accepted the same when ${repaired.length === 1 ? 'it was' : 'they were'} sent again`,
        ]),
    ...(others.length === 0 ? [] : [`the server refused ${told(others)}`]),
  ]
}

function whatNext(page: Page): string[] {
  const { verdict, undetermined, findings } = page.report.summary
  if (verdict !== 'none') return isWaived(page.report) ? [JUDGE_BY_ALL] : whatToCapture(page)
  const now = findings.warning > 0 ? worthALook(findings.warning) : 'Nothing.'
  const [first = '', ...more] = whatToCapture(page)
  return undetermined === 0 ? [now] : [now, `To judge the rest: ${uncapitalised(first)}`, ...more]
}

const JUDGE_BY_ALL =
  'Rules are changed (see below), which may be why: run again with --no-config and without --rule to judge by all of them.'

/** Nothing is missing from the capture, so what cannot be told is what somebody switched off. */
function isWaived({ config, requests }: Report): boolean {
  return config !== null && config.rules.length > 0 && requests.every(({ unknown }) => unknown.length === 0)
}

function worthALook(warnings: number): string {
  return `Nothing must change; the ${warnings === 1 ? 'warning below is' : `${counted(warnings, 'warning')} below are`} worth a look.`
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
