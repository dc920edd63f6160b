import type { Frame } from '../capture/frame.ts'
import { type DamageKind, DamageLog, type Layer } from '../core/damage.ts'
import type { Sink } from '../core/sink.ts'
import { Fragments } from './fragments.ts'
import { decodeIpv4, decodeIpv6, newIpPacket, skipExtensions } from './ip.ts'
import { IPV4, IPV6, LINK_TYPES, type LinkDecoder, type Next } from './link.ts'
import { linkTypeName } from './link-names.ts'
import { newSegment, type Segment } from './segment.ts'
import { innerOfGre, innerOfUdp, skipTag } from './tunnels.ts'

/** Headers between the frame and the transport that are opened at most. */
const MAX_DEPTH = 16

/** IANA protocol numbers. */
const IPV4_IN_IP = 4
const TCP = 6
const UDP = 17
const IPV6_IN_IP = 41
const GRE = 47
const AUTHENTICATION = 51
const MPLS_IN_IP = 137

/** A UDP payload, borrowed: bytes[start, end). Addresses, ports, frame and time are those of the segment, which is borrowed too. */
export type UdpSink = (segment: Segment, bytes: Uint8Array, start: number, end: number) => void

/**
 * From frames to TCP segments: link layer, tags, IP with fragments, tunnels; the innermost TCP counts. Nothing is allocated for a plain
 * packet. `end` and `wireEnd` are where a layer ends in what was captured, and where it ended on the wire.
 */
export class NetLayer implements Sink<Frame> {
  readonly #next: Sink<Segment>
  readonly #udp: UdpSink | null
  readonly #fragments = new Fragments()
  readonly #inner: Next = { etherType: 0, offset: 0 }
  readonly #packet = newIpPacket()
  readonly #segment = newSegment()
  #damage = new DamageLog()
  #linkType = -1
  #decode: LinkDecoder | undefined

  constructor(next: Sink<Segment>, udp: UdpSink | null = null) {
    this.#next = next
    this.#udp = udp
  }

  /** Damage of the packets that follow goes here: one log an input. */
  beginInput(damage: DamageLog): void {
    this.#damage = damage
  }

  write(frame: Frame): void {
    const { view, start, end } = frame
    if (frame.linkType !== this.#linkType) {
      this.#linkType = frame.linkType
      this.#decode = LINK_TYPES.get(frame.linkType)
    }
    const segment = this.#segment
    segment.input = frame.input
    segment.frame = frame.number
    segment.fragments = null
    segment.time = frame.seconds * 1e6 + ((frame.nanoseconds / 1000) | 0)
    if (this.#decode === undefined)
      this.#note('link', 'unsupported', `link type ${linkTypeName(frame.linkType)} is not supported`)
    else if (end > start && this.#decode(view, start, end, this.#inner)) {
      // A frame may claim to have been shorter than what was captured of it.
      const wireEnd = Math.max(start + frame.originalLength, end)
      this.#network(this.#inner.etherType, frame.bytes, view, this.#inner.offset, end, wireEnd, 0)
    } else if (frame.originalLength > end - start) this.#note('link', 'truncated', 'a frame is cut off within its link header')
    else this.#note('link', 'malformed', 'a frame is shorter than its link header')
  }

  end(): void {
    this.#fragments.end(this.#damage)
    this.#next.end()
  }

  #network(
    etherType: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    wireEnd: number,
    depth: number,
  ): void {
    if (etherType === IPV4 || etherType === IPV6) this.#ip(etherType, bytes, view, start, end, wireEnd, depth)
    else if (etherType === 0) return
    else {
      const found = skipTag(etherType, view, start, end, this.#inner)
      if (found === 'broken') this.#broken('a tag between the link and the network layer', end < wireEnd)
      else if (found === 'found') this.#deeper(bytes, view, end, wireEnd, depth)
    }
  }

  /** Goes into what `#inner` points at. */
  #deeper(bytes: Uint8Array, view: DataView, end: number, wireEnd: number, depth: number): void {
    if (depth === MAX_DEPTH) this.#note('ip', 'limit', `more than ${MAX_DEPTH} headers within each other`)
    else if (this.#inner.offset > end) this.#broken('a tunnel header', end < wireEnd)
    else this.#network(this.#inner.etherType, bytes, view, this.#inner.offset, end, wireEnd, depth + 1)
  }

  #ip(etherType: number, bytes: Uint8Array, view: DataView, start: number, end: number, wireEnd: number, depth: number): void {
    const segment = this.#segment
    const packet = this.#packet
    let fault = null
    if (etherType === IPV4) {
      if (segment.family === 6) segment.address.fill(0)
      segment.family = 4
      fault = decodeIpv4(view, start, end, wireEnd, segment.address, packet)
    } else {
      segment.family = 6
      fault = decodeIpv6(view, start, end, wireEnd, segment.address, packet)
    }
    if (fault !== null) {
      this.#note('ip', fault.kind, fault.detail)
      if (!fault.read) return
    }
    if (packet.isFragment) this.#fragment(bytes, depth)
    else this.#transport(packet.protocol, bytes, view, packet.start, packet.end, packet.wireEnd, depth)
  }

