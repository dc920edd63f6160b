import { isFailing } from './conduct.ts'
import type { CheckName, CheckValue, ReportRequest } from './report.ts'

/** Column heads of the five checks. */
export const CHECK_HEADS: Readonly<Record<CheckName, string>> = {
  kid: 'kid',
  jwk: 'jwk',
  nonce: 'nonce',
  url: 'url',
  signature: 'sig',
}

/** What the marks of the checks mean, in words. */
export const CHECK_WORDS: Readonly<Record<CheckValue, string>> = {
  pass: 'passed',
  fail: 'failed',
  unknown: 'this capture cannot tell',
  'not-applicable': 'does not apply',
}

export interface ChosenRows {
  readonly rows: readonly ReportRequest[]
  /** How many have no row, and in words which: " in which nothing was found", or nothing. */
  readonly left: number
  readonly which: string
}

/** Not more than `most` requests: when there are more, only those with something to say. */
export function chooseRows(requests: readonly ReportRequest[], most: number): ChosenRows {
  if (requests.length <= most) return { rows: requests, left: 0, which: '' }
  const telling = requests.filter((request) => isFailing(request) || request.findings.length > 0)
  const rows = (telling.length === 0 ? requests : telling).slice(0, most)
  const which = telling.length > 0 && rows.length === telling.length ? ' in which nothing was found' : ''
  return { rows, left: requests.length - rows.length, which }
}

export function originOf(url: string): string | null {
  return /^https?:\/\/[^/?#]+/.exec(url)?.[0] ?? null
}

/** Scheme and authority of at least half of the rows, to be said once above the table. */
export function mainOrigin(rows: readonly ReportRequest[]): string | null {
  const counts = new Map<string | null, number>()
  for (const { url } of rows) counts.set(originOf(url), (counts.get(originOf(url)) ?? 0) + 1)
  const [most] = [...counts].sort((a, b) => b[1] - a[1])
  return most !== undefined && most[1] * 2 >= rows.length ? most[0] : null
}

/** The URL as far as the reader does not know it; not yet escaped. */
export function shownUrl(url: string, origin: string | null): string {
  return origin !== null && originOf(url) === origin ? url.slice(origin.length) || '/' : url.replace(/^https:\/\//, '')
}
