import type { Frame } from '../../src/capture/frame.ts'
import { newFrame } from '../../src/capture/frame.ts'
import { type Damage, DamageLog } from '../../src/core/damage.ts'
import { NetLayer } from '../../src/net/net.ts'
import type { Segment } from '../../src/net/segment.ts'
import { BIG, octets } from '../capture/building.ts'

const u8 = (value: number) => Uint8Array.of(value)
const { u16, u32 } = { u16: (value: number) => BIG.u16(value), u32: (value: number) => BIG.u32(value) }

export interface TcpFields {
  readonly source?: number
  readonly destination?: number
  readonly sequence?: number
  readonly acknowledgment?: number
  readonly flags?: number
  readonly options?: string
}

export function tcp(payload: string | Uint8Array = '', fields: TcpFields = {}): Uint8Array {
  const { source = 40_000, destination = 443, sequence = 1000, acknowledgment = 2000, flags = 0x18, options = '' } = fields
  const optionOctets = octets(options)
  const offset = u8((20 + optionOctets.length) << 2)
  const ports = octets(u16(source), u16(destination))
  return octets(ports, u32(sequence), u32(acknowledgment), offset, u8(flags), 'ffff 0000 0000', optionOctets, payload)
}

export function udp(source: number, destination: number, ...payload: (string | Uint8Array)[]): Uint8Array {
  const content = octets(...payload)
  return octets(u16(source), u16(destination), u16(8 + content.length), '0000', content)
}

export interface Ipv4Fields {
  readonly source?: string
  readonly destination?: string
  /** Instead of the true one. */
  readonly length?: number
  readonly identification?: number
  /** Flags and offset in units of eight octets. */
  readonly fragment?: number
  readonly options?: string
}

export function ipv4(protocol: number, payload: Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
  const { source = 'c0000201', destination = 'c6336402', identification = 7, fragment = 0, options = '' } = fields
  const header = 20 + octets(options).length
  const length = fields.length ?? header + payload.length
  const words = octets(u16(length), u16(identification), u16(fragment), '40', u8(protocol), '0000')
  return octets(u8(0x40 | (header / 4)), '00', words, source, destination, options, payload)
}

export const IPV6_SOURCE = '20010db8 00000000 00000000 00000001'
export const IPV6_DESTINATION = '20010db8 00000000 00000000 0000ffff'

export function ipv6(next: number, payload: Uint8Array, length: number = payload.length): Uint8Array {
  return octets('60000000', u16(length), u8(next), '40', IPV6_SOURCE, IPV6_DESTINATION, payload)
}

export function ethernet(etherType: number, ...payload: (string | Uint8Array)[]): Uint8Array {
  return octets('020000000001 020000000002', u16(etherType), ...payload)
}

/** A packet to be put into a frame; `original` when the snap length cut it. */
export interface TestFrame {
  readonly bytes: Uint8Array
  readonly linkType?: number
  readonly original?: number
  readonly seconds?: number
}

/** Somewhere in a larger buffer, as in a reader's window. */
export function frameOf({ bytes, linkType = 1, original = bytes.length, seconds = 1 }: TestFrame, number: number): Frame {
  const memory = new Uint8Array(bytes.length + 23).fill(0xee)
  memory.set(bytes, 11)
  const frame = newFrame(0)
  frame.number = number
  frame.linkType = linkType
  frame.seconds = seconds
  frame.bytes = memory
  frame.view = new DataView(memory.buffer)
  frame.start = 11
  frame.end = 11 + bytes.length
  frame.originalLength = original
  return frame
}

export interface Decoded {
  /** Copies. */
  readonly segments: Segment[]
  readonly datagrams: { readonly source: number; readonly destination: number; readonly payload: Uint8Array }[]
  readonly damage: Damage[]
}

/** What the layer makes of frames. */
export function decode(...frames: readonly (Uint8Array | TestFrame)[]): Decoded {
  const segments: Segment[] = []
  const datagrams: Decoded['datagrams'] = []
  const log = new DamageLog()
  const net = new NetLayer(
    {
      write(segment) {
        const bytes = segment.bytes.slice(segment.start, segment.end)
        segments.push({ ...segment, address: segment.address.slice(), bytes, start: 0, end: bytes.length })
      },
      end() {},
    },
    ({ sourcePort, destinationPort }, bytes, start, end) =>
      datagrams.push({ source: sourcePort, destination: destinationPort, payload: bytes.slice(start, end) }),
  )
  net.beginInput(log)
  for (const [index, frame] of frames.entries())
    net.write(frameOf(frame instanceof Uint8Array ? { bytes: frame } : frame, index + 1))
  net.end()
  return { segments, datagrams, damage: log.list() }
}
