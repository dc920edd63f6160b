import { alike } from './likeness.ts'
import type { Page } from './page.ts'
import { capitalised, counted, numberRuns } from './phrases.ts'
import { whereabouts } from './places.ts'
import type { ReportComparison, ReportKubernetesObject, ReportLog, ReportLogLine, ReportStatement } from './report.ts'

/** 'agrees' and 'differs' of a field, 'failed' and 'said' of words, 'open' where the capture shows nothing to hold against. */
export type PointMark = 'agrees' | 'differs' | 'failed' | 'said' | 'open'

export interface ToldPoint {
  readonly mark: PointMark
  readonly text: string
}

/** What one side beside the capture says: what was read, then by object or request, then what is left over. All texts are safe. */
export interface ToldEvidence {
  readonly read: readonly string[]
  readonly groups: readonly { readonly head: string; readonly points: readonly ToldPoint[] }[]
  readonly rest: readonly string[]
}

/** Objects, and lines of a log, told without --verbose. */
const MAX_GROUPS = 12
const MAX_LINES = 10
const MAX_NAMES = 8
const MAX_WORDS = 400

/** Nearest to the requests first: who quotes an answer at first hand goes before who passes it on. */
const KINDS = ['ClusterIssuer', 'Issuer', 'Order', 'Challenge', 'CertificateRequest', 'Certificate']

/** Null when no --kubernetes file was given. */
export function kubernetesTold(page: Page): ToldEvidence | null {
  const { kubernetes } = page.report
  if (kubernetes === null) return null
  const { verbose } = page.options
  const told = new Map<string, string>()
  const groups = [...kubernetes.objects]
    .sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind))
    .map((object) => ({ object, points: pointsOf(page, object, told) }))
    .filter(({ object, points }) => verbose || (object.requests.length > 0 ? points.length > 0 : points.some(isWorth)))
  const shown = verbose ? groups : groups.slice(0, MAX_GROUPS)
  const rest: string[] = []
  if (shown.length < groups.length)
    rest.push(`${counted(groups.length - shown.length, 'more object')} that this capture speaks of: --verbose shows them.`)
  const without = kubernetes.objects.filter(({ requests }) => requests.length === 0)
  if (without.length > 0) rest.push(`Without traffic in this capture: ${some(page, without.map(objectName))}.`)
  if (kubernetes.unlisted > 0) rest.push(`${counted(kubernetes.unlisted, 'more object')} read but not listed.`)
  rest.push(...unclaimedTexts(page))
  return {
    read: [readText(page)],
    groups: shown.map(({ object, points }) => ({ head: headOf(page, object), points })),
    rest,
  }
}

function readText(page: Page): string {
  const { files = [], ignored = [] } = page.report.kubernetes ?? {}
  const names = some(
    page,
    files.map(({ name }) => name),
  )
  const objects = files.reduce((sum, file) => sum + file.objects, 0)
  const events = files.reduce((sum, file) => sum + file.events, 0)
  const others = ignored.reduce((sum, { count }) => sum + count, 0)
  const kinds = some(
    page,
    ignored.map(({ kind, count }) => `${count} ${kind}`),
  )
  return `${names}: ${counted(objects, 'object')} of cert-manager, ${counted(events, 'event')} about them${others === 0 ? '' : `; not looked into: ${kinds}`}`
}

function headOf(page: Page, object: ReportKubernetesObject): string {
  const name = `${page.safe(objectName(object), 200)}${object.state === null ? '' : ` (${page.safe(object.state, 60)})`}`
  if (object.requests.length === 0) return name
  return `${name}: ${object.requests.length === 1 ? 'request' : 'requests'} ${numberRuns(object.requests)}`
}

