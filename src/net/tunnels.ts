import { IPV4, IPV6, type Next } from './link.ts'

/** What a decoder found behind a header: the next layer, something that carries no TCP, or a header that is cut off or wrong. */
export type Found = 'found' | 'nothing' | 'broken'

const ETHERNET = 0x6558
const PPP = 0x880b
const MPLS = 0x8847
const MPLS_MULTICAST = 0x8848

function found(next: Next, etherType: number, offset: number): Found {
  next.etherType = etherType
  next.offset = offset
  return 'found'
}

/** VLAN tags (IEEE 802.1Q, 802.1ad and older), MPLS labels (RFC 3032), PPPoE sessions (RFC 2516), bridged Ethernet, LLC; one header a call. */
export function skipTag(etherType: number, view: DataView, start: number, end: number, next: Next): Found {
  if (etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100 || etherType === 0x9200)
    return end - start < 4 ? 'broken' : found(next, view.getUint16(start + 2), start + 4)
  if (etherType === MPLS || etherType === MPLS_MULTICAST) return skipLabels(view, start, end, next)
  if (etherType === 0x8864) return end - start < 8 ? 'broken' : skipPpp(view, start + 6, end, next)
  if (etherType === PPP) return skipPpp(view, start, end, next)
  if (etherType === ETHERNET) return end - start < 14 ? 'broken' : found(next, view.getUint16(start + 12), start + 14)
  // IEEE 802.3: below 1536 it is a length, and LLC follows.
  return etherType < 0x600 ? skipLlc(view, start, end, next) : 'nothing'
}

/** LLC with SNAP and no organisation (RFC 1042): the EtherType comes last. */
function skipLlc(view: DataView, start: number, end: number, next: Next): Found {
  if (end - start < 8 || view.getUint32(start) !== 0xaaaa0300 || view.getUint16(start + 4) !== 0) return 'nothing'
  return found(next, view.getUint16(start + 6), start + 8)
}

/** PPP (RFC 1661), with or without address and control octets. */
function skipPpp(view: DataView, start: number, end: number, next: Next): Found {
  if (end - start < 4) return 'broken'
  const at = view.getUint16(start) === 0xff03 ? start + 2 : start
  const protocol = view.getUint16(at)
  if (protocol === 0x0021) return found(next, IPV4, at + 2)
  if (protocol === 0x0057) return found(next, IPV6, at + 2)
  return protocol === 0x0281 ? found(next, MPLS, at + 2) : 'nothing'
}

/** After the bottom label nothing says what follows: the first nibble does (RFC 4928), and 0 is a control word before Ethernet (RFC 4385). */
function skipLabels(view: DataView, start: number, end: number, next: Next): Found {
  let at = start
  while (at + 4 <= end && (view.getUint8(at + 2) & 1) === 0) at += 4
  at += 4
  if (at >= end) return 'broken'
  const nibble = view.getUint8(at) >>> 4
  if (nibble === 4) return found(next, IPV4, at)
  if (nibble === 6) return found(next, IPV6, at)
  return nibble === 0 ? found(next, ETHERNET, at + 4) : 'nothing'
}

const ERSPAN_2 = 0x88be
const ERSPAN_3 = 0x22eb

/** GRE (RFC 1701, 2784, 2890), PPTP's version 1 (RFC 2637), ERSPAN types I to III, and 802.11 as Aruba tunnels it. */
export function innerOfGre(view: DataView, start: number, end: number, next: Next): Found {
  if (end - start < 4) return 'broken'
  const flags = view.getUint16(start)
  const protocol = view.getUint16(start + 2)
  const hasSequence = (flags & 0x1000) !== 0
  let at = start + 4
  // RFC 2637 4.1: without a sequence number it is an acknowledgment only.
  if ((flags & 7) === 1) return hasSequence ? skipPpp(view, at + 8 + (flags & 0x80 ? 4 : 0), end, next) : 'nothing'
  if ((flags & 7) !== 0) return 'nothing'
  if ((flags & 0xc000) !== 0) at += 4
  at += (flags & 0x2000 ? 4 : 0) + (hasSequence ? 4 : 0)
  if ((flags & 0x4000) !== 0) at = skipRoutes(view, at, end)
  if (at > end) return 'broken'
  if (protocol === ERSPAN_2) return found(next, ETHERNET, hasSequence ? at + 8 : at)
  if (protocol === ERSPAN_3) {
    if (at + 12 > end) return 'broken'
    return found(next, ETHERNET, at + 12 + (view.getUint8(at + 11) & 1 ? 8 : 0))
  }
  if ((protocol & 0xfe00) === 0x8200) return skipWireless(view, at, end, next)
  return found(next, protocol, at)
}

