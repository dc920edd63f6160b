import { diagnosedParties, type VerdictWord, verdictWord } from './conduct.ts'
import { hanging, type Page } from './page.ts'
import { counted } from './phrases.ts'
import { CHECK_NAMES, type CheckValue, type Party, type ReportRequest } from './report.ts'
import type { StyleName } from './styles.ts'
import { CHECK_HEADS, CHECK_WORDS, chooseRows, mainOrigin, shownUrl } from './table-rows.ts'
import { centre, padEnd, padStart, shorten, widthOf } from './width.ts'

/** Over this many requests only those with something to say have a line, unless all are asked for. */
export const MAX_ROWS = 300
const MIN_URL = 8
const MAX_URL = 2000
/** A URL column wider than this may wait until the times have their milliseconds. */
const WANTED_URL = 20

const VERDICT_STYLES: Readonly<Record<VerdictWord, StyleName>> = {
  ok: 'good',
  warning: 'warn',
  refused: 'warn',
  client: 'bad',
  server: 'bad',
  both: 'bad',
  proxy: 'bad',
  unknown: 'warn',
  none: 'quiet',
}

interface Layout {
  readonly id: number
  readonly time: number
  readonly timeStart: number
  readonly method: number
  readonly resource: number
  readonly verdict: number
  readonly url: number
  readonly gap: string
  /** Scheme and authority of most rows, said once above the table. */
  readonly origin: string | null
}

/** The table: one line a request, the five checks as columns. Yields lines. */
export function* tableLines(page: Page): Iterable<string> {
  const { requests } = page.report
  if (requests.length === 0) return
  const { rows, note } = chosen(page)
  const layout = layOut(page, rows)
  const { styles } = page
  const day = rows.find((request) => request.time !== null)?.time?.slice(0, 10)
  const facts = [day === undefined ? 'times unknown' : `from ${page.safe(day)}, times in UTC`]
  if (layout.origin !== null) facts.push(`paths are on ${page.safe(layout.origin, 200)}`)
  for (const [at, line] of hanging(page, 'Requests  ', facts.join(', '), 0).entries())
    yield at === 0 ? `${styles.strong('Requests')}${styles.quiet(line.slice('Requests'.length))}` : styles.quiet(line)
  yield ''
  yield styles.strong(headRow(layout))
  const diagnosed = diagnosedParties(page.report)
  for (const request of rows) yield row(page, layout, request, diagnosed)
  yield ''
  if (note !== null) yield* hanging(page, '', note, 2)
  const { pass, fail, unknown, none } = page.glyphs
  yield styles.quiet(
    `  ${pass} ${CHECK_WORDS.pass}  ${fail} ${CHECK_WORDS.fail}  ${unknown} ${CHECK_WORDS.unknown}  ${none} ${CHECK_WORDS['not-applicable']}`,
  )
  if (rows.some((request) => SIDES.has(verdictWord(request, diagnosed))))
    yield styles.quiet('  Verdict: who broke the protocol in this request or in its answer')
  const rewritten = rows.find((request) => request.observedUrl !== null)
  if (rewritten?.observedUrl != null)
    yield* hanging(
      page,
      '',
      `URL: what the client asked for; behind a TLS terminator it was seen as ${page.safe(rewritten.observedUrl, 200)}`,
      2,
    ).map(styles.quiet)
}

const SIDES: ReadonlySet<VerdictWord> = new Set(['client', 'server', 'both', 'proxy'])

function chosen(page: Page): { rows: readonly ReportRequest[]; note: string | null } {
  const { rows, left, which } = chooseRows(page.report.requests, page.options.verbose ? Number.POSITIVE_INFINITY : MAX_ROWS)
  if (left === 0) return { rows, note: null }
  return { rows, note: `${counted(left, 'more request')}${which}: --verbose lists all, --format json has everything.` }
}

function urlCell(page: Page, { url }: ReportRequest, origin: string | null): string {
  return page.safe(shownUrl(url, origin), MAX_URL)
}

