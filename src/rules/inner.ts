import type { InnerJws } from '../acme/inner-jws.ts'
import type { AcmeRequest } from '../acme/traffic.ts'

/** The external account binding of a newAccount request (RFC 8555 7.3.4); null when it has none. */
export function bindingOf({ resource, inner }: AcmeRequest): InnerJws | null {
  return resource === 'newAccount' && inner?.kind === 'binding' ? inner : null
}

/** The inner JWS of a key change (RFC 8555 7.3.5); null when there is none. */
export function keyChangeOf({ resource, inner }: AcmeRequest): InnerJws | null {
  return resource === 'keyChange' && inner?.kind === 'key-change' ? inner : null
}
