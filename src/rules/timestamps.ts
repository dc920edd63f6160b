import { rfc3339Micros } from '../core/time.ts'
import type { HttpResponse } from '../http/exchange.ts'
import { field } from '../http/exchange.ts'

/** Milliseconds since 1970 of an RFC 3339 5.6 date-time; null when the value is none. */
export function readTimestamp(value: unknown): number | null {
  const time = rfc3339Micros(value)
  return time === null ? null : Math.floor(time / 1000)
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
