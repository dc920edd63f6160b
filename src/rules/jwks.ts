import type { AcmeRequest } from '../acme/traffic.ts'
import { isObject } from '../jose/json-object.ts'
import { type JwkFacts, readJwk } from '../jose/keys.ts'

export interface PlacedKey {
  readonly where: string
  readonly facts: JwkFacts
}

const NONE: readonly PlacedKey[] = []

/** Every JWK a request carries: the header's, those of a key change (inner jwk, oldKey), and the payload of an external account binding. */
export function jwksOf(request: AcmeRequest): readonly PlacedKey[] {
  const { inner } = request
  if (inner === null) return request.jwk === null ? NONE : [{ where: 'jwk', facts: request.jwk }]
  const found: PlacedKey[] = []
  const add = (where: string, facts: JwkFacts | null) => {
    if (facts !== null) found.push({ where, facts })
  }
  add('jwk', request.jwk)
  if (inner.kind === 'binding') add('the key in externalAccountBinding', readJwk(inner.payload))
  else {
    add('jwk of the inner JWS', inner.jwk)
    if (isObject(inner.payload)) add('oldKey', readJwk(inner.payload.oldKey))
  }
  return found
}
