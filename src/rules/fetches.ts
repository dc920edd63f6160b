import type { AcmeRequest, AcmeTraffic } from '../acme/traffic.ts'
import { redirectTarget, VALIDATION_PATH } from '../acme/validation-fetches.ts'
import type { Contest } from './challenges.ts'
import { remembered } from './scope.ts'

/** What rules about http-01 ask of the fetches in the capture (RFC 8555 8.3). */

/** One fetch with the redirects it follows. */
export interface Fetch {
  readonly token: string
  readonly hops: readonly AcmeRequest[]
}

/** The chain that a fetch belongs to. */
export function fetchOf(request: AcmeRequest, traffic: AcmeTraffic): Fetch | null {
  return remembered(traffic, fetches).byRequest.get(request) ?? null
}

export function fetchesOfToken(token: string, traffic: AcmeTraffic): readonly Fetch[] {
  return remembered(traffic, fetches).byToken.get(token) ?? []
}

type Open = Fetch & { readonly hops: AcmeRequest[] }

interface Fetches {
  readonly byRequest: ReadonlyMap<AcmeRequest, Fetch>
  readonly byToken: ReadonlyMap<string, readonly Fetch[]>
}

function fetches(traffic: AcmeTraffic): Fetches {
  const byRequest = new Map<AcmeRequest, Fetch>()
  const byToken = new Map<string, Fetch[]>()
  /** Who was sent where, to the fetches that go on there: several validators may share an address. */
  const open = new Map<string, Open[]>()
  for (const request of traffic.requests) {
    if (request.resource !== 'validation') continue
    const place = placeOf(request, request.http.url)
    let fetch = open.get(place)?.shift()
    if (fetch === undefined) {
      const token = tokenIn(request.http.target)
      if (token === null) continue
      fetch = { token, hops: [] }
      const known = byToken.get(token)
      if (known === undefined) byToken.set(token, [fetch])
      else known.push(fetch)
    }
    fetch.hops.push(request)
    byRequest.set(request, fetch)
    const target = request.response === null ? null : redirectTarget(request.http.url, request.response)
    if (target === null) continue
    const next = placeOf(request, target)
    const waiting = open.get(next)
    if (waiting === undefined) open.set(next, [fetch])
    else waiting.push(fetch)
  }
  return { byRequest, byToken }
}

function placeOf({ exchange }: AcmeRequest, url: string): string {
  return `${hostOf(exchange.connection?.client ?? null)} ${url}`
}

function tokenIn(target: string): string | null {
  const at = target.indexOf(VALIDATION_PATH)
  const token = at < 0 ? '' : target.slice(at + VALIDATION_PATH.length).replace(/[?#].*$/, '')
  return token === '' ? null : token
}

function hostOf(address: string | null): string | null {
  return address?.replace(/:\d+$/, '') ?? null
}

/**
 * Whether a fetch may be the client's own check: it came before the response to the challenge or after its outcome was known, or from where
 * the client is and the CA is not. Such checks hit the same URL, and fail while nothing is provisioned yet.
 */
export function isSelfCheck({ hops }: Fetch, { triggers, finished }: Contest): boolean {
  const [first] = hops
  const [trigger] = triggers
  if (first === undefined || trigger === undefined) return true
  if (first.exchange.input === trigger.exchange.input && (first.time < trigger.time || first.time > finished)) return true
  const { connection } = trigger.exchange
  const from = hostOf(first.exchange.connection?.client ?? null)
  return from !== null && from === hostOf(connection?.client ?? null) && from !== hostOf(connection?.server ?? null)
}
