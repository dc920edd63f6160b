import { field, type HttpExchange, type HttpRequest } from '../http/exchange.ts'
import { isObject, readJson } from '../jose/json-object.ts'
import { decodeJws, type Jws } from '../jose/jws.ts'
import { readJwk } from '../jose/keys.ts'
import { utf8Text } from '../platform/base64.ts'
import { readAnswer } from './answers.ts'
import { readInnerJws } from './inner-jws.ts'
import type { AcmeRequest, Ca, NonceRecord, PayloadKind } from './traffic.ts'

/** An AcmeRequest while it is being settled; nobody outside this folder sees it change. */
export type Draft = { -readonly [K in keyof AcmeRequest]: AcmeRequest[K] }

export type MutableNonce = Omit<NonceRecord, 'issues' | 'uses'> & { issues: NonceRecord['issues'][number][]; uses: AcmeRequest[] }
export type MutableCa = { -readonly [K in keyof Omit<Ca, 'authorities' | 'nonces'>]: Ca[K] } & {
  authorities: Set<string>
  nonces: { byValue: Map<string, MutableNonce> }
}

/** Reads one exchange as far as it can be read on its own. */
export function draftRequest(exchange: HttpExchange, http: HttpRequest, alsoSeen: readonly HttpExchange[]): Draft {
  const { bytes, complete } = http.body
  const bodyLost = http.method !== 'GET' && http.method !== 'HEAD' && (bytes === null || !complete)
  const jws = carriesJws(http) && bytes !== null && !bodyLost ? decodeJws(bytes) : null
  const { payload, payloadKind } = readPayload(jws)
  const header = jws?.header ?? null
  const text = (name: string) => (header !== null && typeof header[name] === 'string' ? (header[name] as string) : null)
  const answer = exchange.response === null ? null : readAnswer(exchange.response)
  return {
    id: 0,
    exchange,
    http,
    time: http.time,
    ca: null,
    resource: 'other',
    roleBasis: 'none',
    method: http.method,
    url: http.url,
    observedUrl: http.url,
    urlBasis: 'observed',
    behindProxy: false,
    jws,
    bodyLost,
    payload,
    payloadKind,
    inner: readInnerJws(payload),
    kid: text('kid'),
    jwk: header === null ? null : readJwk(header.jwk),
    alg: text('alg'),
    nonce: text('nonce'),
    signedUrl: text('url'),
    account: null,
    key: null,
    signature: { state: 'unchecked', code: 'U-GAP', reason: 'the request carries no signature', verifiesFor: null },
    nonceRecord: null,
    response: exchange.response,
    answer: answer?.json,
    problem: answer?.problem ?? null,
    replayNonce: answer?.replayNonce ?? null,
    location: answer?.location ?? null,
    csr: null,
    certificate: null,
    chain: null,
    alsoSeen,
  }
}

/** RFC 8555 6.2: every request with a body; a GET or HEAD has none, and a preflight is the browser's own. */
function carriesJws(http: HttpRequest): boolean {
  if (http.method === 'OPTIONS' || http.method === 'CONNECT') return false
  if (http.method !== 'GET' && http.method !== 'HEAD') return true
  return (http.body.bytes?.length ?? 0) > 0 && (field(http.headers, 'content-type') ?? '').includes('jose')
}

function readPayload(jws: Jws | null): { payload: unknown; payloadKind: PayloadKind } {
  if (jws === null || jws.payload === null) return { payload: null, payloadKind: 'none' }
  if (jws.payload.length === 0) return { payload: '', payloadKind: 'empty' }
  const text = utf8Text(jws.payload) ?? null
  const value = text === null ? undefined : readJson(text)
  if (value !== undefined) return { payload: value, payloadKind: isObject(value) ? 'object' : 'other' }
  if (jws.header?.b64 === false && jws.payloadText !== null) {
    const raw = readJson(jws.payloadText) // RFC 7797 3: the payload text is the payload
    if (raw !== undefined) return { payload: raw, payloadKind: isObject(raw) ? 'object' : 'other' }
  }
  return { payload: null, payloadKind: 'garbled' }
}

/** The CA answered, and with success. */
export function wasAccepted({ response }: Draft): boolean {
  return response !== null && response.status >= 200 && response.status < 300
}
