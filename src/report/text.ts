import { openPage, type Page, type RenderOptions } from './page.ts'
import type { Report } from './report.ts'
import { countsText, verdictWords } from './story.ts'
import { kubernetesLines, logLines } from './text-evidence.ts'
import { findingLines, refusalLines } from './text-findings.ts'
import { inputLines } from './text-inputs.ts'
import { damageLines, undecryptedLines, unknownLines } from './text-notes.ts'
import { tableLines } from './text-table.ts'
import { verdictLines } from './text-verdict.ts'
import { wrap } from './width.ts'

/** The sections in the order of reading: the answer first, the evidence after it. */
const SECTIONS: readonly ((page: Page) => Iterable<string>)[] = [
  verdictLines,
  inputLines,
  tableLines,
  findingLines,
  refusalLines,
  kubernetesLines,
  logLines,
  unknownLines,
  undecryptedLines,
  damageLines,
]
/** A line that a job of GitHub Actions would obey; only a capture that means to can make one. */
const LOG_COMMAND = /^(\s*):(?=:)/

const QUIET_SECTIONS = [verdictLines]

/** The report for people, in pieces of whole lines. */
export function* renderText(report: Report, options: RenderOptions): Iterable<string> {
  const page = openPage(report, options)
  for (const section of options.quiet ? QUIET_SECTIONS : SECTIONS) {
    let any = false
    for (const line of section(page)) {
      any = true
      yield `${line.replace(LOG_COMMAND, '$1\\x3a')}\n`
    }
    if (any) yield '\n'
  }
  for (const line of wrap(`${verdictWords(report)}. ${countsText(page)}`, page.paragraph)) yield `${line}\n`
}
