import { isObject } from '../jose/json-object.ts'

/** Private and secret members of a JWK (RFC 7518 6.2.2, 6.3.2, 6.4.1): a report must not spread what a client leaked. */
const SECRET: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])

/** Stands for a private member. */
export const CONCEALED = '(private key member, not shown)'

/** The same value with the private members of every key in it replaced; the very same object when there are none. */
export function concealPrivateMembers<T>(value: T): T {
  return holdsSecret(value) ? (concealed(value) as T) : value
}

function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret)
  if (!isObject(value)) return false
  const isKey = typeof value.kty === 'string'
  for (const name in value) {
    const member = value[name]
    if (isKey && SECRET.has(name)) return true
    if (typeof member === 'object' && holdsSecret(member)) return true
  }
  return false
}

function concealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(concealed)
  if (!isObject(value)) return value
  const isKey = typeof value.kty === 'string'
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, isKey && SECRET.has(name) ? CONCEALED : concealed(member)]),
  )
}
