import { byGravity, findingLabel } from './conduct.ts'
import { hanging, labelled, type Page } from './page.ts'
import { counted } from './phrases.ts'
import type { Severity } from './report.ts'
import type { StyleName } from './styles.ts'
import { type Block, blockHead, collect, intoBlocks, refusals, refusalText, type Told } from './told.ts'

/** Distinct findings told in full before the rest is only counted. */
export const MAX_FINDINGS = 20
/** Distinct refusals without a finding that are told. */
const MAX_REFUSALS = 10

const SEVERITY_STYLES: Readonly<Record<Severity, StyleName>> = { error: 'bad', warning: 'warn', info: 'quiet' }

/** Findings, request by request; what many requests share is said once. */
export function* findingLines(page: Page): Iterable<string> {
  const all = collect(page)
  if (all.length === 0) return
  const shown = page.options.verbose ? all : [...all].sort((a, b) => byGravity(a.finding, b.finding)).slice(0, MAX_FINDINGS)
  yield page.styles.strong('Findings')
  for (const block of intoBlocks(page, shown)) {
    yield ''
    yield* blockLines(page, block)
  }
  const left = all.length - shown.length
  if (left > 0) {
    yield ''
    yield* hanging(
      page,
      '',
      `${counted(left, 'more kind of finding', 'more kinds of finding')} not shown: --verbose shows all, --format json has everything.`,
      2,
    )
  }
}

function* blockLines(page: Page, block: Block): Iterable<string> {
  yield* hanging(page, '', blockHead(page, block.ids), 2)
  for (const told of block.told) yield* oneFinding(page, told)
}

function* oneFinding(page: Page, { finding, ids, varied }: Told): Iterable<string> {
  const { styles, glyphs, options } = page
  const glyph = { error: glyphs.fail, warning: glyphs.warning, info: glyphs.note }[finding.severity]
  const label = findingLabel(finding)
  const like = varied ? ` (These values are of request ${ids[0]}.)` : ''
  const [first = '', ...rest] = hanging(page, `${glyph} `, `${label}: ${page.safe(finding.message, 1500)}${like}`, 4)
  yield first.replace(`${glyph} ${label}:`, styles[SEVERITY_STYLES[finding.severity]](`${glyph} ${label}:`))
  yield* rest
  const detail = { column: 6, indent: 6 }
  const names = [finding.rule, finding.reference].filter((name) => name !== '').map((name) => page.safe(name))
  yield* labelled(page, 'Rule', names.join(', '), detail)
  if (finding.remedy !== '') yield* labelled(page, 'Fix', page.safe(finding.remedy, 1500), detail)
  if (options.verbose && Object.keys(finding.evidence).length > 0)
    yield* labelled(page, 'Seen', page.safe(JSON.stringify(finding.evidence), 2000), detail)
}

/** Refusals that no finding and no diagnosis speaks of: the server's own words, which nothing above has quoted. */
export function* refusalLines(page: Page): Iterable<string> {
  const groups = refusals(page.report)
  if (groups.length === 0) return
  const shown = page.options.verbose ? groups : groups.slice(0, MAX_REFUSALS)
  yield page.styles.strong('Refused by the server, with no fault found in the request')
  yield ''
  for (const group of shown) yield* hanging(page, '', refusalText(page, group), 2)
  const left = groups.length - shown.length
  if (left > 0) yield `  ${counted(left, 'more kind of refusal', 'more kinds of refusal')}: --verbose shows all.`
}
