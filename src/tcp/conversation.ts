import { DamageLog } from '../core/damage.ts'
import type { Segment } from '../net/segment.ts'
import {
  type Connection,
  type ConnectionOpener,
  MAX_RECOGNITION,
  type Mark,
  type StreamPair,
  type StreamSink,
} from './connection.ts'
import { type HeldBudget, Reassembly } from './reassembly.ts'
import { advance, distance } from './sequence.ts'

/** Which end of the flow table's key sent something. */
export type End = 0 | 1

const FIN = 1
const SYN = 2
const RST = 4
const FIN_SYN_OR_RST = 7
const ACK = 16

/** Segments of a connection to wait for, when its beginning was not captured, before it is taken up: they may be out of order. */
const EARLY = 8
/** A reset that lies this far beside the stream is not of this connection. */
const RESET_WINDOW = 0x100_0000

/** A call to one of the two sinks, kept until there are sinks; gives up its octets by closure. */
type Call = (sink: StreamSink) => void

/**
 * A flow that may matter: both directions reassembled, and the octets handed on once somebody recognises them. The client is who sent the
 * SYN, or when none was captured who the recogniser takes for it.
 */
export class Conversation {
  readonly #opener: ConnectionOpener
  readonly #number: () => number
  readonly #damage = new DamageLog()
  readonly #directions: readonly [Reassembly, Reassembly]
  readonly #endpoints: readonly [string, string]
  readonly #isMidstream: boolean
  #clientEnd: End
  /** Copies of the first segments, while they are waited for. */
  #early: { readonly end: End; readonly segment: Segment }[] | null
  #calls: { readonly end: End; readonly call: Call }[] = []
  /** The octets that are not recognised yet, and whether others are missing before them. */
  readonly #first: [Uint8Array, Uint8Array] = [EMPTY, EMPTY]
  readonly #isAfterGap: [boolean, boolean] = [false, false]
  #pair: StreamPair | null = null
  #connection: Connection | null = null
  #start: { readonly input: number; readonly time: number } | null = null
  #resetBy: End | null = null
  #resetSequence = 0
  /** Nobody wants it: the flow may be ignored from now on. */
  rejected = false

