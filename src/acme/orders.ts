import { isObject, type JsonObject } from '../jose/json-object.ts'
import { objects, shapeOf, strings } from './answers.ts'
import type { Draft } from './draft.ts'
import { absolute, isNowhere } from './roles.ts'
import type { AcmeRequest, Authorization, Challenge, Order, Seen } from './traffic.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }

/**
 * Orders, authorizations and challenges with everything the answers showed of them (RFC 8555 7.1.3 - 7.1.5): each representation with its
 * time, who was given it, and how they hang together.
 */
export class OrderBook {
  readonly orders = new Map<string, Mutable<Order>>()
  readonly authorizations = new Map<string, Mutable<Authorization>>()
  readonly challenges = new Map<string, Mutable<Challenge>>()
  /** URL of an order, of what it names, or of a challenge of its authorizations, to the order's URL. */
  readonly #orderOf = new Map<string, string>()

  /** Learns from a request and its answer; call in time order of the requests. */
  learn(draft: Draft): void {
    const { answer, response } = draft
    if (isObject(answer) && response !== null && response.status < 300) {
      const shape = shapeOf(answer)
      if (shape === 'order') this.#seeOrder(answer, draft)
      else if (shape === 'authorization') this.#seeAuthorization(answer, draft)
      else if (shape === 'challenge' && draft.resource === 'challenge' && !isNowhere(draft))
        this.#seeChallenge(answer, draft.url, null, draft)
    }
    const order = draft.resource === 'newOrder' ? undefined : this.#orderOf.get(draft.url)
    if (order !== undefined) this.orders.get(order)?.requests.push(draft)
  }

  /** Puts every history in the order in which the answers came; call once, after the last request. */
  close(): void {
    for (const book of [this.orders, this.authorizations, this.challenges])
      for (const { history } of book.values()) history.sort((a, b) => a.time - b.time)
    for (const order of this.orders.values()) order.object = order.history.at(-1)?.object ?? order.object
  }

  #seeOrder(object: JsonObject, draft: Draft): void {
    const url =
      draft.resource === 'order' && !isNowhere(draft)
        ? draft.url
        : (this.#orderOf.get(draft.url) ?? (draft.location === null ? null : absolute(draft.location, draft.url)))
    if (url === null) return
    let order = this.orders.get(url)
    if (order === undefined) {
      order = { url, account: draft.kid, createdBy: null, object, authorizations: [], requests: [], history: [] }
      this.orders.set(url, order)
    }
    order.account ??= draft.kid
    order.history.push(seen(object, draft))
    const authorizations = strings(object.authorizations)
    for (const member of [url, object.finalize, object.certificate, object['star-certificate'], ...authorizations])
      if (typeof member === 'string') this.#orderOf.set(member, url)
    const known = new Set(order.authorizations)
    for (const member of authorizations) if (!known.has(member)) this.#authorization(member, draft).orders.push(url)
    if (authorizations.length > 0) order.authorizations = authorizations
    if (draft.resource === 'newOrder') {
      order.createdBy ??= draft
      order.requests.push(draft)
    }
  }

  #seeAuthorization(object: JsonObject, draft: Draft): void {
    const url =
      draft.resource === 'authorization' && !isNowhere(draft)
        ? draft.url
        : draft.location === null
          ? null
          : absolute(draft.location, draft.url)
    if (url === null) return
    const authorization = this.#authorization(url, draft)
    authorization.history.push(seen(object, draft))
    for (const challenge of objects(object.challenges)) {
      if (typeof challenge.url !== 'string') continue
      if (!authorization.challenges.includes(challenge.url)) authorization.challenges.push(challenge.url)
      this.#seeChallenge(challenge, challenge.url, url, draft)
    }
  }

  #seeChallenge(object: JsonObject, url: string, authorization: string | null, draft: Draft): void {
    let challenge = this.challenges.get(url)
    if (challenge === undefined) {
      challenge = { url, account: draft.kid, authorization, history: [] }
      this.challenges.set(url, challenge)
    }
    challenge.account ??= draft.kid
    challenge.authorization ??= authorization
    challenge.history.push(seen(object, draft))
    const order = authorization === null ? undefined : this.#orderOf.get(authorization)
    if (order !== undefined) this.#orderOf.set(url, order)
  }

  #authorization(url: string, draft: Draft): Mutable<Authorization> {
    let authorization = this.authorizations.get(url)
    if (authorization === undefined) {
      authorization = { url, account: draft.kid, orders: [], challenges: [], history: [] }
      this.authorizations.set(url, authorization)
    }
    authorization.account ??= draft.kid
    return authorization
  }
}

function seen(object: JsonObject, draft: Draft): Seen {
  return { object, time: draft.response?.endTime ?? draft.time, request: draft as AcmeRequest }
}

/** The last representation whose answer had come when a request was sent; null when none had. */
export function lastSeen(history: readonly Seen[], { time, id }: AcmeRequest): Seen | null {
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((history[middle] as Seen).time <= time) low = middle + 1
    else high = middle
  }
  // Clocks are coarse: an answer of the same moment may be that of a later request, or of this one.
  while (low > 0 && (history[low - 1] as Seen).request.id >= id) low--
  return history[low - 1] ?? null
}

/** The status member of a representation; null when it is missing or no string. */
export function statusOf({ object }: Seen): string | null {
  return typeof object.status === 'string' ? object.status : null
}
