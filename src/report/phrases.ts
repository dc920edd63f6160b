import type { Confidence, Party, SummaryVerdict } from './report.ts'

/** How many runs a list of numbers shows before it is cut. */
const MAX_RUNS = 12

/** "3, 5, 9-14": ascending numbers with runs drawn together, cut when there are many. */
export function numberRuns(numbers: readonly number[], limit: number = MAX_RUNS): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b)
  const runs: [first: number, last: number][] = []
  for (const value of sorted) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] === value - 1) run[1] = value
    else runs.push([value, value])
  }
  const shown = runs.length > limit ? runs.slice(0, limit - 1) : runs
  const texts = shown.flatMap(([first, last]) => (last === first + 1 ? [`${first}`, `${last}`] : [runText(first, last)]))
  const left = sorted.length - shown.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  return left > 0 ? `${texts.join(', ')} and ${grouped(left)} more` : texts.join(', ')
}

function runText(first: number, last: number): string {
  return first === last ? `${first}` : `${first}-${last}`
}

/** 1234567 as 1,234,567; the same everywhere, whatever the locale of the machine. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** "1 request", "2 requests"; `many` for words that do not just take an s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/** Seconds as people say them. */
export function durationText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`
  return `${Math.round(seconds / 86_400)} days`
}

/** The words of a problem type that tell: those after the namespace of RFC 8555 6.7. */
export function problemName(type: string): string {
  return type.replace(/^urn:ietf:params:acme:error:/, '').replace(/^urn:acme:error:/, '')
}

export const VERDICTS: Readonly<Record<SummaryVerdict, string>> = {
  client: 'The client is at fault',
  server: 'The server is at fault',
  both: 'Client and server are both at fault',
  proxy: 'A proxy between client and server is at fault',
  none: 'Nothing went wrong',
  undetermined: 'This capture cannot tell who is at fault',
}

export const WHOSE: Readonly<Record<Party, string>> = {
  client: "The client's",
  server: "The server's",
  proxy: "The proxy's, between client and server",
  capture: "Nobody's: the capture is at its limits",
  unknown: 'This capture does not show whose',
}

export const CERTAINTY: Readonly<Record<Confidence, string>> = {
  certain: 'certain',
  likely: 'likely, not certain',
  possible: 'possible, not proven',
}

/** To go on within a sentence. */
export function uncapitalised(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}

export function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
