import { isFailing } from './conduct.ts'
import { plainJson } from './escape.ts'
import { type HtmlPage, leftOut } from './html-page.ts'
import { type Markup, markup } from './markup.ts'
import { placeOf } from './places.ts'
import type { ReportRequest } from './report.ts'
import { answerText } from './told.ts'

/** Requests with details, and characters of one. */
const MAX_DETAILS = 1000
const MAX_DETAIL = 12_000

/** Every request with all that the report knows of it, folded; a link to what is inside unfolds it. */
export function* detailsPart(page: HtmlPage): Iterable<Markup> {
  const { requests } = page.report
  if (requests.length === 0) return
  yield markup`<h2>Details</h2>`
  for (const request of requests) if (page.linked.has(request.id)) yield detailOf(page, request)
  yield* leftOut(requests.length - page.linked.size, 'request')
}

function detailOf(page: HtmlPage, request: ReportRequest): Markup {
  const place = placeOf(page, request)
  const { findings, ...facts } = request
  const evidence = findings.filter((finding) => Object.keys(finding.evidence).length > 0)
  const all = evidence.length === 0 ? facts : { ...facts, evidence: evidence.map(({ rule, evidence: seen }) => ({ rule, seen })) }
  const json = plainJson(all, 2)
  const kept = json.length > MAX_DETAIL ? `${json.slice(0, MAX_DETAIL)}\n… (${json.length} characters)` : json
  const head = `Request ${request.id}: ${page.safe(`${request.method} ${request.resource}`, 60)}, ${answerText(page, request)}`
  return markup`<details><summary>${head}${place === null ? null : ` (${place})`}</summary>
<div id="request-${request.id}"><pre tabindex="0" aria-label="${`All facts of request ${request.id}`}" role="region">${kept}</pre></div></details>`
}

/** When there are too many, those that failed or have findings come before those in order. */
export function detailed(requests: readonly ReportRequest[]): readonly ReportRequest[] {
  if (requests.length <= MAX_DETAILS) return requests
  const isTelling = (request: ReportRequest) => isFailing(request) || request.findings.length > 0
  return [...requests.filter(isTelling), ...requests.filter((request) => !isTelling(request))].slice(0, MAX_DETAILS)
}
