/** Ranges that East Asian Width (UAX 11) calls wide or fullwidth, coarse where only unassigned characters differ. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{16fe0}-\u{18d08}\u{1aff0}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const ZERO = /\p{Mn}|\p{Me}|\p{Cf}|[\u1160-\u11ff]/u
const ASCII_ONLY = /^[ -~]*$/

function widthOfCharacter(character: string): number {
  if (ZERO.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** Columns that a text without controls takes on a terminal. */
export function widthOf(text: string): number {
  if (ASCII_ONLY.test(text)) return text.length
  let width = 0
  for (const character of text) width += widthOfCharacter(character)
  return width
}

/** Where the text must be cut (in UTF-16 units) so that what stands before takes at most `width` columns. */
function fits(text: string, width: number): number {
  if (ASCII_ONLY.test(text)) return Math.min(text.length, width)
  let used = 0
  let at = 0
  for (const character of text) {
    used += widthOfCharacter(character)
    if (used > width) break
    at += character.length
  }
  return at
}

function lastOf(text: string, width: number): string {
  const characters = [...text]
  let used = 0
  let at = characters.length
  while (at > 0) {
    used += widthOfCharacter(characters[at - 1] ?? '')
    if (used > width) break
    at--
  }
  return characters.slice(at).join('')
}

/** Cut in the middle, because the beginning and the end of a URL are what tells it from the next. */
export function shorten(text: string, width: number, ellipsis: string): string {
  if (widthOf(text) <= width) return text
  const room = width - widthOf(ellipsis)
  if (room < 2) return text.slice(0, fits(text, width))
  const left = Math.ceil(room / 2)
  return `${text.slice(0, fits(text, left))}${ellipsis}${lastOf(text, room - left)}`
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

export function centre(text: string, width: number): string {
  const room = Math.max(0, width - widthOf(text))
  const left = Math.floor(room / 2)
  return ' '.repeat(left) + text + ' '.repeat(room - left)
}

/** Lines of at most `width` columns, broken at spaces; a word longer than a line (a URL, a key) is broken where it must be. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  let used = 0
  for (let word of text.split(' ')) {
    let length = widthOf(word)
    if (used > 0 && used + 1 + length > width) {
      lines.push(line)
      line = ''
      used = 0
    }
    while (length > width) {
      const at = Math.max(1, fits(word, width))
      lines.push(word.slice(0, at))
      word = word.slice(at)
      length = widthOf(word)
    }
    line = used === 0 ? word : `${line} ${word}`
    used = used === 0 ? length : used + 1 + length
  }
  if (used > 0 || lines.length === 0) lines.push(line)
  return lines
}
