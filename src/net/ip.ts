/** What stands in an IP packet: written into the one object it is given. */
export interface IpPacket {
  /** IANA protocol number of the payload. */
  protocol: number
  /** The payload that was captured: view[start, end). */
  start: number
  end: number
  /** Where the payload ends on the wire, in the same numbers. */
  wireEnd: number
  /** Of a fragment: where it goes in the whole payload, in octets, whether others follow, and what tells which packet it is of. */
  isFragment: boolean
  fragmentOffset: number
  moreFragments: boolean
  identification: number
}

export function newIpPacket(): IpPacket {
  return {
    protocol: 0, start: 0, end: 0, wireEnd: 0,
    isFragment: false, fragmentOffset: 0, moreFragments: false, identification: 0,
  } // biome-ignore format: one row a kind
}

/** What is wrong with a packet. A cut one is the capture's, a malformed one contradicts itself. */
export interface IpFault {
  readonly kind: 'truncated' | 'malformed'
  readonly detail: string
  /** Whether the packet is read all the same. */
  readonly read: boolean
}

const SHORT_IPV4: IpFault = { kind: 'truncated', detail: 'an IPv4 header is cut off', read: false }
const BAD_IPV4: IpFault = { kind: 'malformed', detail: 'an IPv4 header contradicts itself', read: false }
const LONG_IPV4: IpFault = { kind: 'malformed', detail: 'an IPv4 packet claims to be longer than what carries it', read: true }
const SHORT_IPV6: IpFault = { kind: 'truncated', detail: 'an IPv6 header is cut off', read: false }
const BAD_IPV6: IpFault = { kind: 'malformed', detail: 'an IPv6 header contradicts itself', read: false }
const LONG_IPV6: IpFault = { kind: 'malformed', detail: 'an IPv6 packet claims to be longer than what carries it', read: true }
const CUT_EXTENSION: IpFault = { kind: 'truncated', detail: 'an IPv6 extension header is cut off', read: false }
const BAD_EXTENSION: IpFault = { kind: 'malformed', detail: 'an IPv6 extension header is longer than its packet', read: false }
const MANY_EXTENSIONS: IpFault = { kind: 'malformed', detail: 'more than 16 IPv6 extension headers', read: false }

const MAX_EXTENSIONS = 16
const FRAGMENT = 44
const AUTHENTICATION = 51
/** Extension headers of IPv6 that stand before the transport (RFC 8200 4, RFC 4302, RFC 6275, RFC 7401, RFC 5533). */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, FRAGMENT, AUTHENTICATION, 60, 135, 139, 140])

/** IPv4 (RFC 791 3.1) at view[start, end), which on the wire went up to `wireEnd`. Addresses go into words 0 and 4. */
export function decodeIpv4(
  view: DataView,
  start: number,
  end: number,
  wireEnd: number,
  address: Int32Array,
  packet: IpPacket,
): IpFault | null {
  if (end - start < 20) return wireEnd - start < 20 ? BAD_IPV4 : SHORT_IPV4
  const first = view.getUint8(start)
  const header = (first & 15) * 4
  const stated = view.getUint16(start + 2)
  // Length 0: left to the network card (segmentation offload), so the packet is what carries it.
  const total = stated === 0 ? wireEnd - start : stated
  if (first >>> 4 !== 4 || header < 20 || total < header) return BAD_IPV4
  if (header > end - start) return header > wireEnd - start ? BAD_IPV4 : SHORT_IPV4
  address[0] = view.getInt32(start + 12)
  address[4] = view.getInt32(start + 16)
  const fragment = view.getUint16(start + 6)
  packet.protocol = view.getUint8(start + 9)
  packet.start = start + header
  packet.wireEnd = start + total
  packet.end = Math.min(packet.wireEnd, end)
  packet.isFragment = (fragment & 0x3fff) !== 0
  if (packet.isFragment) {
    packet.fragmentOffset = (fragment & 0x1fff) * 8
    packet.moreFragments = (fragment & 0x2000) !== 0
    packet.identification = view.getUint16(start + 4)
  }
  return clip(packet, wireEnd) ? LONG_IPV4 : null
}

/** IPv6 (RFC 8200 3) with its extension headers up to the transport or a fragment. Addresses go into words 0 to 7. */
export function decodeIpv6(
  view: DataView,
  start: number,
  end: number,
  wireEnd: number,
  address: Int32Array,
  packet: IpPacket,
): IpFault | null {
  if (end - start < 40) return wireEnd - start < 40 ? BAD_IPV6 : SHORT_IPV6
  if (view.getUint8(start) >>> 4 !== 6) return BAD_IPV6
  for (let word = 0; word < 8; word++) address[word] = view.getInt32(start + 8 + word * 4)
  const stated = view.getUint16(start + 4)
  packet.protocol = view.getUint8(start + 6)
  packet.start = start + 40
  // 0: a jumbogram (RFC 2675) or segmentation offload.
  packet.wireEnd = stated === 0 ? wireEnd : start + 40 + stated
  packet.end = Math.min(packet.wireEnd, end)
  packet.isFragment = false
  const isLong = clip(packet, wireEnd)
  const fault = EXTENSIONS.has(packet.protocol) ? skipExtensions(view, packet) : null
  return fault ?? (isLong ? LONG_IPV6 : null)
}

/** A length beyond what carries the packet is not believed: if octets are missing, the sequence numbers that follow will tell. */
function clip(packet: IpPacket, wireEnd: number): boolean {
  if (packet.wireEnd <= wireEnd) return false
  packet.wireEnd = wireEnd
  return true
}

/** Goes on from the header that `protocol` names at `start`; a fragment header is the last that is read. */
export function skipExtensions(view: DataView, packet: IpPacket): IpFault | null {
  for (let count = 0; EXTENSIONS.has(packet.protocol); count++) {
    if (count === MAX_EXTENSIONS) return MANY_EXTENSIONS
    const at = packet.start
    if (packet.end - at < 8) return packet.wireEnd - at < 8 ? BAD_EXTENSION : CUT_EXTENSION
    const kind = packet.protocol
    packet.protocol = view.getUint8(at)
    if (kind === FRAGMENT) {
      packet.start = at + 8
      const field = view.getUint16(at + 2)
      // RFC 6946: offset 0 and nothing following is a whole packet.
      if ((field & 0xfff9) === 0) continue
      packet.isFragment = true
      packet.fragmentOffset = field & 0xfff8
      packet.moreFragments = (field & 1) !== 0
      packet.identification = view.getUint32(at + 4)
      return null
    }
    const units = view.getUint8(at + 1)
    packet.start = at + (kind === AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8)
    if (packet.start > packet.end) return packet.start > packet.wireEnd ? BAD_EXTENSION : CUT_EXTENSION
  }
  return null
}
