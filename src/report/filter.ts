import { isFailing } from './conduct.ts'
import type { Report, ReportConnection, ReportRequest } from './report.ts'

/** Which requests are shown; every part that is not null must hold. */
export interface RequestFilter {
  /** Host of the URL, without regard to case; with a port if the name has one. */
  readonly host: string | null
  /** Port of the URL, or of either end of the connection. */
  readonly port: number | null
  /** ISO 8601 UTC with microseconds, both inclusive; a request without a time is in no period. */
  readonly since: string | null
  readonly until: string | null
  /** Empty: any. */
  readonly resources: readonly string[]
  readonly onlyFailing: boolean
}

export const SHOW_ALL: RequestFilter = { host: null, port: null, since: null, until: null, resources: [], onlyFailing: false }

/**
 * The report with the requests that the filter lets through. Everything else stays: the counts, the verdict and the diagnoses are of the
 * whole capture, because what one request proves is learnt from the others.
 */
export function filterReport(report: Report, filter: RequestFilter): Report {
  const connections = new Map(report.connections.map((connection) => [connection.id, connection]))
  return {
    ...report,
    requests: report.requests.filter((request) =>
      passes({ ...request, ends: endsOf(request, connections), isFailing: isFailing(request) }, filter),
    ),
  }
}

/** What the filter asks of a request. */
export interface Filterable extends Pick<ReportRequest, 'resource' | 'time' | 'url'> {
  /** Both ends of its connection, as "address:port". */
  readonly ends: readonly (string | null)[]
  readonly isFailing: boolean
}

export function passes(request: Filterable, filter: RequestFilter): boolean {
  if (filter.resources.length > 0 && !filter.resources.includes(request.resource)) return false
  if (filter.onlyFailing && !request.isFailing) return false
  if (filter.since !== null && (request.time === null || request.time < filter.since)) return false
  if (filter.until !== null && (request.time === null || request.time > filter.until)) return false
  const authority = authorityOf(request.url)
  if (filter.host !== null && !sameHost(authority, filter.host)) return false
  return filter.port === null || portsOf(request.ends, authority).has(String(filter.port))
}

interface Authority {
  readonly host: string
  readonly port: string
}

/** Null for a URL that has none: an origin-form target whose host was not seen. */
function authorityOf(url: string): Authority | null {
  const parts = /^(https?):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d*))?(?=[/?#]|$)/i.exec(url)
  if (parts === null) return null
  const standard = parts[1]?.toLowerCase() === 'http' ? '80' : '443'
  return { host: (parts[2] ?? '').toLowerCase(), port: parts[3] || standard }
}

function sameHost(authority: Authority | null, wanted: string): boolean {
  if (authority === null) return false
  const name = wanted.toLowerCase()
  const { host, port } = authority
  return name === host || name === `${host}:${port}` || `[${name}]` === host
}

function endsOf({ connection }: ReportRequest, connections: ReadonlyMap<number, ReportConnection>): (string | null)[] {
  const known = connection === null ? undefined : connections.get(connection)
  return known === undefined ? [] : [known.client, known.server]
}

function portsOf(ends: readonly (string | null)[], authority: Authority | null): ReadonlySet<string> {
  const ports = ends.map((end) => (end === null ? undefined : /:(\d+)$/.exec(end)?.[1]))
  return new Set([authority?.port, ...ports].filter((port) => port !== undefined))
}
