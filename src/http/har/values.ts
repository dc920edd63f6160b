import type { Micros } from '../../core/time.ts'
import { latin1Text } from '../../platform/base64.ts'
import type { Header } from '../exchange.ts'

/** An object of a HAR as JSON.parse gives it: any member may be missing or of another type than the format says. */
export type HarObject = Readonly<Record<string, unknown>>

export function asObject(value: unknown): HarObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as HarObject) : null
}

export function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** A finite number, or a string of one. */
export function asNumber(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

const ENCODER = new TextEncoder()

/** HAR text is Unicode. */
export function utf8Bytes(text: string): Uint8Array {
  return ENCODER.encode(text)
}

/** A field value one character an octet: Unicode beyond latin1 can only have been UTF-8 on the wire. */
function octetText(value: string): string {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 255) return latin1Text(utf8Bytes(value))
  return value
}

export interface HarHeaders {
  readonly headers: readonly Header[]
  /** Fields with a colon first (RFC 9113 8.3), which browsers list among the headers. */
  readonly pseudo: ReadonlyMap<string, string>
}

/** Reads `headers`: an array of {name, value}, or as some exporters write it an object of values. */
export function readHeaders(value: unknown): HarHeaders {
  const headers: Header[] = []
  const pseudo = new Map<string, string>()
  const add = (name: string, field: unknown): void => {
    const text = fieldText(field)
    if (text === null || name === '') return
    if (name.startsWith(':')) {
      pseudo.set(name.toLowerCase(), text)
      return
    }
    // Chromium joins the lines of a repeated field (Set-Cookie) by line feeds.
    if (text.includes('\n')) for (const line of text.split('\n')) headers.push([octetText(name), octetText(line.trim())])
    else headers.push([octetText(name), octetText(text.trim())])
  }
  if (Array.isArray(value))
    for (const item of value) {
      const header = asObject(item)
      const name = header === null ? null : asText(header.name)
      if (header !== null && name !== null) add(name.trim(), header.value)
    }
  else
    for (const [name, field] of Object.entries(asObject(value) ?? {}))
      for (const line of Array.isArray(field) ? field : [field]) add(name, line)
  return { headers, pseudo }
}

function fieldText(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === null || value === undefined) return ''
  const nested = asObject(value)
  return nested === null || !('value' in nested) ? null : fieldText(asText(nested.value) ?? asNumber(nested.value))
}

const DATE_TIME = /^(\d{4})-?(\d\d)-?(\d\d)[T ](\d\d):?(\d\d):?(\d\d)(?:[.,](\d+))?\s*(Z|z|[+-]\d\d:?\d\d)?$/

/** ISO 8601 with whatever precision it has; without a time zone it is read as UTC. Null when it is no date. */
export function readTime(value: unknown): Micros | null {
  const text = asText(value)
  const match = text === null ? null : DATE_TIME.exec(text.trim())
  if (match === null) return null
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  const milliseconds = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  const micros = fraction === undefined ? 0 : Number(fraction.slice(0, 6).padEnd(6, '0'))
  return milliseconds * 1000 + micros - zoneMicros(zone)
}

function zoneMicros(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0
  const sign = zone.startsWith('-') ? -1 : 1
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60e6
}

/** "1.1", "2" and so on; a name that is not known stays as it is. */
export function readVersion(value: unknown): string | null {
  const text = asText(value)
  if (text === null || text === '') return null
  const lower = text.toLowerCase()
  if (lower === 'h2' || lower === 'h2c') return '2'
  if (lower === 'h3' || lower.startsWith('h3-')) return '3'
  const match = /^http\/(\d(?:\.\d)?)$/.exec(lower)
  if (match === null) return text
  return match[1] === '2.0' ? '2' : match[1] === '3.0' ? '3' : (match[1] as string)
}
