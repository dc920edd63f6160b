import { field, fieldLines, type HttpResponse } from '../http/exchange.ts'
import { isObject, type JsonObject, readJson } from '../jose/json-object.ts'
import { utf8Text } from '../platform/base64.ts'
import type { Problem } from './traffic.ts'

/** The parts of an answer that ACME uses (RFC 8555 6.5.1, 6.7, 7.1). */
export interface Answer {
  /** Parsed JSON body; undefined when it is none, is damaged or was not captured. */
  readonly json: unknown
  readonly problem: Problem | null
  readonly replayNonce: string | null
  readonly location: string | null
  readonly contentType: string
}

export function readAnswer(response: HttpResponse): Answer {
  const contentType = (field(response.headers, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const json = readContent(response, contentType)
  return {
    json,
    problem: readProblem(response, contentType, json),
    replayNonce: field(response.headers, 'replay-nonce'),
    location: field(response.headers, 'location'),
    contentType,
  }
}

function readContent(response: HttpResponse, contentType: string): unknown {
  const { bytes, complete } = response.body
  if (bytes === null || !complete || bytes.length === 0) return undefined
  if (!contentType.includes('json') && bytes[0] !== 0x7b) return undefined
  const text = utf8Text(bytes)
  return text === null ? undefined : readJson(text)
}

/** RFC 7807 document, or whatever a server that does not write one says with its error status. */
function readProblem(response: HttpResponse, contentType: string, json: unknown): Problem | null {
  if (response.status < 400) return null
  if (isObject(json)) return { type: text(json.type), detail: text(json.detail) ?? text(json.title), object: json }
  const { bytes } = response.body
  const words = bytes === null || bytes.length === 0 || contentType === 'text/html' ? null : utf8Text(bytes.subarray(0, 200))
  return words === null ? null : { type: null, detail: words, object: null }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

const PREFIX = /^urn:(?:ietf:params:)?acme:error:/

/** "badNonce" of "urn:ietf:params:acme:error:badNonce"; null when the type is no ACME one. */
export function acmeType(problem: Problem | null): string | null {
  return problem?.type != null && PREFIX.test(problem.type) ? problem.type.replace(PREFIX, '') : null
}

/** Targets of Link fields with a relation (RFC 8288 3), as sent. */
export function links(response: HttpResponse, relation: string): string[] {
  const found: string[] = []
  for (const line of fieldLines(response.headers, 'link'))
    for (const match of line.matchAll(/<([^>]*)>([^<]*)/g)) {
      const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(match[2] as string)
      if ((rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(/\s+/).includes(relation)) found.push(match[1] as string)
    }
  return found
}

export type Shape = 'directory' | 'account' | 'order' | 'authorization' | 'challenge' | 'orders' | 'renewalInfo'

/** Which ACME object a JSON answer is, by the members RFC 8555 7.1 requires of it; null when it is none. */
export function shapeOf(json: unknown): Shape | null {
  if (!isObject(json)) return null
  const has = (name: string, type: 'string' | 'array' | 'object') => {
    const value = json[name]
    return type === 'array' ? Array.isArray(value) : type === 'object' ? isObject(value) : typeof value === 'string'
  }
  if (has('newNonce', 'string') && (has('newAccount', 'string') || has('newOrder', 'string'))) return 'directory'
  if (has('challenges', 'array') && has('identifier', 'object')) return 'authorization'
  if (has('authorizations', 'array') || (has('finalize', 'string') && has('status', 'string'))) return 'order'
  if (has('type', 'string') && has('url', 'string') && has('status', 'string')) return 'challenge'
  if (has('suggestedWindow', 'object')) return 'renewalInfo'
  if (has('status', 'string') && !has('identifiers', 'array') && ACCOUNT_MEMBERS.some((name) => json[name] !== undefined))
    return 'account'
  if (has('orders', 'array')) return 'orders'
  return null
}

const ACCOUNT_MEMBERS = ['contact', 'orders', 'termsOfServiceAgreed', 'externalAccountBinding', 'key', 'createdAt', 'initialIp']

/** The string members of a list, others left out. */
export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

export function objects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
