import { field, type HttpExchange } from '../http/exchange.ts'
import { latin1Text } from '../platform/base64.ts'

/** One exchange, with every further place where the same one was captured. */
export interface Sighting {
  readonly exchange: HttpExchange
  readonly alsoSeen: HttpExchange[]
}

/**
 * Joins what was captured more than once: on several interfaces, before and after address translation, on both legs of a proxy, in two
 * overlapping files. The same request was captured twice exactly when its answer is the same too, and a Replay-Nonce tells answers
 * apart (RFC 8555 6.5): a client that sends the same bytes again gets another one, or none. Unsigned requests without a nonce are joined only
 * between connections (or files) that a nonce has already shown to be two views of one.
 */
export function joinSightings(exchanges: readonly HttpExchange[]): Sighting[] {
  const byAnswer = new Map<string, Sighting>()
  const twins = new Map<string, Set<string>>()
  const sightings: Sighting[] = []
  const late: HttpExchange[] = []
  for (const exchange of exchanges) {
    const key = answerKey(exchange)
    if (key === null) {
      late.push(exchange)
      continue
    }
    const known = byAnswer.get(key)
    if (known !== undefined && isElsewhere(known.exchange, exchange)) {
      known.alsoSeen.push(exchange)
      const a = placeOf(known.exchange)
      const b = placeOf(exchange)
      twins.set(b, (twins.get(b) ?? new Set()).add(a))
      continue
    }
    const sighting = { exchange, alsoSeen: [] }
    if (known === undefined) byAnswer.set(key, sighting)
    sightings.push(sighting)
  }
  if (twins.size === 0) return [...sightings, ...late.map((exchange) => ({ exchange, alsoSeen: [] }))]
  return [...sightings, ...joinUnmarked(late, twins)]
}

/** Exchanges without a nonce: same words between two places already known as twins, one to one in order, within a moment. */
function joinUnmarked(late: readonly HttpExchange[], twins: ReadonlyMap<string, Set<string>>): Sighting[] {
  const open = new Map<string, Sighting[]>()
  const sightings: Sighting[] = []
  for (const exchange of late) {
    const words = `${exchange.request?.method} ${exchange.request?.target} ${exchange.response?.status}`
    const place = placeOf(exchange)
    const original = (open.get(words) ?? []).find(
      (known) =>
        twins.get(place)?.has(placeOf(known.exchange)) === true &&
        !known.alsoSeen.some((other) => placeOf(other) === place) &&
        Math.abs(timeOf(known.exchange) - timeOf(exchange)) <= MOMENT,
    )
    if (original !== undefined) {
      original.alsoSeen.push(exchange)
      continue
    }
    const sighting: Sighting = { exchange, alsoSeen: [] }
    const list = open.get(words)
    if (list === undefined) open.set(words, [sighting])
    else list.push(sighting)
    sightings.push(sighting)
  }
  return sightings
}

/** Microseconds between two views of one exchange at most: the time a proxy needs to pass it on. */
const MOMENT = 2_000_000

function answerKey({ request, response }: HttpExchange): string | null {
  if (request === null || response === null) return null
  const nonce = field(response.headers, 'replay-nonce')
  if (nonce === null || nonce === '') return null
  const body = request.body.bytes === null ? '' : latin1Text(request.body.bytes)
  return `${nonce} ${response.status} ${request.method} ${body}`
}

function placeOf(exchange: HttpExchange): string {
  return exchange.entry === null ? `${exchange.connection?.id}` : `har ${exchange.input}`
}

/** Two entries of one connection are two requests, whatever they look like. */
function isElsewhere(a: HttpExchange, b: HttpExchange): boolean {
  return placeOf(a) !== placeOf(b)
}

export function timeOf(exchange: HttpExchange): number {
  return exchange.request?.time ?? exchange.response?.time ?? 0
}
