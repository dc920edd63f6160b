import type { Damage } from '../../core/damage.ts'
import type { Micros } from '../../core/time.ts'
import type { Connection } from '../../tcp/connection.ts'
import type { BodyPolicy, HttpExchange, HttpRequest, HttpResponse, MessageHead } from '../exchange.ts'
import { readDamage, readRequestBody, readResponseBody } from './body.ts'
import type { HarHeaders, HarObject } from './values.ts'
import { asNumber, asObject, asText, readHeaders, readVersion } from './values.ts'

export interface EntryContext {
  readonly input: number
  readonly entry: number
  readonly policy: BodyPolicy
  readonly readAttached: (name: string) => Uint8Array | null
  /** startedDateTime. */
  readonly time: Micros
  readonly connection: Connection | null
}

const NONE: readonly never[] = []

/** Makes an exchange of an entry as far as it makes sense; null when it has neither a request nor a response. */
export function readEntry(entry: HarObject, context: EntryContext): HttpExchange | null {
  const rawRequest = asObject(entry.request)
  const rawResponse = asObject(entry.response)
  const times = readTimes(entry, context.time)
  const requestHeaders = readHeaders(rawRequest?.headers)
  const method = (asText(rawRequest?.method) ?? requestHeaders.pseudo.get(':method') ?? '').trim()
  const url = asText(rawRequest?._url) ?? asText(rawRequest?.url) ?? pseudoUrl(requestHeaders)
  const hasRequest = rawRequest !== null && (method !== '' || url !== '') && !isUncaptured(rawRequest)
  const status = statusOf(rawResponse)
  const versions = versionsOf(rawRequest, rawResponse, requestHeaders)
  const head: MessageHead = { method, target: targetOf(url, method), status: 0, headers: requestHeaders.headers }
  const request = hasRequest ? makeRequest(rawRequest, head, url, versions.request, times, context) : null
  const response =
    rawResponse === null || (status === 0 && isUnanswered(rawResponse))
      ? null
      : makeResponse(rawResponse, status, request === null ? null : head, versions.response, times, context)
  if (request === null && response === null) return null
  dropTexts(rawRequest, rawResponse)
  return {
    input: context.input,
    entry: context.entry,
    connection: context.connection,
    streamId: asNumber(entry._streamId),
    request,
    response,
    har: entry,
  }
}

function makeRequest(
  raw: HarObject,
  head: MessageHead,
  url: string,
  httpVersion: string,
  times: Times,
  context: EntryContext,
): HttpRequest {
  const { headers, method, target } = head
  const source = { headers, keep: context.policy.request(head), entry: context.entry, readAttached: context.readAttached }
  return {
    method, target, url, httpVersion, headers,
    trailers: readHeaders(raw._trailers).headers,
    body: readRequestBody(raw, method, source),
    time: times.request,
    endTime: times.requestEnd,
    frames: NONE,
    damage: readDamage(raw) ?? NONE,
  } // biome-ignore format: one row of what is at hand
}

function makeResponse(
  raw: HarObject,
  status: number,
  request: MessageHead | null,
  httpVersion: string,
  times: Times,
  context: EntryContext,
): HttpResponse {
  const { headers } = readHeaders(raw.headers)
  const keep = context.policy.response({ method: '', target: '', status, headers }, request)
  const source = { headers, keep, entry: context.entry, readAttached: context.readAttached }
  const interim = raw._interim
  return {
    status, httpVersion, headers,
    statusText: asText(raw.statusText) ?? '',
    interim: Array.isArray(interim) ? interim.filter((code) => typeof code === 'number') : NONE,
    trailers: readHeaders(raw._trailers).headers,
    body: readResponseBody(raw, status, request?.method ?? '', source),
    time: times.response,
    endTime: times.responseEnd,
    frames: NONE,
    damage: readDamage(raw) ?? (status === 0 ? [noStatus(context.entry)] : NONE),
  } // biome-ignore format: one row of what is at hand
}

function noStatus(entry: number): Damage {
  return { layer: 'har', kind: 'malformed', detail: 'a response without a status', count: 1, firstFrame: entry }
}

/** The texts of bodies are octets by now; a kept exchange need not hold them twice. */
function dropTexts(request: HarObject | null, response: HarObject | null): void {
  for (const holder of [asObject(request?.postData), asObject(response?.content)])
    if (holder !== null) delete (holder as Record<string, unknown>).text
}

/** What the writer says of a request that it has to make up, because HAR has no response without one. */
export const UNCAPTURED = 'the request was not captured'

function isUncaptured(request: HarObject): boolean {
  return readDamage(request)?.some(({ detail }) => detail === UNCAPTURED) === true
}

/** 0 when it tells none, as browsers write it for requests that failed. */
function statusOf(response: HarObject | null): number {
  const status = asNumber(response?.status)
  return status === null || !Number.isInteger(status) || status < 0 || status > 999 ? 0 : status
}

/** Without a status, headers and content there was no answer; Firefox writes status 0 for some answers that there were. */
function isUnanswered(response: HarObject): boolean {
  const text = asText(asObject(response.content)?.text)
  return readDamage(response) === null && readHeaders(response.headers).headers.length === 0 && (text === null || text === '')
}

function pseudoUrl({ pseudo }: HarHeaders): string {
  const authority = pseudo.get(':authority')
  return authority === undefined ? '' : `${pseudo.get(':scheme') ?? 'https'}://${authority}${pseudo.get(':path') ?? '/'}`
}

/** The part of the URL that a request line would have. */
function targetOf(url: string, method: string): string {
  const match = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)([^#]*)/.exec(url)
  if (match === null) return url
  if (method === 'CONNECT') return match[1] as string
  const path = match[2] as string
  return path.startsWith('/') ? path : `/${path}`
}

function versionsOf(
  request: HarObject | null,
  response: HarObject | null,
  headers: HarHeaders,
): { request: string; response: string } {
  const first = readVersion(request?.httpVersion)
  const second = readVersion(response?.httpVersion)
  const guess = headers.pseudo.has(':authority') ? '2' : ''
  return { request: first ?? second ?? guess, response: second ?? first ?? guess }
}

interface Times {
  readonly request: Micros
  readonly requestEnd: Micros
  readonly response: Micros
  readonly responseEnd: Micros
}

/** HAR 1.2 timings: milliseconds spent in each phase, -1 where one does not apply; ssl is part of connect. */
function readTimes(entry: HarObject, start: Micros): Times {
  const timings = asObject(entry.timings)
  const phase = (name: string): number => Math.max(0, asNumber(timings?.[name]) ?? 0) * 1000
  const requestEnd = start + phase('blocked') + phase('dns') + phase('connect') + phase('send')
  const response = requestEnd + phase('wait')
  const total = Math.max(0, asNumber(entry.time) ?? 0) * 1000
  const responseEnd = timings === null ? start + total : response + phase('receive')
  return {
    request: start,
    requestEnd: Math.round(timings === null ? start : requestEnd),
    response: Math.round(timings === null ? start + total : response),
    responseEnd: Math.round(responseEnd),
  }
}
