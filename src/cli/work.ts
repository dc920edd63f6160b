import { CaptureError } from '../capture/reader.ts'
import { isSystemError, reasonOf, UsageError } from './errors.ts'
import type { Sources } from './inputs.ts'
import { watchInterrupt } from './interrupt.ts'
import type { Analysis, AnalysisOptions, Io } from './io.ts'
import { openProgress } from './progress.ts'

/** Runs one reading of the captures, with progress and Ctrl-C around it. @throws UsageError for an input that cannot be read */
export async function workOn<T>(
  io: Io,
  sources: Sources,
  quiet: boolean,
  work: (analysis: Analysis, options: AnalysisOptions) => Promise<T>,
  isLive = false,
): Promise<T> {
  const analysis = await io.loadAnalysis()
  const progress = openProgress(io, quiet)
  const interrupt = watchInterrupt(io, isLive || sources.inputs.includes('-'))
  try {
    return await work(analysis, {
      ...sources.options,
      ...(interrupt === null ? {} : { signal: interrupt.signal }),
      ...(progress === null ? {} : { onProgress: progress.report }),
    })
  } catch (error) {
    throw inputFault(error)
  } finally {
    interrupt?.stop()
    progress?.clear()
  }
}

/** What is wrong with an input, or with a file beside it, as one line that names it; other errors as they are. */
function inputFault(error: unknown): unknown {
  // the analysis names the input: only it knows which of several, or of a folder's files, it was
  if (error instanceof CaptureError) return new UsageError(error.message)
  if (isSystemError(error) && error.path !== undefined) return new UsageError(`${error.path}: ${reasonOf(error)}`)
  return error
}
