import { strings } from '../acme/answers.ts'
import type { AcmeRequest } from '../acme/traffic.ts'
import { isObject } from '../jose/json-object.ts'

/** The contact URLs that a registration or account update carries (RFC 8555 7.3, 7.3.2). */
export function contactsOf({ resource, method, payload }: AcmeRequest): readonly string[] {
  if ((resource !== 'newAccount' && resource !== 'account') || method !== 'POST' || !isObject(payload)) return []
  return strings(payload.contact)
}

/** The scheme of a URL in lower case; null when the text is none (RFC 3986 3.1). */
export function schemeOf(text: string): string | null {
  return /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase() ?? null
}
