import type { Micros } from '../../core/time.ts'
import type { LogTime } from './line.ts'

/**
 * How the times of a log were read. 'stated': every line says its year and zone. 'aligned': lines that quote answers or name URLs of the
 * capture fall on their requests with this offset. 'assumed': nothing tells, so UTC was taken, in which containers run.
 */
export interface LogClock {
  readonly basis: 'stated' | 'aligned' | 'assumed'
  /** What the log's local time is ahead of UTC, in seconds. */
  readonly offset: number
}

const SECOND: Micros = 1e6
/** Zones lie on quarters of an hour, from -12:00 to +14:00. */
const QUARTER: Micros = 900 * SECOND
const WEST = -48
const EAST = 56

/** The moment in UTC if the log was written in UTC: the year that brings it nearest to the capture. Null for a day that no calendar has. */
export function asUtc(time: LogTime, middle: Micros): Micros | null {
  if (time.kind === 'exact') return time.time
  const year = new Date(Number.isFinite(middle) ? middle / 1000 : 0).getUTCFullYear()
  let best: Micros | null = null
  for (const candidate of [year - 1, year, year + 1]) {
    const date = new Date(Date.UTC(candidate, time.month - 1, time.day))
    if (date.getUTCMonth() !== time.month - 1 || date.getUTCDate() !== time.day) continue
    const moment = date.getTime() * 1000 + time.micros
    if (best === null || Math.abs(moment - middle) < Math.abs(best - middle)) best = moment
  }
  return best
}

/**
 * The offset with which most lines fall within `window` of a request they speak of; UTC wins when it does as well as another.
 * `pairs`: the time of a line as if in UTC, and the times of all requests that it can be about.
 */
export function alignClock(pairs: Iterable<readonly [line: Micros, requests: readonly Micros[]]>, window: Micros): LogClock {
  const votes = new Map<number, number>()
  for (const [line, requests] of pairs)
    for (const quarters of new Set(requests.map((request) => Math.round((line - request) / QUARTER)))) {
      const fits = requests.some((request) => Math.abs(line - request - quarters * QUARTER) <= window)
      if (fits && quarters >= WEST && quarters <= EAST) votes.set(quarters, (votes.get(quarters) ?? 0) + 1)
    }
  const best = [...votes].sort((a, b) => b[1] - a[1] || Math.abs(a[0]) - Math.abs(b[0]))[0]
  return best === undefined ? { basis: 'assumed', offset: 0 } : { basis: 'aligned', offset: (best[0] * QUARTER) / SECOND }
}
