import type { Frame } from './frame.ts'
import type { OpenInput } from './open-input.ts'

/** Packets between two chances to show progress or to stop. */
const BREATH = 65_536

export interface TimelineSink {
  /** The packet is valid during the call. */
  frame(frame: Frame, input: OpenInput): void
  /** No more packets of this input. */
  ended(input: OpenInput): void
}

/**
 * Reads packet captures as one timeline in packet-time order: of the inputs' next packets the earliest is taken, of equal ones that of the
 * first input. An input whose first packet is known to be later stays closed until then.
 */
export async function readTimeline(
  inputs: readonly OpenInput[],
  sink: TimelineSink,
  pause: () => Promise<void> | null,
): Promise<void> {
  const waiting = inputs.filter((input) => input.due !== null).sort((a, b) => compare(b, b.due, a, a.due))
  const heads = new Heads()
  const begin = async (input: OpenInput) => {
    if (await advance(input)) heads.add(input)
    else sink.ended(input)
  }
  for (const input of inputs) if (input.due === null) await begin(input)
  for (let count = 0; ; ) {
    const input = heads.first
    const next = waiting.at(-1)
    if (next !== undefined && (input === undefined || compare(next, next.due, input, input.frame) < 0)) {
      waiting.pop()
      await begin(next)
      continue
    }
    if (input === undefined) return
    const isAlone = heads.isSingle && next === undefined
    let answer: 'frame' | 'wait' | 'end'
    do {
      sink.frame(input.frame, input)
      answer = input.next()
    } while (answer === 'frame' && isAlone && ++count % BREATH !== 0)
    if (answer === 'frame') heads.sink()
    else if (answer === 'wait' && (await advanceLater(input))) heads.sink()
    else {
      heads.remove()
      sink.ended(input)
    }
    if (answer === 'frame' && !isAlone && ++count % BREATH !== 0) continue
    const paused = pause()
    if (paused !== null) await paused
  }
}

async function advance(input: OpenInput): Promise<boolean> {
  const answer = input.next()
  return answer === 'wait' ? advanceLater(input) : answer === 'frame'
}

async function advanceLater(input: OpenInput): Promise<boolean> {
  for (;;) {
    await input.refill()
    const answer = input.next()
    if (answer !== 'wait') return answer === 'frame'
  }
}

interface Time {
  readonly seconds: number
  readonly nanoseconds: number
}

function compare(a: OpenInput, timeOfA: Time | null, b: OpenInput, timeOfB: Time | null): number {
  if (timeOfA === null || timeOfB === null) return 0
  return timeOfA.seconds - timeOfB.seconds || timeOfA.nanoseconds - timeOfB.nanoseconds || a.index - b.index
}

/** The inputs that are being read, the one with the earliest packet first: a binary heap. */
class Heads {
  readonly #heap: OpenInput[] = []

  get first(): OpenInput | undefined {
    return this.#heap[0]
  }

  get isSingle(): boolean {
    return this.#heap.length === 1
  }

  add(input: OpenInput): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(input)
    for (let above = (at - 1) >> 1; at > 0 && this.#isBefore(at, above); above = (at - 1) >> 1) {
      this.#swap(at, above)
      at = above
    }
  }

  /** Puts the first in its place after it went on to another packet. */
  sink(): void {
    const length = this.#heap.length
    for (let at = 0; ; ) {
      let below = 2 * at + 1
      if (below >= length) return
      if (below + 1 < length && this.#isBefore(below + 1, below)) below++
      if (!this.#isBefore(below, at)) return
      this.#swap(at, below)
      at = below
    }
  }

  /** Removes the first. */
  remove(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.sink()
  }

  #isBefore(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a] as OpenInput, this.#heap[b] as OpenInput]
    return compare(left, left.frame, right, right.frame) < 0
  }

  #swap(a: number, b: number): void {
    const input = this.#heap[a] as OpenInput
    this.#heap[a] = this.#heap[b] as OpenInput
    this.#heap[b] = input
  }
}
