/** Text that is XML or HTML already; made by `markup` alone, so that everything else is escaped. */
export interface Markup {
  readonly markup: string
}

type Content = string | number | null | Markup | readonly Markup[]

/** What XML 1.0 does not allow at all (2.2), not even as a reference. */
const FORBIDDEN = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

/** Markup whose values are escaped by construction, in text and in attributes with quotes; null is nothing. */
export function markup(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return { markup: strings.reduce((text, part, at) => `${text}${written(values[at - 1] ?? null, text)}${part}`) }
}

function written(value: Content, before: string): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return escaped(value, before.lastIndexOf('<') > before.lastIndexOf('>'))
  return 'markup' in value ? value.markup : value.map((one) => one.markup).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\r': '&#13;',
}

/** Quotes need it within a tag only, and elsewhere they are easier to read as they are. */
function escaped(text: string, inTag: boolean): string {
  return text
    .replace(FORBIDDEN, '\ufffd')
    .replace(inTag ? /[&<>"'\t\n\r]/g : /[&<>\r]/g, (character) => ENTITIES[character] ?? ' ')
}
