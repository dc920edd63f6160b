import type { AcmeTraffic } from '../../acme/traffic.ts'
import type { HttpExchange } from '../../http/exchange.ts'
import { isObject } from '../../jose/json-object.ts'
import type { Report } from '../report.ts'
import type { Redactor } from './redactor.ts'

/** What a report was made from: values that it may quote, and secrets that must not be in it. */
export interface Source {
  readonly exchanges: readonly HttpExchange[]
  readonly traffic: AcmeTraffic
  /** Texts of key logs, secrets blocks and key files. */
  readonly secrets: () => Iterable<string>
}

const sources = new WeakMap<Report, Source>()

export function rememberSource(report: Report, source: Source): void {
  sources.set(report, source)
}

export function sourceOf(report: Report): Source | undefined {
  return sources.get(report)
}

/** Shows the redactor all of the traffic, so that a sentence that quotes any of it can be rewritten. */
export function learnSource({ exchanges, traffic, secrets }: Source, redactor: Redactor): void {
  const { names, pseudonyms, messages } = redactor
  for (const request of traffic.requests) learnIdentifiers(request.payload, redactor)
  for (const order of traffic.orders.values()) learnIdentifiers(order.object, redactor)
  for (const { csr, certificate } of traffic.requests)
    for (const name of [...(csr?.value?.names.dns ?? []), ...(certificate?.value?.names.dns ?? [])]) names.learnIdentifier(name)
  for (const exchange of exchanges) messages.exchange(exchange, true)
  for (const { csr, certificate, chain, key } of traffic.requests) {
    for (const one of [csr?.value, certificate?.value, ...(chain?.certificates ?? []).map(({ value }) => value)]) {
      if (one == null) continue
      for (const name of [...one.names.dns, ...one.names.ip, ...one.subject.commonNames]) names.host(name)
      for (const address of one.names.email) names.contact(address)
    }
    if (key?.facts.thumbprint != null) names.thumbprint(key.facts.thumbprint)
  }
  for (const { question, texts, aliases } of traffic.side.lookUps) {
    for (const name of [question, ...aliases.flatMap(({ name, target }) => [name, target])]) names.host(name)
    for (const { name, value } of texts) {
      names.host(name)
      redactor.documents.value(value, 'token')
    }
  }
  for (const { handshake } of traffic.side.handshakes) if (handshake.serverName !== null) names.host(handshake.serverName)
  for (const { serverName } of traffic.undecrypted.map(({ tls }) => ({ serverName: tls?.serverName })))
    if (serverName != null) names.host(serverName)
  for (const text of secrets()) for (const [run] of text.matchAll(/[A-Za-z0-9+/_=-]{32,}/g)) pseudonyms.note('secret', run)
}

function learnIdentifiers(object: unknown, { names }: Redactor): void {
  if (!isObject(object)) return
  for (const identifier of [object.identifiers, object.identifier].flat())
    if (isObject(identifier) && typeof identifier.value === 'string') names.learnIdentifier(identifier.value)
}
