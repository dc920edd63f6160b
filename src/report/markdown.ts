import { diagnosedParties, findingLabel, isFailing, type VerdictWord, verdictWord } from './conduct.ts'
import { plainJson } from './escape.ts'
import { block, code, inline } from './markdown-inline.ts'
import { openPage, type Page, type RenderOptions } from './page.ts'
import { counted, numberRuns } from './phrases.ts'
import { whereabouts } from './places.ts'
import { linkOf, referencesOf } from './references.ts'
import { CHECK_NAMES, type Report, type ReportRequest } from './report.ts'
import { serverTexts } from './servers.ts'
import { countsText, diagnosisHead, type StoryLine, storyOf } from './story.ts'
import { CHECK_HEADS, CHECK_WORDS, chooseRows, mainOrigin, shownUrl } from './table-rows.ts'
import { connectionsText, crossCheckText, inputText, quotedText, redactionText } from './text-inputs.ts'
import { damageTexts, undecryptedTexts, unknownTexts } from './text-notes.ts'
import { type Block, blockHead, collect, intoBlocks, refusals, refusalText, type Told } from './told.ts'
import { evidenceTexts, kubernetesTold, logTold } from './told-evidence.ts'
import { padEnd, shorten } from './width.ts'

/** A comment on GitHub takes 65,536 characters; some are left for whoever pastes it. */
export const MAX_MARKDOWN = 65_000
/** What each part may take of it; the details of requests get what the others leave. */
const MAX_TABLE = 22_000
const MAX_FINDINGS = 20_000
const MAX_NOTES = 3_000
const MAX_ALSO = 4_000
const MAX_DETAIL = 3_000
const MAX_ROWS = 300
const MAX_URL = 60
/** Kept for the sentence that says what was cut, and for the last line. */
const RESERVE = 700

/** The report for tickets and comments: GitHub Flavored Markdown that also reads well as plain text. */
export function* renderMarkdown(report: Report, options: RenderOptions): Iterable<string> {
  const page = openPage(report, { ...options, charset: 'unicode', verbose: false })
  const cut: string[] = []
  const verdict = verdictPart(page, cut)
  const parts = options.quiet
    ? []
    : [
        tablePart(page, cut),
        findingsPart(page, cut),
        notesPart(
          'Refused by the server, with no fault found in the request',
          refusals(report),
          (group) => refusalText(page, group),
          cut,
        ),
        notesPart('What Kubernetes knew', evidenceTexts(kubernetesTold(page)), (text) => text, cut),
        notesPart('What the client logged', evidenceTexts(logTold(page)), (text) => text, cut),
        notesPart('What this capture cannot tell', unknownTexts(page), (text) => text, cut),
        notesPart('Not decrypted', undecryptedTexts(page), (text) => text, cut),
        notesPart('Damage in the capture', damageTexts(page), (text) => text, cut),
      ]
  const written = [verdict, summaryPart(page), ...parts].join('')
  const details = options.quiet ? '' : detailsPart(page, MAX_MARKDOWN - RESERVE - written.length, cut)
  yield verdict
  if (cut.length > 0)
    yield `> Cut to fit into a comment: ${cut.join(', ')} ${cut.length === 1 && cut[0]?.startsWith('1 ') ? 'is' : 'are'} left out. \`--format json\` has everything.\n\n`
  yield summaryPart(page)
  yield* parts
  yield details
  const { name, version } = report.generator
  yield `Made by ${inline(page.safe(`${name} ${version}`, 80))}.\n`
}

/** As many items as fit, in their order. */
function fitting<T>(items: readonly T[], write: (item: T) => string, room: number): { text: string; left: number } {
  let text = ''
  for (const [at, item] of items.entries()) {
    const more = write(item)
    if (text.length + more.length > room) return { text, left: items.length - at }
    text += more
  }
  return { text, left: 0 }
}

function verdictPart(page: Page, cut: string[]): string {
  const { headline, lines: told, further } = storyOf(page)
  const also = fitting(
    further,
    (diagnosis) => {
      const where = diagnosis.requests.length === 0 ? '' : `: ${whereabouts(page, diagnosis.requests)}`
      return `- ${inline(`${diagnosisHead(page, diagnosis)}${where}`)}\n`
    },
    MAX_ALSO,
  )
  if (also.left > 0) cut.push(counted(also.left, 'diagnosis', 'diagnoses'))
  const lines = [`## ${inline(headline)}`, ...told.map(storyText)]
  return `${lines.join('\n\n')}\n\n${also.text === '' ? '' : `**Also:**\n\n${also.text}\n`}`
}

