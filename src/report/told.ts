import { byGravity, isRefused } from './conduct.ts'
import { alike, shapeOf } from './likeness.ts'
import type { Page } from './page.ts'
import { capitalised, numberRuns, problemName } from './phrases.ts'
import { placeOf, whereabouts } from './places.ts'
import type { Report, ReportFinding, ReportRequest } from './report.ts'

/** One finding as people are told it: once, for all requests that have it. */
export interface Told {
  readonly finding: ReportFinding
  /** Requests that have it, and the first one, whose values the message shows. */
  readonly ids: number[]
  /** The messages are not all the same. */
  varied: boolean
}

/** Findings that the very same requests have. */
export interface Block {
  readonly ids: readonly number[]
  readonly told: Told[]
}

/** Findings that are the same but for the values in them, each with its requests. */
export function collect({ report, options: { verbose } }: Page): Told[] {
  const told = new Map<string, Told>()
  for (const request of report.requests)
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
export function intoBlocks(page: Page, told: readonly Told[]): Block[] {
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

/** "Request 5: POST newOrder, answered 400 malformed "…" (frames 23, 25)" */
export function blockHead(page: Page, ids: readonly number[]): string {
  const requests = ids.map((id) => page.requests.get(id)).filter((request) => request !== undefined)
  const [first] = requests
  const name = ids.length === 1 ? `Request ${ids[0]}` : `Requests ${numberRuns(ids)}`
  if (first === undefined) return page.styles.strong(name)
  const kinds = new Set(requests.map((request) => `${request.method} ${request.resource}`))
  const answers = new Set(requests.map((request) => answerText(page, request)))
  const facts = [kinds.size === 1 ? page.safe([...kinds][0] ?? '', 60) : `${kinds.size} kinds of request`]
  if (answers.size === 1) facts.push([...answers][0] ?? '')
  const place = placeOf(page, first)
  const where = place === null ? '' : ids.length === 1 ? ` (${place})` : ` (first in ${place})`
  return `${name}: ${facts.join(', ')}${where}`
}

/** "refused with 400 malformed …", "answered 201" */
export function answerText(page: Page, { response }: ReportRequest): string {
  if (response === null) return 'no answer captured'
  if (response.status < 400) return `answered ${response.status}`
  const type = response.problem?.type
  const detail = response.problem?.detail
  const name = type == null ? '' : ` ${page.safe(problemName(type), 80)}`
  return `refused with ${response.status}${name}${detail == null || detail === '' ? '' : ` "${page.safe(detail, 200)}"`}`
}

/** Refusals that no finding and no diagnosis speaks of, a group for equal ones. */
export function refusals({ requests, diagnoses }: Report): ReportRequest[][] {
  const diagnosed = new Set(diagnoses.flatMap((diagnosis) => diagnosis.requests))
  return alike(
    requests.filter((request) => isRefused(request) && request.findings.length === 0 && !diagnosed.has(request.id)),
    ({ method, resource, response }) => [method, resource, String(response?.status), response?.problem?.type ?? ''],
    ({ response }) => response?.problem?.detail ?? '',
  )
}

/** "Requests 8, 9 (frames 80, 81): POST newOrder, refused with 429 rateLimited "too many"" */
export function refusalText(page: Page, group: readonly ReportRequest[]): string {
  const [first] = group
  if (first === undefined) return ''
  const where = whereabouts(
    page,
    group.map(({ id }) => id),
  )
  return `${capitalised(where)}: ${page.safe(`${first.method} ${first.resource}`, 60)}, ${answerText(page, first)}`
}
