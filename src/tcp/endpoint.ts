import { formatIpv4, formatIpv6 } from '../core/address.ts'
import type { Segment } from '../net/segment.ts'

/** "192.0.2.7:443", "[2001:db8::1]:443". */
export function endpoint(segment: Segment, which: 'source' | 'destination'): string {
  const at = which === 'source' ? 0 : 4
  const port = which === 'source' ? segment.sourcePort : segment.destinationPort
  if (segment.family === 6) return `[${formatIpv6(segment.address, at)}]:${port}`
  return `${formatIpv4(segment.address[at] as number)}:${port}`
}
