import { decodeBase64, latin1Text } from '../../platform/base64.ts'
import type { Category } from './categories.ts'
import { Finder } from './finder.ts'
import type { Hidden } from './pseudonyms.ts'
import { isPlainWords } from './words.ts'

/** Something that was to be hidden stands in what was about to be written. */
export interface Leak {
  readonly category: Category
  /** In which form it was found. */
  readonly form: string
}

/** Values with fewer characters are found everywhere by chance. */
const SHORTEST = 8
/** Characters of one piece of output that the next one begins with, so that nothing hides in a seam: longer than any value that is looked for. */
const OVERLAP = 4096
/** How often one form may be wrapped in another: a JWS in JSON in base64url in JSON. */
const MAX_DEPTH = 3

const NAMES: ReadonlySet<Category> = new Set([
  'host',
  'identifier',
  'address',
  'url',
  'contact',
  'name',
  'file',
  'comment',
  'value',
  'key',
  'nonce',
])
/** Names that everybody may use (RFC 2606, RFC 6761): they stand in explanations too. */
const EVERYBODYS = /(?:^|[.@])(?:example(?:\.(?:com|net|org))?|invalid|localhost)\.?$/i

/** Whether finding the value would mean that it leaked: long enough, and no word. */
export function isSearchable({ original, category }: Pick<Hidden, 'original' | 'category'>): boolean {
  if (original.length < SHORTEST || isPlainWords(original)) return false
  if (EVERYBODYS.test(original)) return false
  // a word of a language, a number
  if (/^\p{L}+$/u.test(original) && original.length < 16) return false
  if (/^\d+$/.test(original) && original.length < 10) return false
  return !NAMES.has(category) || /[^a-z]/i.test(original)
}

/** The second pass: searches finished output for every original value, in every form that it could have there. */
export class LeakSearch {
  readonly #finder = new Finder()
  readonly #categories = new Map<string, Category>()
  /** No value has other characters. */
  #isAscii = true
  #tail = ''

  constructor(hidden: Iterable<Hidden>) {
    for (const one of hidden) {
      // of a very long value its end is enough to know it by
      const value = one.original.slice(-OVERLAP / 2)
      if (!isSearchable({ ...one, original: value }) || this.#categories.has(value)) continue
      this.#categories.set(value, one.category)
      this.#finder.add(value)
      const utf8 = latin1Text(new TextEncoder().encode(value))
      if (utf8 !== value) {
        this.#isAscii = false
        this.#categories.set(utf8, one.category)
        this.#finder.add(utf8)
      }
    }
  }

  /** How many values are looked for. */
  get size(): number {
    return this.#categories.size
  }

  /** Takes the next piece of the output; a value may lie across two. */
  write(piece: string): Leak | null {
    if (this.size === 0) return null
    const text = this.#tail + piece
    this.#tail = text.slice(-OVERLAP)
    return this.#search(text, 'plain', 0)
  }

  #search(text: string, form: string, depth: number): Leak | null {
    for (const { value } of this.#finder.matches(text, (at, value) => this.#counts(text, at, value)))
      return { category: this.#categories.get(value) ?? 'value', form }
    if (depth === MAX_DEPTH) return null
    for (const [inner, name] of decodings(text, this.#isAscii)) {
      const leak = this.#search(inner, form === 'plain' ? name : `${name} in ${form}`, depth + 1)
      if (leak !== null) return leak
    }
    return null
  }

  /** A name within a longer word is another name; a secret is one wherever it stands. */
  #counts(text: string, at: number, value: string): boolean {
    if (!NAMES.has(this.#categories.get(value) ?? 'value')) return true
    return !isWord(text[at - 1]) && !isWord(text[at + value.length])
  }
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[a-z0-9]/i.test(character)
}

const JSON_ESCAPE = /\\(?:u([0-9a-f]{4})|(["\\/bfnrt]))/gi
const CONTROL: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const ENTITY = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** What a text says once one kind of escaping is taken off; only the parts where there is some, with what stands around them. */
function* decodings(text: string, isAscii: boolean): Generator<readonly [text: string, form: string]> {
  const json = around(text, '\\')
  if (json !== '') {
    yield [
      json.replace(JSON_ESCAPE, (_, hex: string | undefined, plain: string) =>
        hex === undefined ? (CONTROL[plain] ?? plain) : String.fromCharCode(Number.parseInt(hex, 16)),
      ),
      'JSON-escaped',
    ]
    // Markdown, and text that is safe for a terminal, put a backslash before a character
    if (/\\[^\w\s"\\/]/.test(json)) yield [json.replace(/\\([^\w\s])/g, '$1'), 'escaped']
  }
  const percent = around(text, '%')
  if (/%[0-9a-f]{2}/i.test(percent))
    yield [
      percent.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
        latin1Text(Uint8Array.from(run.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16))),
      ),
      'percent-encoded',
    ]
  const xml = around(text, '&')
  if (xml !== '')
    yield [
      xml.replace(ENTITY, (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
        if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole
        const code = Number.parseInt(hex ?? decimal ?? '', hex === undefined ? 10 : 16)
        return code <= 0x10ffff ? String.fromCodePoint(code) : whole
      }),
      'XML-escaped',
    ]
  const runs = text.match(/[A-Za-z0-9+/_-]{10,}/g)
  if (runs === null) return
  const readable = isAscii ? /[ -~]{8,}/g : /[ -~\x80-\xff]{8,}/g
  for (let skip = 0; skip < 4; skip++) {
    const decoded = runs.flatMap((run) => latin1Text(decodeBase64(run.slice(skip))).match(readable) ?? [])
    if (decoded.length > 0) yield [decoded.join('\n'), 'base64']
  }
}

/** Characters on either side of an escape that are looked at with it. */
const REACH = 600

/** The parts of a text near a character; "" when it is nowhere. */
function around(text: string, character: string): string {
  const parts: string[] = []
  let from = 0
  let to = 0
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) {
    if (at - REACH > to) {
      if (to > from) parts.push(text.slice(from, to))
      from = at - REACH
    }
    to = at + REACH
  }
  if (to > from) parts.push(text.slice(Math.max(0, from), to))
  return parts.join('\n')
}
