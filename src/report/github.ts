import { byGravity } from './conduct.ts'
import { openPage, type Page, type RenderOptions } from './page.ts'
import { counted } from './phrases.ts'
import { whereabouts } from './places.ts'
import type { Party, Report, Severity } from './report.ts'
import { countsText, diagnosisHead, diagnosisText, type Story, storyOf } from './story.ts'
import { redactionText } from './text-inputs.ts'
import { collect } from './told.ts'

/** GitHub shows no more annotations of one level from one step. */
const MAX_OF_LEVEL = 10

type Level = 'error' | 'warning' | 'notice'

interface Annotation {
  readonly level: Level
  readonly title: string
  readonly text: string
}

const LEVELS: Readonly<Record<Severity, Level>> = { error: 'error', warning: 'warning', info: 'notice' }
const TONES: Readonly<Record<Story['tone'], Level>> = { bad: 'error', warn: 'warning', good: 'notice' }

/** Annotations as workflow commands of GitHub Actions: the verdict first, then what was found, each kind of finding once. */
export function* renderGithub(report: Report, options: RenderOptions): Iterable<string> {
  const page = openPage(report, { ...options, charset: 'unicode', verbose: false })
  const file = report.inputs[0] === undefined ? '' : `file=${property(page.safe(report.inputs[0].name, 200))},`
  const counts = { error: 0, warning: 0, notice: 0 }
  for (const { level, title, text } of annotationsOf(page)) {
    counts[level]++
    if (counts[level] < MAX_OF_LEVEL) yield `::${level} ${file}title=${property(title)}::${data(text)}\n`
  }
  for (const [level, count] of Object.entries(counts)) {
    const left = count - MAX_OF_LEVEL + 1
    if (left > 0) yield `::${level} ${file}title=acmescope::${counted(left, `more ${level}`)}: --format json has everything.\n`
  }
}

function* annotationsOf(page: Page): Iterable<Annotation> {
  const { tone, headline, lines, further } = storyOf(page)
  const redaction = redactionText(page.report)
  const told = lines.map(({ label, texts }) => `${label}: ${texts.join(' ')}`)
  const text = [...told, countsText(page), ...(redaction === null ? [] : [`Redacted ${redaction}`])].join('\n')
  yield { level: TONES[tone], title: headline, text }
  if (page.options.quiet) return
  for (const diagnosis of further)
    yield { level: levelOf(diagnosis), title: diagnosisHead(page, diagnosis), text: diagnosisText(page, diagnosis) }
  for (const { finding, ids } of collect(page).sort((a, b) => byGravity(a.finding, b.finding))) {
    const fix = finding.remedy === '' ? '' : `\nFix: ${page.safe(finding.remedy, 1500)}`
    yield {
      level: levelOf(finding),
      title: `${page.safe(finding.rule, 100)} (${finding.party})`,
      text: `${page.safe(finding.message, 1500)}\nSeen in ${whereabouts(page, ids)}.${fix}`,
    }
  }
}

/** What the capture lacks is nobody's error. */
function levelOf({ severity, party }: { severity: Severity; party: Party }): Level {
  return party === 'capture' ? 'notice' : LEVELS[severity]
}

/** A command ends with its line. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** A property ends with a comma, the last one with two colons. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
