import { readSmallFile } from '../platform/files.ts'
import type { RedactOptions } from '../report/redact.ts'
import { KEEPABLE } from '../report/redaction/categories.ts'
import { UsageError } from './errors.ts'
import { checkReadable } from './files.ts'
import type { OptionReader } from './settings.ts'

export interface RedactionChoice {
  /** --redact, --no-redact, or neither: then each output does what it is for. */
  readonly chosen: boolean | null
  readonly options: RedactOptions
  /** The file of --pseudonym-key, which no output may overwrite. */
  readonly files: readonly string[]
}

/** Fewer could be guessed. */
const SHORTEST_KEY = 16
const LONGEST_KEY = 1024 * 1024

export function readRedaction(options: OptionReader): RedactionChoice {
  if (options.isOn('redact') && options.isOn('no-redact')) throw new UsageError('--redact and --no-redact exclude each other')
  const keep = options.listOf('keep', KEEPABLE)
  const path = options.value('pseudonym-key')
  return {
    chosen: options.isOn('redact') ? true : options.isOn('no-redact') ? false : null,
    options: { key: path === null ? null : readKey(path), keep },
    files: path === null ? [] : [path],
  }
}

function readKey(path: string): Uint8Array {
  checkReadable(path, 'file')
  const key = readSmallFile(path, LONGEST_KEY)
  if (key === null || key.length < SHORTEST_KEY)
    throw new UsageError(
      `--pseudonym-key ${path}: must have ${SHORTEST_KEY} octets at least and ${LONGEST_KEY} at most; head -c 32 /dev/urandom > FILE makes one`,
    )
  return key
}

/** Options of redaction where nothing is redacted are a mistake that must not go unnoticed. */
export function checkUse({ options: { key, keep } }: RedactionChoice, isUsed: boolean): void {
  if (isUsed || (key === null && keep.length === 0)) return
  throw new UsageError(`--${key === null ? 'keep' : 'pseudonym-key'}: nothing that is written is redacted; add --redact`)
}
