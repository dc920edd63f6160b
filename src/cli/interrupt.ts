import type { Io } from './io.ts'

/**
 * While a stream is read the first Ctrl-C ends the input and the report follows; a second one ends the process. Files are read without
 * a pause in which a signal could be handled, so there Ctrl-C keeps its usual meaning.
 */
export function watchInterrupt(io: Io, inputs: readonly string[]): { signal: AbortSignal; stop: () => void } | null {
  if (!inputs.includes('-')) return null
  const controller = new AbortController()
  const stop = io.onInterrupt(() => {
    if (controller.signal.aborted) io.exit(130)
    else controller.abort()
  })
  return { signal: controller.signal, stop }
}
