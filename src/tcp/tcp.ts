import type { Sink } from '../core/sink.ts'
import type { Segment } from '../net/segment.ts'
import type { ConnectionOpener } from './connection.ts'
import { Conversation, type End } from './conversation.ts'
import { endpoint } from './endpoint.ts'
import { FlowTable } from './flow-table.ts'
import { HeldBudget } from './reassembly.ts'
import { advance, distance } from './sequence.ts'

const SYN = 2
const FIN_OR_RST = 5
const FIN_SYN_OR_RST = 7
const ACK = 16

/** States of a flow: the lowest two bits of its word; a conversation's index is above them. */
const IGNORED = 1
const UNDECIDED = 2
const CONVERSATION = 3
/** Of an undecided flow: whose SYN was seen, and who sent the first. */
const KNOWS_FIRST = 4
const KNOWS_SECOND = 8
const SECOND_IS_CLIENT = 16

/** Segments of all flows that may pass until a closed or reset connection gives up octets that never came. */
const LINGER = 256
/** Octets held out of order by all conversations together. */
export const MAX_HELD_BY_ALL = 64 * 1024 * 1024

/**
 * From segments to ordered octets. A flow that nobody recognises by its first octets costs one look-up a packet from then on; only what may
 * matter becomes an object. State lives on from one input to the next.
 */
export class TcpLayer implements Sink<Segment> {
  readonly #opener: ConnectionOpener
  readonly #number: () => number
  readonly #ipv4 = new FlowTable(4)
  readonly #ipv6 = new FlowTable(6)
  readonly #conversations: (Conversation | null)[] = []
  readonly #free: number[] = []
  readonly #budget = new HeldBudget()
  /** Connections that closed with octets missing, in that order. */
  readonly #lingering: { readonly segment: Segment; readonly conversation: Conversation; readonly until: number }[] = []
  #lingerUntil = Number.POSITIVE_INFINITY
  #count = 0
  #lastTime = 0

  /** `number` gives each recognised connection its id. */
  constructor(opener: ConnectionOpener, number: () => number) {
    this.#opener = opener
    this.#number = number
  }

  /** Flows in memory. */
  get flows(): number {
    return this.#ipv4.size + this.#ipv6.size
  }

  write(segment: Segment): void {
    this.#lastTime = segment.time
    if (++this.#count >= this.#lingerUntil) this.#endLingering()
    const table = segment.family === 4 ? this.#ipv4 : this.#ipv6
    const at = table.find(segment)
    if (at < 0) {
      this.#first(table, at, segment)
      return
    }
    const state = table.state(at)
    const kind = state & 3
    if (kind === IGNORED) {
      if ((segment.flags & FIN_SYN_OR_RST) !== 0) this.#ignored(table, at, segment)
    } else if (kind === UNDECIDED) this.#undecided(table, at, segment)
    else this.#conversation(table, at, state >>> 2, segment)
  }

  end(): void {
    for (const conversation of this.#conversations) conversation?.finish('capture', this.#lastTime)
    this.#conversations.length = 0
  }

  /** A flow not met before. A bare ACK, FIN or RST makes none; data without a SYN makes one only when it may be recognised. */
  #first(table: FlowTable, free: number, segment: Segment): void {
    if ((segment.flags & SYN) !== 0) {
      const at = table.insert(free, segment, UNDECIDED)
      this.#noteSyn(table, at, segment)
      if (segment.payloadLength > 0) this.#undecided(table, at, segment)
      return
    }
    if (segment.end <= segment.start || (segment.flags & FIN_OR_RST) > 1 || table.wasClosed(segment)) return
    const answer = this.#opener.recognise(segment.bytes, segment.start, segment.end, false)
    if (answer === 'ignore') return
    const client = answer === 'server' ? otherEnd(endOf(table)) : endOf(table)
    this.#promote(table, table.insert(free, segment, UNDECIDED | (client === 1 ? SECOND_IS_CLIENT : 0)), segment)
  }

  #noteSyn(table: FlowTable, at: number, segment: Segment): void {
    const end = endOf(table)
    table.setInitial(at, end, segment.sequence)
    const client = (segment.flags & ACK) === 0 ? end : otherEnd(end)
    const known = table.state(at) & (KNOWS_FIRST | KNOWS_SECOND)
    table.setState(at, UNDECIDED | known | (client === 1 ? SECOND_IS_CLIENT : 0) | knows(end))
  }