function objectName({ kind, namespace, name }: ReportKubernetesObject): string {
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`
}

/** Worth telling of an object without traffic. */
function isWorth({ mark }: ToldPoint): boolean {
  return mark === 'differs' || mark === 'failed'
}

/** `told`: which object quoted a text first, so that others need not say it again. */
function pointsOf(page: Page, object: ReportKubernetesObject, told: Map<string, string>): ToldPoint[] {
  const { verbose } = page.options
  const points: ToldPoint[] = []
  const agreeing = object.comparisons.filter(({ outcome }) => outcome === 'agrees')
  // A field that agrees in one place and differs in another is told in full.
  const torn = new Set(object.comparisons.filter(({ outcome }) => outcome === 'differs').map(({ field }) => field))
  const plain = verbose ? [] : agreeing.filter((comparison) => comparison.object !== null && !torn.has(comparison.field))
  for (const comparison of object.comparisons)
    if (!plain.includes(comparison) && (verbose || comparison.outcome !== 'not-captured' || comparison.object === null))
      points.push({ mark: markOf(comparison), text: comparisonText(page, comparison) })
  if (plain.length > 0)
    points.push({ mark: 'agrees', text: `as in the capture: ${[...new Set(plain.map(({ field }) => field))].join(', ')}` })
  for (const statement of object.statements)
    if (verbose || statement.failure || statement.matchedBy !== null)
      points.push({ mark: statement.failure ? 'failed' : 'said', text: statementText(page, object, statement, told) })
  return points
}

/** What is missing for a reason that the capture shows is no success. */
function markOf({ outcome, object }: ReportComparison): PointMark {
  if (outcome === 'agrees' && object === null) return 'said'
  return outcome === 'not-captured' ? 'open' : outcome
}

function comparisonText(page: Page, { field, message }: ReportComparison): string {
  return `${field} ${page.safe(message, 900)}.`
}

function statementText(
  page: Page,
  object: ReportKubernetesObject,
  statement: ReportStatement,
  told: Map<string, string>,
): string {
  const { source, time, text, requests, matchedBy } = statement
  const head = `${page.safe(source, 80)}${time === null ? '' : ` (${clockText(page, time)})`}`
  const about = aboutText(page, requests, matchedBy)
  const known = matchedBy === 'problem' ? told.get(requests.join()) : undefined
  if (known !== undefined && !page.options.verbose)
    return `${head} quotes ${known === objectName(object) ? 'it' : 'the same answer'} too${requests.length === 1 ? ` (request ${requests[0]})` : ''}.`
  if (matchedBy === 'problem') told.set(requests.join(), objectName(object))
  return `${head}: "${page.safe(text, MAX_WORDS)}"${about === '' ? '' : `: ${about}`}.`
}

function aboutText(page: Page, requests: readonly number[], matchedBy: ReportStatement['matchedBy']): string {
  if (matchedBy === null) return ''
  const where = whereabouts(page, requests)
  if (matchedBy === 'problem') return requests.length === 1 ? `the answer to ${where}` : `the answers to ${where}`
  return matchedBy === 'url' ? `the URL of ${where}` : `at the time of ${where}`
}

/** The time of day when it is the capture's day, else the date too. */
function clockText(page: Page, time: string): string {
  const first = page.report.requests.find((request) => request.time !== null)?.time ?? ''
  return time.slice(0, 10) === first.slice(0, 10) ? time.slice(11, 19) : `${time.slice(0, 10)} ${time.slice(11, 19)}`
}

const UNCLAIMED: Readonly<Record<string, readonly [one: string, many: string]>> = {
  directory: ['no issuer has the server', 'no issuer has the servers'],
  account: ['no issuer stores the account', 'no issuer stores the accounts'],
  order: ['no Order has the order', 'no Order has the orders'],
  'refused newOrder': ['no Order speaks of a refused newOrder', 'no Order speaks of refused newOrders'],
  challenge: [
    'no Challenge has the challenge (cert-manager deletes them when an order is done)',
    'no Challenge has the challenges (cert-manager deletes them when an order is done)',
  ],
}

function unclaimedTexts(page: Page): string[] {
  const groups = alike(
    page.report.kubernetes?.unclaimed ?? [],
    ({ what }) => [what],
    () => '',
  )
  return groups.flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const urls = group.flatMap(({ url }) => url ?? [])
    const words = UNCLAIMED[first.what]?.[group.length === 1 ? 0 : 1] ?? first.what
    const ids = [...new Set(group.flatMap(({ requests }) => requests))]
    const where = ids.length === 0 ? '' : ` (${ids.length === 1 ? 'request' : 'requests'} ${numberRuns(ids)})`
    return [`Without an object: ${words}${urls.length === 0 ? '' : ` ${some(page, urls)}`}${where}.`]
  })
}

function some(page: Page, texts: readonly string[]): string {
  const shown = page.options.verbose ? texts : texts.slice(0, MAX_NAMES)
  const left = texts.length - shown.length
  return `${shown.map((text) => page.safe(text, 200)).join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}

/** Null when no --log file was given. */
export function logTold(page: Page): ToldEvidence | null {
  const { log } = page.report
  if (log === null) return null
  const { verbose } = page.options
  const failed = log.lines.filter(({ severity }) => severity !== 'info')
  const groups = byRequests(verbose ? log.lines : failed)
  const shown = verbose ? groups : groups.slice(0, MAX_LINES)
  const rest: string[] = []
  if (shown.length < groups.length)
    rest.push(`${counted(groups.length - shown.length, 'more kind of failure', 'more kinds of failure')}: --verbose shows them.`)
  const strays = failed.filter(({ matchedBy }) => matchedBy === null)
  const told = verbose ? strays : strays.slice(0, MAX_LINES)
  for (const line of told) rest.push(`Without traffic: ${lineText(page, line)}`)
  if (told.length < strays.length) rest.push(`${counted(strays.length - told.length, 'more failure')} without traffic.`)
  if (log.unlisted > 0) rest.push(`${counted(log.unlisted, 'more line')} read but not listed.`)
  return {
    read: log.files.map((file) => fileText(page, file)).concat(countsOf(log)),
    groups: shown.map((lines) => ({
      head: capitalised(whereabouts(page, [...new Set(lines.flatMap(({ requests }) => requests))])),
      points: (verbose ? lines : lines.slice(0, 1)).map((line) => ({
        mark: line.severity === 'info' ? 'said' : 'failed',
        text: `${lineText(page, line)}${verbose || lines.length === 1 ? '' : ` (the first of ${lines.length} such lines)`}`,
      })),
    })),
    rest,
  }
}

/** Lines that say the same about one request after another are one group. */
function byRequests(lines: readonly ReportLogLine[]): ReportLogLine[][] {
  return alike(
    lines.filter(({ matchedBy }) => matchedBy !== null),
    ({ severity, source, message, matchedBy }) => [severity, source ?? '', message, matchedBy ?? ''],
    ({ error }) => error ?? '',
  )
}

const MATCHED: Readonly<Record<string, string>> = { url: 'by URL', problem: 'quotes its answer', time: 'by time' }

function lineText(page: Page, { file, line, time, source, message, error, matchedBy }: ReportLogLine): string {
  const name = (page.report.log?.files.length ?? 0) > 1 ? `${page.report.log?.files[file]?.name ?? ''} ` : ''
  const place = `${page.safe(name, 80)}line ${line}`
  const when = time === null ? '' : `${clockText(page, time)} `
  const from = source === null ? '' : `${page.safe(source, 60)} `
  const how = matchedBy === null ? '' : `, ${MATCHED[matchedBy]}`
  return `${when}${from}"${page.safe(message, MAX_WORDS)}"${error === null ? '' : `, error "${page.safe(error, MAX_WORDS)}"`} (${place}${how})`
}

function fileText(page: Page, { name, lines, unread, clock, offset }: ReportLog['files'][number]): string {
  const zone = offsetText(offset)
  const clocks = {
    stated: 'with its times in full',
    aligned: `local times read as ${zone}, which puts lines onto the requests that they speak of`,
    assumed: `local times read as ${zone}, which nothing in it confirms`,
  }
  const odd = unread === 0 ? '' : `, ${unread} of them not understood`
  return `${page.safe(name, 200)}: ${counted(lines, 'line')}${odd}, ${clocks[clock]}`
}

function offsetText(seconds: number): string {
  if (seconds === 0) return 'UTC'
  const minutes = Math.abs(seconds) / 60
  const pad = (value: number) => String(value).padStart(2, '0')
  return `UTC${seconds < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}

function countsOf({ counts, window }: ReportLog): string {
  const { matched, failures, failuresWithoutTraffic, failuresOutside } = counts
  const parts = [
    `${counted(matched, 'line')} matched to requests (by quoted problem, by URL or operation within ${window} s)`,
    counted(failures, 'failure or warning', 'failures and warnings'),
  ]
  if (failuresWithoutTraffic > 0) parts.push(`${failuresWithoutTraffic} of them without traffic in this capture`)
  if (failuresOutside > 0) parts.push(`${failuresOutside} from before or after it`)
  return parts.join(', ')
}

/** The same as notes, one for each thing said, for formats without room for a layout. */
export function evidenceTexts(told: ToldEvidence | null): string[] {
  if (told === null) return []
  return [...told.read, ...told.groups.flatMap(({ head, points }) => points.map(({ text }) => `${head}: ${text}`)), ...told.rest]
}
