import type { Segment } from '../net/segment.ts'

/** A table grows when it is fuller than this: 24 octets a slot for IPv4 are then 32 to 64 a flow. */
const MAX_LOAD = 3 / 4
/** Closed flows that are remembered, so that their late and duplicated packets are not taken for something new. */
const REMEMBERED = 4096

/**
 * Live flows by their four-tuple, both directions in one slot: open addressing in typed arrays, so that a million flows cost no object. A
 * slot is the addresses, the ports, the two initial sequence numbers and a state word (0 = empty): what a packet needs lies together.
 */
export class FlowTable {
  /** Words of one address, and the step between those of a segment's two. */
  readonly #half: 1 | 4
  readonly #slot: number
  #capacity = 1024
  /** The upper bits of a hash name a place: flows keep their order when the table grows, so that it grows from front to back in memory. */
  #shift = 22
  #words: Int32Array
  /** Keys of flows that closed, each in a place that its hash gives. */
  readonly #closed: Int32Array
  #size = 0
  /** Set by `find`: the segment goes from the second end of the key to the first. */
  reversed = false

  constructor(family: 4 | 6) {
    this.#half = family === 4 ? 1 : 4
    this.#slot = this.#half * 2 + 4
    this.#words = new Int32Array(this.#capacity * this.#slot)
    this.#closed = new Int32Array(REMEMBERED * this.#slot)
  }

  get size(): number {
    return this.#size
  }

  /** The slot of a segment's flow, or the complement (~) of the free slot where it would go. */
  find(segment: Segment): number {
    return this.#half === 1 ? this.#findIpv4(segment) : this.#findIpv6(segment)
  }

