import { links } from '../acme/answers.ts'
import { lastSeen } from '../acme/orders.ts'
import { absolute } from '../acme/roles.ts'
import type { AcmeRequest, AcmeTraffic, Order, Seen } from '../acme/traffic.ts'
import { isObject } from '../jose/json-object.ts'
import type { Certificate } from '../pki/certificate.ts'
import type { AltNames } from '../pki/names.ts'
import { latin1Text } from '../platform/base64.ts'
import { encodeHex } from '../platform/crypto.ts'
import { type Identifier, identifierKey, readIdentifiers } from './identifiers.ts'
import { quote, remembered, wasAccepted } from './scope.ts'

/** What rules about certificates ask of the whole traffic: which order a request is about, and which certificates were seen. */

/** The order that a finalize request or a download (of the chain or of an alternate, RFC 8555 7.4.2) is about; null when not known. */
export function orderOf(request: AcmeRequest, traffic: AcmeTraffic): Order | null {
  return remembered(traffic, ordersByRequest).get(request) ?? null
}

function ordersByRequest(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, Order> {
  const found = new Map<AcmeRequest, Order>()
  const alternates = new Map<string, Order>()
  for (const order of traffic.orders.values())
    for (const request of order.requests) {
      found.set(request, order)
      if (request.resource !== 'certificate' || request.response === null) continue
      for (const link of links(request.response, 'alternate')) alternates.set(absolute(link, request.url) ?? link, order)
    }
  if (alternates.size === 0) return found
  for (const request of traffic.requests) {
    const order = request.resource === 'certificate' && !found.has(request) ? alternates.get(request.url) : undefined
    if (order !== undefined) found.set(request, order)
  }
  return found
}

/** The identifiers of the order as the server showed them (it may have normalised what was asked); null when no answer did. */
export function orderedIdentifiers(request: AcmeRequest, traffic: AcmeTraffic): Identifier[] | null {
  const order = orderOf(request, traffic)
  const object = order?.history[0]?.object ?? order?.object ?? (isObject(request.answer) ? request.answer : null)
  const identifiers = readIdentifiers(object?.identifiers)
  return identifiers.length === 0 ? null : identifiers
}

/** The last of some representations that the client had been shown when it made a request; null when none. */
export function seenBefore(history: readonly Seen[], request: AcmeRequest): Seen | null {
  const seen = lastSeen(history, request)
  // Where times are useless (a HAR without them), the answer of a request may seem to come before it.
  return seen !== null && seen.request.id < request.id ? seen : null
}

/** The names of a certificate, or of a request for one, as identifiers (RFC 8555 9.7.7, RFC 8738 3, RFC 8823 3). */
export function identifiersIn({ dns, ip, email }: AltNames): Identifier[] {
  return [
    ...dns.map((value) => ({ type: 'dns', value })),
    ...ip.map((value) => ({ type: 'ip', value })),
    ...email.map((value) => ({ type: 'email', value })),
  ]
}

/** Identifier types whose place in a certificate this program knows. */
export function isNameType({ type }: Identifier): boolean {
  return type === 'dns' || type === 'ip' || type === 'email'
}

/** Members of one list that the other lacks, by meaning, each once. */
export function lacking(wanted: readonly Identifier[], given: readonly Identifier[]): Identifier[] {
  const keys = new Set(given.map(identifierKey))
  const found = new Map(wanted.map((identifier) => [identifierKey(identifier), identifier]))
  return [...found].filter(([key]) => !keys.has(key)).map(([, identifier]) => identifier)
}

export interface FinalizesBefore {
  /** The first finalize request of the order that the server took. */
  readonly taken: AcmeRequest | null
  /** One whose answer the capture lacks. */
  readonly unanswered: AcmeRequest | null
}

const NOTHING: FinalizesBefore = { taken: null, unanswered: null }

/** The finalize requests before a finalize request, at the same URL; null for another request. */
export function finalizesBefore(request: AcmeRequest, traffic: AcmeTraffic): FinalizesBefore | null {
  return remembered(traffic, earlierFinalizes).get(request) ?? null
}

function earlierFinalizes(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, FinalizesBefore> {
  const found = new Map<AcmeRequest, FinalizesBefore>()
  const byUrl = new Map<string, FinalizesBefore>()
  for (const request of traffic.requests) {
    if (request.resource !== 'finalize' || request.payloadKind !== 'object') continue
    const before = byUrl.get(request.url) ?? NOTHING
    found.set(request, before)
    byUrl.set(request.url, {
      taken: before.taken ?? (wasTaken(request) ? request : null),
      unanswered: before.unanswered ?? (request.response === null ? request : null),
    })
  }
  return found
}

/** Answered with success, and not with an order that still waits for a finalize request. */
function wasTaken(request: AcmeRequest): boolean {
  const status = isObject(request.answer) ? request.answer.status : undefined
  return wasAccepted(request) && status !== 'ready' && status !== 'pending'
}

/** Identifiers for a message: the first ten. */
export function listed(identifiers: readonly Identifier[]): string {
  const more = identifiers.length - LISTED
  const words = identifiers.slice(0, LISTED).map(({ value }) => quote(value))
  return `${words.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Identifiers for evidence. */
export function valuesOf(identifiers: readonly Identifier[]): string[] {
  return identifiers.slice(0, 10 * LISTED).map(({ value }) => value)
}

const LISTED = 10

/** An end-entity certificate that the capture shows, with the request that showed it first. */
export interface SeenCertificate {
  readonly certificate: Certificate
  readonly request: AcmeRequest
  /** The account that downloaded it; null when it is only known from a revocation, or was read without an account. */
  readonly account: string | null
}

export interface SeenCertificates {
  /** In the order in which they came. */
  readonly all: readonly SeenCertificate[]
  /** By the name RFC 9773 4.1 gives them. */
  readonly byCertId: ReadonlyMap<string, SeenCertificate>
  /** By serial number without leading zeros, in hexadecimal. */
  readonly bySerial: ReadonlyMap<string, readonly SeenCertificate[]>
  /** By encoding, one character an octet. */
  readonly byDer: ReadonlyMap<string, SeenCertificate>
}

/** Certificates that chains and revocations of the whole traffic show. */
export function seenCertificates(traffic: AcmeTraffic): SeenCertificates {
  return remembered(traffic, collectCertificates)
}

function collectCertificates(traffic: AcmeTraffic): SeenCertificates {
  const byDer = new Map<string, SeenCertificate>()
  for (const request of traffic.requests) {
    const certificate = request.chain?.certificates[0]?.value ?? request.certificate?.value ?? null
    if (certificate === null) continue
    const der = latin1Text(certificate.der)
    const known = byDer.get(der)
    const account = request.chain === null ? null : request.kid
    if (known === undefined) byDer.set(der, { certificate, request, account })
    else if (known.account === null && account !== null) byDer.set(der, { ...known, account })
  }
  const all = [...byDer.values()]
  const bySerial = new Map<string, SeenCertificate[]>()
  for (const seen of all) {
    const serial = plainSerial(seen.certificate.serial)
    bySerial.set(serial, [...(bySerial.get(serial) ?? []), seen])
  }
  return { all, byDer, bySerial, byCertId: new Map(all.map((seen) => [seen.certificate.certId ?? '', seen])) }
}

/** What people call a certificate: its first name, or its subject when it has none. */
export function titleOf({ names, subject }: Certificate): string {
  return names.dns[0] ?? names.ip[0] ?? names.email[0] ?? subject.text
}

/** A serial number without leading zeros, in hexadecimal: equal for all encodings of one number. */
export function plainSerial(octets: Uint8Array): string {
  return encodeHex(octets).replace(/^0+/, '')
}