  #ignored(table: FlowTable, at: number, segment: Segment): void {
    if ((segment.flags & SYN) === 0) table.close(at)
    else {
      table.setState(at, UNDECIDED)
      this.#noteSyn(table, at, segment)
    }
  }

  #undecided(table: FlowTable, at: number, segment: Segment): void {
    const end = endOf(table)
    const known = knows(end)
    if ((segment.flags & SYN) !== 0) {
      const state = table.state(at)
      if ((state & known) !== 0 && table.initial(at, end) !== segment.sequence) table.setState(at, UNDECIDED)
      this.#noteSyn(table, at, segment)
    }
    const state = table.state(at)
    const sequence = (segment.flags & SYN) === 0 ? segment.sequence : segment.sequence + 1
    const isFirst = (state & known) === 0 || distance(sequence, table.initial(at, end)) === 1
    if (segment.payloadLength === 0 || (segment.flags & FIN_OR_RST) > 1) {
      if ((segment.flags & FIN_OR_RST) === 0) return
      // A FIN or reset behind octets that were not captured yet: they may come.
      if (isFirst) table.close(at)
      else this.#promote(table, at, segment)
      return
    }
    const answer = isFirst ? this.#opener.recognise(segment.bytes, segment.start, segment.end, true) : 'more'
    if (answer === 'ignore') {
      if ((segment.flags & FIN_OR_RST) !== 0) table.close(at)
      else table.setState(at, IGNORED)
      return
    }
    this.#promote(table, at, segment)
  }

  /** Gives an undecided flow an object. */
  #promote(table: FlowTable, at: number, segment: Segment): void {
    const state = table.state(at)
    const initial = (which: End) => ((state & knows(which)) === 0 ? null : advance(table.initial(at, which), 1))
    const clientEnd = (state & SECOND_IS_CLIENT) === 0 ? 0 : 1
    const first = endpoint(segment, table.reversed ? 'destination' : 'source')
    const second = endpoint(segment, table.reversed ? 'source' : 'destination')
    const conversation = new Conversation(this.#opener, this.#number, this.#budget, [first, second], clientEnd, [
      initial(0),
      initial(1),
    ])
    const index = this.#free.pop() ?? this.#conversations.length
    this.#conversations[index] = conversation
    table.setState(at, CONVERSATION | (index << 2))
    this.#conversation(table, at, index, segment)
  }

  #conversation(table: FlowTable, at: number, index: number, segment: Segment): void {
    const conversation = this.#conversations[index] as Conversation
    const end = endOf(table)
    if (conversation.countOnly(segment, end)) return
    if ((segment.flags & SYN) !== 0 && conversation.isNewConnection(end, segment)) {
      conversation.finish('capture', segment.time)
      this.#drop(index)
      table.setState(at, UNDECIDED)
      this.#undecided(table, at, segment)
      return
    }
    const wasClosing = conversation.isClosing
    conversation.segment(segment, end)
    if (conversation.rejected) {
      this.#drop(index)
      if ((segment.flags & FIN_OR_RST) !== 0) table.close(at)
      else table.setState(at, IGNORED)
    } else if (conversation.ended) {
      conversation.finish('capture', segment.time)
      this.#drop(index)
      table.close(at)
    } else if (conversation.isForgettable) {
      this.#drop(index)
      table.remove(at)
    } else {
      if (conversation.isClosing && !wasClosing) this.#linger(conversation, segment)
      while (this.#budget.octets > MAX_HELD_BY_ALL && this.#budget.holders.size > 0) this.#relieve()
    }
  }

  /** Who holds octets the longest gives up what is missing before them. */
  #relieve(): void {
    for (const holder of this.#budget.holders) {
      holder.giveUpOldest()
      return
    }
  }

  #linger(conversation: Conversation, segment: Segment): void {
    const name = { ...segment, address: segment.address.slice(), bytes: EMPTY, start: 0, end: 0 }
    this.#lingering.push({ segment: name, conversation, until: this.#count + LINGER })
    this.#lingerUntil = Math.min(this.#lingerUntil, this.#count + LINGER)
  }

  #endLingering(): void {
    let done = 0
    for (const { segment, conversation, until } of this.#lingering) {
      if (until > this.#count) break
      done++
      const table = segment.family === 4 ? this.#ipv4 : this.#ipv6
      const at = table.find(segment)
      const state = at < 0 ? 0 : table.state(at)
      // The connection may have ended in another way since, or its ports be in use again.
      if ((state & 3) !== CONVERSATION || this.#conversations[state >>> 2] !== conversation || !conversation.isClosing) continue
      conversation.finish('capture', this.#lastTime)
      this.#drop(state >>> 2)
      table.close(at)
    }
    this.#lingering.splice(0, done)
    this.#lingerUntil = this.#lingering[0]?.until ?? Number.POSITIVE_INFINITY
  }

  #drop(index: number): void {
    this.#conversations[index] = null
    this.#free.push(index)
  }
}

const EMPTY = new Uint8Array(0)

/** Which end of the key sent the segment that was looked up last. */
function endOf(table: FlowTable): End {
  return table.reversed ? 1 : 0
}

function otherEnd(end: End): End {
  return end === 0 ? 1 : 0
}

function knows(end: End): number {
  return end === 0 ? KNOWS_FIRST : KNOWS_SECOND
}
