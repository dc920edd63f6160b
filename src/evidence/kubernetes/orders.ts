import type { AcmeRequest, AcmeTraffic, Order } from '../../acme/traffic.ts'
import { urlDifferences } from '../../acme/urls.ts'
import { type Micros, rfc3339Micros } from '../../core/time.ts'
import { comparableIp } from '../../pki/names.ts'
import { agrees, answerOf, type Comparison, differs, notCaptured, quoted, requestNames } from '../facts.ts'
import { listAt, textAt, textsAt } from '../fields.ts'
import { comparableName, hasFailed, identifiersOf, type TrafficIndex, WINDOW } from '../traffic-index.ts'
import type { RequestedCsrs } from './csrs.ts'
import type { KubernetesObject } from './objects.ts'

/** Order URLs that objects claim, so that one object is not held against another one's order. */
export type OrderUrls = ReadonlySet<string>

export function orderUrlOf({ kind, document }: KubernetesObject): string | null {
  return kind === 'Order' ? textAt(document, 'status', 'url') : null
}

/** Holds one Order against newOrder, its order and its finalization. */
export function compareOrder(
  object: KubernetesObject,
  claimed: OrderUrls,
  index: TrafficIndex,
  csrs: RequestedCsrs,
): Comparison[] {
  const { document } = object
  const { traffic } = index
  const url = orderUrlOf(object)
  if (url === null) return [missingUrl(object, claimed, index)]
  const order = traffic.orders.get(url)
  if (order === undefined) return [unseenOrder(object, url, claimed, traffic)]
  const found = [agrees('status.url', url, `is the order of ${requestNames(order.requests)}`, order.requests)]
  found.push(...compareFinalizeUrl(textAt(document, 'status', 'finalizeURL'), order))
  found.push(...compareAuthorizations(object, order, traffic))
  found.push(...compareIdentifiers(object, order))
  found.push(...compareState(textAt(document, 'status', 'state'), order))
  found.push(...csrs.compare(textAt(document, 'spec', 'request'), finalizations(order, index)))
  return found
}

/** Finalize requests of an order that carried a CSR. */
export function finalizations({ object }: Order, index: TrafficIndex): AcmeRequest[] {
  return index.to(textAt(object, 'finalize')).filter(({ resource, csr }) => resource === 'finalize' && csr !== null)
}

function missingUrl(object: KubernetesObject, claimed: OrderUrls, index: TrafficIndex): Comparison {
  const name = 'status.url'
  const attempts = ordersFor(object, index).filter(({ location }) => location === null || !claimed.has(location))
  const refused = attempts.filter(hasFailed)
  const made = attempts.find((request) => !hasFailed(request) && request.location !== null)
  const means = 'is missing: no order was created for this object'
  if (refused.length > 0)
    return {
      ...agrees(
        name,
        null,
        `${means}. ${capital(requestNames(refused))} for its names ${refused.length === 1 ? 'was' : 'were'} ${answerOf(refused[0] as AcmeRequest)}`,
        refused,
      ),
      capture: null,
    }
  if (made !== undefined)
    return differs(
      name,
      null,
      made.location,
      `${means}, as far as it knows. Yet ${requestNames([made])} for its names was ${answerOf(made)} with Location ${quoted(made.location ?? '')}`,
      [made],
    )
  return notCaptured(name, null, `${means}. The capture shows no newOrder for its names`)
}

/** An order URL without traffic: another spelling of one that was captured, when both share URLs that only one order has. */
function unseenOrder({ document }: KubernetesObject, url: string, claimed: OrderUrls, traffic: AcmeTraffic): Comparison {
  const finalize = textAt(document, 'status', 'finalizeURL')
  const authorizations = new Set(
    listAt(document, 'status', 'authorizations').map((authorization) => textAt(authorization, 'url')),
  )
  for (const order of traffic.orders.values()) {
    if (claimed.has(order.url)) continue
    if ((finalize !== null && order.object.finalize === finalize) || order.authorizations.some((one) => authorizations.has(one)))
      return differs(
        'status.url',
        url,
        order.url,
        `is ${quoted(url)}, and the order with these authorizations is ${quoted(order.url)} in ${requestNames(order.requests)}; they differ in ${urlDifferences(url, order.url).join(', ')}`,
        order.requests,
      )
  }
  return notCaptured('status.url', url, 'is of no order in this capture')
}