function layOut(page: Page, rows: readonly ReportRequest[]): Layout {
  const widest = (texts: readonly string[], least: number, most: number): number =>
    Math.min(
      most,
      texts.reduce((width, text) => Math.max(width, widthOf(text)), least),
    )
  const days = new Set(rows.map((request) => request.time?.slice(0, 10)))
  days.delete(undefined)
  const base = {
    id: widest(
      rows.map((request) => String(request.id)),
      1,
      12,
    ),
    method: widest(
      rows.map((request) => page.safe(request.method)),
      4,
      7,
    ),
    resource: widest(
      rows.map((request) => page.safe(request.resource)),
      8,
      13,
    ),
    verdict: 7,
    origin: mainOrigin(rows),
  }
  const marks = CHECK_NAMES.reduce((sum, name) => sum + CHECK_HEADS[name].length + 1, -1)
  const fixed = base.id + Math.max(6, base.method) + base.resource + 4 + marks + base.verdict
  const timeStart = days.size > 1 ? 5 : 11
  const wanted = widest(
    rows.map((request) => urlCell(page, request, base.origin)),
    MIN_URL,
    WANTED_URL,
  )
  // the roomiest form that leaves the URL enough; else the tightest one
  const forms = [
    [23, '  '],
    [19, '  '],
    [19, ' '],
  ] as const
  const room = ([end, gap]: (typeof forms)[number]) => page.width - fixed - (end - timeStart) - gap.length * 7
  const form = forms.find((candidate) => room(candidate) >= wanted) ?? forms[2]
  return { ...base, timeStart, time: form[0] - timeStart, gap: form[1], url: Math.max(MIN_URL, room(form)) }
}

function headRow(layout: Layout): string {
  return [
    padStart('#', layout.id),
    padEnd('Time', layout.time),
    padEnd('Method', Math.max(6, layout.method)),
    padEnd('Resource', layout.resource),
    'HTTP',
    CHECK_NAMES.map((name) => CHECK_HEADS[name]).join(' '),
    padEnd('Verdict', layout.verdict),
    'URL',
  ].join(layout.gap)
}

function row(page: Page, layout: Layout, request: ReportRequest, diagnosed: ReadonlyMap<number, Party>): string {
  const { styles, glyphs } = page
  const status = request.response === null ? glyphs.none : String(request.response.status)
  const refused = request.response !== null && request.response.status >= 400
  const word = verdictWord(request, diagnosed)
  const time = request.time === null ? '' : request.time.slice(layout.timeStart, layout.timeStart + layout.time).replace('T', ' ')
  return [
    padStart(String(request.id), layout.id),
    styles.quiet(cell(page, time, layout.time)),
    cell(page, request.method, Math.max(6, layout.method)),
    cell(page, request.resource, layout.resource),
    (refused ? styles.warn : (text: string) => text)(padEnd(status, 4)),
    CHECK_NAMES.map((name) => mark(page, request.checks[name], CHECK_HEADS[name].length)).join(' '),
    styles[VERDICT_STYLES[word]](padEnd(word === 'none' ? glyphs.none : word, layout.verdict)),
    shorten(urlCell(page, request, layout.origin), layout.url, glyphs.ellipsis),
  ].join(layout.gap)
}

/** Untrusted text in a column of its own. */
function cell(page: Page, text: string, width: number): string {
  return padEnd(shorten(page.safe(text), width, page.glyphs.ellipsis), width)
}

function mark(page: Page, value: CheckValue, width: number): string {
  const { styles, glyphs } = page
  switch (value) {
    case 'pass':
      return styles.good(centre(glyphs.pass, width))
    case 'fail':
      return styles.bad(centre(glyphs.fail, width))
    case 'unknown':
      return styles.warn(centre(glyphs.unknown, width))
    case 'not-applicable':
      return styles.quiet(centre(glyphs.none, width))
  }
}