/** RFC 1701: source route entries, each with its length, up to one that has none. */
function skipRoutes(view: DataView, start: number, end: number): number {
  let at = start
  while (at + 4 <= end) {
    const length = view.getUint8(at + 3)
    at += 4 + length
    if (length === 0) return at
  }
  return end + 1
}

/** An IEEE 802.11 data frame that is not encrypted: three or four addresses, then LLC. */
function skipWireless(view: DataView, start: number, end: number, next: Next): Found {
  if (end - start < 24) return 'broken'
  const kind = view.getUint8(start)
  const flags = view.getUint8(start + 1)
  if ((kind & 0x0c) !== 0x08 || (flags & 0x40) !== 0) return 'nothing'
  const addresses = (flags & 3) === 3 ? 30 : 24
  const quality = (kind & 0x80) === 0 ? 0 : (flags & 0x80) === 0 ? 2 : 6
  return skipLlc(view, start + addresses + quality, end, next)
}

const VXLAN_PORT = 4789
const VXLAN_LINUX_PORT = 8472
const GENEVE_PORT = 6081
const GTP_PORT = 2152
const MPLS_PORT = 6635

/** Tunnels over UDP: VXLAN (RFC 7348) on its ports or by its shape, Geneve (RFC 8926), GTP-U (3GPP TS 29.281), MPLS (RFC 7510). */
export function innerOfUdp(source: number, destination: number, view: DataView, start: number, end: number, next: Next): Found {
  if (end - start < 16) return 'nothing'
  const first = view.getUint32(start)
  // Only the flag of a valid network identifier, and what is reserved is zero.
  const shape = first === 0x08000000 && view.getUint8(start + 7) === 0
  if ((shape || destination === VXLAN_PORT || destination === VXLAN_LINUX_PORT) && (first & 0x08000000) !== 0)
    if (isEthernet(view, start + 8, end)) return found(next, ETHERNET, start + 8)
  if (destination === GENEVE_PORT && first >>> 30 === 0) {
    const at = start + 8 + ((first >>> 24) & 0x3f) * 4
    return at > end ? 'broken' : found(next, first & 0xffff, at)
  }
  if ((destination === GTP_PORT || source === GTP_PORT) && (first & 0xf0ff0000) >>> 0 === 0x30ff0000)
    return innerOfGtp(first, view, start, end, next)
  return destination === MPLS_PORT ? skipLabels(view, start, end, next) : 'nothing'
}

/** A VXLAN payload has to look like Ethernet, with an IP header that fits, before a packet on any port is taken for one. */
function isEthernet(view: DataView, start: number, end: number): boolean {
  if (end - start < 15) return false
  const type = view.getUint16(start + 12)
  const nibble = view.getUint8(start + 14) >>> 4
  if (type === IPV4) return nibble === 4
  if (type === IPV6) return nibble === 6
  return type === 0x8100 || type === 0x88a8 || type === MPLS
}

function innerOfGtp(first: number, view: DataView, start: number, end: number, next: Next): Found {
  let at = start + 8
  if ((first & 0x07000000) !== 0) {
    at += 4
    for (let type = view.getUint8(at - 1); type !== 0; type = view.getUint8(at - 1)) {
      const length = at < end ? view.getUint8(at) * 4 : 0
      if (length === 0 || at + length > end) return 'broken'
      at += length
    }
  }
  if (at >= end) return 'nothing'
  const nibble = view.getUint8(at) >>> 4
  if (nibble === 4) return found(next, IPV4, at)
  return nibble === 6 ? found(next, IPV6, at) : 'nothing'
}
