import type { Body, Header, HttpExchange, HttpMessage, HttpRequest, HttpResponse } from '../../http/exchange.ts'
import { field } from '../../http/exchange.ts'
import { isObject, readJson } from '../../jose/json-object.ts'
import { decodeJws } from '../../jose/jws.ts'
import { latin1Text, utf8Text } from '../../platform/base64.ts'
import type { Documents } from './documents.ts'
import { isFlattened } from './documents.ts'
import type { Names } from './names.ts'
import type { Prose } from './prose.ts'
import type { Pseudonyms } from './pseudonyms.ts'

const MEDIA_TYPE = /^\s*[a-z0-9.+-]+\/[a-z0-9.+-]+\s*$/i
const CHARSET = /^\s*charset="?[a-z0-9-]+"?\s*$/i
const TOKENS = /^[a-z0-9*"/=.;, +-]{0,100}$/i
const DATE_OR_NUMBER = /^(?:\d{1,12}|[A-Z][a-z]{2}, [\w :]+GMT)$/

/** Stands for what cannot be shown: that a field, or a part of it, was there tells too. */
const HIDDEN = 'redacted'

const as =
  (shape: RegExp) =>
  (value: string): string =>
    shape.test(value) ? value : HIDDEN

/** A list of which each item is shown or not. */
const listOf =
  (each: (item: string) => string, separator = ',') =>
  (value: string) =>
    value.split(separator).map(each).join(separator)

/** RFC 9110 8.3.1: type and subtype, and of the parameters the charset; of others it is shown that they are there. */
export function mediaType(value: string, documents: Documents): string {
  const [type = '', ...parameters] = value.split(';')
  const hidden = (parameter: string) => ` parameter=${documents.value(parameter.trim())}`
  return [as(MEDIA_TYPE)(type), ...parameters.map((parameter) => (CHARSET.test(parameter) ? parameter : hidden(parameter)))].join(
    ';',
  )
}

/** What a redacted body says of itself. */
export const LEFT_OUT = 'left out by redaction'

/** Redacts HTTP messages: what ACME needs of them keeps its structure, everything else goes. */
export class Messages {
  readonly #pseudonyms: Pseudonyms
  readonly #names: Names
  readonly #documents: Documents
  readonly #prose: Prose
  /** Fields that are kept, and how; others are removed with their names. Null: the value cannot be shown. */
  readonly #fields: Readonly<Record<string, (value: string) => string | null>>

  constructor(pseudonyms: Pseudonyms, names: Names, documents: Documents, prose: Prose) {
    this.#pseudonyms = pseudonyms
    this.#names = names
    this.#documents = documents
    this.#prose = prose
    const words = listOf(as(TOKENS))
    const url = (value: string) => names.url(value)
    const list = (each: (item: string) => string) => listOf((item) => item.replace(/\S.*\S|\S/, each))
    this.#fields = {
      host: (value) => names.endpoint(value),
      'content-type': (value) => mediaType(value, documents),
      'content-length': as(DATE_OR_NUMBER),
      'content-encoding': words,
      'content-language': words,
      'transfer-encoding': words,
      connection: words,
      accept: words,
      'accept-encoding': words,
      'accept-language': words,
      'cache-control': words,
      pragma: words,
      age: as(DATE_OR_NUMBER),
      date: as(DATE_OR_NUMBER),
      expires: as(DATE_OR_NUMBER),
      'retry-after': as(DATE_OR_NUMBER),
      'strict-transport-security': words,
      vary: words,
      allow: words,
      expect: words,
      'x-forwarded-proto': words,
      'x-forwarded-port': words,
      'x-forwarded-host': (value) => names.endpoint(value),
      'x-forwarded-for': list((item) => names.endpoint(item)),
      'user-agent': (value) => prose.foreign(value),
      server: (value) => prose.foreign(value),
      via: (value) => prose.foreign(value),
      'replay-nonce': list((item) => documents.nonce(item)),
      location: url,
      link: (value) => value.replace(/<([^>]*)>/g, (_, target: string) => `<${names.url(target)}>`).replace(LINK_PARAMETERS, ''),
    }
  }

  /** `isAcme`: its bodies are looked at; those of others are left out. */
  exchange(exchange: HttpExchange, isAcme: boolean): HttpExchange {
    const { request, response, connection } = exchange
    return {
      ...exchange,
      har: null,
      connection:
        connection === null
          ? null
          : { ...connection, client: this.#end(connection.client), server: this.#end(connection.server) },
      request: request === null ? null : this.#request(request, isAcme),
      response: response === null ? null : this.#response(response, request, isAcme),
    }
  }

  #end(end: string | null): string | null {
    return end === null ? null : this.#names.endpoint(end)
  }

  #request(request: HttpRequest, isAcme: boolean): HttpRequest {
    const body = isEmpty(request.body) ? request.body : this.#requestBody(request, isAcme)
    const isPlainMethod = /^[A-Z]{1,10}$/.test(request.method)
    return {
      ...this.#message(request),
      method: isPlainMethod || request.method === '' ? request.method : this.#documents.value(request.method),
      url: this.#names.url(request.url),
      target: this.#names.url(request.target),
      body,
    }
  }

  #requestBody(request: HttpRequest, isAcme: boolean): Body {
    const text = isAcme ? wholeText(request.body) : null
    const jws = text === null ? null : decodeJws(new TextEncoder().encode(text))
    const object = jws !== null && jws.defects.length === 0 ? jws.object : null
    const shown = object !== null && isFlattened(object) ? this.#documents.jws(object) : null
    if (shown !== null) return bodyOf(JSON.stringify(shown))
    // what cannot be shown is still read, so that nothing of it is quoted elsewhere
    const value = text === null ? undefined : readJson(text)
    if (isObject(value)) this.#documents.json(value)
    if (jws?.header != null) this.#documents.header(jws.header)
    return this.#leftOut(request.body)
  }

  #response(response: HttpResponse, request: HttpRequest | null, isAcme: boolean): HttpResponse {
    return {
      ...this.#message(response),
      status: response.status,
      statusText: '',
      interim: response.interim,
      body: isEmpty(response.body) ? response.body : this.#responseBody(response, request, isAcme),
    }
  }

  #responseBody(response: HttpResponse, request: HttpRequest | null, isAcme: boolean): Body {
    const text = isAcme ? wholeText(response.body) : null
    if (text === null) return this.#leftOut(response.body)
    const isFetch = request?.target.includes('/.well-known/acme-challenge/') === true
    if (isFetch && /^\s*[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\s*$/.test(text)) return bodyOf(this.#names.token(text.trim()))
    const type = field(response.headers, 'content-type') ?? ''
    const value = /json/i.test(type) || text.startsWith('{') ? readJson(text) : undefined
    if (isObject(value) || Array.isArray(value)) return bodyOf(JSON.stringify(this.#documents.json(value)))
    for (const [block] of text.matchAll(/-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/g)) this.#documents.certificate(block)
    return this.#leftOut(response.body)
  }

  #leftOut(body: Body): Body {
    if (body.bytes !== null) this.#pseudonyms.count('body', latin1Text(body.bytes.subarray(0, 4096)))
    return {
      bytes: null,
      complete: false,
      size: null,
      damage: [{ layer: 'har', kind: 'gap', detail: LEFT_OUT, count: 1, firstFrame: null }],
    }
  }

  #message(message: HttpMessage): HttpMessage {
    return {
      httpVersion: /^[A-Za-z/0-9.]{0,12}$/.test(message.httpVersion) ? message.httpVersion : '',
      headers: this.headers(message.headers).filter(([name]) => isEmpty(message.body) || name.toLowerCase() !== 'content-length'),
      trailers: this.headers(message.trailers),
      body: message.body,
      time: message.time,
      endTime: message.endTime,
      frames: message.frames,
      damage: message.damage.map((damage) => ({ ...damage, detail: this.#prose.own(damage.detail) })),
    }
  }

  headers(headers: readonly Header[]): Header[] {
    return headers.flatMap(([name, value]) => {
      const lower = name.toLowerCase()
      const way = Object.hasOwn(this.#fields, lower) ? this.#fields[lower] : undefined
      const shown = way?.(value) ?? null
      if (shown !== null) return [[name, shown] as const]
      this.#remove(lower, value)
      return []
    })
  }

  /** Remembers the parts of a removed field, which might be quoted elsewhere. */
  #remove(name: string, value: string): void {
    const isCookie = name === 'cookie' || name === 'set-cookie'
    const category = isCookie ? 'cookie' : /auth|token|key|secret|session/.test(name) ? 'authorization' : 'field'
    this.#pseudonyms.count(category, value)
    if (category === 'field') return
    for (const part of value.split(/[\s;,]+/)) {
      const secret = isCookie ? part.replace(/^[^=]*=/, '') : part
      if (secret.length >= 8 && !COOKIE_ATTRIBUTE.test(part)) this.#pseudonyms.note(category, secret)
    }
  }
}

/** RFC 6265 5.2: what a cookie field has besides the cookie. */
const COOKIE_ATTRIBUTE = /^(?:expires|max-age|domain|path|secure|httponly|samesite)(?:=|$)|^\d|GMT$/i
/** RFC 8288 3: parameters besides the relation may be texts. */
const LINK_PARAMETERS = /;\s*(?!rel\b)[\w*]+\s*=\s*(?:"[^"]*"|[^;,]*)/g

function isEmpty(body: Body): boolean {
  return body.complete && body.bytes !== null && body.bytes.length === 0
}

function wholeText(body: Body): string | null {
  return body.bytes === null || !body.complete ? null : utf8Text(body.bytes)
}

function bodyOf(text: string): Body {
  const bytes = new TextEncoder().encode(text)
  return { bytes, complete: true, size: bytes.length, damage: [] }
}
