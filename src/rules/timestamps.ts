import type { HttpResponse } from '../http/exchange.ts'
import { field } from '../http/exchange.ts'

const RFC3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i

/** Milliseconds since 1970 of an RFC 3339 5.6 date-time; null when the value is none. */
export function readTimestamp(value: unknown): number | null {
  if (typeof value !== 'string' || !RFC3339.test(value)) return null
  const time = Date.parse(value.replace(':60', ':59').toUpperCase()) // RFC 3339 5.7: a leap second
  return Number.isNaN(time) ? null : time
}

/** What the server's own clock said when it answered (Date, RFC 9110 6.6.1), in milliseconds; null when it did not say. */
export function serverTime(response: HttpResponse | null): number | null {
  const date = response === null ? null : field(response.headers, 'date')
  const time = date === null ? Number.NaN : Date.parse(date)
  return Number.isNaN(time) ? null : time
}

/** Seconds that Retry-After asks to wait (RFC 9110 10.2.3); null without the field, NaN when it cannot be read, or is a date and the answer has none. */
export function retryAfter(response: HttpResponse): number | null {
  const value = field(response.headers, 'retry-after')
  if (value === null) return null
  if (/^\d+$/.test(value)) return Number(value)
  return (Date.parse(value) - (serverTime(response) ?? Number.NaN)) / 1000
}
