/**
 * JSON objects as JOSE needs them: names must be unique (RFC 7515 4), which JSON.parse does not tell, and deep nesting must
 * not end the program.
 */
export type JsonObject = Record<string, unknown>

export type ParsedJson = { readonly value: unknown; readonly duplicates: readonly Duplicate[] } | null

export interface Duplicate {
  readonly name: string
  /** The texts of all values given to it at this level, in order; the last is what most parsers keep. */
  readonly values: readonly string[]
}

/** Levels of nesting that are read. ACME documents have five; walking what is hostile would end the program. */
export const MAX_DEPTH = 64

/** The value of a JSON text; undefined when it is not JSON, or nested deeper than MAX_DEPTH. */
export function readJson(text: string): unknown {
  if (isDeep(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value and the names that occur twice in one object at the top level; null when readJson has no value. */
export function parseJson(text: string): ParsedJson {
  const value = readJson(text)
  if (value === undefined) return null
  if (!isObject(value)) return { value, duplicates: NONE }
  return { value, duplicates: isPlain(text, value) ? NONE : findDuplicates(text) }
}

const NONE: readonly Duplicate[] = []

function isDeep(text: string): boolean {
  if (!opensMany(text)) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === 0x22) at = endOfString(text, at) - 1
    else if (c === 0x7d || c === 0x5d) depth--
    else if ((c === 0x7b || c === 0x5b) && ++depth > MAX_DEPTH) return true
  }
  return false
}

/** Few texts have so many brackets at all; only those are walked. */
function opensMany(text: string): boolean {
  let count = 0
  for (const bracket of ['[', '{'])
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > MAX_DEPTH) return true
  return false
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Cheap test for the usual case: no white space before a colon, and as many `":` as members, so that no member was lost. */
function isPlain(text: string, value: unknown): boolean {
  return !/"\s+:/.test(text) && countMembers(value) === countColons(text)
}

function countColons(text: string): number {
  let count = 0
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) count++
  return count
}

function countMembers(value: unknown): number {
  let count = 0
  if (Array.isArray(value)) for (const item of value) count += countMembers(item)
  else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) count += 1 + (typeof item === 'object' && item !== null ? countMembers(item) : 0)
  return count
}

/** Walks text that JSON.parse accepted; only the outermost object's names matter. */
function findDuplicates(text: string): Duplicate[] {
  const seen = new Map<string, string[]>()
  let depth = 0
  let at = 0
  let name: string | null = null
  let valueStart = 0
  const close = (end: number) => {
    if (name !== null) seen.set(name, [...(seen.get(name) ?? []), text.slice(valueStart, end).trim()])
    name = null
  }
  while (at < text.length) {
    const c = text.charCodeAt(at)
    if (c === 0x22) {
      const end = endOfString(text, at)
      if (depth === 1 && name === null) {
        const key = JSON.parse(text.slice(at, end)) as string
        const colon = text.indexOf(':', end)
        name = key
        valueStart = colon + 1
        at = valueStart
        continue
      }
      at = end
      continue
    }
    if (c === 0x7b || c === 0x5b) depth++
    else if (c === 0x7d || c === 0x5d) {
      if (depth === 1) close(at)
      depth--
    } else if (c === 0x2c && depth === 1) close(at)
    at++
  }
  return [...seen].filter(([, values]) => values.length > 1).map(([key, values]) => ({ name: key, values }))
}

/** The place after a string; the end of the text when it is not closed. */
function endOfString(text: string, quote: number): number {
  let at = quote + 1
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1
  return at + 1
}
