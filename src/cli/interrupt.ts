import type { Io } from './io.ts'

/**
 * While a stream or a growing file is read the first Ctrl-C ends the input and the report follows; a second one ends the process. Other files are read without
 * a pause in which a signal could be handled, so there Ctrl-C keeps its usual meaning.
 */
export function watchInterrupt(io: Io, isLive: boolean): { signal: AbortSignal; stop: () => void } | null {
  if (!isLive) return null
  const controller = new AbortController()
  const stop = io.onInterrupt(() => {
    if (controller.signal.aborted) io.exit(130)
    else controller.abort()
  })
  return { signal: controller.signal, stop }
}
