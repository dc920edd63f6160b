/** URLs as texts: ACME compares them as strings (RFC 8555 6.4), so nothing here re-encodes what it is given. */
export interface UrlParts {
  readonly scheme: string
  readonly authority: string
  /** From the first "/" or "?" after the authority; "" when there is none. */
  readonly rest: string
}

const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/s

/** The parts of an absolute URL with an authority (RFC 3986 3), null for anything else. */
export function splitUrl(url: string): UrlParts | null {
  const match = ABSOLUTE.exec(url)
  if (match === null || match[2] === '') return null
  return { scheme: match[1] as string, authority: match[2] as string, rest: match[3] as string }
}

const DEFAULT_PORT: Readonly<Record<string, string>> = { http: ':80', https: ':443' }

/** The authority in comparable form. */
export function authorityOf(url: string): string | null {
  const parts = splitUrl(url)
  return parts === null ? null : plainAuthority(parts)
}

function plainAuthority({ scheme, authority }: UrlParts): string {
  const lower = authority.toLowerCase()
  const standard = DEFAULT_PORT[scheme.toLowerCase()]
  return standard !== undefined && lower.endsWith(standard) ? lower.slice(0, -standard.length) : lower
}

/** Host without port; IPv6 keeps its brackets. */
export function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, '').toLowerCase()
}

/** One form for all spellings that RFC 3986 6.2 calls equivalent, and a few more that people mistake for each other. */
export function normaliseUrl(url: string): string {
  const parts = splitUrl(url.replace(/#.*$/s, ''))
  if (parts === null) return url
  const query = parts.rest.indexOf('?')
  const path = query < 0 ? parts.rest : parts.rest.slice(0, query)
  const terms =
    query < 0
      ? []
      : parts.rest
          .slice(query + 1)
          .split('&')
          .sort()
  const segments: string[] = []
  for (const segment of decodePercent(path).split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '.' && segment !== '') segments.push(segment)
  }
  return `${parts.scheme.toLowerCase()}://${plainAuthority(parts)}/${segments.join('/')}${terms.length > 0 ? `?${terms.join('&')}` : ''}`
}

function decodePercent(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

export type UrlDifference =
  | 'not absolute'
  | 'scheme'
  | 'host'
  | 'letter case of the host'
  | 'port'
  | 'trailing slash'
  | 'percent-encoding'
  | 'query'
  | 'fragment'
  | 'path'

/** What two different URLs differ in, the most telling difference first. */
export function urlDifferences(a: string, b: string): UrlDifference[] {
  const left = splitUrl(a)
  const right = splitUrl(b)
  if (left === null || right === null) return ['not absolute']
  const found: UrlDifference[] = []
  if (left.scheme !== right.scheme) found.push('scheme')
  if (left.authority !== right.authority) {
    const hosts = [left, right].map(({ authority }) => authority.replace(/:\d*$/, ''))
    if (hosts[0]?.toLowerCase() !== hosts[1]?.toLowerCase()) found.push('host')
    else if (hosts[0] !== hosts[1]) found.push('letter case of the host')
    if (portOf(left.authority) !== portOf(right.authority)) found.push('port')
  }
  if (left.rest !== right.rest) found.push(restDifference(left.rest, right.rest))
  return found
}

function portOf(authority: string): string {
  return /:(\d*)$/.exec(authority)?.[1] ?? ''
}

function restDifference(a: string, b: string): UrlDifference {
  const cut = (text: string, mark: string) => text.split(mark)[0] as string
  if (cut(a, '#') === cut(b, '#')) return 'fragment'
  if (cut(a, '?') === cut(b, '?')) return 'query'
  if (a.replace(/\/$/, '') === b.replace(/\/$/, '')) return 'trailing slash'
  if (decodePercent(a) === decodePercent(b)) return 'percent-encoding'
  return 'path'
}
