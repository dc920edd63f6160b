import type { Segment } from '../net/segment.ts'

/** What tells a flow: addresses and ports. */
export type FlowKey = Pick<Segment, 'address' | 'sourcePort' | 'destinationPort'>

/**
 * Live flows by their four-tuple, both directions in one slot: open addressing in one Int32Array, so that a million flows cost no object. A slot
 * is the key, a state word (0 = empty) and the two initial sequence numbers: 24 octets for IPv4, 48 for IPv6.
 */
export class FlowTable {
  readonly #addressWords: number
  readonly #slot: number
  #capacity = 1024
  #words: Int32Array
  #size = 0
  /** Set by `find`: the segment goes from the second end of the key to the first. */
  reversed = false

  constructor(family: 4 | 6) {
    this.#addressWords = family === 4 ? 2 : 8
    this.#slot = this.#addressWords + 4
    this.#words = new Int32Array(this.#capacity * this.#slot)
  }

  get size(): number {
    return this.#size
  }

  /** The slot of a segment's flow, or the complement (~) of the free slot where it would go. */
  find(segment: FlowKey): number {
    const { address, sourcePort, destinationPort } = segment
    const words = this.#words
    const count = this.#addressWords
    const step = count === 2 ? 4 : 1
    this.reversed = isReversed(address, step, count / 2, sourcePort, destinationPort)
    const low = this.reversed ? 4 : 0
    const high = 4 - low
    const ports = this.reversed ? (destinationPort << 16) | sourcePort : (sourcePort << 16) | destinationPort
    let hash = ports
    for (let word = 0; word < count / 2; word++) {
      hash = mix(hash ^ (address[low + word * step] as number))
      hash = mix(hash + (address[high + word * step] as number))
    }
    const mask = this.#capacity - 1
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const at = index * this.#slot
      if (words[at + count + 1] === 0) return ~at
      if (words[at + count] === ports && this.#sameAddresses(at, address, low, high, step)) return at
    }
  }

  #sameAddresses(at: number, address: Int32Array, low: number, high: number, step: number): boolean {
    const half = this.#addressWords / 2
    for (let word = 0; word < half; word++)
      if (this.#words[at + word] !== address[low + word * step] || this.#words[at + half + word] !== address[high + word * step])
        return false
    return true
  }

  /** Puts a flow into the free slot that `find` named; returns its slot, which may be another after growing. */
  insert(free: number, segment: Segment, state: number): number {
    let at = ~free
    if ((this.#size + 1) * 4 > this.#capacity * 3) {
      this.#grow()
      at = ~this.find(segment)
    }
    const { address, sourcePort, destinationPort } = segment
    const half = this.#addressWords / 2
    const step = half === 1 ? 4 : 1
    const low = this.reversed ? 4 : 0
    for (let word = 0; word < half; word++) {
      this.#words[at + word] = address[low + word * step] as number
      this.#words[at + half + word] = address[4 - low + word * step] as number
    }
    this.#words[at + half * 2] = this.reversed ? (destinationPort << 16) | sourcePort : (sourcePort << 16) | destinationPort
    this.#words[at + half * 2 + 1] = state
    this.#words[at + half * 2 + 2] = 0
    this.#words[at + half * 2 + 3] = 0
    this.#size++
    return at
  }

  state(at: number): number {
    return this.#words[at + this.#addressWords + 1] as number
  }

  setState(at: number, state: number): void {
    this.#words[at + this.#addressWords + 1] = state
  }

  /** Initial sequence number of one end (0 the first of the key, 1 the second). */
  initial(at: number, end: 0 | 1): number {
    return (this.#words[at + this.#addressWords + 2 + end] as number) >>> 0
  }

  setInitial(at: number, end: 0 | 1, sequence: number): void {
    this.#words[at + this.#addressWords + 2 + end] = sequence | 0
  }

  /** Removes a flow and moves up those that had to step aside for it, so that no tombstones stay. */
  remove(at: number): void {
    const words = this.#words
    const slot = this.#slot
    const mask = this.#capacity - 1
    let hole = at / slot
    for (let index = (hole + 1) & mask; words[index * slot + this.#addressWords + 1] !== 0; index = (index + 1) & mask) {
      const home = this.#hashOf(index * slot) & mask
      if (((index - home) & mask) < ((index - hole) & mask)) continue
      words.copyWithin(hole * slot, index * slot, index * slot + slot)
      hole = index
    }
    words[hole * slot + this.#addressWords + 1] = 0
    this.#size--
  }

  #hashOf(at: number): number {
    const half = this.#addressWords / 2
    let hash = this.#words[at + half * 2] as number
    for (let word = 0; word < half; word++) {
      hash = mix(hash ^ (this.#words[at + word] as number))
      hash = mix(hash + (this.#words[at + half + word] as number))
    }
    return hash
  }

  #grow(): void {
    const old = this.#words
    const mask = this.#capacity * 2 - 1
    this.#capacity *= 2
    this.#words = new Int32Array(this.#capacity * this.#slot)
    const fresh = this.#words
    const stateWord = this.#addressWords + 1
    for (let at = 0; at < old.length; at += this.#slot) {
      if (old[at + stateWord] === 0) continue
      this.#words = old
      let index = this.#hashOf(at) & mask
      this.#words = fresh
      while (fresh[index * this.#slot + stateWord] !== 0) index = (index + 1) & mask
      fresh.set(old.subarray(at, at + this.#slot), index * this.#slot)
    }
  }
}

/** The end with the lower address (then port) comes first in the key. */
function isReversed(address: Int32Array, step: number, half: number, sourcePort: number, destinationPort: number): boolean {
  for (let word = 0; word < half; word++) {
    const a = address[word * step] as number
    const b = address[4 + word * step] as number
    if (a !== b) return a > b
  }
  return sourcePort > destinationPort
}

/** A full avalanche (the finaliser of MurmurHash3): addresses of one network differ in few bits. */
function mix(value: number): number {
  let h = value ^ (value >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}
