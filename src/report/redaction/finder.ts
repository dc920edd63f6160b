/** Characters of a value by which it is looked up, for short values and for longer ones. */
const GRAMS = [12, 4] as const
const SLOTS = 1 << 16

/** Looks for many values at once in one text: one look at a table for most characters. */
export class Finder {
  readonly #tables = GRAMS.map((gram) => ({ gram, values: new Map<string, string[]>() }))
  /** Which first four characters any value has: most places of a text are passed over by this alone. */
  readonly #starts = new Uint8Array(SLOTS)
  #size = 0

  /** Values shorter than four characters are not found. Call once for each value. */
  add(value: string): void {
    const table = this.#tables.find(({ gram }) => value.length >= gram)
    if (table === undefined) return
    this.#size++
    this.#starts[slotOf(value, 0)] = 1
    const gram = value.slice(0, table.gram)
    const list = table.values.get(gram)
    if (list === undefined) table.values.set(gram, [value])
    else {
      // the longest first: a name before the one that it begins with
      const at = list.findIndex(({ length }) => length < value.length)
      list.splice(at < 0 ? list.length : at, 0, value)
    }
  }

  /** The longest value at each place, from left to right, never overlapping; `accept` may turn one down. */
  *matches(text: string, accept: (at: number, value: string) => boolean): Generator<{ at: number; value: string }> {
    if (this.#size === 0) return
    for (let at = 0; at + 4 <= text.length; at++) {
      if (this.#starts[slotOf(text, at)] === 0) continue
      for (const { gram, values } of this.#tables) {
        const list = values.size === 0 ? undefined : values.get(text.slice(at, at + gram))
        const value = list?.find((candidate) => text.startsWith(candidate, at) && accept(at, candidate))
        if (value === undefined) continue
        yield { at, value }
        at += value.length - 1
        break
      }
    }
  }
}

function slotOf(text: string, at: number): number {
  const first = text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)
  return (Math.imul(first * 31 + text.charCodeAt(at + 2), 31) + text.charCodeAt(at + 3)) & (SLOTS - 1)
}