function compareFinalizeUrl(said: string | null, { object, requests }: Order): Comparison[] {
  const name = 'status.finalizeURL'
  const shown = textAt(object, 'finalize')
  if (shown === null || shown === said)
    return said === null || shown === null ? [] : [agrees(name, said, 'is that of the order', requests)]
  return [
    differs(
      name,
      said,
      shown,
      said === null
        ? `is missing, and the order has ${quoted(shown)}`
        : `is ${quoted(said)}, and the order has ${quoted(shown)}; they differ in ${urlDifferences(said, shown).join(', ')}`,
      requests,
    ),
  ]
}

function compareAuthorizations({ document }: KubernetesObject, order: Order, traffic: AcmeTraffic): Comparison[] {
  const name = 'status.authorizations'
  const said = listAt(document, 'status', 'authorizations')
  const urls = said.flatMap((authorization) => textAt(authorization, 'url') ?? [])
  if (urls.length === 0 || order.authorizations.length === 0) return []
  const foreign = urls.filter((url) => !order.authorizations.includes(url))
  const lost = order.authorizations.filter((url) => !urls.includes(url))
  if (foreign.length > 0 || lost.length > 0)
    return [
      differs(
        name,
        urls.join(' '),
        order.authorizations.join(' '),
        `are not those of the order: ${[...foreign.map((url) => `only the object has ${quoted(url)}`), ...lost.map((url) => `only the capture has ${quoted(url)}`)].slice(0, 4).join(', ')}`,
        order.requests,
      ),
    ]
  const found: Comparison[] = [agrees(name, urls.join(' '), 'are those of the order', order.requests)]
  for (const authorization of said)
    for (const challenge of listAt(authorization, 'challenges')) {
      const url = textAt(challenge, 'url')
      const token = textAt(challenge, 'token')
      const seen = url === null ? undefined : traffic.challenges.get(url)?.history.at(-1)
      const shown = seen === undefined ? null : textAt(seen.object, 'token')
      if (seen !== undefined && token !== null && shown !== null && token !== shown)
        found.push(
          differs(
            'status.authorizations.challenges.token',
            token,
            shown,
            `of ${quoted(url ?? '')} is not the token that the CA showed in ${requestNames([seen.request])}`,
            [seen.request],
          ),
        )
    }
  return found
}

/** cert-manager's own states beside those of the protocol say nothing about the order at the CA. */
const FINAL = new Set(['valid', 'invalid'])

function compareState(state: string | null, { history }: Order): Comparison[] {
  const last = history.at(-1)
  const shown = last === undefined ? null : textAt(last.object, 'status')
  if (state === null || last === undefined || shown === null) return []
  if (state === shown)
    return [agrees('status.state', state, `is the last that ${requestNames([last.request])} showed`, [last.request])]
  if (!FINAL.has(state) || !FINAL.has(shown)) return []
  return [
    differs('status.state', state, shown, `is ${quoted(state)}, and ${requestNames([last.request])} showed ${quoted(shown)}`, [
      last.request,
    ]),
  ]
}

function compareIdentifiers(object: KubernetesObject, { createdBy }: Order): Comparison[] {
  if (createdBy === null) return []
  const said = namesOf(object)
  const sent = identifiersOf(createdBy)
  if (said.size === 0 || sent === null) return []
  const name = 'spec.dnsNames'
  const wanted = [...said].sort().join(' ')
  const ordered = [...sent].sort().join(' ')
  if (wanted === ordered) return [agrees(name, wanted, `are the identifiers of ${requestNames([createdBy])}`, [createdBy])]
  return [
    differs(name, wanted, ordered, `are ${quoted(wanted)}, and ${requestNames([createdBy])} ordered ${quoted(ordered)}`, [
      createdBy,
    ]),
  ]
}

/** newOrder requests for exactly the names of an object, made while it was there and had not failed. */
export function ordersFor(object: KubernetesObject, index: TrafficIndex): AcmeRequest[] {
  const names = namesOf(object)
  if (names.size === 0) return []
  const failed: Micros = rfc3339Micros(textAt(object.document, 'status', 'failureTime')) ?? Number.POSITIVE_INFINITY
  const created = object.created ?? Number.NEGATIVE_INFINITY
  return index.ordering(names).filter(({ time }) => time >= created - WINDOW && time <= failed + WINDOW)
}

const HOST_NAME = /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i

/** Names that an Order or Certificate is for; cert-manager orders the common name too when it is a host or an address. */
export function namesOf({ document }: KubernetesObject): Set<string> {
  const names = [...textsAt(document, 'spec', 'dnsNames'), ...textsAt(document, 'spec', 'ipAddresses')]
  const commonName = textAt(document, 'spec', 'commonName')
  const isName = commonName !== null && (HOST_NAME.test(commonName) || comparableIp(commonName) !== null)
  return new Set((isName ? [...names, commonName] : names).map(comparableName))
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
