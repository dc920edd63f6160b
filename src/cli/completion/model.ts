/** What a shell has to know of an option. */
export interface CompletedOption {
  readonly name: string
  readonly alias?: string | undefined
  readonly describe: string
  /** Null: a switch. 'file': any file. Words: one of them; none: something that nobody can guess. */
  readonly value: 'file' | readonly string[] | null
  readonly repeats?: boolean
}

/** What a shell has to know of a command; the first one is meant when none is named. */
export interface Completable {
  readonly name: string
  readonly describe: string
  /** Words that may follow; null for files. */
  readonly words: readonly string[] | null
  readonly options: readonly CompletedOption[]
}

/** A word for any of the shells, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
