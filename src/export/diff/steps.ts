import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import type { Report, ReportRequest } from '../../report/report.ts'
import { isRead, roleOf } from './roles.ts'

/** One capture with everything that was learnt from it. */
export interface Side {
  readonly report: Report
  readonly traffic: AcmeTraffic
}

/** A request as the report tells it, with the JSON of its answer; undefined when that is no JSON or was not captured. */
export interface Sight {
  readonly request: ReportRequest
  readonly answer: unknown
}

/** What a client did once, however often it asked: polls, and repetitions that were refused alike, are one step. */
export interface Step {
  readonly role: string
  readonly sights: readonly Sight[]
  /** The one that tells how it ended. */
  readonly last: Sight
}

/** Steps that follow each other: of one account, order or authorization. */
export interface Lane {
  readonly name: string
  readonly steps: MutableStep[]
}

export interface OrderLane extends Lane {
  /** Identifiers in one order, for comparison. */
  readonly identifiers: string
  readonly authorizations: Map<string, Lane>
}

export interface AccountLane extends Lane {
  /** Key of the account; null when the capture does not show it. */
  thumbprint: string | null
  readonly orders: OrderLane[]
}

export interface Lanes {
  /** Directory, nonces, renewal information: what belongs to no account. */
  readonly session: Lane
  /** The CA's own fetches. */
  readonly validation: Lane
  readonly accounts: readonly AccountLane[]
}

interface MutableStep extends Step {
  readonly sights: Sight[]
  last: Sight
}

/** Puts every request of a capture into its lane. */
export function lanesOf({ report, traffic }: Side): Lanes {
  const sorter = new Sorter(traffic)
  for (const request of traffic.requests) {
    const reported = report.requests[request.id - 1]
    if (reported !== undefined) sorter.put(request, { request: reported, answer: request.answer })
  }
  return sorter
}

const SESSION: ReadonlySet<string> = new Set(['directory', 'newNonce', 'renewalInfo', 'other'])
const OF_ORDERS: ReadonlySet<string> = new Set(['newOrder', 'order', 'authorization', 'challenge', 'finalize', 'certificate'])

class Sorter implements Lanes {
  readonly session: Lane = { name: 'session', steps: [] }
  readonly validation: Lane = { name: 'validation', steps: [] }
  readonly accounts: AccountLane[] = []
  readonly #traffic: AcmeTraffic
  readonly #byId = new Map<string, AccountLane>()
  readonly #sessionSteps = new Map<string, MutableStep>()
  /** The account that a connection used last; requests that name none are of the same client. */
  readonly #latest = new Map<unknown, AccountLane>()
  readonly #orderOf = new Map<number, string>()
  readonly #orders = new Map<string, OrderLane>()

  constructor(traffic: AcmeTraffic) {
    this.#traffic = traffic
    for (const order of traffic.orders.values()) for (const { id } of order.requests) this.#orderOf.set(id, order.url)
  }

  put(request: AcmeRequest, sight: Sight): void {
    if (request.resource === 'validation') add(this.validation, 'validation', sight)
    else if (!SESSION.has(request.resource)) this.#putOfAccount(request, sight)
    else if (request.resource !== 'other' || request.jws !== null) this.#putSession(roleOf(sight.request), sight)
  }

  #putOfAccount(request: AcmeRequest, sight: Sight): void {
    const account = this.#account(request)
    this.#latest.set(request.exchange.connection, account)
    this.#latest.set(null, account)
    account.thumbprint ??= request.key?.facts.thumbprint ?? null
    add(OF_ORDERS.has(request.resource) ? this.#laneInOrder(request, account) : account, roleOf(sight.request), sight)
  }

