import { byGravity, findingLabel, isRefused } from './conduct.ts'
import { alike, shapeOf } from './likeness.ts'
import { hanging, labelled, type Page } from './page.ts'
import { capitalised, counted, numberRuns, problemName } from './phrases.ts'
import { placeOf, whereabouts } from './places.ts'
import type { ReportFinding, ReportRequest, Severity } from './report.ts'
import type { StyleName } from './styles.ts'

/** Distinct findings told in full before the rest is only counted. */
export const MAX_FINDINGS = 20
/** Distinct refusals without a finding that are told. */
const MAX_REFUSALS = 10

interface Told {
  readonly finding: ReportFinding
  /** Requests that have it, and the first one, whose values the message shows. */
  readonly ids: number[]
  /** The messages are not all the same. */
  varied: boolean
}

interface Block {
  readonly ids: readonly number[]
  readonly told: Told[]
}

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

/** Findings that are the same but for the values in them, each with its requests. */
function collect(page: Page): Told[] {
  const { verbose } = page.options
  const told = new Map<string, Told>()
  for (const request of page.report.requests)
    for (const finding of request.findings) {
      const { rule, severity, party, message, reference } = finding
      const key = JSON.stringify([rule, severity, party, reference, verbose ? message : shapeOf(message)])
      const known = told.get(key)
      if (known === undefined) told.set(key, { finding, ids: [request.id], varied: false })
      else {
        if (known.ids.at(-1) !== request.id) known.ids.push(request.id)
        if (known.finding.message !== message) known.varied = true
      }
    }
  return [...told.values()]
}

/** Findings of the same requests stand together; the gravest blocks first, then in order of time. */
function intoBlocks(page: Page, told: readonly Told[]): Block[] {
  const blocks = new Map<string, Block>()
  for (const one of told) {
    const key = one.ids.join()
    const block = blocks.get(key)
    if (block === undefined) blocks.set(key, { ids: one.ids, told: [one] })
    else block.told.push(one)
  }
  for (const block of blocks.values()) {
    const order = page.requests.get(block.ids[0] ?? 0)?.findings ?? []
    block.told.sort((a, b) => order.indexOf(a.finding) - order.indexOf(b.finding))
  }
  const gravest = (block: Block) => block.told.map(({ finding }) => finding).sort(byGravity)[0] ?? { severity: 'info' as const }
  return [...blocks.values()].sort((a, b) => byGravity(gravest(a), gravest(b)) || (a.ids[0] ?? 0) - (b.ids[0] ?? 0))
}

function* blockLines(page: Page, block: Block): Iterable<string> {
  const requests = block.ids.map((id) => page.requests.get(id)).filter((request) => request !== undefined)
  yield* hanging(page, '', blockHead(page, block.ids, requests), 2)
  for (const told of block.told) yield* oneFinding(page, told)
}

/** "Request 5: POST newOrder, answered 400 malformed "…" (frames 23, 25)" */
function blockHead(page: Page, ids: readonly number[], requests: readonly ReportRequest[]): string {
  const { styles } = page
  const [first] = requests
  const name = ids.length === 1 ? `Request ${ids[0]}` : `Requests ${numberRuns(ids)}`
  if (first === undefined) return styles.strong(name)
  const kinds = new Set(requests.map((request) => `${request.method} ${request.resource}`))
  const answers = new Set(requests.map((request) => answerText(page, request)))
  const facts = [kinds.size === 1 ? page.safe([...kinds][0] ?? '', 60) : `${kinds.size} kinds of request`]
  if (answers.size === 1) facts.push([...answers][0] ?? '')
  const place = placeOf(page, first)
  const where = place === null ? '' : ids.length === 1 ? ` (${place})` : ` (first in ${place})`
  return `${name}: ${facts.join(', ')}${where}`
}

function answerText(page: Page, { response }: ReportRequest): string {
  if (response === null) return 'no answer captured'
  if (response.status < 400) return `answered ${response.status}`
  const type = response.problem?.type
  const detail = response.problem?.detail
  const name = type == null ? '' : ` ${page.safe(problemName(type), 80)}`
  return `refused with ${response.status}${name}${detail == null || detail === '' ? '' : ` "${page.safe(detail, 200)}"`}`
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
  const diagnosed = new Set(page.report.diagnoses.flatMap(({ requests }) => requests))
  const refused = page.report.requests.filter(
    (request) => isRefused(request) && request.findings.length === 0 && !diagnosed.has(request.id),
  )
  if (refused.length === 0) return
  const groups = alike(
    refused,
    ({ method, resource, response }) => [method, resource, String(response?.status), response?.problem?.type ?? ''],
    ({ response }) => response?.problem?.detail ?? '',
  )
  const shown = page.options.verbose ? groups : groups.slice(0, MAX_REFUSALS)
  yield page.styles.strong('Refused by the server, with no fault found in the request')
  yield ''
  for (const group of shown) {
    const [first] = group
    if (first === undefined) continue
    const where = whereabouts(
      page,
      group.map(({ id }) => id),
    )
    yield* hanging(
      page,
      '',
      `${capitalised(where)}: ${page.safe(`${first.method} ${first.resource}`, 60)}, ${answerText(page, first)}`,
      2,
    )
  }
  const left = groups.length - shown.length
  if (left > 0) yield `  ${counted(left, 'more kind of refusal', 'more kinds of refusal')}: --verbose shows all.`
}
