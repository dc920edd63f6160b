import type { DamageKind } from '../../core/damage.ts'
import type { Connection } from '../../tcp/connection.ts'
import type { Header } from '../exchange.ts'
import type { Head } from '../http1/head.ts'
import { effectiveUrl } from '../http1/target.ts'
import type { FieldBlock } from './hpack.ts'

/** A field section as the parts of a message; pseudo-header fields (RFC 9113 8.3) are null when they are absent or unknown. */
export interface Fields {
  readonly headers: Header[]
  method: string | null
  scheme: string | null
  authority: string | null
  path: string | null
  status: string | null
  /** Fields whose name or value only lost state could tell. */
  unknown: number
  /** RFC 9113 8.3: pseudo-header fields come first, so a section that begins with another field has none. */
  readonly startsRegular: boolean
  hasPseudo: boolean
  readonly problem: FieldBlock['problem']
  fault: string | null
}

export function readFields(block: FieldBlock): Fields {
  const first = block.fields[0]?.[0] ?? null
  const read: Fields = {
    headers: [], method: null, scheme: null, authority: null, path: null, status: null, unknown: 0,
    startsRegular: first !== null && first.charCodeAt(0) !== COLON, hasPseudo: false, problem: block.problem, fault: null,
  } // biome-ignore format: one row of fields
  for (const field of block.fields) {
    const [name, value] = field
    if (name === null || value === null) read.unknown++
    else if (name.charCodeAt(0) === COLON) readPseudo(read, name, value)
    else read.headers.push(field as Header)
  }
  return read
}

const COLON = 58

function readPseudo(read: Fields, name: string, value: string): void {
  read.hasPseudo = true
  let known: string | null = null
  switch (name) {
    case ':method':
      known = read.method
      read.method ??= value
      break
    case ':scheme':
      known = read.scheme
      read.scheme ??= value
      break
    case ':authority':
      known = read.authority
      read.authority ??= value
      break
    case ':path':
      known = read.path
      read.path ??= value
      break
    case ':status':
      known = read.status
      read.status ??= value
      break
  }
  if (known !== null) read.fault = `more than one ${name}`
}

/** What is said about a message besides its content; `kind` is 'gap' for what was lost, 'malformed' for what was never there. */
export type Hurt = (kind: DamageKind, detail: string) => void

/** Says of a section what is not known of it. */
export function hurtByFields(fields: Fields, hurt: Hurt): void {
  const { problem, unknown, fault } = fields
  if (problem !== null) hurt(problem.kind, problem.detail)
  if (unknown > 0) hurt('gap', 'header fields that refer to HPACK table entries that were not captured')
  if (fault !== null) hurt('malformed', fault)
}

/** Says that a pseudo-header field is missing. */
export function hurtByAbsence(fields: Fields, name: string, hurt: Hurt): void {
  if (fields.unknown > 0 || fields.problem !== null) hurt('gap', `${name} is unknown`)
  else hurt('malformed', `no ${name}`)
}

export function requestHead(fields: Fields): Head {
  const method = fields.method ?? ''
  // RFC 9113 8.5: CONNECT names an authority and no path.
  const target = fields.path ?? (method === 'CONNECT' ? (fields.authority ?? '') : '')
  return makeHead(fields, method, target, 0)
}

export function responseHead(fields: Fields): Head {
  return makeHead(fields, '', '', readStatus(fields.status))
}

/** The status code; 0 when there is none. */
export function readStatus(status: string | null): number {
  return status !== null && /^[1-9]\d\d$/.test(status) ? Number(status) : 0
}

function makeHead(fields: Fields, method: string, target: string, status: number): Head {
  const { headers, authority } = fields
  let contentLength: string | null = null
  let contentEncoding: string | null = null
  let host: string | null = null
  for (const [name, value] of headers)
    if (name === 'content-length') contentLength ??= value
    else if (name === 'content-encoding') contentEncoding = contentEncoding === null ? value : `${contentEncoding}, ${value}`
    else if (name === 'host') host ??= value
  return {
    method, target, version: '2', status, statusText: '', headers,
    contentLength, transferEncoding: null, contentEncoding, upgrade: null, host: authority ?? host, faults: null,
  } // biome-ignore format: one row of fields
}

/**
 * The request URI (RFC 9113 8.3.1). When the authority was lost the name that the client asked TLS for stands in, as it is who
 * the request was sent to; damage says so already.
 */
export function requestUrl(head: Head, scheme: string, connection: Connection): string {
  return effectiveUrl(head, scheme, namedServer(connection))
}

function namedServer({ tls, server }: Connection): string | null {
  const name = tls?.serverName ?? null
  if (name === null) return server
  const port = server === null ? '443' : server.slice(server.lastIndexOf(':') + 1)
  return port === '443' ? name : `${name}:${port}`
}
