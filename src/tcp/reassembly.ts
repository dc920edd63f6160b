import type { DamageLog } from '../core/damage.ts'
import type { Segment } from '../net/segment.ts'
import type { Mark, Skipper, StreamSink } from './connection.ts'
import { History } from './history.ts'
import { advance, distance } from './sequence.ts'

/** Octets that came early, copied; those the snap length cut off behind them are `missing`. */
interface Held {
  readonly sequence: number
  readonly bytes: Uint8Array
  readonly missing: number
  readonly mark: Mark
  /** Segment of the connection that brought it. */
  readonly arrival: number
}

/** Octets held out of order in one direction before a gap is declared, with what each piece costs besides. */
export const MAX_HELD = 1024 * 1024
export const PIECE = 256
/** Segments of the connection that may pass after missing octets were acknowledged before they are given up: captures are reordered. */
export const PATIENCE = 64

/** A SYN that was captured late belongs to data that begins this close behind it. */
const CLOSE = 65_536
/** Octets lost at the end of a stream that are believed; more is a wild acknowledgment. */
const MAX_TAIL = 0x4000_0000

/** What all directions hold together, and who holds, the longest first. */
export class HeldBudget {
  octets = 0
  readonly holders = new Set<Reassembly>()
}

/**
 * One direction as an ordered stream: what is early waits, what was seen is dropped, what never came is a gap, and nothing is filled in.
 * Of octets captured twice those that were handed on stand, then those captured first; a difference is damage.
 */
export class Reassembly {
  readonly #sink: StreamSink
  readonly #damage: DamageLog
  readonly #side: string
  readonly #budget: HeldBudget
  readonly #history = new History()
  #initial: number | null
  #next: number | null
  /** Where a stream that was joined late was taken up. */
  #first: number | null = null
  /** By sequence number, neither overlapping nor before `next`. */
  #held: Held[] = []
  #heldOctets = 0
  /** Segments of the connection so far, and when the gap before the first held piece was met. */
  #arrivals = 0
  #gapSince = 0
  #acknowledged: number | null = null
  #final: number | null = null
  #ended = false
  /** With what the last octets came; null when they were skipped, in the packet below. */
  #lastMark: Mark | null = NOWHERE
  #lastInput = 0
  #lastFrame = 0
  /** Who counts the octets that nobody needs to see, as far as was known at the last push. */
  #skipper: Skipper | null = null

  /** `initial`: the sequence number of the first octet, null when the SYN was not captured. */
  constructor(sink: StreamSink, initial: number | null, side: string, damage: DamageLog, budget: HeldBudget) {
    this.#sink = sink
    this.#initial = initial
    this.#next = initial
    this.#side = side
    this.#damage = damage
    this.#budget = budget
  }

  get ended(): boolean {
    return this.#ended
  }

  /** A FIN was captured, though perhaps not all before it. */
  get isClosing(): boolean {
    return this.#final !== null
  }

  /** Octets wait for others that are missing before them. */
  get isHolding(): boolean {
    return this.#heldOctets > 0
  }

  /** Which segment of the connection brought the first piece that is held; null when none is. */
  get oldestHeld(): number | null {
    return this.#held[0]?.arrival ?? null
  }

  /** A SYN that is captured after data of this direction tells nothing new. */
  begin(initial: number): void {
    this.#initial ??= initial
    this.#next ??= initial
  }

