import type { Page } from './page.ts'
import { numberRuns } from './phrases.ts'
import type { ReportRequest } from './report.ts'

/** How many requests are named with their frames, each on its own. */
const MAX_EACH = 3

/** "frames 88, 91", "entry 4": where to look in Wireshark or in the HAR; with the file when there are several. Null: nowhere. */
export function placeOf(page: Page, request: ReportRequest): string | null {
  const file = page.report.inputs.length > 1 ? page.report.inputs[request.input]?.name : undefined
  const of = file === undefined ? '' : ` of ${page.safe(file, 80)}`
  if (request.entry !== null) return `entry ${request.entry}${of}`
  if (request.frames === null || request.frames.length === 0) return null
  return `frame${request.frames.length === 1 ? '' : 's'} ${numberRuns(request.frames, 6)}${of}`
}

/** "request 5 (frames 23, 25)", "requests 5-9, 14 (first in frames 23, 25)". */
export function whereabouts(page: Page, ids: readonly number[]): string {
  const known = ids.map((id) => page.requests.get(id)).filter((request) => request !== undefined)
  if (ids.length <= MAX_EACH)
    return ids
      .map((id) => {
        const request = page.requests.get(id)
        const place = request === undefined ? null : placeOf(page, request)
        return `request ${id}${place === null ? '' : ` (${place})`}`
      })
      .join(', ')
  const first = known.map((request) => placeOf(page, request)).find((place) => place !== null)
  return `requests ${numberRuns(ids)}${first === undefined ? '' : ` (first in ${first})`}`
}

/** Whether a text already names a request and its frames or entry. */
export function saysWhere(text: string): boolean {
  return /request \d/i.test(text) && /(?:frames?|entry) \d/i.test(text)
}
