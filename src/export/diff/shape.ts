import { isObject, type JsonObject } from '../../jose/json-object.ts'

/** Members whose presence is configuration and changes nothing else in the flow. */
const LIGHT: ReadonlySet<string> = new Set(['contact', 'notBefore', 'notAfter', 'reason'])
/** Nested signed objects differ in every octet; that they are there is what counts. */
const SEALED: ReadonlySet<string> = new Set(['externalAccountBinding', 'protected', 'certificate', 'csr'])
const MAX_MEMBERS = 200

/** A member of a payload by its path, with its kind or, where that says what the request is for, its value. */
export interface Member {
  readonly path: string
  readonly value: string
  /** Its absence on one side says little. */
  readonly light: boolean
}

/** What a payload asks for, without the values that differ from run to run. */
export function payloadKind(payload: unknown): string {
  if (payload === null || payload === undefined) return 'no payload'
  if (payload === '') return 'an empty payload (POST-as-GET)'
  if (!isObject(payload)) return 'a payload that is no JSON object'
  return Object.keys(payload).length === 0 ? 'an empty object' : 'an object'
}

export function membersOf(payload: unknown): Member[] {
  const members: Member[] = []
  if (isObject(payload)) walk(payload, '', false, members)
  const seen = new Set<string>()
  return members.filter(({ path, value }) => !seen.has(`${path} ${value}`) && seen.add(`${path} ${value}`))
}

function walk(object: JsonObject, prefix: string, light: boolean, members: Member[]): void {
  for (const [name, value] of Object.entries(object)) {
    if (members.length >= MAX_MEMBERS) return
    const path = `${prefix}${name}`
    const isLight = light || LIGHT.has(name)
    members.push({ path, value: valueText(name, value), light: isLight })
    if (SEALED.has(name) || prefix.length > 100) continue
    if (isObject(value)) walk(value, `${path}.`, isLight, members)
    else if (Array.isArray(value)) for (const item of value.filter(isObject)) walk(item, `${path}[].`, isLight, members)
  }
}

/** Booleans, and the words with which RFC 8555 chooses among meanings; of everything else the JSON type. */
function valueText(name: string, value: unknown): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string' && (name === 'status' || name === 'type')) return value
  return value === null
    ? 'null'
    : Array.isArray(value)
      ? 'an array'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`
}

/** Statuses after which an object can no longer lead to a certificate (RFC 8555 7.1.6). */
const DEAD: ReadonlySet<string> = new Set(['invalid', 'deactivated', 'expired', 'revoked'])

export function isDead(status: string | null): boolean {
  return status !== null && DEAD.has(status)
}

export function statusIn(answer: unknown): string | null {
  return isObject(answer) && typeof answer.status === 'string' ? answer.status : null
}

/** "invalid: unauthorized, The key authorization file …": the status of an object and the error that it tells. */
export function statusText(answer: unknown): string {
  const status = statusIn(answer) ?? 'without a status'
  const error = errorIn(answer)
  if (error === null) return status
  const type = typeof error.type === 'string' ? error.type.replace(/^urn:ietf:params:acme:error:/, '') : null
  const detail = typeof error.detail === 'string' ? `"${error.detail}"` : null
  return [`${status}${type === null && detail === null ? '' : ':'}`, type, detail].filter((part) => part !== null).join(' ')
}

function errorIn(answer: unknown): JsonObject | null {
  if (!isObject(answer)) return null
  if (isObject(answer.error)) return answer.error
  if (!Array.isArray(answer.challenges)) return null
  for (const challenge of answer.challenges) if (isObject(challenge) && isObject(challenge.error)) return challenge.error
  return null
}

/** Members without which a client cannot go on (RFC 8555 7.1.1, 7.1.3 - 7.1.5). */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  directory: ['newNonce', 'newAccount', 'newOrder', 'revokeCert', 'keyChange'],
  newOrder: ['identifiers', 'authorizations', 'finalize'],
  'order read': ['identifiers', 'authorizations', 'finalize'],
  'authorization read': ['identifier', 'challenges'],
  challenge: ['type', 'url', 'token'],
}

/** Which of the members that matter an answer lacks; null when it is no object. */
export function lackingIn(role: string, answer: unknown): string[] | null {
  return isObject(answer) ? (NEEDED[role] ?? []).filter((name) => !Object.hasOwn(answer, name)) : null
}

export function requiresBinding(answer: unknown): boolean | null {
  if (!isObject(answer)) return null
  return isObject(answer.meta) && answer.meta.externalAccountRequired === true
}

/** Types of the challenges that an authorization offers. */
export function offeredIn(answer: unknown): string | null {
  if (!isObject(answer) || !Array.isArray(answer.challenges)) return null
  const types = answer.challenges.filter(isObject).map(({ type }) => (typeof type === 'string' ? type : '?'))
  return [...new Set(types)].sort().join(', ')
}
