import type { AcmeRequest, AcmeTraffic, NonceRecord } from '../acme/traffic.ts'

/** A request whose nonce stands in an earlier one. */
export interface Spent {
  /** How many requests with the nonce came before, and the first of them. */
  readonly place: number
  readonly first: AcmeRequest
  /** Those among them with the very same bytes; null when there are none. */
  readonly copies: Copies | null
}

export interface Copies {
  readonly first: AcmeRequest
  readonly count: number
  /** The same request may have been captured in two places: nothing in the answers says that it was sent twice. */
  readonly maybeOne: boolean
  /** No copy was answered, and each went over HTTP/2, where a stream may be refused unprocessed and sent again (RFC 9113 8.7). */
  readonly maybeRefused: boolean
  /** Each copy was answered with a redirect, so that the HTTP library may have sent it on. */
  readonly wereRedirected: boolean
}

interface Group {
  readonly first: AcmeRequest
  count: number
  readonly places: Set<string>
  readonly answers: Set<string>
  unanswered: number
  refusable: number
  redirected: number
}

/** Requests that spend a nonce again, with what is needed to tell whose fault it is; one pass over the traffic. */
export function spentBefore(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, Spent> {
  const found = new Map<AcmeRequest, Spent>()
  const groups = new Map<NonceRecord, Map<string, Group>>()
  const counts = new Map<NonceRecord, number>()
  for (const request of traffic.requests) {
    const { nonceRecord: record, jws } = request
    if (record === null || record.uses.length < 2) continue
    const place = counts.get(record) ?? 0
    counts.set(record, place + 1)
    const known = groups.get(record) ?? new Map<string, Group>()
    groups.set(record, known)
    const bytes = `${jws?.signatureText} ${jws?.protectedText} ${jws?.payloadText}`
    const group = known.get(bytes)
    if (place > 0)
      found.set(request, {
        place,
        first: record.uses[0] as AcmeRequest,
        copies: group === undefined ? null : look(group, request),
      })
    known.set(bytes, add(group, request))
  }
  return found
}

function look(group: Group, request: AcmeRequest): Copies {
  const { first, count, places, answers, unanswered, refusable, redirected } = group
  const answer = answerOf(request)
  const agrees = answer === null || answers.size === 0 || (answers.size === 1 && answers.has(answer))
  return {
    first,
    count,
    maybeOne: agrees && !places.has(placeOf(request)),
    maybeRefused: unanswered === count && refusable === count,
    wereRedirected: redirected === count,
  }
}

function add(known: Group | undefined, request: AcmeRequest): Group {
  const group = known ?? {
    first: request,
    count: 0,
    places: new Set(),
    answers: new Set(),
    unanswered: 0,
    refusable: 0,
    redirected: 0,
  }
  const { exchange, response } = request
  const answer = answerOf(request)
  group.count++
  group.places.add(placeOf(request))
  if (answer !== null) group.answers.add(answer)
  if (response === null) group.unanswered++
  if (response === null && exchange.streamId !== null) group.refusable++
  if (response !== null && response.status >= 300 && response.status < 400) group.redirected++
  return group
}

function placeOf({ exchange: { input, entry, connection } }: AcmeRequest): string {
  return entry === null ? `${connection?.id}` : `har ${input}`
}

/** Null when there is none, or when the capture lacks a part of it, which may be what would tell it from another. */
function answerOf({ response, replayNonce, problem, location }: AcmeRequest): string | null {
  return response === null || response.damage.length > 0
    ? null
    : JSON.stringify([response.status, replayNonce, problem?.detail, location])
}
