import { acmeType } from '../acme/answers.ts'
import type { AcmeRequest, AcmeTraffic } from '../acme/traffic.ts'
import { wasAccepted } from './scope.ts'

export interface Retries {
  /** A retry, to the request whose badNonce answer it follows. */
  readonly refusedBy: ReadonlyMap<AcmeRequest, AcmeRequest>
  /** A request refused as badNonce, to its retry. */
  readonly retryOf: ReadonlyMap<AcmeRequest, AcmeRequest>
  /** Requests refused as badNonce of which a later attempt was taken. */
  readonly succeeded: ReadonlySet<AcmeRequest>
}

/** Pairs each badNonce answer with the retry: same URL, same payload, same signer, next in time (RFC 8555 6.5). */
export function retries(traffic: AcmeTraffic): Retries {
  const waiting = new Map<string, AcmeRequest>()
  const refusedBy = new Map<AcmeRequest, AcmeRequest>()
  const retryOf = new Map<AcmeRequest, AcmeRequest>()
  for (const request of traffic.requests) {
    if (request.jws === null) continue
    // The payload of a key change is signed itself, and most signatures come out differently each time.
    const payload = request.resource === 'keyChange' ? '' : request.jws.payloadText
    const key = `${request.url} ${request.kid ?? request.jwk?.thumbprint} ${payload}`
    const refused = waiting.get(key)
    // What was sent before the refusal came is another request of the same kind.
    if (refused !== undefined && (refused.response?.time ?? refused.time) <= request.time) {
      waiting.delete(key)
      refusedBy.set(request, refused)
      retryOf.set(refused, request)
    }
    if (acmeType(request.problem) === 'badNonce') waiting.set(key, request)
  }
  const succeeded = new Set<AcmeRequest>()
  for (const [refused, retry] of [...retryOf].reverse()) if (wasAccepted(retry) || succeeded.has(retry)) succeeded.add(refused)
  return { refusedBy, retryOf, succeeded }
}