  #findIpv4({ address, sourcePort, destinationPort }: Segment): number {
    const source = address[0] as number
    const destination = address[4] as number
    const reversed = source === destination ? sourcePort > destinationPort : source > destination
    this.reversed = reversed
    const low = reversed ? destination : source
    const high = reversed ? source : destination
    const ports = reversed ? (destinationPort << 16) | sourcePort : (sourcePort << 16) | destinationPort
    const words = this.#words
    const mask = this.#capacity - 1
    for (let index = hash3(low, high, ports) >>> this.#shift; ; index = (index + 1) & mask) {
      const at = index * 6
      if (words[at + 5] === 0) return ~at
      if (words[at] === low && words[at + 1] === high && words[at + 2] === ports) return at
    }
  }

  #findIpv6({ address, sourcePort, destinationPort }: Segment): number {
    this.reversed = isReversed(address, sourcePort, destinationPort)
    const low = this.reversed ? 4 : 0
    const ports = this.reversed ? (destinationPort << 16) | sourcePort : (sourcePort << 16) | destinationPort
    let hash = ports
    for (let word = 0; word < 4; word++) hash = hash3(address[low + word] as number, address[4 - low + word] as number, hash)
    const words = this.#words
    const mask = this.#capacity - 1
    for (let index = hash >>> this.#shift; ; index = (index + 1) & mask) {
      const at = index * 12
      if (words[at + 11] === 0) return ~at
      if (words[at + 8] === ports && isSame(words, at, address, low, 4)) return at
    }
  }

  /** Puts a flow into the free slot that `find` named; returns its slot, which may be another after growing. */
  insert(free: number, segment: Segment, state: number): number {
    let at = ~free
    if (this.#size + 1 > this.#capacity * MAX_LOAD) {
      this.#grow()
      at = ~this.find(segment)
    }
    const { address, sourcePort, destinationPort } = segment
    const half = this.#half
    const low = this.reversed ? 4 : 0
    const words = this.#words
    for (let word = 0; word < half; word++) {
      words[at + word] = address[low + word] as number
      words[at + half + word] = address[4 - low + word] as number
    }
    words[at + half * 2] = this.reversed ? (destinationPort << 16) | sourcePort : (sourcePort << 16) | destinationPort
    words[at + this.#slot - 1] = state
    this.#size++
    return at
  }

  state(at: number): number {
    return this.#words[at + this.#slot - 1] as number
  }

  /** `state` is not 0. */
  setState(at: number, state: number): void {
    this.#words[at + this.#slot - 1] = state
  }

  /** Initial sequence number of one end (0 the first of the key, 1 the second), as last set; int32. */
  initial(at: number, end: 0 | 1): number {
    return this.#words[at + this.#half * 2 + 1 + end] as number
  }

  setInitial(at: number, end: 0 | 1, sequence: number): void {
    this.#words[at + this.#half * 2 + 1 + end] = sequence
  }

  /** Removes a flow, but remembers for a while that it was there. */
  close(at: number): void {
    const place = (this.#hashOf(this.#words, at) & (REMEMBERED - 1)) * this.#slot
    for (let word = 0; word < this.#slot; word++) this.#closed[place + word] = this.#words[at + word] as number
    this.remove(at)
  }

  /** Whether the flow of the segment that was looked up last closed a short while ago. */
  wasClosed({ address, sourcePort, destinationPort }: Segment): boolean {
    const half = this.#half
    const low = this.reversed ? 4 : 0
    const ports = this.reversed ? (destinationPort << 16) | sourcePort : (sourcePort << 16) | destinationPort
    let hash = ports
    for (let word = 0; word < half; word++) hash = hash3(address[low + word] as number, address[4 - low + word] as number, hash)
    const place = (hash & (REMEMBERED - 1)) * this.#slot
    if (this.#closed[place + half * 2] !== ports || this.#closed[place + this.#slot - 1] === 0) return false
    return isSame(this.#closed, place, address, low, half)
  }

  /** Removes a flow and moves up those that had to step aside for it, so that no tombstones stay. */
  remove(at: number): void {
    const words = this.#words
    const slot = this.#slot
    const mask = this.#capacity - 1
    let hole = at / slot
    for (let index = (hole + 1) & mask; words[index * slot + slot - 1] !== 0; index = (index + 1) & mask) {
      const home = this.#hashOf(words, index * slot) >>> this.#shift
      if (((index - home) & mask) < ((index - hole) & mask)) continue
      for (let word = 0; word < slot; word++) words[hole * slot + word] = words[index * slot + word] as number
      hole = index
    }
    words[hole * slot + slot - 1] = 0
    this.#size--
  }

  #hashOf(words: Int32Array, at: number): number {
    const half = this.#half
    let hash = words[at + half * 2] as number
    for (let word = 0; word < half; word++) hash = hash3(words[at + word] as number, words[at + half + word] as number, hash)
    return hash
  }

  #grow(): void {
    const slot = this.#slot
    const words = this.#words
    const mask = this.#capacity * 2 - 1
    this.#capacity *= 2
    this.#shift--
    const larger = new Int32Array(this.#capacity * slot)
    for (let at = 0; at < words.length; at += slot) {
      if (words[at + slot - 1] === 0) continue
      let index = this.#hashOf(words, at) >>> this.#shift
      while (larger[index * slot + slot - 1] !== 0) index = (index + 1) & mask
      for (let word = 0; word < slot; word++) larger[index * slot + word] = words[at + word] as number
    }
    this.#words = larger
  }
}

function isSame(words: Int32Array, at: number, address: Int32Array, low: number, half: 1 | 4): boolean {
  for (let word = 0; word < half; word++)
    if (words[at + word] !== address[low + word] || words[at + half + word] !== address[4 - low + word]) return false
  return true
}

/** The end with the lower address (then port) comes first in the key. */
function isReversed(address: Int32Array, sourcePort: number, destinationPort: number): boolean {
  for (let word = 0; word < 4; word++) {
    const source = address[word] as number
    const destination = address[4 + word] as number
    if (source !== destination) return source > destination
  }
  return sourcePort > destinationPort
}

/** Three words mixed fully (the end is the finaliser of MurmurHash3): addresses of one network differ in few bits. */
function hash3(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
