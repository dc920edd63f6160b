import { acmeType } from '../acme/answers.ts'
import type { AcmeRequest, AcmeTraffic, Ca } from '../acme/traffic.ts'
import type { JsonObject } from '../jose/json-object.ts'
import type { JwsFault } from '../jose/jws.ts'
import { type Unknown, unknown } from './rule.ts'

/** What rules ask about a request before they judge it. */

/** The JWS cannot be judged because the capture lacks bytes of the body (U-GAP). */
export function lostBody(request: AcmeRequest): Unknown | null {
  return request.bodyLost ? unknown('U-GAP', 'the body of the request is not, or not wholly, in the capture') : null
}

/** Fields cannot be judged when none was recorded (U-REDACT) or part of the head was lost (U-GAP). */
export function lostFields(request: AcmeRequest): Unknown | null {
  if (request.http.headers.length === 0) return unknown('U-REDACT', 'the capture records no header fields for this request')
  if (request.http.damage.length > 0) return unknown('U-GAP', 'part of the header fields is not in the capture')
  return null
}

/** An accusation that depends on the role of the URL has to wait while the role is a guess (U-ROLE). */
export function uncertainRole(request: AcmeRequest): Unknown | null {
  if (request.roleBasis === 'issued' || request.roleBasis === 'answered') return null
  return unknown(
    'U-ROLE',
    `no directory, Location, Link or object in the capture says that this URL is ${request.resource === 'other' ? 'an ACME resource' : request.resource}`,
  )
}

/** It may not be ACME at all: its body is no JWS, and its URL only looks like one of the CA's. */
export function isMaybeForeign(request: AcmeRequest): boolean {
  return request.roleBasis === 'guessed' && request.jws?.header == null
}

/** The protected header, when it could be read. */
export function headerOf(request: AcmeRequest): JsonObject | null {
  return request.jws?.header ?? null
}

/** The header parameter is there: neither absent, null nor empty. */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

export function hasFault(request: AcmeRequest, fault: JwsFault): boolean {
  return request.jws?.defects.some((defect) => defect.fault === fault) ?? false
}

/** The details of all defects of some kinds, as one sentence part. */
export function faultDetails(request: AcmeRequest, ...faults: JwsFault[]): string {
  return (request.jws?.defects ?? [])
    .filter((defect) => faults.includes(defect.fault))
    .map((defect) => defect.detail)
    .join('; ')
}

/** The CA answered, and with success. */
export function wasAccepted(request: AcmeRequest): boolean {
  return request.response !== null && request.response.status >= 200 && request.response.status < 300
}

/** The CA answered with one of these ACME problem types. */
export function wasRefusedAs(request: AcmeRequest, ...types: string[]): boolean {
  return types.includes(acmeType(request.problem) ?? '')
}

/** The capture holds the whole life of the client at this CA: the first request it shows there is the one for the directory. */
export function sawBeginning(ca: Ca | null): boolean {
  return ca !== null && ca.firstDirectory !== null && ca.firstDirectory <= ca.firstRequest
}

/** A value as a reader sees it, capped; the printer escapes it. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? 'nothing')
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

/** "request 7", for messages. */
export function named(request: AcmeRequest): string {
  return `request ${request.id}`
}

const memory = new WeakMap<AcmeTraffic, Map<unknown, unknown>>()

/** Computes something over the whole traffic once; rules stay pure functions of one request. */
export function remembered<T>(traffic: AcmeTraffic, compute: (traffic: AcmeTraffic) => T): T {
  let known = memory.get(traffic)
  if (known === undefined) {
    known = new Map()
    memory.set(traffic, known)
  }
  if (!known.has(compute)) known.set(compute, compute(traffic))
  return known.get(compute) as T
}

/**
 * Two requests with the same bytes on different connections may be one request that was captured in two places, unless their answers
 * differ: an accusation of sending it twice needs that difference.
 */
export function couldBeOneRequest(first: AcmeRequest, second: AcmeRequest): boolean {
  const a = first.exchange
  const b = second.exchange
  if (a.input === b.input && (a.entry !== null || a.connection === b.connection)) return false
  if (first.response === null || second.response === null) return true
  return (
    first.replayNonce === second.replayNonce &&
    first.response.status === second.response.status &&
    first.problem?.detail === second.problem?.detail &&
    first.location === second.location
  )
}

/** Account URLs that a CA confirmed by taking a request under them. */
export function acceptedKids(traffic: AcmeTraffic): ReadonlySet<string> {
  const accepted = new Set<string>()
  for (const request of traffic.requests)
    if (request.kid !== null && request.method === 'POST' && wasAccepted(request)) accepted.add(request.kid)
  return accepted
}

/** A span of microseconds as a reader counts it. */
export function seconds(span: number): string {
  if (span < 1e6) return `${Math.round(span / 1000)} ms`
  return span < 120e6 ? `${(span / 1e6).toFixed(1)} s` : `${Math.round(span / 60e6)} min`
}
