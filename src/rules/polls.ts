import type { AcmeRequest, AcmeTraffic, Seen } from '../acme/traffic.ts'
import { field } from '../http/exchange.ts'
import { retryAfter } from './timestamps.ts'

/** A POST-as-GET of an order, authorization or challenge that was not final when the same client last saw it. */
export interface Polled {
  readonly before: Seen
  /** Seconds of Retry-After that count for it; null when none does, NaN when it cannot be read. */
  readonly wait: number | null
  /** Microseconds since the answer before. */
  readonly gap: number
  /** Polls of the last second and of the last 30, this one included, while the status did not change. */
  readonly inOneSecond: number
  readonly inHalfMinute: number
}

const OPEN: ReadonlySet<string> = new Set(['pending', 'processing'])

/** Finds the polls of the whole traffic (RFC 8555 7.4, 7.5.1). */
export function polls(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, Polled> {
  const found = new Map<AcmeRequest, Polled>()
  for (const { history } of traffic.orders.values()) follow(history, 'order', null, found)
  const triggers = triggered(traffic)
  for (const { history, challenges } of traffic.authorizations.values())
    follow(history, 'authorization', earliest(challenges.map((url) => triggers.get(url))), found)
  for (const { url, history } of traffic.challenges.values())
    follow(
      history.filter(({ request }) => request.resource === 'challenge'), // not within its authorization
      'challenge',
      triggers.get(url) ?? Number.POSITIVE_INFINITY,
      found,
    )
  return found
}

/** Challenge URLs to the moment at which a client first responded. */
function triggered(traffic: AcmeTraffic): ReadonlyMap<string, number> {
  const first = new Map<string, number>()
  for (const { resource, payloadKind, url, time } of traffic.requests)
    if (resource === 'challenge' && payloadKind === 'object' && !first.has(url)) first.set(url, time)
  return first
}

function earliest(times: readonly (number | undefined)[]): number {
  return Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
}

interface Window {
  before: Seen
  /** Times of the polls since the status last changed, and where the last 30 seconds and the last second of them begin. */
  readonly times: number[]
  halfMinute: number
  second: number
}

/** `since`: when validation began, before which Retry-After says nothing about polling; null for orders, where processing says it. */
function follow(history: readonly Seen[], resource: string, since: number | null, found: Map<AcmeRequest, Polled>): void {
  const byClient = new Map<string, Window>()
  for (const seen of history) {
    const { request } = seen
    const key = clientOf(request)
    const last = byClient.get(key)
    const isPoll = request.resource === resource && request.payloadKind === 'empty'
    if (last === undefined || last.before.object.status !== seen.object.status || !isPoll) {
      if (last !== undefined && isPoll && OPEN.has(String(last.before.object.status))) note(last.before, seen, since, 1, 1, found)
      byClient.set(key, { before: seen, times: isPoll ? [request.time] : [], halfMinute: 0, second: 0 })
      continue
    }
    const { times } = last
    times.push(request.time)
    while ((times[last.halfMinute] as number) < request.time - 30e6) last.halfMinute++
    while ((times[last.second] as number) < request.time - 1e6) last.second++
    if (OPEN.has(String(seen.object.status)))
      note(last.before, seen, since, times.length - last.second, times.length - last.halfMinute, found)
    last.before = seen
  }
}

function note(
  before: Seen,
  { request }: Seen,
  since: number | null,
  inOneSecond: number,
  inHalfMinute: number,
  found: Map<AcmeRequest, Polled>,
): void {
  const answer = before.request.response
  const gap = request.time - before.time
  if (answer === null || gap < 0) return
  const counts = since === null ? before.object.status === 'processing' : before.request.time >= since
  found.set(request, { before, wait: counts ? retryAfter(answer) : null, gap, inOneSecond, inHalfMinute })
}

/** One client: one account, one program, one address. */
function clientOf({ kid, http, exchange }: AcmeRequest): string {
  return `${kid} ${field(http.headers, 'user-agent')} ${exchange.connection?.client?.replace(/:\d+$/, '') ?? exchange.input}`
}
