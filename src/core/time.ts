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
