import type { Damage, DamageKind } from '../../core/damage.ts'
import { decodeBase64 } from '../../platform/base64.ts'
import type { Body, Header } from '../exchange.ts'
import { field } from '../exchange.ts'
import type { HarObject } from './values.ts'
import { asNumber, asObject, asText, utf8Bytes } from './values.ts'

export interface HarBodySource {
  readonly headers: readonly Header[]
  /** Octets of content to keep. */
  readonly keep: number
  readonly entry: number
  /** Reads a file beside the HAR; null when there is none. */
  readonly readAttached: (name: string) => Uint8Array | null
}

const EMPTY = new Uint8Array(0)
const NO_DAMAGE: readonly Damage[] = []

interface Found {
  /** Null when the HAR has no content for the message. */
  readonly bytes: Uint8Array | null
  readonly faults: readonly (readonly [DamageKind, string])[]
}

const NOTHING: Found = { bytes: null, faults: [] }

/** The body of a request, from `postData`, which exporters fill in many ways. */
export function readRequestBody(request: HarObject, method: string, source: HarBodySource): Body {
  const size = positive(request.bodySize)
  const sent = sentLength(source.headers)
  const value = request.postData
  const postData = typeof value === 'string' ? { text: value } : asObject(value)
  const found = postData === null ? NOTHING : findContent(postData, source, () => readParams(postData, source.headers))
  // A coding changes the size, so that it says nothing about the decoded body.
  const expected = field(source.headers, 'content-encoding') === null ? size : null
  if (found.bytes !== null && found.bytes.length > 0) return finish(found, size, expected, postData, source)
  if (readDamage(postData) !== null) return unread(found, size, postData, source)
  const something = (size ?? 0) > 0 || (sent ?? 0) > 0
  if (something) return missing(found, size ?? sent, postData, source)
  // Nothing says that a body was there: true for what has none by nature, or when the exporter counted zero octets.
  const none = size === 0 || sent === 0 || found.bytes !== null || BODYLESS.has(method)
  return none ? finish({ bytes: EMPTY, faults: found.faults }, 0, 0, postData, source) : missing(found, null, postData, source)
}

const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'CONNECT', 'TRACE', 'OPTIONS', 'DELETE'])

/** The body of a response, from `content`. */
export function readResponseBody(response: HarObject, status: number, method: string, source: HarBodySource): Body {
  const content = asObject(response.content)
  const size = positive(response.bodySize)
  const declared = content === null ? null : positive(content.size)
  const found = content === null ? NOTHING : findContent(content, source, () => NOTHING)
  // Fiddler counts the framing of chunks in content.size.
  const expected = field(source.headers, 'transfer-encoding') === null ? declared : null
  if (found.bytes !== null && found.bytes.length > 0) return finish(found, size, expected, content, source)
  if (readDamage(content) !== null) return unread(found, size, content, source)
  // RFC 9112 6.3: no content whatever the fields say.
  const bodyless = method === 'HEAD' || status === 204 || status === 304 || (status >= 100 && status < 200)
  const sent = sentLength(source.headers)
  const something = (declared ?? 0) > 0 || (size ?? 0) > 0 || (sent ?? 0) > 0
  if (something && !bodyless && content?._complete !== true) return missing(found, size ?? sent, content, source)
  const none = bodyless || something || declared === 0 || size === 0 || sent === 0 || found.bytes !== null
  return none ? finish({ bytes: EMPTY, faults: found.faults }, 0, 0, content, source) : missing(found, null, content, source)
}

/** A count of octets; -1 is HAR's word for unknown. */
function positive(value: unknown): number | null {
  const number = asNumber(value)
  return number === null || number < 0 ? null : number
}

function sentLength(headers: readonly Header[]): number | null {
  return positive(field(headers, 'content-length'))
}

function findContent(holder: HarObject, source: HarBodySource, otherwise: () => Found): Found {
  const text = asText(holder.text)
  const encoding = (asText(holder.encoding) ?? asText(holder._encoding) ?? '').toLowerCase()
  const file = asText(holder._file)
  const has = text !== null && text !== ''
  if (source.keep === 0 && (has || file !== null)) return { bytes: ONE_OCTET, faults: [] }
  if (has) return encoding === 'base64' ? readBase64(text) : { bytes: utf8Bytes(text), faults: [] }
  if (file !== null) return readFile(file, source)
  const other = otherwise()
  return other.bytes === null && text !== null ? { bytes: EMPTY, faults: [] } : other
}

/** Stands for content that nobody wants to see. */
const ONE_OCTET = new Uint8Array(1)

function readBase64(text: string): Found {
  const bytes = decodeBase64(text)
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  // The decoder passes over what is no base64, so its result is then shorter than the text allows.
  const digits = text.length - padding
  const valid =
    (digits % 4 !== 1 && bytes.length === Math.floor((digits * 3) / 4)) || /^[A-Za-z0-9+/_-]*=*$/.test(text.replace(/\s+/g, ''))
  return { bytes, faults: valid ? [] : [['malformed', 'base64 with characters that are none']] }
}