  /** `initial`: the sequence numbers of each end's first octet, null where no SYN was captured. */
  constructor(
    opener: ConnectionOpener,
    number: () => number,
    budget: HeldBudget,
    endpoints: readonly [string, string],
    clientEnd: End,
    initial: readonly [number | null, number | null],
  ) {
    this.#opener = opener
    this.#number = number
    this.#endpoints = endpoints
    this.#clientEnd = clientEnd
    this.#isMidstream = initial[0] === null && initial[1] === null
    this.#early = initial[0] === null || initial[1] === null ? [] : null
    const direction = (end: End) =>
      new Reassembly(this.#entry(end), initial[end], end === clientEnd ? 'client' : 'server', this.#damage, budget)
    this.#directions = [direction(0), direction(1)]
  }

  /** Both sides closed, and everything before that was captured. */
  get ended(): boolean {
    return this.#directions[0].ended && this.#directions[1].ended
  }

  /** Closed or reset, but segments captured out of order may still come. */
  get isClosing(): boolean {
    return this.#resetBy !== null || (this.#directions[0].isClosing && this.#directions[1].isClosing)
  }

  /** Joined late, not recognised, and nothing is kept of it: what comes may as well be looked at on its own. */
  get isForgettable(): boolean {
    const [first, second] = this.#directions
    if (!this.#isMidstream || this.#pair !== null || this.#early !== null) return false
    return this.#first[0].length + this.#first[1].length === 0 && first.oldestHeld === null && second.oldestHeld === null
  }

  /** A SYN with another initial sequence number: the ports were used again. */
  isNewConnection(end: End, segment: Segment): boolean {
    return this.#early === null && !this.#directions[end].beginsAt(advance(segment.sequence, 1))
  }

  /**
   * Takes a segment that only needs to be counted, while nothing is waited for: a bare acknowledgment, or octets that nobody needs to see.
   * False when it is anything else, and then for `segment`.
   */
  countOnly(segment: Segment, end: End): boolean {
    if ((segment.flags & FIN_SYN_OR_RST) !== 0 || this.#early !== null || this.#resetBy !== null) return false
    const own = this.#directions[end]
    const other = this.#directions[end === 0 ? 1 : 0]
    if (own.isHolding || other.isHolding || (segment.payloadLength > 0 && !own.skip(segment))) return false
    if ((segment.flags & ACK) !== 0) other.acknowledge(segment.acknowledgment)
    own.pass()
    other.pass()
    return true
  }

  /** Takes the next segment of the flow, sent by one end. */
  segment(segment: Segment, end: End): void {
    if (this.#early === null) this.#take(segment, end)
    else {
      this.#early.push({ end, segment: copyOf(segment) })
      if (this.#early.length >= EARLY) this.#begin()
    }
  }

  finish(how: 'rst' | 'capture', time: number): void {
    this.#begin()
    // What is still held goes out in capture order, because what one side sent explains what the other does.
    for (let holder = this.#oldestHolder(); holder !== null; holder = this.#oldestHolder()) holder.giveUpOldest()
    for (const direction of this.#directions) direction.finish(this.#resetBy === null ? how : 'rst', time)
    this.#noteDamage()
  }

  #oldestHolder(): Reassembly | null {
    const [first, second] = this.#directions
    if (first.oldestHeld === null) return second.oldestHeld === null ? null : second
    return second.oldestHeld === null || first.oldestHeld <= second.oldestHeld ? first : second
  }

  /** Each direction of a stream that was joined late begins at the lowest sequence number among the first segments. */
  #begin(): void {
    const early = this.#early
    this.#early = null
    if (early === null) return
    const lowest: [Segment | null, Segment | null] = [null, null]
    for (const { end, segment } of early) {
      if (segment.payloadLength === 0 || (segment.flags & SYN) !== 0) continue
      const known = lowest[end]
      if (known === null || distance(segment.sequence, known.sequence) < 0) lowest[end] = segment
    }
    for (const { end, segment } of early) {
      const first = lowest[end]
      if (first !== null && segment.payloadLength > 0) this.#directions[end].join(first.sequence, markOf(first))
      this.#take(segment, end)
    }
  }

  #take(segment: Segment, end: End): void {
    const own = this.#directions[end]
    const other = this.#directions[end === 0 ? 1 : 0]
    const { flags, payloadLength } = segment
    const sequence = (flags & SYN) === 0 ? segment.sequence : advance(segment.sequence, 1)
    this.#start ??= { input: segment.input, time: segment.time }
    if ((flags & SYN) !== 0) own.begin(sequence)
    // What a reset carries is text for people (RFC 9293 3.5.3).
    if ((flags & RST) !== 0) this.#reset(own, sequence, end)
    else {
      if (payloadLength > 0) {
        const { bytes, start, end: stop } = segment
        if (this.#resetBy === end && distance(sequence, this.#resetSequence) >= 0) this.#resetBy = null
        own.push(sequence, bytes, start, stop, Math.max(0, payloadLength - (stop - start)), markOf(segment))
      }
      if ((flags & ACK) !== 0) other.acknowledge(segment.acknowledgment)
      if ((flags & FIN) !== 0) own.close(advance(sequence, payloadLength), segment.time)
    }
    own.pass()
    other.pass()
  }

  #reset(own: Reassembly, sequence: number, end: End): void {
    if (!own.isNear(sequence, RESET_WINDOW)) return
    this.#resetBy = end
    this.#resetSequence = sequence
  }

  #entry(end: End): StreamSink {
    return {
      data: (bytes, start, stop, mark) => this.#data(end, bytes, start, stop, mark),
      gap: (missing, mark) => this.#gap(end, missing, mark),
      end: (how, time) => this.#pass(end, (sink) => sink.end(how, time)),
      skipper: () => (this.#pair === null ? null : (this.#sink(this.#pair, end).skipper?.() ?? null)),
    }
  }

  #data(end: End, bytes: Uint8Array, start: number, stop: number, mark: Mark): void {
    if (this.rejected) return
    const pair = this.#pair
    if (pair !== null) {
      this.#sink(pair, end).data(bytes, start, stop, mark)
      if (pair.finished === true) this.#reject()
      return
    }
    const before = this.#first[end]
    const joined = before.length === 0 ? null : join(before, bytes.subarray(start, stop))
    const fromStart = !this.#isMidstream && !this.#isAfterGap[end]
    const answer =
      joined === null
        ? this.#opener.recognise(bytes, start, stop, fromStart)
        : this.#opener.recognise(joined, 0, joined.length, fromStart)
    if (answer === 'client' || answer === 'server') {
      this.#open(this.#isMidstream ? (answer === 'client' ? end : end === 0 ? 1 : 0) : this.#clientEnd)
      this.#data(end, bytes, start, stop, mark)
    } else if (answer === 'ignore' && fromStart) this.#reject()
    else if (answer === 'ignore' || before.length + stop - start > MAX_RECOGNITION) this.#passOver(end, mark)
    else {
      const copy = bytes.slice(start, stop)
      this.#calls.push({ end, call: (sink) => sink.data(copy, 0, copy.length, mark) })
      this.#first[end] = joined ?? copy
    }
  }

  #gap(end: End, missing: number | null, mark: Mark): void {
    if (this.#pair === null && this.#calls.some((call) => call.end === end)) this.#passOver(end, mark)
    else {
      this.#isAfterGap[end] = true
      this.#pass(end, (sink) => sink.gap(missing, mark))
    }
  }

  #pass(end: End, call: Call): void {
    if (this.rejected) return
    const pair = this.#pair
    if (pair === null) this.#calls.push({ end, call })
    else {
      call(this.#sink(pair, end))
      if (pair.finished === true) this.#reject()
    }
  }

  /** What one end said was not recognised; what comes after may be. */
  #passOver(end: End, mark: Mark): void {
    this.#calls = this.#calls.filter((call) => call.end !== end)
    this.#calls.push({ end, call: (sink) => sink.gap(null, mark) })
    this.#first[end] = EMPTY
    this.#isAfterGap[end] = true
    if (this.#first[0].length === 0 && this.#first[1].length === 0) this.#isAfterGap.fill(true)
  }

  #open(clientEnd: End): void {
    this.#clientEnd = clientEnd
    const { input, time } = this.#start ?? { input: 0, time: 0 }
    this.#connection = {
      id: this.#number(),
      input,
      client: this.#endpoints[clientEnd],
      server: this.#endpoints[clientEnd === 0 ? 1 : 0],
      startTime: time,
      tls: null,
      http: null,
      requests: 0,
      damage: [],
    }
    const pair = this.#opener.open(this.#connection)
    this.#pair = pair
    const calls = this.#calls
    this.#calls = []
    this.#first.fill(EMPTY)
    for (const { end, call } of calls) if (!this.rejected) this.#pass(end, call)
  }

  #sink(pair: StreamPair, end: End): StreamSink {
    return end === this.#clientEnd ? pair.fromClient : pair.fromServer
  }

  #reject(): void {
    this.rejected = true
    this.#calls = []
    this.#first.fill(EMPTY)
    this.#early = null
    for (const direction of this.#directions) direction.discard()
    this.#noteDamage()
  }

  #noteDamage(): void {
    if (this.#connection !== null && this.#damage.size > 0)
      this.#connection.damage = [...this.#connection.damage, ...this.#damage.list()]
  }
}

const EMPTY = new Uint8Array(0)

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}

function markOf(segment: Segment): Mark {
  return { input: segment.input, frames: segment.fragments ?? [segment.frame], time: segment.time }
}

function copyOf(segment: Segment): Segment {
  const bytes = segment.bytes.slice(segment.start, segment.end)
  return { ...segment, address: segment.address.slice(), bytes, start: 0, end: bytes.length }
}
