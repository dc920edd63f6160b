import { COMMAND_NAMES, isCommandName } from './commands.ts'
import { UsageError } from './errors.ts'
import { checkReadable, isReadableFile } from './files.ts'
import type { AnalysisOptions, Io } from './io.ts'
import { type KeyFiles, type OptionReader, readDepth, readEvidenceFiles, readKeyFiles } from './settings.ts'
import { didYouMean } from './suggest.ts'

/** Everything that is read: captures, and files with keys. */
export interface Sources {
  readonly inputs: readonly string[]
  readonly options: Omit<AnalysisOptions, 'onProgress' | 'signal'>
  /** Paths that an output must not overwrite. */
  readonly files: readonly string[]
}

/** @throws UsageError for the first capture or key file that is not there or cannot be read */
export function readSources(io: Io, words: readonly string[], options: OptionReader): Sources {
  const inputs = readInputs(io, words)
  const keys = withDefaultKeyLog(io, readKeyFiles(options))
  const keyFiles = [...keys.keyLogs, ...keys.tlsKeys, ...keys.accountKeys, ...Object.values(keys.eabKeys)]
  const evidence = readEvidenceFiles(options)
  const beside = [...keyFiles, ...evidence.kubernetes, ...evidence.logs]
  for (const path of beside) checkReadable(path, 'file')
  return {
    inputs,
    options: { ...keys, ...evidence, ...readDepth(options) },
    files: [...inputs.filter((path) => path !== '-'), ...beside],
  }
}

function readInputs(io: Io, words: readonly string[]): readonly string[] {
  const [first] = words
  if (first === undefined)
    throw new UsageError('no capture is named; for example: acmescope trace.pcap --keylog keys.log (- reads standard input)')
  if (words.filter((word) => word === '-').length > 1) throw new UsageError('-: standard input can be read once only')
  if (words.includes('-') && io.stdinIsTerminal)
    throw new UsageError('-: standard input is a terminal; pipe a capture into it, such as tcpdump -U -w - | acmescope -')
  for (const word of words) {
    if (word === '-') continue
    try {
      checkReadable(word, 'file or folder')
    } catch (error) {
      if (error instanceof UsageError && word === first) throw new UsageError(`${error.message}${commandHint(word)}`)
      throw error
    }
  }
  return words
}

function commandHint(word: string): string {
  if (isCommandName(word)) return '; a command comes before its options'
  return /^[a-z]+$/i.test(word) ? didYouMean(word, COMMAND_NAMES, 'acmescope ') : ''
}

function withDefaultKeyLog(io: Io, keys: KeyFiles): KeyFiles {
  const usual = io.env.SSLKEYLOGFILE
  if (keys.keyLogs.length > 0 || usual === undefined || usual === '' || !isReadableFile(usual)) return keys
  return { ...keys, keyLogs: [usual] }
}