  /** Takes up a stream in the middle. */
  join(sequence: number, mark: Mark): void {
    if (this.#next !== null) return
    this.#next = sequence
    this.#first = sequence
    this.#sink.gap(null, mark)
  }

  /** Whether a SYN with this first sequence number belongs to this stream. */
  beginsAt(initial: number): boolean {
    if (this.#initial !== null) return this.#initial === initial
    const behind = this.#first === null ? 0 : distance(this.#first, initial)
    return behind >= 0 && behind < CLOSE
  }

  /** Whether a sequence number lies no further than this from the next octet. */
  isNear(sequence: number, octets: number): boolean {
    return this.#next === null || Math.abs(distance(sequence, this.#next)) <= octets
  }

  /** bytes[start, end) begin with octet `sequence`; `missing` more were cut off by the snap length. */
  push(sequence: number, bytes: Uint8Array, start: number, end: number, missing: number, mark: Mark): void {
    if (this.#ended) return
    if (this.#next === null) this.join(sequence, mark)
    const behind = distance(this.#next as number, sequence)
    if (behind < 0) {
      this.#hold(sequence, bytes, start, end, missing, mark)
      return
    }
    // A keep-alive probe repeats the last octet, or invents it (RFC 9293 3.8.4).
    if (behind > 0 && !(behind === 1 && end - start <= 1) && this.#history.differs(bytes, start, end, behind))
      this.#conflict(mark)
    if (behind >= end - start + missing) return
    if (this.#held.length === 0) this.#deliver(behind, bytes, start, end, missing, mark)
    else this.#interleave(sequence, bytes, start, end, missing, mark)
    this.#skipper = this.#sink.skipper?.() ?? null
    if (this.#final !== null) this.#finishIfDone(mark.time)
  }

  /**
   * Takes a whole segment, the next in order, that nobody needs to see; false when it is anything else, and then for `push`. Skipped octets
   * are not remembered: that others were captured for the same place hurts nobody.
   */
  skip(segment: Segment): boolean {
    const skipper = this.#skipper
    const { sequence, payloadLength } = segment
    if (skipper === null || sequence !== this.#next || payloadLength > skipper.skippable) return false
    const isCut = segment.end - segment.start < payloadLength
    if (isCut || segment.fragments !== null || this.isHolding || this.#final !== null) return false
    this.#next = advance(sequence, payloadLength)
    if (this.#lastMark !== null) {
      this.#lastMark = null
      this.#history.interrupt()
    }
    this.#lastInput = segment.input
    this.#lastFrame = segment.frame
    skipper.skip(payloadLength, segment)
    return true
  }

  /** FIN after `sequence` octets. */
  close(sequence: number, time: number): void {
    if (this.#next === null || distance(sequence, this.#next) >= 0) this.#final ??= sequence
    if (this.#final !== null) this.#finishIfDone(time)
  }

  /** The other side has everything before this sequence number. */
  acknowledge(acknowledgment: number): void {
    if (this.#acknowledged === null || distance(acknowledgment, this.#acknowledged) > 0) this.#acknowledged = acknowledgment
  }

  /** A segment of the connection passed: missing octets that were acknowledged long ago will not come any more. */
  pass(): void {
    this.#arrivals++
    if (!this.isHolding) return
    const first = this.#held[0]
    if (first === undefined || this.#acknowledged === null || this.#arrivals - this.#gapSince < PATIENCE) return
    if (distance(this.#acknowledged, first.sequence) >= 0) this.#giveUp(first)
  }

  /** Declares the first gap and goes on behind it. */
  giveUpOldest(): void {
    const first = this.#held[0]
    if (first !== undefined) this.#giveUp(first)
  }

  /** Nothing more will come: what is held goes out with its gaps. */
  finish(how: 'rst' | 'capture', time: number): void {
    while (!this.#ended && this.#held.length > 0) this.giveUpOldest()
    this.discard()
    if (this.#ended) return
    const lost = this.#lostAtEnd()
    if (lost > 0) this.#gap(lost, { ...(this.#lastMark ?? { input: this.#lastInput, frames: [this.#lastFrame] }), time })
    this.#ended = true
    this.#sink.end(this.#final === null ? how : 'fin', time)
  }

  /** Nobody wants what is held, and nothing more is compared. */
  discard(): void {
    this.#history.interrupt()
    this.#held = []
    this.#hand(this.#heldOctets)
  }

  /** Octets before a FIN, or acknowledged by the other side; a single one may have been a FIN itself. */
  #lostAtEnd(): number {
    if (this.#next === null) return 0
    if (this.#final !== null) return Math.max(0, distance(this.#final, this.#next))
    const lost = this.#acknowledged === null ? 0 : distance(this.#acknowledged, this.#next)
    return lost > 1 && lost < MAX_TAIL ? lost : 0
  }

  /** Hands on what follows the first `skip` octets. */
  #deliver(skip: number, bytes: Uint8Array, start: number, end: number, missing: number, mark: Mark): void {
    const next = this.#next as number
    const from = Math.min(start + skip, end)
    const lost = missing - Math.max(0, skip - (end - start))
    this.#next = advance(next, end - from + lost)
    this.#lastMark = mark
    if (end > from) {
      this.#history.add(bytes, from, end)
      this.#sink.data(bytes, from, end, mark)
    }
    if (lost > 0) this.#gap(lost, mark)
  }

  /** Fills the gap before what is held, as far as the new octets reach, and what they have behind it. */
  #interleave(sequence: number, bytes: Uint8Array, start: number, end: number, missing: number, mark: Mark): void {
    const length = end - start + missing
    for (;;) {
      const done = distance(this.#next as number, sequence)
      if (done >= length) return
      const first = this.#held[0]
      const room = first === undefined ? length : Math.min(length, distance(first.sequence, sequence))
      const stop = Math.min(end, start + room)
      this.#deliver(done, bytes, start, stop, room - (stop - start), mark)
      if (first === undefined || distance(first.sequence, this.#next as number) > 0) return
      this.#compareHeld(first, sequence, bytes, start, end, mark)
      this.#drain()
    }
  }

  #gap(octets: number, mark: Mark): void {
    this.#history.interrupt()
    this.#damage.add('tcp', 'gap', `octets from the ${this.#side} were not captured`, mark.frames[0] ?? null)
    this.#sink.gap(octets, mark)
  }

  /** Puts copies of what no held piece covers yet between them. */
  #hold(sequence: number, bytes: Uint8Array, start: number, end: number, missing: number, mark: Mark): void {
    const held = this.#held
    const arrival = this.#arrivals
    const length = end - start + missing
    let place = held.length
    while (place > 0 && distance(endOf(held[place - 1] as Held), sequence) > 0) place--
    if (held.length === 0) this.#gapSince = arrival
    for (let at = 0; at < length; place++) {
      const after = held[place]
      const room = after === undefined ? length : Math.min(length, distance(after.sequence, sequence))
      if (room > at) {
        const piece = bytes.slice(Math.min(start + at, end), Math.min(start + room, end))
        held.splice(place++, 0, {
          sequence: advance(sequence, at),
          bytes: piece,
          missing: room - at - piece.length,
          mark,
          arrival,
        })
        this.#hand(-piece.length - PIECE)
      }
      if (after === undefined) break
      this.#compareHeld(after, sequence, bytes, start, end, mark)
      at = Math.max(at, distance(endOf(after), sequence))
    }
    while (this.#heldOctets > MAX_HELD) this.giveUpOldest()
  }

  /** Gives octets back to the budget, or takes them from it. */
  #hand(octets: number): void {
    this.#heldOctets -= octets
    this.#budget.octets -= octets
    if (this.#heldOctets === 0) this.#budget.holders.delete(this)
    else this.#budget.holders.add(this)
  }

  #compareHeld(held: Held, sequence: number, bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    const shift = distance(held.sequence, sequence)
    const from = Math.max(0, -shift)
    const stop = Math.min(held.bytes.length, end - start - shift)
    for (let at = from; at < stop; at++)
      if (held.bytes[at] !== bytes[start + shift + at]) {
        this.#conflict(mark)
        return
      }
  }

  #conflict(mark: Mark): void {
    const detail = `segments from the ${this.#side} hold different octets for the same place; those captured first count`
    this.#damage.add('tcp', 'conflict', detail, mark.frames[0] ?? null)
  }

  #drain(): void {
    const held = this.#held
    let count = 0
    let octets = 0
    for (let first = held[0]; first !== undefined && first.sequence === this.#next; first = held[count]) {
      count++
      octets += first.bytes.length + PIECE
      this.#deliver(0, first.bytes, 0, first.bytes.length, first.missing, first.mark)
    }
    if (count === 0 || held !== this.#held) return
    held.splice(0, count)
    this.#gapSince = this.#arrivals
    this.#hand(octets)
  }

  #giveUp(first: Held): void {
    const lost = distance(first.sequence, this.#next as number)
    this.#next = first.sequence
    this.#gap(lost, first.mark)
    this.#drain()
    if (this.#final !== null) this.#finishIfDone(first.mark.time)
  }

  #finishIfDone(time: number): void {
    if (this.#ended || this.#next === null || distance(this.#final as number, this.#next) > 0) return
    this.discard()
    this.#ended = true
    this.#sink.end('fin', time)
  }
}

const NOWHERE: Mark = { input: 0, frames: [], time: 0 }

function endOf(held: Held): number {
  return advance(held.sequence, held.bytes.length + held.missing)
}
