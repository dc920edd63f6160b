/**
 * What a terminal would obey instead of show, or show as nothing: C0 and C1 controls, line separators, bidi controls (they reorder what
 * is read), zero-width and filler characters, variation selectors, tags, and halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
const NOT_ASCII = /[^ -~]/gu
/** Marks that pile up on one letter: a few are a language, hundreds are an attack on the lines above and below. */
const PILED_MARKS = /(\p{M}{4})\p{M}+/gu

/** What logs of CI systems obey wherever it stands in a line: "##[…]", "##vso[…]", "##teamcity[…]". */
const LOG_COMMAND = /##(?=\w*\[)/g

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escapeCharacter(character: string): string {
  const short = SHORT[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  const digits = code.toString(16)
  if (code < 0x100) return `\\x${digits.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`
}

/** The longest untrusted text that is shown without being asked for more, in UTF-16 units. */
export const DEFAULT_LIMIT = 600

/**
 * Untrusted text made safe for a screen, on one line: nothing in it can move the cursor, change colours or reorder what is read, and
 * text over `limit` is cut with its true length told. With `ascii` every other character is escaped too, because on a terminal that is not
 * UTF-8 the octets of a letter can be controls.
 */
export function escapeText(text: string, limit: number = DEFAULT_LIMIT, ascii = false): string {
  let kept = text
  let rest = ''
  if (text.length > limit) {
    kept = text.slice(0, limit)
    // a cut in the middle of a pair would leave half a character
    if (/[\ud800-\udbff]$/.test(kept)) kept = kept.slice(0, -1)
    rest = `${ascii ? '...' : '…'} (${text.length} characters)`
  }
  const safe = kept.replace(PILED_MARKS, '$1').replace(UNSAFE, escapeCharacter).replace(LOG_COMMAND, '#\\x23')
  return `${ascii ? toAscii(safe) : safe}${rest}`
}

/** Characters that this program's own sentences use, for terminals without UTF-8. */
const PLAIN_WORDS: Readonly<Record<string, string>> = {
  '§': 'section ',
  '…': '...',
  '–': '-',
  '·': '-',
  '“': '"',
  '”': '"',
  '’': "'",
}

function toAscii(text: string): string {
  return text.replace(NOT_ASCII, (character) => PLAIN_WORDS[character] ?? escapeCharacter(character))
}

/** JSON in which nothing hides: what `escapeText` would not let through is written as JSON escapes, so the value stays the same. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .replace(UNSAFE, (character) => (character === '\n' ? character : unicodeEscapes(character)))
    .replace(LOG_COMMAND, '#\\u0023')
}

function unicodeEscapes(text: string): string {
  return text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
