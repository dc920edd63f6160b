import type { DamageLog } from '../core/damage.ts'

/** One packet being put together from its fragments. */
interface Assembly {
  /** Grows with what arrives. */
  bytes: Uint8Array
  /** What of it has arrived: ascending, neither overlapping nor touching. */
  readonly ranges: { start: number; end: number }[]
  readonly frames: number[]
  /** Length of the whole payload, known once its last fragment came. */
  total: number | null
  readonly protocol: number
  readonly time: number
  /** A packet of the same name was complete before, so these may be its duplicates. */
  readonly again: boolean
}

/** Packets in assembly at once, octets of one payload, and its fragments. */
const MAX_ASSEMBLIES = 256
const MAX_PAYLOAD = 65_535
const MAX_FRAGMENTS = 8192
/** Names of complete packets that are remembered. */
const MAX_COMPLETE = 256
/** Microseconds until a packet is given up (RFC 8200 4.5). */
const PATIENCE = 60e6

export interface Fragment {
  readonly key: string
  readonly protocol: number
  readonly offset: number
  readonly more: boolean
  readonly bytes: Uint8Array
  readonly frame: number
  /** Microseconds since the epoch. */
  readonly time: number
}

export interface Assembled {
  readonly protocol: number
  readonly bytes: Uint8Array
  readonly frames: readonly number[]
}

/** Puts IP fragments together (RFC 791 3.2, RFC 8200 4.5). Of overlapping fragments the octets captured first stand. */
export class Fragments {
  readonly #assemblies = new Map<string, Assembly>()
  readonly #complete = new Set<string>()

  /** Adds a fragment, which is copied; the whole payload once it is complete. */
  add(fragment: Fragment, damage: DamageLog): Assembled | null {
    const { key, offset, more, bytes, frame, time } = fragment
    this.#expire(time, damage)
    const end = offset + bytes.length
    if (end > MAX_PAYLOAD || (more && bytes.length % 8 !== 0) || bytes.length === 0) {
      damage.add('ip', 'malformed', 'a fragment of an impossible length', frame)
      return null
    }
    const assembly = this.#assemblies.get(key) ?? this.#begin(fragment, damage)
    if (!more) assembly.total ??= end
    if (assembly.total !== null && (end > assembly.total || (!more && end !== assembly.total)))
      damage.add('ip', 'malformed', 'fragments disagree about the length of their packet', frame)
    if (assembly.frames.at(-1) !== frame) assembly.frames.push(frame)
    if (!insert(assembly, offset, bytes))
      damage.add('ip', 'conflict', 'fragments overlap with other octets; the first count', frame)
    const first = assembly.ranges[0]
    if (assembly.total !== null && first !== undefined && first.start === 0 && first.end >= assembly.total) {
      this.#assemblies.delete(key)
      this.#remember(key)
      return {
        protocol: assembly.protocol,
        bytes: assembly.bytes.subarray(0, assembly.total),
        frames: ascending(assembly.frames),
      }
    }
    if (assembly.frames.length >= MAX_FRAGMENTS) this.#drop(key, assembly, damage, 'limit')
    return null
  }

  /** What is still incomplete when the capture ends. */
  end(damage: DamageLog): void {
    for (const [key, assembly] of this.#assemblies) this.#drop(key, assembly, damage, 'gap')
  }

  #begin({ key, protocol, time }: Fragment, damage: DamageLog): Assembly {
    if (this.#assemblies.size >= MAX_ASSEMBLIES)
      for (const [oldest, assembly] of this.#assemblies) {
        this.#drop(oldest, assembly, damage, 'limit')
        break
      }
    const assembly: Assembly = {
      bytes: new Uint8Array(2048),
      ranges: [],
      frames: [],
      total: null,
      protocol,
      time,
      again: this.#complete.has(key),
    }
    this.#assemblies.set(key, assembly)
    return assembly
  }

  #expire(time: number, damage: DamageLog): void {
    for (const [key, assembly] of this.#assemblies) {
      if (time - assembly.time < PATIENCE) return
      this.#drop(key, assembly, damage, 'gap')
    }
  }

  #drop(key: string, assembly: Assembly, damage: DamageLog, kind: 'gap' | 'limit'): void {
    this.#assemblies.delete(key)
    if (!assembly.again) damage.add('ip', kind, 'a fragmented packet was never complete', assembly.frames[0] ?? null)
  }

  #remember(key: string): void {
    this.#complete.delete(key)
    this.#complete.add(key)
    if (this.#complete.size <= MAX_COMPLETE) return
    for (const oldest of this.#complete) {
      this.#complete.delete(oldest)
      return
    }
  }
}

function ascending(frames: number[]): readonly number[] {
  return frames.sort((a, b) => a - b)
}

/** Fills in what had not arrived yet; false when what had is different here. */
function insert(assembly: Assembly, offset: number, bytes: Uint8Array): boolean {
  const end = offset + bytes.length
  const { ranges } = assembly
  if (end > assembly.bytes.length) {
    const larger = new Uint8Array(Math.min(MAX_PAYLOAD, Math.max(end, assembly.bytes.length * 2)))
    larger.set(assembly.bytes)
    assembly.bytes = larger
  }
  const whole = assembly.bytes
  let first = ranges.length
  while (first > 0 && (ranges[first - 1] as { end: number }).end >= offset) first--
  let same = true
  let at = offset
  let last = first
  const merged = { start: offset, end }
  for (; last < ranges.length; last++) {
    const range = ranges[last] as { start: number; end: number }
    if (range.start > end) break
    if (range.start > at) whole.set(bytes.subarray(at - offset, range.start - offset), at)
    const stop = Math.min(range.end, end)
    for (let i = Math.max(range.start, offset); i < stop; i++) if (whole[i] !== bytes[i - offset]) same = false
    at = Math.max(at, Math.min(range.end, end))
    merged.start = Math.min(merged.start, range.start)
    merged.end = Math.max(merged.end, range.end)
  }
  if (at < end) whole.set(bytes.subarray(at - offset), at)
  ranges.splice(first, last - first, merged)
  return same
}
