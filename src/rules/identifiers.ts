import type { AcmeRequest } from '../acme/traffic.ts'
import { isObject, type JsonObject } from '../jose/json-object.ts'
import { comparableIp } from '../pki/names.ts'

export interface Identifier {
  readonly type: string
  readonly value: string
}

/** What a request asks to be certified or authorized: the list of a newOrder (RFC 8555 7.4), the one of a newAuthz (7.4.1); null when it names none. */
export function identifiersOf({ resource, method, payload }: AcmeRequest): readonly unknown[] | null {
  if (method !== 'POST' || !isObject(payload)) return null
  if (resource === 'newOrder') return Array.isArray(payload.identifiers) ? payload.identifiers : null
  return resource === 'newAuthz' && payload.identifier !== undefined ? [payload.identifier] : null
}

/** The well-formed identifiers of a list. */
export function readIdentifiers(list: unknown): Identifier[] {
  return Array.isArray(list) ? list.filter(isIdentifier) : []
}

export function isIdentifier(item: unknown): item is Identifier & JsonObject {
  return isObject(item) && typeof item.type === 'string' && typeof item.value === 'string'
}

/** One text for all spellings of an identifier: DNS names compare without case, addresses by what they mean. */
export function identifierKey({ type, value }: Identifier): string {
  return `${type} ${(type === 'ip' ? comparableIp(value) : null) ?? value.toLowerCase()}`
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/

/** An IP address as RFC 8738 3 wants it: dotted decimal (RFC 1123 2.1), or the text of RFC 5952 4; null when the text is none. */
export function canonicalIp(text: string): string | null {
  if (IPV4.test(text)) {
    const parts = text.split('.').map(Number)
    return parts.some((part) => part > 255) ? null : parts.join('.')
  }
  if (!text.includes(':') || !/^[0-9a-f:.]+$/i.test(text) || !URL.canParse(`http://[${text}]/`)) return null
  const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1)
  // RFC 5952 5: an address with an embedded IPv4 one may be written either way.
  return text.includes('.') ? text.toLowerCase() : canonical
}
