import type { Page } from './page.ts'
import { numberRuns } from './phrases.ts'
import type { ReportRequest } from './report.ts'
import { isUnknownCode, UNKNOWN_CODES } from './unknown-codes.ts'

/** Reasons told at most, those that keep most checks open first. */
const MAX_REASONS = 3
const MAX_ACCOUNTS = 3

/** What the next capture, or the next run, needs in order to tell what this one cannot: what to do, and which checks that would settle. */
export function whatToCapture(page: Page): string[] {
  const open = new Map<string, { readonly requests: Set<ReportRequest>; readonly checks: Set<string> }>()
  for (const request of page.report.requests)
    for (const { check, code } of request.unknown) {
      const reason = open.get(code) ?? { requests: new Set(), checks: new Set() }
      reason.requests.add(request)
      reason.checks.add(check)
      open.set(code, reason)
    }
  const reasons = [...open].sort(([, a], [, b]) => b.requests.size - a.requests.size)
  const texts = reasons.slice(0, MAX_REASONS).flatMap(([code, { requests, checks }]) => {
    if (!isUnknownCode(code)) return []
    const ids = numberRuns([...requests].map(({ id }) => id))
    const settles = `${[...checks].map((check) => page.safe(check, 60)).join(', ')} of request${requests.size === 1 ? '' : 's'} ${ids}`
    const key = code === 'U-KEY' ? keysOf(page, [...requests]) : ''
    return [`${UNKNOWN_CODES[code].remedy}${key} That settles: ${settles}.`]
  })
  return texts.length === 0 ? ['Capture the whole session, from the start of the client.'] : texts
}

/** Whose key is missing. */
function keysOf(page: Page, requests: readonly ReportRequest[]): string {
  const kids = new Set(requests.map((request) => request.protected?.kid).filter((kid) => typeof kid === 'string' && kid !== ''))
  if (kids.size === 0) return ''
  const shown = [...kids].slice(0, MAX_ACCOUNTS).map((kid) => page.safe(`"${kid}"`, 200))
  return ` The key is that of ${shown.join(', ')}${kids.size > shown.length ? ` and ${kids.size - shown.length} more accounts` : ''}.`
}