/** Playwright keeps bodies in files beside the HAR; a name that could lead elsewhere is not opened. */
function readFile(name: string, source: HarBodySource): Found {
  const plain = /^[^/\\:\0]+$/.test(name) && name !== '.' && name !== '..'
  if (!plain) return { bytes: null, faults: [['malformed', 'an attached body whose file name is a path']] }
  const bytes = source.readAttached(name)
  return bytes === null
    ? { bytes: null, faults: [['gap', 'the file of an attached body cannot be read']] }
    : { bytes, faults: [] }
}

/**
 * `params` without `text`. A form is encoded again, which need not give the octets that were sent; other media types were cut
 * at "=" and "&" by an exporter that takes every body for a form, so joining them gives the body back.
 */
function readParams(postData: HarObject, headers: readonly Header[]): Found {
  const params = postData.params
  if (!Array.isArray(params) || params.length === 0) return NOTHING
  const mediaType = (asText(postData.mimeType) ?? field(headers, 'content-type') ?? '').toLowerCase()
  if (mediaType.startsWith('multipart/'))
    return { bytes: null, faults: [['unsupported', 'a multipart body given as parameters']] }
  const pairs = params.map((item) => {
    const param = asObject(item)
    return [paramText(param?.name), paramText(param?.value)] as const
  })
  if (mediaType.startsWith('application/x-www-form-urlencoded')) {
    const form = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value]))
    return { bytes: utf8Bytes(form.toString()), faults: [['malformed', 'a form that was put together from its parameters']] }
  }
  const text = pairs.map(([name, value]) => (value === '' || name === '' ? name + value : `${name}=${value}`)).join('&')
  return { bytes: utf8Bytes(text), faults: [] }
}

function paramText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** `size` as it was on the wire, `expected` octets after decoding: null when the HAR does not tell. */
function finish(
  found: Found,
  size: number | null,
  expected: number | null,
  holder: HarObject | null,
  source: HarBodySource,
): Body {
  const bytes = found.bytes ?? EMPTY
  if (source.keep === 0 && bytes.length > 0) return { bytes: null, complete: false, size, damage: NO_DAMAGE }
  const own = readDamage(holder)
  const faults = [...found.faults]
  if (own === null) {
    if (expected !== null && expected > bytes.length) faults.push(['truncated', 'a body shorter than its size says'])
    const lossy = asText(holder?.text)?.includes('\ufffd') === true && expected !== bytes.length
    if (lossy) faults.push(['malformed', 'a body with octets that the exporter could not write as text'])
  }
  const cut = bytes.length > source.keep
  if (cut) faults.push(['limit', `a body of which only the first ${source.keep} octets are kept`])
  return {
    bytes: cut ? bytes.slice(0, source.keep) : bytes,
    complete: own === null && faults.length === 0,
    size,
    damage: own === null && faults.length === 0 ? NO_DAMAGE : [...(own ?? []), ...toDamage(faults, source.entry)],
  }
}

/** No octets, in a HAR of this tool that says why. */
function unread(found: Found, size: number | null, holder: HarObject | null, source: HarBodySource): Body {
  return found.bytes === null ? missing(found, size, holder, source) : finish(found, size, null, holder, source)
}

function missing(found: Found, size: number | null, holder: HarObject | null, source: HarBodySource): Body {
  const own = readDamage(holder)
  if (source.keep === 0) return { bytes: null, complete: false, size, damage: own ?? NO_DAMAGE }
  const faults =
    found.faults.length > 0 || own !== null ? found.faults : [['gap', 'the HAR has no body for this message'] as const]
  return { bytes: null, complete: false, size, damage: [...(own ?? []), ...toDamage(faults, source.entry)] }
}

function toDamage(faults: Found['faults'], entry: number): Damage[] {
  return faults.map(([kind, detail]) => ({ layer: 'har', kind, detail, count: 1, firstFrame: entry }))
}

/** `_damage` as this tool's own HARs have it; null when there is none. */
export function readDamage(holder: HarObject | null): readonly Damage[] | null {
  const list = holder?._damage
  if (!Array.isArray(list)) return null
  const damage: Damage[] = []
  for (const item of list.slice(0, MAX_DAMAGE)) {
    const one = asObject(item)
    const detail = asText(one?.detail)
    if (one === null || detail === null) continue
    const kind = asText(one.kind) as DamageKind | null
    const layer = asText(one.layer) as Damage['layer'] | null
    damage.push({
      layer: layer !== null && LAYERS.has(layer) ? layer : 'har',
      kind: kind !== null && KINDS.has(kind) ? kind : 'malformed',
      detail,
      count: asNumber(one.count) ?? 1,
      firstFrame: asNumber(one.firstFrame),
    })
  }
  return damage
}

const MAX_DAMAGE = 64
const LAYERS: ReadonlySet<Damage['layer']> = new Set(['capture', 'link', 'ip', 'tcp', 'tls', 'http', 'har', 'jose', 'acme'])
const KINDS: ReadonlySet<DamageKind> = new Set([
  'truncated',
  'malformed',
  'gap',
  'conflict',
  'unsupported',
  'undecrypted',
  'limit',
])
