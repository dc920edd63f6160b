import { type DerParser, type Element, is, isTrue, members, octetsOf, oidOf, TAG } from './der.ts'
import { type AltNames, NO_NAMES, readAltNames } from './names.ts'

/** One extension (RFC 5280 4.2). */
export interface Extension {
  readonly oid: string
  readonly critical: boolean
  /** DER of its value. */
  readonly value: Uint8Array
}

export const SUBJECT_KEY_ID = '2.5.29.14'
export const SUBJECT_ALT_NAME = '2.5.29.17'
export const BASIC_CONSTRAINTS = '2.5.29.19'
export const AUTHORITY_KEY_ID = '2.5.29.35'
/** RFC 8737 6.1. */
export const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31'

/** Extensions, a SEQUENCE. */
export function readExtensions(root: Element | undefined): Extension[] {
  return members(root).map((extension) => {
    const [id, second, third] = members(extension)
    const flagged = is(second, TAG.boolean)
    return { oid: oidOf(id), critical: flagged && isTrue(second), value: octetsOf(flagged ? third : second) }
  })
}

/** Parses the value of the first extension with an identifier; undefined when there is none. */
export function extensionValue(extensions: readonly Extension[], oid: string, parser: DerParser): Element | undefined {
  const extension = extensions.find((candidate) => candidate.oid === oid)
  return extension === undefined ? undefined : parser.parse(extension.value).root
}

export function altNamesOf(extensions: readonly Extension[], parser: DerParser): AltNames {
  const value = extensionValue(extensions, SUBJECT_ALT_NAME, parser)
  return value === undefined ? NO_NAMES : readAltNames(value)
}