  /** When and how often nonces and the directory are fetched is the client's affair: one step each, told by the last. */
  #putSession(role: string, sight: Sight): void {
    const known = this.#sessionSteps.get(role)
    if (known !== undefined) extend(known, sight)
    else {
      const step: MutableStep = { role, sights: [sight], last: sight }
      this.#sessionSteps.set(role, step)
      this.session.steps.push(step)
    }
  }

  #account(request: AcmeRequest): AccountLane {
    const { account } = request
    const thumbprint = request.key?.facts.thumbprint ?? null
    const owners = thumbprint === null ? [] : (this.#traffic.accountsByKey.get(thumbprint) ?? [])
    const latest = this.#latest.get(request.exchange.connection) ?? this.#latest.get(null)
    if (account !== null && (account.registeredBy !== null || latest === undefined || this.#byId.has(account.url)))
      return this.#lane(account.url)
    const [owner] = owners
    if (owner !== undefined) return this.#lane(owner.url)
    if (thumbprint !== null && this.#byId.has(`key ${thumbprint}`)) return this.#lane(`key ${thumbprint}`)
    if (request.resource === 'newAccount' && thumbprint !== null) return this.#lane(`key ${thumbprint}`)
    if (account !== null && !this.#isRegistered(latest)) return this.#lane(account.url)
    return latest ?? this.#lane(account?.url ?? '')
  }

  #isRegistered(lane: AccountLane | undefined): boolean {
    return lane?.steps.some(({ role }) => role.startsWith('newAccount') || role.startsWith('account look-up')) === true
  }

  #lane(id: string): AccountLane {
    let lane = this.#byId.get(id)
    if (lane === undefined) {
      lane = { name: `account ${this.accounts.length + 1}`, steps: [], thumbprint: null, orders: [] }
      this.#byId.set(id, lane)
      this.accounts.push(lane)
    }
    return lane
  }

  #laneInOrder(request: AcmeRequest, account: AccountLane): Lane {
    const order = this.#order(request, account)
    const authorization =
      request.resource === 'authorization'
        ? request.url
        : request.resource === 'challenge'
          ? (this.#traffic.challenges.get(request.url)?.authorization ?? request.url)
          : null
    if (authorization === null) return order
    let lane = order.authorizations.get(authorization)
    if (lane === undefined) {
      const name = this.#identifierOf(authorization) ?? String(order.authorizations.size + 1)
      lane = { name: `authorization ${name}`, steps: [] }
      order.authorizations.set(authorization, lane)
    }
    return lane
  }

  #identifierOf(authorization: string): string | null {
    for (const { object } of this.#traffic.authorizations.get(authorization)?.history ?? [])
      if (isObject(object.identifier) && typeof object.identifier.value === 'string')
        return `${object.wildcard === true ? '*.' : ''}${object.identifier.value}`
    return null
  }

  #order(request: AcmeRequest, account: AccountLane): OrderLane {
    const url = this.#orderOf.get(request.id)
    const known = url === undefined ? undefined : this.#orders.get(url)
    if (known !== undefined) return known
    const latest = account.orders.at(-1)
    const identifiers = request.resource === 'newOrder' ? identifiersIn(request.payload) : null
    // a newOrder that was refused and sent again is the same order; what belongs to no known order, to the latest
    const joins =
      latest !== undefined &&
      (identifiers === null
        ? url === undefined
        : latest.identifiers === identifiers.join() &&
          latest.steps.every(({ last }) => (last.request.response?.status ?? 0) >= 400))
    const order: OrderLane = joins ? latest : newOrderLane(account, identifiers ?? this.#identifiersOf(url))
    if (!joins) account.orders.push(order)
    if (url !== undefined) this.#orders.set(url, order)
    return order
  }

  #identifiersOf(url: string | undefined): string[] {
    return url === undefined ? [] : identifiersIn(this.#traffic.orders.get(url)?.object)
  }
}

function newOrderLane(account: AccountLane, identifiers: readonly string[]): OrderLane {
  const number = account.orders.length + 1
  const few = identifiers.length > 3 ? [...identifiers.slice(0, 2), `${identifiers.length - 2} more`] : identifiers
  const name = identifiers.length === 0 ? `order ${number}` : `order ${few.join(' + ')}`
  return { name, steps: [], identifiers: identifiers.join(), authorizations: new Map() }
}

function identifiersIn(object: unknown): string[] {
  if (!isObject(object) || !Array.isArray(object.identifiers)) return []
  const values = object.identifiers.filter(isObject).map(({ value }) => (typeof value === 'string' ? value.toLowerCase() : '?'))
  return values.sort()
}

function add(lane: Lane, role: string, sight: Sight): void {
  const step = lane.steps.at(-1)
  if (step !== undefined && step.role === role && continues(step, sight)) extend(step, sight)
  else lane.steps.push({ role, sights: [sight], last: sight })
}

function extend(step: MutableStep, sight: Sight): void {
  step.sights.push(sight)
  step.last = sight
}

/** A poll, the retry after a stale nonce, or the same refusal once more. */
function continues({ role, last }: Step, { request }: Sight): boolean {
  if (isRead(role)) return true
  const before = last.request.response
  const now = request.response
  if (before === null || before.status < 400) return false
  const type = before.problem?.type ?? ''
  if (type?.endsWith(':badNonce')) return true
  return now !== null && now.status === before.status && type === (now.problem?.type ?? '')
}
