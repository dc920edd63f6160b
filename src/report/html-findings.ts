import { findingLabel } from './conduct.ts'
import { type HtmlPage, leftOut, requestLink } from './html-page.ts'
import { type Markup, markup } from './markup.ts'
import { linkOf, referencesOf } from './references.ts'
import type { Severity } from './report.ts'
import { blockHead, collect, intoBlocks, type Told } from './told.ts'

/** Groups of findings on the page, and requests of one group that are linked. */
const MAX_BLOCKS = 300
const MAX_LINKS = 30

const TONES: Readonly<Record<Severity, string>> = { error: 'bad', warning: 'warn', info: 'quiet' }

/** What many requests share is said once. */
export function* findingsPart(page: HtmlPage): Iterable<Markup> {
  const told = collect(page)
  if (told.length === 0) return
  const blocks = intoBlocks(page, told)
  yield markup`<h2>Findings</h2>`
  for (const { ids, told: all } of blocks.slice(0, MAX_BLOCKS)) {
    const links = ids.slice(0, MAX_LINKS).map((id) => markup` ${requestLink(page, id)}`)
    yield markup`<h3>${blockHead(page, ids)}</h3>
<p class="quiet">Details:${links}${ids.length > MAX_LINKS ? ' …' : null}</p>
<ul class="findings">${all.map((one) => findingOf(page, one))}</ul>`
  }
  yield* leftOut(blocks.length - MAX_BLOCKS, 'group of findings', 'groups of findings')
}

function findingOf(page: HtmlPage, { finding, ids, varied }: Told): Markup {
  const like = varied ? ` (These values are of request ${ids[0]}.)` : ''
  const references = referencesOf(finding.reference).map((reference) => markup`, ${citation(page, reference)}`)
  const fix = finding.remedy === '' ? null : markup`<dt>Fix</dt><dd>${page.safe(finding.remedy, 1500)}</dd>`
  return markup`<li><strong class="${TONES[finding.severity]}">${findingLabel(finding)}:</strong> ${page.safe(finding.message, 1500)}${like}
<dl><dt>Rule</dt><dd><code>${page.safe(finding.rule, 100)}</code>${references}</dd>${fix}</dl></li>`
}

function citation(page: HtmlPage, reference: string): Markup {
  const link = linkOf(reference)
  return link === null ? markup`${page.safe(reference, 200)}` : markup`<a href="${link}" rel="noreferrer">${reference}</a>`
}
