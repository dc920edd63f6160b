import { RULES } from '../../rules/rules.ts'
import { Finder } from './finder.ts'
import { isAddress, isDomainName, type Names } from './names.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import { isPlainWords } from './words.ts'

/** URLs, e-mail addresses, IP addresses with their ports, names with dots, and long runs of characters that may be tokens. */
const PARTS =
  /(?<url>[a-z][a-z0-9+.-]*:\/\/[^\s"'<>`|\\^{}]+)|(?<mail>[^\s@"'<>(),;:[\]]+@(?:[a-z0-9_-]+\.)*[a-z0-9_-]+)|(?<ip>\[[0-9a-f:.]+\]|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)|(?<![\w:.])(?=[0-9a-f]*:[0-9a-f:]*:)[0-9a-f:.]{3,45}(?![\w:]))|(?<name>(?:\*\.)?(?<![\w.-])(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9](?![\w-]))|(?<run>[A-Za-z0-9_+=-]{20,})/gi

/** Values that are too short, or words of a language, are only hidden where their place says what they are. */
const SHORTEST = 4

const RULE_IDS: ReadonlySet<string> = new Set(RULES.map(({ id }) => id))

interface Piece {
  readonly text: string
  readonly isDone: boolean
}

/** Rewrites sentences: whatever they quote of the traffic is replaced by its pseudonym. */
export class Prose {
  readonly #pseudonyms: Pseudonyms
  readonly #names: Names
  readonly #finder = new Finder()
  /** Hidden values that the finder has, or passed over. */
  #taken = 0

  constructor(pseudonyms: Pseudonyms, names: Names) {
    this.#pseudonyms = pseudonyms
    this.#names = names
  }

  /** What a person or a server wrote: every name with a dot in it is taken for a host. */
  foreign(text: string): string {
    return this.#rewrite(text, true)
  }

  /** What this program wrote, which may quote anything: names are told from words with a dot by having been seen in the traffic. */
  own(text: string): string {
    return this.#rewrite(text, false)
  }

  #rewrite(text: string, isForeign: boolean): string {
    const pieces = this.#byValue(text).flatMap((piece) => (piece.isDone ? [piece] : [...this.#byShape(piece.text, isForeign)]))
    return pieces.map((piece) => piece.text).join('')
  }

  /** Values that were hidden anywhere, whole; URLs and names are left to their shape, as they may go on. */
  #byValue(text: string): Piece[] {
    this.#refresh()
    const pieces: Piece[] = []
    let from = 0
    for (const { at, value } of this.#finder.matches(text, (at, value) => isWhole(text, at, value))) {
      pieces.push({ text: text.slice(from, at), isDone: false })
      pieces.push({ text: this.#pseudonyms.known(value)?.pseudonym ?? '(removed)', isDone: true })
      from = at + value.length
    }
    pieces.push({ text: text.slice(from), isDone: false })
    return pieces
  }

  #refresh(): void {
    for (const { original, category } of this.#pseudonyms.since(this.#taken)) {
      this.#taken++
      if (original.length < SHORTEST || isPlainWords(original)) continue
      // within a longer name or a URL they are replaced by their parts
      if ((category === 'host' || category === 'identifier') && original.includes('.')) continue
      this.#finder.add(original)
    }
  }

  *#byShape(text: string, isForeign: boolean): Generator<Piece> {
    let from = 0
    for (const match of text.matchAll(PARTS)) {
      const shown = this.#shown(match, isForeign)
      if (shown === null) continue
      yield { text: text.slice(from, match.index), isDone: false }
      yield { text: shown, isDone: true }
      from = match.index + match[0].length
    }
    yield { text: text.slice(from), isDone: false }
  }

  #shown({ 0: whole, groups = {} }: RegExpMatchArray, isForeign: boolean): string | null {
    if (groups.url !== undefined) {
      // what ends a sentence does not belong to the URL; a cut is shown by an ellipsis
      const end = /[.,:;!?)\]…]+$/.exec(whole)?.[0] ?? ''
      return this.#names.url(whole.slice(0, whole.length - end.length)) + end
    }
    if (groups.mail !== undefined) return this.#names.contact(whole)
    if (groups.ip !== undefined) return isAddress(whole.replace(/^\[|\]$/g, '')) ? this.#names.host(whole) : null
    if (groups.name !== undefined) return this.#name(whole, isForeign)
    return isOpaque(whole) ? this.#run(whole) : null
  }

  #name(name: string, isForeign: boolean): string | null {
    if (isForeign && isDomainName(name)) return this.#names.host(name)
    return this.#names.isSeen(name) ? this.#names.host(name) : null
  }

  #run(run: string): string {
    const known = this.#pseudonyms.known(run)?.pseudonym
    return known ?? this.#pseudonyms.hide('value', run, this.#pseudonyms.word('value', run))
  }
}

/** Not the name of a rule, of a cipher suite or of a constant, and no plain words. */
function isOpaque(run: string): boolean {
  return (
    /\d/.test(run) && /[a-z]/i.test(run) && !/^[A-Z0-9]+(?:_[A-Z0-9]+)+$/.test(run) && !RULE_IDS.has(run) && !isPlainWords(run)
  )
}

/** No letter or digit on either side that would make it a part of something else. */
function isWhole(text: string, at: number, value: string): boolean {
  const before = text[at - 1] ?? ''
  const after = text[at + value.length] ?? ''
  return !(isWord(before) && isWord(value[0] ?? '')) && !(isWord(after) && isWord(value.at(-1) ?? ''))
}

function isWord(character: string): boolean {
  return /[\p{L}\p{N}]/u.test(character)
}
