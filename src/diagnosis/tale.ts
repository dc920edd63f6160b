import type { Account, AcmeRequest, AcmeTraffic, Order } from '../acme/traffic.ts'
import { isObject } from '../jose/json-object.ts'
import { remembered, wasAccepted } from '../rules/scope.ts'
import type { Case } from './case.ts'
import { moment, refusal } from './words.ts'

/** Look-ups told of one key; the last ones count. */
const MAX_LOOK_UPS = 2

/** Where a tale begins when the first request of it does not say so itself. */
interface Beginning {
  readonly account?: Account | undefined
}

/**
 * One story in order of events, in one sentence: how the account was registered, what look-ups of it came to, the order, and then what the
 * diagnosis is about. Undefined when nothing of that was seen before.
 */
export function taleOf(
  requests: readonly AcmeRequest[],
  what: string,
  facts: Case,
  { account: given }: Beginning = {},
): string | undefined {
  const first = requests[0]
  if (first === undefined) return undefined
  const account = given ?? first.account
  const order = orderOf(first, facts.traffic)
  const created = order?.createdBy ?? null
  const registration = account?.registeredBy ?? null
  const parts: { readonly request: AcmeRequest; readonly words: string }[] = []
  if (registration !== null && registration.id < first.id)
    parts.push({
      request: registration,
      words: `registered${registration.inner?.kind === 'binding' ? ' with an external account binding' : ''}`,
    })
  for (const lookUp of lookUpsBefore(first, registration, account, facts))
    parts.push({ request: lookUp, words: lookUpWords(lookUp) })
  if (order !== null && created !== null && created.id < first.id)
    parts.push({ request: created, words: `ordered ${namesOf(order)}` })
  if (parts.length === 0) return undefined
  parts.sort((a, b) => a.request.id - b.request.id)
  const told = parts.map(({ request, words }) => `${words} at ${moment(request)} (request ${request.id})`)
  const ids = requests.length === 1 ? `request ${first.id}` : `${requests.length} requests, the first is ${first.id}`
  return `${told.join('; ')}; then ${what} at ${moment(first)} (${ids})`
}

/** "refused with 400 malformed "the server's words"", "not answered in this capture". */
export function outcomeOf(request: AcmeRequest): string {
  if (request.response === null) return 'not answered in this capture'
  return `${wasAccepted(request) ? 'answered' : 'refused with'} ${refusal(request)}`
}

function lookUpWords(request: AcmeRequest): string {
  const binding = request.inner?.kind === 'binding' ? 'with' : 'without'
  const outcome =
    wasAccepted(request) && (request.location === null || request.location === '')
      ? `answered ${request.response?.status} but without a Location`
      : outcomeOf(request)
  return `account look-up ${binding} external account binding ${outcome}`
}

/** Look-ups by the keys of the account since it was registered, or by the key of the request itself. */
function lookUpsBefore(
  first: AcmeRequest,
  registration: AcmeRequest | null,
  account: Account | null,
  { traffic }: Case,
): AcmeRequest[] {
  const thumbprints = new Set<string | null>((account?.keys ?? []).map(({ key }) => key.thumbprint))
  if (first.jwk !== null) thumbprints.add(first.jwk.thumbprint)
  thumbprints.delete(null)
  return traffic.lookUps
    .filter(
      ({ thumbprint, request }) =>
        thumbprints.has(thumbprint) &&
        request.ca === first.ca &&
        request !== registration &&
        request.id < first.id &&
        request.id > (registration?.id ?? 0),
    )
    .slice(-MAX_LOOK_UPS)
    .map(({ request }) => request)
}

function orderOf(request: AcmeRequest, traffic: AcmeTraffic): Order | null {
  return remembered(traffic, ordersByRequest).get(request) ?? null
}

/** Requests for an order, and for the authorizations and challenges that belong to one. */
function ordersByRequest({ orders, authorizations, challenges, requests }: AcmeTraffic): ReadonlyMap<AcmeRequest, Order> {
  const found = new Map<AcmeRequest, Order>()
  for (const order of orders.values()) for (const request of order.requests) found.set(request, order)
  for (const request of requests) {
    if (request.resource !== 'authorization' && request.resource !== 'challenge') continue
    const url = request.resource === 'challenge' ? challenges.get(request.url)?.authorization : request.url
    const order = orders.get(authorizations.get(url ?? '')?.orders[0] ?? '')
    if (order !== undefined) found.set(request, order)
  }
  return found
}

function namesOf({ object }: Order): string {
  const names = (Array.isArray(object.identifiers) ? object.identifiers : [])
    .filter(isObject)
    .map(({ value }) => (typeof value === 'string' ? value : '?'))
  if (names.length === 0) return 'a certificate'
  return names.length > 2
    ? `a certificate for ${names[0]} and ${names.length - 1} more names`
    : `a certificate for ${names.join(' and ')}`
}
