import { REMOVED_SIGNATURE } from '../../acme/redacted.ts'
import { isObject, type JsonObject, MAX_DEPTH, readJson } from '../../jose/json-object.ts'
import { decodeBase64, encodeBase64url, latin1Bytes, utf8Text } from '../../platform/base64.ts'
import { digest } from '../../platform/crypto.ts'
import { CONCEALED } from '../private-keys.ts'
import type { Category } from './categories.ts'
import { isAddress, isDomainName, type Names } from './names.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import { isKnownMember, isPlainWords } from './words.ts'

/** What is done with the text of one member. */
type Way = (text: string) => string

const DATE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/
const ALGORITHM = /^(?:[A-Z]{2}\d{3}K?|EdDSA|Ed25519|Ed448|none|ML-DSA-\d\d)$/i
const TYPE = /^(?:[a-z]+-?[a-z]*-?\d{0,2}|urn:ietf:params:acme:error:\w+|about:blank)$/
const STATUS = /^(?:pending|processing|ready|valid|invalid|deactivated|expired|revoked|canceled)$/
const PROFILE = /^[a-z][a-z0-9-]{0,29}$/i
const ENUMERATED: Readonly<Record<string, ReadonlySet<string>>> = {
  kty: new Set(['EC', 'RSA', 'OKP', 'oct', 'AKP']),
  crv: new Set(['P-256', 'P-384', 'P-521', 'secp256k1', 'Ed25519', 'Ed448', 'X25519', 'X448']),
  use: new Set(['sig', 'enc']),
}
const PUBLIC_MEMBERS: ReadonlySet<string> = new Set(['n', 'x', 'y', 'pub'])
/** RFC 7518 6.2.2, 6.3.2, 6.4.1: what makes a key a private one. */
const PRIVATE_MEMBERS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'priv'])

/** Longest part of a CSR or certificate that is searched for: its end, which is its signature. */
const TAIL = 48

/**
 * Redacts ACME's JSON: objects of the server, payloads, JWS and keys. Every member has a decision; a name that is not known is hidden with its
 * text. Numbers and truth values stay.
 */
export class Documents {
  readonly #pseudonyms: Pseudonyms
  readonly #names: Names
  readonly #prose: Way
  readonly #ways: Readonly<Record<string, Way>>

