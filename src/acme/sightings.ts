import { field, type HttpExchange } from '../http/exchange.ts'
import { latin1Text } from '../platform/base64.ts'
import { latin1Range } from '../platform/octets.ts'

/** One exchange, with every further place where the same one was captured. */
export interface Sighting {
  readonly exchange: HttpExchange
  readonly alsoSeen: HttpExchange[]
}

/**
 * Joins what was captured more than once: on several interfaces, before and after address translation, on both legs of a proxy, in two
 * overlapping files. The same request was captured twice exactly when its answer is the same too, and a Replay-Nonce tells answers
 * apart (RFC 8555 6.5): a client that sends the same bytes again gets another one, or none. Requests without a body all look alike, and a
 * cache may give its answer to several, so for them it counts only within a moment. Exchanges without a nonce are joined only between
 * connections (or files) that a nonce has already shown to be two views of one.
 */
export function joinSightings(exchanges: readonly HttpExchange[]): Sighting[] {
  const byAnswer = new Map<string, Sighting>()
  const twins = new Map<string, Set<string>>() // places to those that showed the same before
  const sightings: Sighting[] = []
  const late: HttpExchange[] = []
  for (const exchange of exchanges) {
    const answer = answerKey(exchange)
    if (answer === null) {
      late.push(exchange)
      continue
    }
    const first = byAnswer.get(answer)
    const isOther = first !== undefined && textOf(first.exchange) !== textOf(exchange)
    const key = isOther ? `${answer} ${textOf(exchange)}` : answer
    const known = isOther ? byAnswer.get(key) : first
    if (known !== undefined && isSame(known.exchange, exchange)) {
      known.alsoSeen.push(exchange)
      const others = twins.get(placeOf(exchange)) ?? new Set()
      if (others.size < MAX_TWINS) twins.set(placeOf(exchange), others.add(placeOf(known.exchange)))
      continue
    }
    const sighting = { exchange, alsoSeen: [] }
    byAnswer.set(key, sighting)
    sightings.push(sighting)
  }
  if (twins.size === 0) return [...sightings, ...late.map((exchange) => ({ exchange, alsoSeen: [] }))]
  return [...sightings, ...joinUnmarked(late, twins)]
}

/** Exchanges without a nonce: same words between two places already known as twins, one to one in order, within a moment. */
function joinUnmarked(late: readonly HttpExchange[], twins: ReadonlyMap<string, Set<string>>): Sighting[] {
  const open = new Map<string, Sighting[]>()
  /** How far the sightings at one place are used up by the views from another. */
  const used = new Map<string, number>()
  const sightings: Sighting[] = []
  for (const exchange of late) {
    const words = wordsOf(exchange)
    const place = placeOf(exchange)
    const original = firstUnused(exchange, [...(twins.get(place) ?? [])], words, open, used)
    if (original !== null) {
      original.alsoSeen.push(exchange)
      continue
    }
    const sighting: Sighting = { exchange, alsoSeen: [] }
    const list = open.get(`${place} ${words}`)
    if (list === undefined) open.set(`${place} ${words}`, [sighting])
    else list.push(sighting)
    sightings.push(sighting)
  }
  return sightings
}

function firstUnused(
  exchange: HttpExchange,
  others: readonly string[],
  words: string,
  open: ReadonlyMap<string, readonly Sighting[]>,
  used: Map<string, number>,
): Sighting | null {
  for (const other of others) {
    const list = open.get(`${other} ${words}`) ?? []
    const pair = `${other} ${placeOf(exchange)} ${words}`
    let at = used.get(pair) ?? 0
    while (at < list.length && timeOf((list[at] as Sighting).exchange) < timeOf(exchange) - MOMENT) at++
    used.set(pair, at + 1)
    const found = list[at]
    if (found !== undefined) return found
    used.set(pair, at)
  }
  return null
}

/** What two views of one exchange without a nonce have in common. */
function wordsOf({ request, response }: HttpExchange): string {
  return `${request?.method} ${request?.target} ${response?.status} ${textOf({ request })}`
}

/** Microseconds between two views of one exchange at most: the time a proxy needs to pass it on. */
const MOMENT = 2_000_000

/** Places that one place is compared with. */
const MAX_TWINS = 8

function answerKey({ request, response }: HttpExchange): string | null {
  if (request === null || response === null) return null
  const nonce = field(response.headers, 'replay-nonce')
  if (nonce === null || nonce === '') return null
  const body = request.body.bytes ?? EMPTY
  const tail = latin1Range(body, Math.max(0, body.length - TAIL), body.length)
  return `${nonce} ${response.status} ${request.method} ${body.length} ${tail}`
}

const EMPTY = new Uint8Array(0)
/** Octets at the end of a body that stand for all of it until it is compared: a JWS ends with its signature. */
const TAIL = 64

function textOf({ request }: Pick<HttpExchange, 'request'>): string {
  return latin1Text(request?.body.bytes ?? EMPTY)
}

function placeOf(exchange: HttpExchange): string {
  return exchange.entry === null ? `${exchange.connection?.id}` : `har ${exchange.input}`
}

/** Two entries of one connection are two requests, whatever they look like. */
function isSame(a: HttpExchange, b: HttpExchange): boolean {
  if (placeOf(a) === placeOf(b)) return false
  return (b.request?.body.bytes?.length ?? 0) > 0 || timeOf(b) - timeOf(a) <= MOMENT
}

export function timeOf(exchange: HttpExchange): number {
  return exchange.request?.time ?? exchange.response?.time ?? 0
}
