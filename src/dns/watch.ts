import type { Micros } from '../core/time.ts'
import type { UdpSink } from '../net/net.ts'
import type { Connection, Mark, Recognition, StreamPair, StreamSink } from '../tcp/connection.ts'

/** One DNS message about a validation name (RFC 8555 8.4), not yet decoded. */
export interface DnsMessage {
  readonly input: number
  readonly frames: readonly number[]
  readonly time: Micros
  readonly octets: Uint8Array
}

/** Messages and octets that are kept of a run; what comes later is passed over. */
export const MAX_MESSAGES = 20_000
export const MAX_OCTETS = 16 * 1024 * 1024

/** Octets of a message over TCP that are held until it is whole; longer ones are zone transfers. */
export const MAX_HELD = 16 * 1024

const HEADER = 12
const LABEL = '_acme-challenge'
/** Shortest message that asks for a validation name: header, label, root, type and class. */
const SHORTEST = HEADER + 1 + LABEL.length + 1 + 4

/**
 * Keeps the DNS messages whose question is a validation name, told by their octets on any port, over UDP and TCP. Everything else is passed
 * over without allocation.
 */
export class DnsWatch {
  readonly messages: DnsMessage[] = []
  /** Messages that found no room any more. */
  passedOver = 0
  #octets = 0

  readonly datagram: UdpSink = (segment, bytes, start, end) => {
    if (asksForChallenge(bytes, start, end))
      this.#keep(segment.input, segment.fragments ?? [segment.frame], segment.time, bytes, start, end)
  }

  /** RFC 1035 4.2.2: a length of two octets before each message. */
  recognise(bytes: Uint8Array, start: number, end: number): Recognition {
    const length = end - start
    if (length < 2) return 'ignore'
    const stated = ((bytes[start] as number) << 8) | (bytes[start + 1] as number)
    if (stated < SHORTEST || stated > MAX_QUESTION) return 'ignore'
    if (length === 2) return 'more' // some resolvers write the length by itself
    if (!asksForChallenge(bytes, start + 2, end)) return 'ignore'
    return ((bytes[start + 4] as number) & 0x80) === 0 ? 'client' : 'server'
  }

  open(connection: Connection): StreamPair {
    return { fromClient: this.#direction(connection.input), fromServer: this.#direction(connection.input) }
  }

  #direction(input: number): StreamSink {
    let held = new Uint8Array(0)
    let frames: number[] = []
    let lost = false
    const drop = () => {
      lost = true
      held = new Uint8Array(0)
    }
    return {
      data: (bytes, start, end, { frames: own, time }: Mark) => {
        if (lost) return
        const joined = new Uint8Array(held.length + end - start)
        joined.set(held)
        joined.set(bytes.subarray(start, end), held.length)
        for (const frame of own) if (!frames.includes(frame)) frames.push(frame)
        let at = 0
        while (joined.length - at >= 2) {
          const next = at + 2 + (((joined[at] as number) << 8) | (joined[at + 1] as number))
          if (next > joined.length) break
          if (asksForChallenge(joined, at + 2, next)) this.#keep(input, frames, time, joined, at + 2, next)
          at = next
          frames = at === joined.length ? [] : [...own]
        }
        held = joined.slice(at)
        if (held.length > MAX_HELD) drop()
      },
      gap: drop,
      end() {},
    }
  }

  #keep(input: number, frames: readonly number[], time: Micros, bytes: Uint8Array, start: number, end: number): void {
    if (this.messages.length === MAX_MESSAGES || this.#octets + end - start > MAX_OCTETS) {
      this.passedOver++
      return
    }
    this.#octets += end - start
    this.messages.push({ input, frames: [...frames], time, octets: bytes.slice(start, end) })
  }
}

/** A first message on a connection is a question or its answer; longer ones are zone transfers. */
const MAX_QUESTION = 8192

/** A standard query or its answer with one question, whose first or second label is _acme-challenge (RFC 1035 4.1.1, 4.1.2). */
function asksForChallenge(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < SHORTEST) return false
  if (((bytes[start + 2] as number) & 0x78) !== 0) return false // the opcode is not QUERY
  if (bytes[start + 4] !== 0 || bytes[start + 5] !== 1) return false
  const first = start + HEADER
  if (isLabel(bytes, first, end)) return true
  const octets = bytes[first] as number
  return octets > 0 && octets < 64 && isLabel(bytes, first + 1 + octets, end)
}

/** Names compare without case (RFC 4343), and resolvers mix it on purpose. */
function isLabel(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at] !== LABEL.length || at + LABEL.length >= end) return false
  for (let i = 0; i < LABEL.length; i++) {
    const octet = bytes[at + 1 + i] as number
    const lower = octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet
    if (lower !== LABEL.charCodeAt(i)) return false
  }
  return true
}