  /** `prose` rewrites what people or servers wrote. */
  constructor(pseudonyms: Pseudonyms, names: Names, prose: Way) {
    this.#pseudonyms = pseudonyms
    this.#names = names
    this.#prose = prose
    const url: Way = (text) => this.link(text)
    const host: Way = (text) => this.#names.host(text)
    this.#ways = {
      alg: (text) => (ALGORITHM.test(text) ? text : this.value(text)),
      algorithms: (text) => (ALGORITHM.test(text) ? text : this.value(text)),
      status: (text) => (STATUS.test(text) ? text : this.value(text)),
      type: (text) => (TYPE.test(text) ? text : this.link(text)),
      typ: (text) => (isPlainWords(text) ? text : this.value(text)),
      cty: (text) => (isPlainWords(text) ? text : this.value(text)),
      kid: (text) => this.kid(text),
      nonce: (text) => this.nonce(text),
      url,
      contact: (text) => this.#names.contact(text),
      token: (text) => this.#names.token(text),
      keyAuthorization: (text) => this.#names.token(text),
      csr: (text) => this.certificate(text),
      certificate: (text) => (isUrl(text) ? url(text) : this.certificate(text)),
      cert: (text) => (isUrl(text) ? url(text) : this.certificate(text)),
      value: host,
      caaIdentities: host,
      hostname: host,
      detail: this.#prose,
      title: this.#prose,
      error: this.#prose,
      profile: (text) => (PROFILE.test(text) ? text : this.value(text)),
      profiles: this.#prose,
      replaces: (text) => this.#names.url(text),
      resource: (text) => (isPlainWords(text) ? text : this.value(text)),
      crit: (text) => (isKnownMember(text) ? text : this.value(text)),
      key_ops: (text) => (/^[a-zA-Z]{1,10}$/.test(text) ? text : this.value(text)),
    }
  }

  /** Any JSON value; `member` is the name of the member, or of the list, that it stands in. */
  json(value: unknown, member = '', depth = 0): unknown {
    if (depth > MAX_DEPTH) return null
    if (typeof value === 'string') return this.text(value, member)
    if (Array.isArray(value)) return value.map((item) => this.json(item, member, depth + 1))
    if (!isObject(value)) return value
    if (typeof value.kty === 'string' || member === 'jwk' || member === 'oldKey') return this.key(value)
    if (isFlattened(value)) return this.jws(value) ?? this.#members(value, member, depth)
    return this.#members(value, member, depth)
  }

  #members(value: JsonObject, member: string, depth: number): JsonObject {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) =>
        member === 'profiles' && PROFILE.test(name)
          ? [name, this.json(item, 'profiles', depth + 1)]
          : [this.memberName(name), this.json(item, name, depth + 1)],
      ),
    )
  }

  memberName(name: string): string {
    return isKnownMember(name) || isPlainWords(name)
      ? name
      : this.#pseudonyms.hide('value', name, this.#pseudonyms.word('member', name))
  }

  text(text: string, member: string): string {
    if (text === '') return text
    const way = Object.hasOwn(this.#ways, member) ? this.#ways[member] : undefined
    if (way !== undefined) return way(text)
    return DATE.test(text) ? text : this.link(text)
  }

  /** A text that says itself what it is: URL, address, name, contact; else it is hidden. */
  link(text: string): string {
    if (isUrl(text)) return this.#names.url(text)
    if (/^mailto:/i.test(text) || /^[^\s@]+@[^\s@]+$/.test(text)) return this.#names.contact(text)
    if (isAddress(text) || isDomainName(text)) return this.#names.host(text)
    if (/^\/[^\s]*$/.test(text)) return this.#names.url(text)
    return isPlainWords(text) ? text : this.value(text)
  }

  /** A text of which nothing is known. */
  value(text: string, category: Category = 'value'): string {
    return this.#pseudonyms.hide(category, text, this.#pseudonyms.known(text)?.pseudonym ?? this.#pseudonyms.word('value', text))
  }

  /** An account URL, or what external account bindings have in its place. */
  kid(text: string): string {
    if (text === '' || isUrl(text) || text.startsWith('/')) return this.#names.url(text)
    return this.#pseudonyms.hide('eab', text, this.#pseudonyms.word('kid', text))
  }

  /** What no base64url has stays, so that a malformed nonce still is one. */
  nonce(text: string): string {
    if (text === '') return text
    const foreign = text.replace(/[A-Za-z0-9_-]/g, '')
    return this.#pseudonyms.hide('nonce', text, this.#pseudonyms.word('nonce', text) + foreign.replace(/[^ -~]/g, '').slice(0, 8))
  }

  /** A CSR or a certificate: who has it can tell that it is this one. */
  certificate(text: string): string {
    if (text === '') return text
    this.#pseudonyms.count('certificate', text)
    this.#pseudonyms.note('certificate', text.slice(-TAIL))
    return `sha256-${encodeBase64url(digest('sha256', latin1Bytes(text)))}`
  }

  /** A public key of the same type and size in its place, the same for the same key; private members are removed. */
  key(jwk: JsonObject): JsonObject {
    return Object.fromEntries(
      Object.entries(jwk).map(([name, value]) => {
        if (name === 'oth' || (PRIVATE_MEMBERS.has(name) && typeof value !== 'object')) {
          for (const text of typeof value === 'string' ? [value] : Object.values(isObject(value) ? value : {}))
            if (typeof text === 'string' && text !== CONCEALED) this.#pseudonyms.note('secret', text)
          return [name, CONCEALED]
        }
        if (typeof value !== 'string') return [this.memberName(name), this.json(value, name, 1)]
        if (PUBLIC_MEMBERS.has(name)) return [name, this.#publicMember(value)]
        if (name === 'e' && value.length <= 6) return [name, value]
        if (name === 'alg') return [name, this.text(value, 'alg')]
        return ENUMERATED[name]?.has(value) === true ? [name, value] : [this.memberName(name), this.value(value, 'key')]
      }),
    )
  }

  #publicMember(text: string): string {
    if (text === '') return text
    let octets = ''
    for (let at = 0; octets.length < text.length; at++)
      octets += encodeBase64url(this.#pseudonyms.digest('key', text, at)).slice(0, 40)
    // no spare bits are set in the last character, and an RSA modulus stays as long as it was and odd
    const whole = text.length % 4 === 0
    const pseudonym = `key-${octets.slice(4, text.length - 1)}${whole ? 'B' : text.length % 4 === 2 ? 'Q' : 'E'}`
    return this.#pseudonyms.hide('key', text, text.length < 8 ? pseudonym.slice(0, text.length) : pseudonym)
  }

  /** A flattened JWS; null when it is not in order, so that nothing is put right that was wrong. */
  jws(value: JsonObject): JsonObject | null {
    const header = decoded(value.protected)
    if (!isObject(header)) return null
    const payload = value.payload === '' ? '' : decoded(value.payload)
    if (payload === undefined) return null
    const shown: JsonObject = {}
    for (const [name, item] of Object.entries(value))
      if (name === 'protected') shown.protected = encodedJson(this.header(header))
      else if (name === 'payload') shown.payload = payload === '' ? '' : encodedJson(this.payload(payload))
      else if (name === 'signature') shown.signature = this.signature(item)
      else shown[this.memberName(name)] = this.json(item, name, 1)
    return shown
  }

  header(header: JsonObject): unknown {
    return this.json(header, 'protected')
  }

  payload(payload: unknown): unknown {
    return this.json(payload, 'payload')
  }

  /** A keyed digest: a MAC would let its key be guessed. */
  signature(value: unknown): unknown {
    if (typeof value !== 'string') return value === null || typeof value === 'number' ? value : null
    if (value === '') return value
    this.#pseudonyms.count('signature', value)
    this.#pseudonyms.note('signature', value.slice(-TAIL))
    return encodedText(REMOVED_SIGNATURE + encodeBase64url(this.#pseudonyms.digest('signature', value).subarray(0, 12)))
  }
}

export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
}

export function isFlattened(value: JsonObject): boolean {
  return typeof value.protected === 'string' && typeof value.payload === 'string'
}

/** The JSON in a base64url text; undefined when it is none, or is spelled so that encoding it again would change more than its values. */
function decoded(text: unknown): unknown {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined
  const octets = decodeBase64(text)
  if (encodeBase64url(octets) !== text) return undefined
  const json = utf8Text(octets)
  return json === null ? undefined : readJson(json)
}

function encodedJson(value: unknown): string {
  return encodedText(JSON.stringify(value))
}

function encodedText(text: string): string {
  return encodeBase64url(new TextEncoder().encode(text))
}
