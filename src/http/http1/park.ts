import type { Micros } from '../../core/time.ts'
import type { Mark, StreamSink } from '../../tcp/connection.ts'

/** Octets held while it is not known whether they are HTTP or another protocol's. */
export const MAX_PARKED = 64 * 1024

/** Holds what a client sent after CONNECT or Upgrade until the answer tells whose octets they are. */
export class ParkedOctets {
  readonly #calls: ((sink: StreamSink) => void)[] = []
  #octets = 0

  /** False when the bound is reached: then nobody will answer any more. */
  data(bytes: Uint8Array, start: number, end: number, mark: Mark): boolean {
    const copy = new Uint8Array(bytes.subarray(start, end))
    this.#calls.push((sink) => sink.data(copy, 0, copy.length, mark))
    this.#octets += copy.length
    return this.#octets <= MAX_PARKED
  }

  gap(missing: number | null, mark: Mark): void {
    this.#calls.push((sink) => sink.gap(missing, mark))
  }

  end(how: 'fin' | 'rst' | 'capture', time: Micros): void {
    this.#calls.push((sink) => sink.end(how, time))
  }

  replay(sink: StreamSink): void {
    for (const call of this.#calls) call(sink)
  }
}