/** Several texts, such as what each reader can do, are a list. */
function storyText({ label, texts }: StoryLine): string {
  const [only = ''] = texts
  return texts.length === 1
    ? `**${label}:** ${inline(only)}`
    : `**${label}:**\n\n${texts.map((text) => `- ${inline(text)}`).join('\n')}`
}

function summaryPart(page: Page): string {
  const { report } = page
  const facts = [countsText(page), ...report.inputs.slice(0, 8).map((input) => `Read ${inputText(page, input)}`)]
  if (report.inputs.length > 8) facts.push(`${counted(report.inputs.length - 8, 'more file')}`)
  const connections = connectionsText(report)
  if (connections !== null) facts.push(connections)
  for (const input of report.inputs.slice(0, 8)) {
    const crossCheck = crossCheckText(page, input)
    if (crossCheck !== null) facts.push(`Cross-check: ${crossCheck}`)
  }
  const redaction = redactionText(report)
  if (redaction !== null) facts.push(`Redacted ${redaction}`)
  facts.push(...serverTexts(page).slice(0, 8))
  const quoted = quotedText(page)
  if (quoted !== null) facts.push(`Quoted: ${quoted}`)
  return `### Summary\n\n${facts.map((fact) => `- ${inline(fact)}\n`).join('')}\n`
}

/** Words that say whose fault a request is stand out. */
const LOUD: ReadonlySet<VerdictWord> = new Set(['client', 'server', 'both', 'proxy'])

function tablePart(page: Page, cut: string[]): string {
  const { requests } = page.report
  if (requests.length === 0) return ''
  const chosen = chooseRows(requests, MAX_ROWS)
  const origin = mainOrigin(chosen.rows)
  const day = chosen.rows.find((request) => request.time !== null)?.time?.slice(0, 10)
  const about = [day === undefined ? 'Times unknown' : `From ${inline(page.safe(day))}, times in UTC`]
  if (origin !== null) about.push(`paths are on ${code(page.safe(origin, 200))}`)
  const heads = ['#', 'Time', 'Method', 'Resource', 'HTTP', ...CHECK_NAMES.map((name) => CHECK_HEADS[name]), 'Verdict', 'URL']
  const cells = rowCells(page, chosen.rows, origin)
  const widths = heads.map((head, column) =>
    cells.reduce((most, row) => Math.max(most, (row[column] ?? '').length), Math.max(3, head.length)),
  )
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => padEnd(cell, widths[column] ?? 0)).join(' | ')} |\n`
  const centred = (column: number) => column >= 5 && column < 5 + CHECK_NAMES.length
  const rule = `|${widths.map((width, column) => (centred(column) ? `:${'-'.repeat(width)}:` : '-'.repeat(width + 2))).join('|')}|\n`
  const rows = fitting(cells, line, MAX_TABLE)
  const left = chosen.left + rows.left
  if (left > 0) cut.push(counted(left, 'row of the table', 'rows of the table'))
  const { glyphs } = page
  const legend = `${glyphs.pass} ${CHECK_WORDS.pass}, ${glyphs.fail} ${CHECK_WORDS.fail}, ${glyphs.unknown} ${CHECK_WORDS.unknown}, ${glyphs.none} ${CHECK_WORDS['not-applicable']}. Verdict: who broke the protocol in the request or in its answer.`
  const note = left === 0 ? '' : `\n\n${counted(left, 'more request')}${rows.left === 0 ? chosen.which : ''} not shown.`
  return `### Requests\n\n${about.join(', ')}.\n\n${line(heads)}${rule}${rows.text}\n${legend}${note}\n\n`
}

function rowCells(page: Page, rows: readonly ReportRequest[], origin: string | null): string[][] {
  const { glyphs } = page
  const diagnosed = diagnosedParties(page.report)
  const marks = { pass: glyphs.pass, fail: glyphs.fail, unknown: glyphs.unknown, 'not-applicable': glyphs.none }
  return rows.map((request) => {
    const word = verdictWord(request, diagnosed)
    return [
      String(request.id),
      inline(page.safe(request.time?.slice(11, 23) ?? '', 20)),
      inline(page.safe(request.method, 20)),
      inline(page.safe(request.resource, 20)),
      request.response === null ? glyphs.none : String(request.response.status),
      ...CHECK_NAMES.map((name) => marks[request.checks[name]]),
      word === 'none' ? glyphs.none : LOUD.has(word) ? `**${word}**` : word,
      code(shorten(page.safe(shownUrl(request.url, origin)), MAX_URL, glyphs.ellipsis)),
    ]
  })
}

