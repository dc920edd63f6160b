import type { Micros } from '../core/time.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { type Draft, draftRequest } from './draft.ts'
import { RoleBook } from './roles.ts'
import type { Problem, Resource } from './traffic.ts'

/** A request as soon as its answer is complete: what it is for as far as that is known by then, and nothing judged. */
export interface SeenRequest {
  readonly exchange: HttpExchange
  readonly time: Micros
  readonly method: string
  readonly url: string
  readonly resource: Resource
  /** Parameters of the protected header; null when the request carries no readable JWS. */
  readonly header: Readonly<Record<string, unknown>> | null
  readonly problem: Problem | null
}

/** Tells of requests one by one while a capture is still read; roles are those that answers have shown so far. */
export class Preview {
  readonly #roles = new RoleBook()

  /** Null when nothing says that it is ACME, and for an answer without its request. */
  see(exchange: HttpExchange): SeenRequest | null {
    if (exchange.request === null) return null
    const draft = draftRequest(exchange, exchange.request, [])
    draft.url = this.#knownUrl(draft)
    this.#roles.learnDirectory(draft)
    const ca = this.#roles.caOf(draft)
    draft.ca = ca
    if (ca !== null) this.#roles.learnAnswer(draft, ca)
    const { resource } = this.#roles.roleOf(draft)
    if (resource === 'other' && draft.jws === null) return null
    const { time, method, url, jws, problem } = draft
    return { exchange, time, method, url, resource, header: jws?.header ?? null, problem }
  }

  /** Behind a TLS terminator the CA names https URLs, while plain HTTP is seen. */
  #knownUrl({ url, signedUrl }: Draft): string {
    const candidates = [url, signedUrl, url.replace(/^http:/, 'https:')]
    return candidates.find((candidate) => candidate !== null && this.#roles.urls.has(candidate)) ?? url
  }
}
