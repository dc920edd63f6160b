import type { Header } from './exchange.ts'

/** Field lines remembered, one for each place; heads longer than this are not remembered, because a part of a text keeps all of it alive. */
const PLACES = 256
const MAX_TEXT = 8192

/**
 * The field lines that were read last. Messages repeat most of their lines, and all that do share one pair: fewer texts are made, and far
 * fewer are kept.
 */
export class FieldMemory {
  readonly #lines: (Header | undefined)[] = new Array(PLACES).fill(undefined)

  /** The field line with name text[start, nameEnd), which is not empty, and value text[from, to). */
  line(text: string, start: number, nameEnd: number, from: number, to: number): Header {
    const place = placeOf(text, start, nameEnd)
    const known = this.#lines[place]
    const isKnown = known !== undefined && known[0].length === nameEnd - start && text.startsWith(known[0], start)
    if (isKnown && known[1].length === to - from && text.startsWith(known[1], from)) return known
    const line: Header = [isKnown ? known[0] : text.slice(start, nameEnd), text.slice(from, to)]
    if (text.length <= MAX_TEXT) this.#lines[place] = line
    return line
  }
}

/** By length, first and last character of the name. */
function placeOf(text: string, start: number, end: number): number {
  return ((end - start) * 31 + text.charCodeAt(start) * 7 + text.charCodeAt(end - 1)) % PLACES
}
