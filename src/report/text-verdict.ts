import { labelled, type Page } from './page.ts'
import { counted } from './phrases.ts'
import { whereabouts } from './places.ts'
import type { ReportDiagnosis } from './report.ts'
import { diagnosisHead, diagnosisText, storyOf } from './story.ts'
import { wrap } from './width.ts'

/** Further diagnoses that are told without --verbose: three in all are what a reader takes in. */
const MAX_MORE = 2

/** The lines that settle a ticket: what happened, whose fault it is, what to do. */
export function verdictLines(page: Page): string[] {
  const { tone, headline, lines: told, further } = storyOf(page)
  const lines = [
    ...wrap(headline, page.paragraph).map(page.styles[tone]),
    '',
    ...told.flatMap(({ label, texts }) => texts.flatMap((text, at) => labelled(page, at === 0 ? label : '', text))),
  ]
  return further.length === 0 ? lines : [...lines, '', ...furtherDiagnoses(page, further)]
}

/** The other diagnoses: a line each, since their requests' findings follow; all of it with --verbose. */
function furtherDiagnoses(page: Page, diagnoses: readonly ReportDiagnosis[]): string[] {
  const { verbose } = page.options
  const shown = verbose ? diagnoses : diagnoses.slice(0, MAX_MORE)
  const lines = shown.flatMap((diagnosis, at) => {
    const { requests } = diagnosis
    const where = requests.length === 0 ? '' : `: ${whereabouts(page, requests)}`
    const text = verbose ? `. ${diagnosisText(page, diagnosis)}` : where
    return labelled(page, at === 0 ? 'Also' : '', `${diagnosisHead(page, diagnosis)}${text}`)
  })
  const left = diagnoses.length - shown.length
  return left === 0
    ? lines
    : [...lines, ...labelled(page, '', `${counted(left, 'more diagnosis', 'more diagnoses')}: --verbose shows them.`)]
}