  #fragment(bytes: Uint8Array, depth: number): void {
    const segment = this.#segment
    const { protocol, start, end, wireEnd, fragmentOffset, moreFragments, identification } = this.#packet
    if (wireEnd > end) {
      this.#note('ip', 'truncated', 'a fragment is cut off, so its packet cannot be put together')
      return
    }
    const { family, address, frame, time } = segment
    // RFC 791 3.2 has the protocol tell packets apart too; RFC 8200 4.5 has not.
    const key = `${family} ${address.join(' ')} ${identification} ${family === 4 ? protocol : ''}`
    const whole = this.#fragments.add(
      { key, protocol, offset: fragmentOffset, more: moreFragments, bytes: bytes.subarray(start, end), frame, time },
      this.#damage,
    )
    if (whole === null) return
    segment.fragments = whole.frames
    const view = new DataView(whole.bytes.buffer, whole.bytes.byteOffset, whole.bytes.length)
    this.#transport(whole.protocol, whole.bytes, view, 0, whole.bytes.length, whole.bytes.length, depth)
  }

  #transport(
    protocol: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    wireEnd: number,
    depth: number,
  ): void {
    const inner = this.#inner
    if (protocol === TCP) this.#tcp(bytes, view, start, end, wireEnd)
    else if (protocol === UDP) this.#datagram(bytes, view, start, end, wireEnd, depth)
    else if (protocol === IPV4_IN_IP || protocol === IPV6_IN_IP || protocol === MPLS_IN_IP) {
      inner.etherType = protocol === IPV4_IN_IP ? IPV4 : protocol === IPV6_IN_IP ? IPV6 : 0x8847
      inner.offset = start
      this.#deeper(bytes, view, end, wireEnd, depth)
    } else if (protocol === GRE) {
      const found = innerOfGre(view, start, end, inner)
      if (found === 'broken') this.#broken('a GRE header', end < wireEnd)
      else if (found === 'found') this.#deeper(bytes, view, end, wireEnd, depth)
    } else if (protocol === AUTHENTICATION || (protocol === 60 && this.#segment.fragments !== null))
      this.#behindExtensions(protocol, bytes, view, start, end, wireEnd, depth)
  }

  /** An authentication header of IPv4, or the headers of IPv6 that a fragmented packet has behind its fragment header. */
  #behindExtensions(
    protocol: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    wireEnd: number,
    depth: number,
  ): void {
    const packet = this.#packet
    packet.protocol = protocol
    packet.start = start
    packet.end = end
    packet.wireEnd = wireEnd
    packet.isFragment = false
    const fault = skipExtensions(view, packet)
    if (fault !== null) this.#note('ip', fault.kind, fault.detail)
    else if (!packet.isFragment) this.#transport(packet.protocol, bytes, view, packet.start, end, wireEnd, depth)
  }

  #tcp(bytes: Uint8Array, view: DataView, start: number, end: number, wireEnd: number): void {
    if (end - start < 20) {
      this.#broken('a TCP header', wireEnd - start >= 20)
      return
    }
    const header = (view.getUint8(start + 12) >>> 4) * 4
    if (header < 20 || header > wireEnd - start) {
      this.#broken('a TCP header', false)
      return
    }
    const segment = this.#segment
    segment.sourcePort = view.getUint16(start)
    segment.destinationPort = view.getUint16(start + 2)
    segment.sequence = view.getInt32(start + 4)
    segment.acknowledgment = view.getInt32(start + 8)
    segment.flags = view.getUint8(start + 13)
    segment.bytes = bytes
    segment.start = Math.min(start + header, end)
    segment.end = end
    segment.payloadLength = wireEnd - start - header
    this.#next.write(segment)
  }

  #datagram(bytes: Uint8Array, view: DataView, start: number, end: number, wireEnd: number, depth: number): void {
    if (end - start < 8) return
    const stated = view.getUint16(start + 4)
    const wireStop = stated >= 8 && start + stated < wireEnd ? start + stated : wireEnd
    const stop = Math.min(wireStop, end)
    const segment = this.#segment
    segment.sourcePort = view.getUint16(start)
    segment.destinationPort = view.getUint16(start + 2)
    const found = innerOfUdp(segment.sourcePort, segment.destinationPort, view, start + 8, stop, this.#inner)
    if (found === 'found') this.#deeper(bytes, view, stop, wireStop, depth)
    else if (found === 'broken') this.#broken('a tunnel header', stop < wireStop)
    else this.#udp?.(segment, bytes, start + 8, stop)
  }

  /** `cut`: the capture kept less of it than there was. */
  #broken(what: string, cut: boolean): void {
    this.#note('ip', cut ? 'truncated' : 'malformed', cut ? `${what} is cut off` : `${what} contradicts its packet`)
  }

  #note(layer: Layer, kind: DamageKind, detail: string): void {
    this.#damage.add(layer, kind, detail, this.#segment.frame)
  }
}
