import type { AcmeRequest } from '../acme/traffic.ts'
import type { Micros } from '../core/time.ts'
import type { KubernetesObject } from './kubernetes/objects.ts'
import type { Match } from './traffic-index.ts'

/**
 * 'differs': object and capture contradict each other. 'not-captured': the capture shows nothing that this could be held against. An object
 * may have been written long before or after the capture, so a difference is something to explain, never a fault by itself.
 */
export type ComparisonOutcome = 'agrees' | 'differs' | 'not-captured'

/** Paths within objects that are held against the traffic. */
export const COMPARED_FIELDS = [
  'spec.acme.server',
  'spec.acme.email',
  'spec.acme.externalAccountBinding.keyID',
  'status.acme.uri',
  'status.acme.lastRegisteredEmail',
  'status.acme.lastPrivateKeyHash',
  'spec.dnsNames',
  'spec.request',
  'spec.url',
  'spec.authorizationURL',
  'spec.token',
  'spec.key',
  'status.url',
  'status.finalizeURL',
  'status.authorizations',
  'status.authorizations.challenges.token',
  'status.state',
] as const

export type ComparedField = (typeof COMPARED_FIELDS)[number]

/** One field of an object held against the traffic. */
export interface Comparison {
  readonly field: ComparedField
  readonly outcome: ComparisonOutcome
  /** What the object says, and what the capture shows; null when it lacks it. */
  readonly object: string | null
  readonly capture: string | null
  /** A sentence without the object's name. Untrusted text in it is quoted as it is; whoever prints it escapes it. */
  readonly message: string
  readonly requests: readonly AcmeRequest[]
}

/** What an object says in words: a condition, a reason, an event. */
export interface Statement {
  /** "status.reason", "condition Ready=False", "event Failed". */
  readonly source: string
  readonly time: Micros | null
  readonly text: string
  /** It speaks of something that failed. */
  readonly failure: boolean
  readonly match: Match | null
}

export interface ObjectFacts {
  readonly object: KubernetesObject
  readonly comparisons: readonly Comparison[]
  readonly statements: readonly Statement[]
  /** Every request that it was matched to, in order. */
  readonly requests: readonly AcmeRequest[]
}

/** Something in the traffic that no object speaks of. */
export interface Unclaimed {
  readonly what: 'directory' | 'account' | 'order' | 'refused newOrder' | 'challenge'
  /** Null for a request that never got a URL. */
  readonly url: string | null
  readonly requests: readonly AcmeRequest[]
}

export function agrees(name: ComparedField, value: string | null, message: string, requests: readonly AcmeRequest[]): Comparison {
  return { field: name, outcome: 'agrees', object: value, capture: value, message, requests }
}

export function notCaptured(name: ComparedField, value: string | null, message: string): Comparison {
  return { field: name, outcome: 'not-captured', object: value, capture: null, message, requests: [] }
}

export function differs(
  name: ComparedField,
  object: string | null,
  capture: string | null,
  message: string,
  requests: readonly AcmeRequest[],
): Comparison {
  return { field: name, outcome: 'differs', object, capture, message, requests }
}

/** Values beyond this are cut where they are quoted in sentences. */
const MAX_QUOTED = 300

export function quoted(value: string): string {
  return `"${value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value}"`
}

/** "request 5", "requests 5, 6 and 7", "requests 5, 6, 7 and 4 more". */
export function requestNames(requests: readonly AcmeRequest[]): string {
  const ids = [...new Set(requests.map(({ id }) => id))]
  if (ids.length === 1) return `request ${ids[0]}`
  if (ids.length > 6) return `requests ${ids.slice(0, 5).join(', ')} and ${ids.length - 5} more`
  return `requests ${ids.slice(0, -1).join(', ')} and ${ids.at(-1)}`
}

/** How a request was answered: `400 malformed "the server's words"`. */
export function answerOf({ response, problem }: AcmeRequest): string {
  if (response === null) return 'not answered in this capture'
  const type = problem?.type == null ? '' : ` ${problem.type.replace(/^urn:(?:ietf:params:)?acme:error:/, '')}`
  const detail = problem?.detail == null || problem.detail === '' ? '' : ` ${quoted(problem.detail)}`
  return `${response.status < 400 ? 'answered' : 'refused with'} ${response.status}${type}${detail}`
}
