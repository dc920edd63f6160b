import type { Category } from './categories.ts'
import { Documents } from './documents.ts'
import { Messages } from './messages.ts'
import { Names } from './names.ts'
import { Prose } from './prose.ts'
import { hexOf, Pseudonyms } from './pseudonyms.ts'

/** Everything that hides values in one run; all outputs of the run share it, so that one value has one pseudonym. */
export interface Redactor {
  readonly pseudonyms: Pseudonyms
  readonly names: Names
  readonly documents: Documents
  readonly prose: Prose
  readonly messages: Messages
}

export function newRedactor(key: Uint8Array, keep: ReadonlySet<Category>): Redactor {
  const pseudonyms = new Pseudonyms(key, keep)
  const names = new Names(pseudonyms)
  const prose = new Prose(pseudonyms, names)
  const documents = new Documents(pseudonyms, names, (text) => prose.foreign(text))
  return { pseudonyms, names, documents, prose, messages: new Messages(pseudonyms, names, documents, prose) }
}

/** Tells one key from another and gives neither away. */
export function keyMark({ pseudonyms }: Redactor): string {
  return hexOf(pseudonyms.digest('key mark', ''), 16)
}
