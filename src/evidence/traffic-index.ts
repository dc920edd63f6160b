import type { AcmeRequest, AcmeTraffic, Resource } from '../acme/traffic.ts'
import type { Micros } from '../core/time.ts'
import { isObject } from '../jose/json-object.ts'
import { comparableIp } from '../pki/names.ts'
import { listAt, objectAt, textAt } from './fields.ts'

/** How a text of the client's side was found to speak of a request. */
export type MatchedBy = 'url' | 'problem' | 'time'

export interface Match {
  readonly requests: readonly AcmeRequest[]
  readonly by: MatchedBy
}

/** How far a log line or event may be from a request to be about it, before and after: clocks of two machines, and Kubernetes' whole seconds. */
export const WINDOW: Micros = 5_000_000
/** How long after an answer its words may be quoted: work queues try again and controllers tell each other. */
const QUOTED_WITHIN: Micros = 600_000_000

/** What a controller does, in its own words, and the requests that this takes (rule catalogue, section 6). */
const OPERATIONS: readonly (readonly [words: RegExp, resources: readonly Resource[]])[] = [
  [/calling discover/i, ['directory']],
  [
    /calling (register|getreg|createaccount)|register an acme account|(?:regist|verif)\w+ acme account|acme account was (?:regist|verif)|existing registration with acme/i,
    ['newAccount'],
  ],
  [/calling updatereg|update acme account/i, ['account']],
  [/calling (authorizeorder|createorder)\b|submit\w+ order|create order\b|creating new order/i, ['newOrder']],
  [/calling (get|wait)authorization|(?:fetch|waiting for) authorization/i, ['authorization']],
  [/calling (accept|getchallenge)|accepting (?:challenge|authorization)/i, ['challenge', 'authorization']],
  [/calling (createordercert|finalizeorder)|finali[sz]\w+ order/i, ['finalize', 'order']],
  [/calling (getorder|waitorder)|order metadata|retrieve order|order status/i, ['order']],
  [/calling (listcertalternates|fetchcert|getcertificate)|(?:signed|issued) certificate/i, ['certificate']],
  [/calling getrenewalinfo/i, ['renewalInfo']],
]

/** Distinct refusals that texts are searched for, and how much of each is compared: events are cut at 1 kB. */
const MAX_PROBLEMS = 200
const MAX_COMPARED = 200
/** A detail that is shorter is quoted only together with status and type. */
const TELLING = 12
/** Text that is searched. */
const MAX_TEXT = 2048
/** Requests looked at on either side of a time. */
const MAX_AROUND = 500
const MAX_URLS_IN_TEXT = 20

