import type { LinkDecoder } from './link.ts'

/** Protocols of RFC 1051, whose header ends with them, and of RFC 1201, which adds a split flag and a sequence number. */
const IP_RFC1051 = 0xf0
const IP_RFC1201 = 0xd4

/** ARCNET as Linux captures it: source, destination, an offset of two octets, protocol. */
export const ARCNET: LinkDecoder = (view, start, end, next) => {
  if (end - start < 8) return false
  const protocol = view.getUint8(start + 4)
  // A packet that was split has a flag other than 0 in its parts; those are not put together.
  const whole = protocol === IP_RFC1051 || (protocol === IP_RFC1201 && view.getUint8(start + 5) === 0)
  next.etherType = whole ? 0x0800 : 0
  next.offset = start + (protocol === IP_RFC1201 ? 8 : 5)
  return true
}
