import { isObject, type JsonObject } from '../jose/json-object.ts'

/** Reading of documents whose members may be missing or of any type: what is not as it has to be is null or empty, and nothing throws. */

export function objectAt(value: unknown, ...path: readonly string[]): JsonObject | null {
  const found = valueAt(value, path)
  return isObject(found) ? found : null
}

/** A string that is not empty; Kubernetes leaves out what is empty. */
export function textAt(value: unknown, ...path: readonly string[]): string | null {
  const found = valueAt(value, path)
  return typeof found === 'string' && found !== '' ? found : null
}

/** At most `limit` elements: longer lists are an attack, not a manifest. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, path)
  return Array.isArray(found) ? found.slice(0, MAX_ELEMENTS) : []
}

export function textsAt(value: unknown, ...path: readonly string[]): string[] {
  return listAt(value, ...path).filter((item): item is string => typeof item === 'string' && item !== '')
}

const MAX_ELEMENTS = 1000

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const name of path) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined
    found = found[name]
  }
  return found
}
