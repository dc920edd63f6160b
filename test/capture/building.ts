import { OpenInput } from '../../src/capture/open-input.ts'
import type { Input } from '../../src/capture/source.ts'
import type { Damage } from '../../src/core/damage.ts'

/** Octets of hex text with any spaces, and of other octets, one behind the other. */
export function octets(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces = parts.map((part) => (typeof part === 'string' ? fromHex(part) : part))
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join('')
}

/** Integers of one byte order: "u32" of 4 octets and so on. */
export class Order {
  readonly little: boolean

  constructor(little: boolean) {
    this.little = little
  }

  u16(value: number): Uint8Array {
    const bytes = new Uint8Array(2)
    new DataView(bytes.buffer).setUint16(0, value, this.little)
    return bytes
  }

  u32(value: number): Uint8Array {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, value, this.little)
    return bytes
  }

  i64(value: bigint): Uint8Array {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigInt64(0, value, this.little)
    return bytes
  }
}

export const LITTLE = new Order(true)
export const BIG = new Order(false)

export interface PcapOptions {
  readonly order?: Order
  readonly magic?: number
  readonly snapLength?: number
  readonly linkType?: number
  /** Between the record header and the packet. */
  readonly extra?: string
}

export function pcapHeader({
  order = LITTLE,
  magic = 0xa1b2c3d4,
  snapLength = 262_144,
  linkType = 1,
}: PcapOptions = {}): Uint8Array {
  return octets(
    order.u32(magic),
    order.u16(2),
    order.u16(4),
    order.u32(0),
    order.u32(0),
    order.u32(snapLength),
    order.u32(linkType),
  )
}

export function pcapRecord(
  seconds: number,
  fraction: number,
  packet: Uint8Array,
  { order = LITTLE, extra = '' }: PcapOptions = {},
  original: number = packet.length,
): Uint8Array {
  return octets(order.u32(seconds), order.u32(fraction), order.u32(packet.length), order.u32(original), extra, packet)
}

/** A pcapng block with its padding and both lengths. */
export function block(order: Order, type: number, ...body: readonly (string | Uint8Array)[]): Uint8Array {
  const content = octets(...body)
  const padding = new Uint8Array(-content.length & 3)
  const length = order.u32(12 + content.length + padding.length)
  return octets(order.u32(type), length, content, padding, length)
}

export function option(order: Order, code: number, value: Uint8Array): Uint8Array {
  return octets(order.u16(code), order.u16(value.length), value, new Uint8Array(-value.length & 3))
}

export function section(order: Order, options: Uint8Array = octets()): Uint8Array {
  return block(order, 0x0a0d0d0a, order.u32(0x1a2b3c4d), order.u16(1), order.u16(0), 'ffffffff ffffffff', options)
}

export function interfaceBlock(order: Order, linkType: number, snapLength: number, options: Uint8Array = octets()): Uint8Array {
  return block(order, 1, order.u16(linkType), order.u16(0), order.u32(snapLength), options)
}

/** An Enhanced Packet Block; `ticks` since the epoch. */
export function packetBlock(
  order: Order,
  on: number,
  ticks: bigint,
  packet: Uint8Array,
  options: Uint8Array = octets(),
  original: number = packet.length,
): Uint8Array {
  const [high, low] = [Number(ticks >> 32n), Number(ticks & 0xffffffffn)]
  const head = [on, high, low, packet.length, original].map((value) => order.u32(value))
  return block(order, 6, ...head, packet, new Uint8Array(-packet.length & 3), options)
}

export interface ReadPacket {
  readonly number: number
  /** "seconds.nanoseconds" with nine digits. */
  readonly time: string
  readonly linkType: number
  readonly on: number
  readonly original: number
  readonly bytes: Uint8Array
}

/** Every packet of an input, and what its reader says about it. */
export async function readAll(input: Input): Promise<{ packets: ReadPacket[]; damage: Damage[]; input: OpenInput }> {
  const open = await OpenInput.open(input, 0, 'test', false)
  const packets: ReadPacket[] = []
  for (let answer = open.next(); answer !== 'end'; answer = open.next()) {
    if (answer === 'wait') {
      await open.refill()
      continue
    }
    const { number, seconds, nanoseconds, linkType, interfaceId, originalLength, bytes, start, end } = open.frame
    packets.push({
      number,
      time: `${seconds}.${String(nanoseconds).padStart(9, '0')}`,
      linkType,
      on: interfaceId,
      original: originalLength,
      bytes: bytes.slice(start, end),
    })
  }
  return { packets, damage: open.facts.damage.list(), input: open }
}

/** Chunks of a size, each in the same memory: what is borrowed has to be copied. */
export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(size)
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size)
    memory.fill(0xee)
    memory.set(chunk)
    yield memory.subarray(0, chunk.length)
  }
}

/** A small generator of pseudo-random numbers, so that failures can be repeated. */
export function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
