import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { field } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { couldBeOneRequest, named, remembered, sawBeginning, seconds } from '../scope.ts'
import { retryAfter } from '../timestamps.ts'

interface Previous {
  /** The request before by the same client, and whether the one before that came early too. */
  readonly own: AcmeRequest | null
  readonly wasEarly: boolean
  /** The request before by another client. */
  readonly other: AcmeRequest | null
}

const NOBODY: Previous = { own: null, wasEarly: false, other: null }

/** For each request for renewal information, the ones for the same certificate before it. */
function previousFetches(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, Previous> {
  const found = new Map<AcmeRequest, Previous>()
  const byUrl = new Map<string, { own: Map<string, { request: AcmeRequest; early: boolean }>; last: AcmeRequest }>()
  for (const request of traffic.requests) {
    if (request.resource !== 'renewalInfo' || request.method !== 'GET') continue
    const client = clientOf(request)
    const fetches = byUrl.get(request.url)
    const own = fetches?.own.get(client)
    const previous =
      fetches === undefined
        ? NOBODY
        : { own: own?.request ?? null, wasEarly: own?.early ?? false, other: own === undefined ? fetches.last : null }
    found.set(request, previous)
    const early = own !== undefined && isEarly(own.request, request)
    if (fetches === undefined) byUrl.set(request.url, { own: new Map([[client, { request, early }]]), last: request })
    else {
      fetches.own.set(client, { request, early })
      fetches.last = request
    }
  }
  return found
}

/** One program at one address. */
function clientOf({ http, exchange }: AcmeRequest): string {
  return `${field(http.headers, 'user-agent')} ${exchange.connection?.client?.replace(/:\d+$/, '') ?? ''}`
}

/** Seconds that count: RFC 9773 4.3.2 has clients bound what they are told, by a minute and a day for instance. */
function waitAfter(request: AcmeRequest): number | null {
  const told = request.response === null || request.response.status !== 200 ? null : retryAfter(request.response)
  return told === null || Number.isNaN(told) || told < 0 ? null : Math.min(told, DAY)
}

const DAY = 86_400
const MINUTE = 60
/** Clocks and timers of clients are not exact. */
const TOLERANCE = 0.9
const FAR = 3
/** Seconds that a proxy needs at most to pass a request on. */
const MOMENT = 2

function gapBetween(first: AcmeRequest, second: AcmeRequest): number {
  return (second.time - (first.response?.endTime ?? first.time)) / 1e6
}

function isEarly(first: AcmeRequest, second: AcmeRequest): boolean {
  const wait = waitAfter(first)
  return wait !== null && gapBetween(first, second) < wait * TOLERANCE
}

export const ariPollInterval: Rule = {
  id: 'ari-poll-interval',
  group: 'ari',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 2,
  title: 'ARI polled when Retry-After says',
  norm: 'After the first fetch the client fetches again as soon as possible after Retry-After (between sensible bounds); on long-term errors after six hours.',
  decide:
    "Compare the gap since the same client's request before with the Retry-After of its answer, a day at most: warn if below it (minus 10%), info if more than three times it (a minute at least). One early request on a new connection, as after a restart: info.",
  traps: ['A restart may refetch: info.'],
  unknownWhen: ['U-CLOCK', 'U-OTHER', 'U-START'],
  inPractice: {
    Boulder: 'Retry-After about 6 h, jittered 20%',
    Pebble: '21600',
    'golang.org/x/crypto/acme': 'Exposes RetryAfter',
  },
  remedy: 'Follow Retry-After.',
  references: ['RFC 9773 §4.3.2', 'RFC 9773 §4.3.3'],
  why: 'Asked too often, the CA limits the client; asked too seldom, an early revocation goes unnoticed.',
  explains: { types: [], details: [] },
  resources: ['renewalInfo'],
  judge(request, traffic) {
    if (request.roleBasis === 'guessed') return undefined
    const previous = remembered(traffic, previousFetches).get(request)
    if (previous === undefined) return undefined
    const { own, other, wasEarly } = previous
    if (own === null) {
      if (other !== null && isEarly(other, request))
        return unknown(
          'U-OTHER',
          `another client had asked in ${named(other)}; whether the two share what they learn cannot be told`,
        )
      return sawBeginning(request.ca)
        ? HOLDS
        : unknown('U-START', 'the capture does not show whether the client had asked before')
    }
    const wait = waitAfter(own)
    if (wait === null) return undefined
    const gap = gapBetween(own, request)
    const early = isEarly(own, request)
    if (!early && gap <= FAR * Math.max(wait, MINUTE)) return HOLDS
    if (own.exchange.input !== request.exchange.input)
      return unknown('U-CLOCK', 'the request before is in another capture, whose clock may differ')
    if (early && gap < MOMENT && couldBeOneRequest(own, request))
      return unknown('U-OTHER', `it may be ${named(own)}, captured in another place`)
    const words = `The client asked again after ${seconds(gap * 1e6)}; ${named(own)} had told it to wait ${seconds(wait * 1e6)}`
    const evidence = { seconds: gap, retryAfter: wait, before: own.id }
    if (!early)
      return broken(ariPollInterval, `${words}. It will learn late of a changed window.`, { severity: 'info', evidence })
    // A program that was started anew asks once more, which is no habit.
    const { connection } = request.exchange
    const once = !wasEarly && (connection === null || own.exchange.connection !== connection)
    return broken(ariPollInterval, `${words}${once ? ', which a restart would explain' : ''}.`, {
      ...(once ? { severity: 'info' } : {}),
      evidence,
    })
  },
}
