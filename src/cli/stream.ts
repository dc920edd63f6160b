import { isSystemError, reasonOf, UsageError } from './errors.ts'
import type { Output } from './io.ts'

/**
 * Writes all pieces, waiting when the reader is slow. A reader that goes away (`| head`) has seen what it wanted: writing ends, and that is
 * no error.
 * @throws UsageError when the output cannot be written for another reason
 */
export async function writeStream(output: Output, pieces: Iterable<string>): Promise<void> {
  let failure: Error | undefined
  // stays for good: what is still in flight may fail after this function has returned, and nobody else listens
  output.on('error', (error: Error) => {
    failure ??= error
  })
  for (const piece of pieces) {
    if (failure !== undefined || output.destroyed) break
    if (!output.write(piece)) await readyAgain(output)
  }
  if (failure === undefined && !output.destroyed) await new Promise<void>((resolve) => output.write('', () => resolve()))
  if (failure === undefined || (isSystemError(failure) && failure.code === 'EPIPE')) return
  throw isSystemError(failure) ? new UsageError(`standard output cannot be written: ${reasonOf(failure)}`) : failure
}

/** Until more can be written, or never again. */
function readyAgain(output: Output): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error'] as const
    const done = () => {
      for (const event of events) output.off(event, done)
      resolve()
    }
    for (const event of events) output.on(event, done)
  })
}
