import type { LinkDecoder } from './link.ts'

/** Attribute that holds the packet; the family says that it is IP, and its first octet which. */
const PAYLOAD = 9
const AF_INET = 2
const AF_INET6 = 10

/** Linux netfilter log: family, version and resource, then attributes in the byte order of the machine that captured. */
export const NFLOG: LinkDecoder = (view, start, end, next) => {
  if (end - start < 4) return false
  const family = view.getUint8(start)
  next.etherType = 0
  next.offset = end
  if (family !== AF_INET && family !== AF_INET6) return true
  for (let at = start + 4; at + 4 <= end; ) {
    // Lengths are under 0x100 for all but the payload: the first attribute of a file tells its byte order well enough.
    const little = view.getUint8(at + 3) === 0
    const length = view.getUint16(at, little)
    if (length < 4) return false
    if (view.getUint16(at + 2, little) === PAYLOAD) {
      next.etherType = family === AF_INET ? 0x0800 : 0x86dd
      next.offset = at + 4
      return true
    }
    at += length + (-length & 3)
  }
  return false
}
