import { ARCNET } from './link-arcnet.ts'
import { NFLOG } from './link-nflog.ts'

/** Where the next layer begins: written by a decoder into the one object it is given, since this runs for every packet. */
export interface Next {
  /** EtherType (IEEE 802): 0x0800 IPv4, 0x86dd IPv6, ...; 0 when what follows is nothing that carries TCP. */
  etherType: number
  offset: number
}

/** Looks at view[start, end), which is not empty, and fills `next`; false when the link header itself is cut off. */
export type LinkDecoder = (view: DataView, start: number, end: number, next: Next) => boolean

export const IPV4 = 0x0800
export const IPV6 = 0x86dd

const ethernet: LinkDecoder = (view, start, end, next) => {
  if (end - start < 14) return false
  next.etherType = view.getUint16(start + 12)
  next.offset = start + 14
  return true
}

/** Linux cooked capture v1: the protocol is the last of 16 octets. */
const cooked1: LinkDecoder = (view, start, end, next) => {
  if (end - start < 16) return false
  next.etherType = view.getUint16(start + 14)
  next.offset = start + 16
  return true
}

/** Linux cooked capture v2: 20 octets, the protocol first. */
const cooked2: LinkDecoder = (view, start, end, next) => {
  if (end - start < 20) return false
  next.etherType = view.getUint16(start)
  next.offset = start + 20
  return true
}

const raw: LinkDecoder = (view, start, _end, next) => {
  next.etherType = view.getUint8(start) >>> 4 === 6 ? IPV6 : IPV4
  next.offset = start
  return true
}

const rawIpv4: LinkDecoder = (_view, start, _end, next) => {
  next.etherType = IPV4
  next.offset = start
  return true
}

const rawIpv6: LinkDecoder = (_view, start, _end, next) => {
  next.etherType = IPV6
  next.offset = start
  return true
}

/** AF_INET6 of Linux, Windows, NetBSD, FreeBSD and macOS. */
const AF_INET6: ReadonlySet<number> = new Set([10, 23, 24, 28, 30])
const AF_INET = 2

/** BSD loopback: an address family in the byte order of the machine (NULL) or of the network (LOOP). */
const loopback: LinkDecoder = (view, start, end, next) => {
  if (end - start < 4) return false
  const little = view.getUint32(start, true)
  const family = little > 0xffff ? view.getUint32(start) : little
  next.etherType = family === AF_INET ? IPV4 : AF_INET6.has(family) ? IPV6 : 0
  next.offset = start + 4
  return true
}

/** Link types (https://www.tcpdump.org/linktypes.html); adding one is a decoder and a line here. */
export const LINK_TYPES: ReadonlyMap<number, LinkDecoder> = new Map([
  [0, loopback],
  [1, ethernet],
  [12, raw],
  [14, raw],
  [101, raw],
  [108, loopback],
  [113, cooked1],
  [129, ARCNET],
  [228, rawIpv4],
  [229, rawIpv6],
  [239, NFLOG],
  [276, cooked2],
])