function findingsPart(page: Page, cut: string[]): string {
  const told = collect(page)
  if (told.length === 0) return ''
  const { text, left } = fitting(intoBlocks(page, told), (one) => blockText(page, one), MAX_FINDINGS)
  if (left > 0) cut.push(counted(left, 'group of findings', 'groups of findings'))
  return `### Findings\n\n${text}`
}

function blockText(page: Page, { ids, told }: Block): string {
  return `**${inline(blockHead(page, ids))}**\n\n${told.map((one) => `${findingText(page, one)}\n`).join('')}\n`
}

function findingText(page: Page, { finding, ids, varied }: Told): string {
  const mark = { error: page.glyphs.fail, warning: page.glyphs.warning, info: page.glyphs.note }[finding.severity]
  const like = varied ? ` (These values are of request ${ids[0]}.)` : ''
  const lines = [`- ${mark} **${findingLabel(finding)}:** ${inline(page.safe(finding.message, 1500))}${like}`]
  const names = [
    code(page.safe(finding.rule, 100)),
    ...referencesOf(finding.reference).map((reference) => citation(page, reference)),
  ]
  lines.push(`  - Rule: ${names.join(', ')}`)
  if (finding.remedy !== '') lines.push(`  - Fix: ${inline(page.safe(finding.remedy, 1500))}`)
  return lines.join('\n')
}

function citation(page: Page, reference: string): string {
  const link = linkOf(reference)
  return link === null ? inline(page.safe(reference, 200)) : `[${reference}](${link})`
}

function notesPart<T>(title: string, items: readonly T[], textOf: (item: T) => string, cut: string[]): string {
  if (items.length === 0) return ''
  const { text, left } = fitting(items, (item) => `- ${inline(textOf(item))}\n`, MAX_NOTES)
  if (left > 0) cut.push(counted(left, 'note'))
  return `### ${title}\n\n${text}${left === 0 ? '' : `- and ${counted(left, 'more note')}\n`}\n`
}

/** What was sent and answered, folded, for the requests that the report speaks of; those that failed first. */
function detailsPart({ report }: Page, room: number, cut: string[]): string {
  const named = new Set(report.diagnoses.flatMap((diagnosis) => diagnosis.requests))
  const telling = report.requests.filter((request) => request.findings.length > 0 || isFailing(request) || named.has(request.id))
  if (telling.length === 0) return ''
  const order = [...telling.filter(isFailing), ...telling.filter((request) => !isFailing(request))]
  const title = '### Details\n\n'
  const { text, left } = fitting(order, detailText, room - title.length)
  if (left > 0) cut.push(`the details of ${counted(left, 'request')}`)
  return text === '' ? '' : `${title}${text}`
}

/** Frame numbers take a line each in indented JSON. */
const NUMBERS = /\[\n\s+(\d+(?:,\n\s+\d+)*)\n\s+\]/g

/** The summary line is HTML: it holds numbers and words of our own alone. */
function detailText(request: ReportRequest): string {
  const { findings, ...facts } = request
  const evidence = findings.filter((finding) => Object.keys(finding.evidence).length > 0)
  const shown =
    evidence.length === 0 ? facts : { ...facts, evidence: evidence.map(({ rule, evidence: seen }) => ({ rule, seen })) }
  const json = plainJson(shown, 2).replace(NUMBERS, (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`)
  const kept = json.length > MAX_DETAIL ? `${json.slice(0, MAX_DETAIL)}\n… (${json.length} characters)` : json
  const status = request.response === null ? 'no answer' : String(request.response.status)
  const frames =
    request.entry === null
      ? request.frames?.length
        ? `, frames ${numberRuns(request.frames, 6)}`
        : ''
      : `, entry ${request.entry}`
  const kind = /^[a-zA-Z]+$/.test(request.resource) ? request.resource : 'other'
  return `<details><summary>Request ${request.id}: ${kind}, ${status}${frames}</summary>\n\n${block(kept, 'json')}\n\n</details>\n\n`
}
