/** What differs between two findings of one kind: quoted values, URLs and numbers. */
const VALUES = /"(?:[^"\\]|\\.)*"|https?:\/\/[^\s,;)]+|\d+/g
/** Beyond this two texts are compared as they are: a hostile message must not cost more than its length. */
const MAX_COMPARED = 2000

/** The text with its values taken out, so that two findings of one kind are equal. */
export function shapeOf(text: string): string {
  return text.length > MAX_COMPARED ? text : text.replace(VALUES, '*')
}

/** Groups of items whose key fields are equal and whose texts differ in values only, in order of first appearance. */
export function alike<T>(items: readonly T[], keyOf: (item: T) => readonly string[], textOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = JSON.stringify([...keyOf(item), shapeOf(textOf(item))])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups.values()]
}
