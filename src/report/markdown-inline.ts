/**
 * Text of a capture in Markdown. Nothing is escaped with backslashes, because the services that render Markdown look for mentions, issue
 * numbers, commit hashes and emoji only after that; in code spans none of them looks. So a word stays a word when it is plainly one, and
 * whatever else it may be (a URL, a header field, markup, an attack) is put into a code span.
 */

/** Letters, also joined by hyphens, apostrophes or slashes. */
const LETTERS = /^\p{L}[\p{L}\p{M}]*(?:[-/'’][\p{L}\p{M}]+)*$/u
/** Numbers, ranges of them, versions, dates, times, section numbers, percentages. */
const NUMBER = /^(?:\d{1,6}(?:[.,-]\d{1,6}){0,3}%?|\d\d:\d\d:\d\d(?:\.\d{1,9})?|§\d{1,3}(?:\.\d{1,3}){0,5})$/
/** Protocol versions that the sentences of this program name. */
const VERSION = /^(?:HTTP|TLS|SSL)(?:\/|v)?\d(?:\.\d)?$/
/** What a service may take for the hash of a commit. */
const HASH = /^[0-9a-f]{7,}$/i
const DASH = /^[–…·-]$/

const OPENING = /^[("'“]*/
const CLOSING = /[.,;:!?)"'”…]*$/

const QUOTED = /"((?:[^"\\]|\\.)*)"/g

/** A whole text on one line: safe to stand anywhere but at the beginning of a line of its own. */
export function inline(text: string): string {
  let line = ''
  let at = 0
  // two code spans that touch would be read as one with other ends
  const add = (part: string) => {
    line += line.endsWith('`') && part.startsWith('`') ? ` ${part}` : part
  }
  for (const match of text.matchAll(QUOTED)) {
    add(words(text.slice(at, match.index), at === 0))
    add(quoted(match[1] ?? ''))
    at = match.index + match[0].length
  }
  add(words(text.slice(at), at === 0))
  return line
}

/** Quoted values are what the capture says: in code unless they are plain words, with which a code span would only be harder to read. */
function quoted(text: string): string {
  return text.split(' ').every((word) => isPlain(word, false)) ? `"${text}"` : code(text)
}

function words(text: string, first: boolean): string {
  return text
    .split(' ')
    .map((word, at) => (isPlain(word, first && at === 0) ? word : spanned(word)))
    .join(' ')
}

function isPlain(word: string, first: boolean): boolean {
  // "1." and "-" would begin a list
  if (first && /^(?:\d+[.)]|[-+])/.test(word)) return false
  const { core } = taken(word)
  if (core === '') return true
  return (
    (LETTERS.test(core) && !core.split(/[^\p{L}]/u).some((part) => HASH.test(part))) ||
    NUMBER.test(core) ||
    VERSION.test(core) ||
    DASH.test(core)
  )
}

/** The word between punctuation that belongs to the sentence. */
function taken(word: string): { before: string; core: string; after: string } {
  const before = OPENING.exec(word)?.[0] ?? ''
  const rest = word.slice(before.length)
  const after = CLOSING.exec(rest)?.[0] ?? ''
  return { before, core: rest.slice(0, rest.length - after.length), after }
}

function spanned(word: string): string {
  const { before, core, after } = taken(word)
  // "1." at the beginning: with its dot, which is what must not be read as markup
  return core === '' || isPlain(core, false) ? code(word) : `${before}${code(core)}${after}`
}

/** A code span (CommonMark 6.1), on one line; a pipe is written as an escape, because in a table it would end the cell. */
export function code(text: string): string {
  if (text === '') return '""'
  const shown = text.replaceAll('|', '\\x7c').replace(/[\r\n]/g, ' ')
  const fence = '`'.repeat(longestRun(shown) + 1)
  const pad = /^[` ]|[` ]$/.test(shown) ? ' ' : ''
  return `${fence}${pad}${shown}${pad}${fence}`
}

/** A fenced code block (CommonMark 4.5). */
export function block(text: string, language: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1))
  return `${fence}${language}\n${text}\n${fence}`
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0)
}