const URL_IN_TEXT = /https?:\/\/[^\s"'<>\\{}|^`]+/g

/** The requests of a capture, to be found from texts and times. */
export class TrafficIndex {
  readonly traffic: AcmeTraffic
  readonly first: Micros
  readonly last: Micros
  readonly #byUrl = new Map<string, AcmeRequest[]>()
  readonly #problems = new Map<string, { readonly phrases: readonly string[]; readonly requests: AcmeRequest[] }>()
  readonly #byNames = new Map<string, AcmeRequest[]>()
  readonly #byTime: readonly AcmeRequest[]

  constructor(traffic: AcmeTraffic) {
    this.traffic = traffic
    this.#byTime = [...traffic.requests].sort((a, b) => endOf(a) - endOf(b))
    this.first = traffic.requests[0]?.time ?? Number.NaN
    this.last = this.#byTime.length === 0 ? Number.NaN : endOf(this.#byTime.at(-1) as AcmeRequest)
    for (const request of traffic.requests) {
      for (const url of new Set([request.url, request.observedUrl])) pushTo(this.#byUrl, url, request)
      const names = request.resource === 'newOrder' ? identifiersOf(request) : null
      if (names !== null) pushTo(this.#byNames, keyOf(names), request)
      for (const { status, type, detail } of problemsOf(request)) this.#addProblem(status, type, detail, request)
    }
  }

  #addProblem(status: number | null, type: string | null, detail: string, request: AcmeRequest): void {
    const words = detail.slice(0, MAX_COMPARED)
    const phrases = [...(status === null || type === null ? [] : [`${status} ${type}: ${words}`])]
    if (words.length >= TELLING) phrases.push(words)
    if (phrases.length === 0) return
    const key = phrases.join('\n')
    const known = this.#problems.get(key)
    if (known !== undefined) known.requests.push(request)
    else if (this.#problems.size < MAX_PROBLEMS) this.#problems.set(key, { phrases, requests: [request] })
  }

  /** Requests to this very URL. */
  to(url: string | null): readonly AcmeRequest[] {
    return (url === null ? undefined : this.#byUrl.get(url)) ?? []
  }

  /** newOrder requests for exactly these names. */
  ordering(names: ReadonlySet<string>): readonly AcmeRequest[] {
    return this.#byNames.get(keyOf(names)) ?? []
  }

  /** Requests to URLs that a text names. */
  named(text: string): AcmeRequest[] {
    const urls = (text.slice(0, MAX_TEXT).match(URL_IN_TEXT) ?? []).slice(0, MAX_URLS_IN_TEXT)
    const found = urls.flatMap((url) => {
      const exact = this.#byUrl.get(url)
      return exact ?? this.#byUrl.get(url.replace(/[.,;:)\]]+$/, '')) ?? []
    })
    return [...new Set(found)]
  }

  /** Requests whose answer carries a problem that a text quotes. */
  quoted(text: string): AcmeRequest[] {
    const searched = text.slice(0, MAX_TEXT)
    const found = new Set<AcmeRequest>()
    for (const { phrases, requests } of this.#problems.values())
      if (phrases.some((phrase) => searched.includes(phrase))) for (const request of requests) found.add(request)
    return [...found]
  }

  /** A time that the capture, with the window around it, covers. */
  covers(time: Micros): boolean {
    return time >= this.first - WINDOW && time <= this.last + WINDOW
  }

  /** The requests that end within the window around a time; of very many those nearest to it. */
  around(time: Micros): AcmeRequest[] {
    const at = lowerBound(this.#byTime, time)
    return this.#byTime
      .slice(Math.max(0, at - MAX_AROUND), at + MAX_AROUND)
      .filter((request) => Math.abs(endOf(request) - time) <= WINDOW)
  }

  /**
   * The requests that a text written at a known time is about: by URL within the window; by a problem that it quotes, which was answered
   * before; by what the client was doing, within the window. Null: none. `failure`: only failed requests can be meant.
   */
  at(time: Micros, text: string, failure: boolean): Match | null {
    const quoting = nearest(
      this.quoted(text).filter((request) => endOf(request) <= time + WINDOW && endOf(request) >= time - QUOTED_WITHIN),
      time,
    )
    if (quoting.length > 0) return { requests: quoting, by: 'problem' }
    const near = this.around(time).filter((request) => !failure || hasFailed(request))
    const wanted = new Set(this.named(text))
    const named = nearest(
      near.filter((request) => wanted.has(request)),
      time,
    )
    if (named.length > 0) return { requests: named, by: 'url' }
    const resources = operationOf(text)
    const doing = nearest(
      near.filter(({ resource }) => resources.includes(resource)),
      time,
    )
    return doing.length === 0 ? null : { requests: doing, by: 'time' }
  }

  /** The same for a text whose time says little: everything that it can be about. */
  about(text: string): Match | null {
    const quoted = this.quoted(text)
    if (quoted.length > 0) return { requests: quoted, by: 'problem' }
    const named = this.named(text).filter(hasFailed)
    return named.length > 0 ? { requests: named, by: 'url' } : null
  }
}

/** Resources that the words of a controller speak of; none when they speak of something else. */
export function operationOf(text: string): readonly Resource[] {
  return OPERATIONS.find(([words]) => words.test(text.slice(0, MAX_TEXT)))?.[1] ?? []
}

export function endOf({ time, response }: AcmeRequest): Micros {
  return response?.endTime ?? time
}

export function hasFailed({ response }: AcmeRequest): boolean {
  return response === null || response.status >= 400
}

const SECOND: Micros = 1e6

/** Those that ended nearest to a time: usually one. A time in whole seconds stands for all moments of its second. */
function nearest(requests: readonly AcmeRequest[], time: Micros): AcmeRequest[] {
  const until = time % SECOND === 0 ? time + SECOND : time
  const distances = requests.map((request) => {
    const end = endOf(request)
    return end < time ? time - end : Math.max(0, end - until)
  })
  const least = distances.reduce((least, distance) => Math.min(least, distance), Number.POSITIVE_INFINITY)
  return requests.filter((_, at) => distances[at] === least)
}

interface Quotable {
  readonly status: number | null
  readonly type: string | null
  readonly detail: string
}

/** The problem of an answer, and those that an order, authorization or challenge in it carries (RFC 8555 7.1.3, 8). */
function problemsOf({ problem, response, answer }: AcmeRequest): Quotable[] {
  const found: Quotable[] = []
  if (problem?.detail != null) found.push({ status: response?.status ?? null, type: problem.type, detail: problem.detail })
  if (!isObject(answer) || problem !== null) return found
  const errors = [objectAt(answer, 'error'), ...listAt(answer, 'challenges').map((challenge) => objectAt(challenge, 'error'))]
  for (const error of errors) {
    const detail = textAt(error, 'detail')
    const status = error?.status
    if (detail !== null) found.push({ status: typeof status === 'number' ? status : null, type: textAt(error, 'type'), detail })
  }
  return found
}

/** Names that a newOrder asks for, in comparable form; null when it names none. */
export function identifiersOf({ payload }: AcmeRequest): Set<string> | null {
  if (!isObject(payload) || !Array.isArray(payload.identifiers)) return null
  return new Set(
    listAt(payload, 'identifiers')
      .flatMap((identifier) => textAt(identifier, 'value') ?? [])
      .map(comparableName),
  )
}

/** One text for all spellings of a host name or an address. */
export function comparableName(name: string): string {
  return comparableIp(name) ?? name.toLowerCase()
}

function keyOf(names: ReadonlySet<string>): string {
  return [...names].sort().join(' ')
}

function lowerBound(requests: readonly AcmeRequest[], time: Micros): number {
  let low = 0
  let high = requests.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (endOf(requests[middle] as AcmeRequest) < time) low = middle + 1
    else high = middle
  }
  return low
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
