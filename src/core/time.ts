/**
 * Times are microseconds since the Unix epoch as a double: exact up to the year 2255, which is what the report prints.
 * Nanoseconds live only in a Frame (seconds + nanoseconds), because a double cannot hold them.
 */
export type Micros = number

/** ISO 8601 UTC with microseconds, as the report prints times; null when the time is unknown or outside what a Date can hold. */
export function isoMicros(time: Micros | null): string | null {
  if (time === null || !Number.isFinite(time)) return null
  const milliseconds = Math.floor(time / 1000)
  if (Math.abs(milliseconds) > 8.64e15) return null
  const micros = Math.floor(time - milliseconds * 1000)
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`
}

const RFC3339 =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60))(?:\.(\d+))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i

/** An RFC 3339 5.6 date-time; null when the value is none. A leap second counts as the one before it. */
export function rfc3339Micros(value: unknown): Micros | null {
  if (typeof value !== 'string') return null
  const [, seconds = '', fraction = '', zone = ''] = RFC3339.exec(value) ?? []
  const time = Date.parse(`${seconds}${zone}`.replace(':60', ':59').toUpperCase())
  return Number.isNaN(time) ? null : time * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
}
