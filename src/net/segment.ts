/**
 * One TCP segment, borrowed: there is one Segment object, overwritten for each packet, and its payload lies in the frame's
 * memory (or in a buffer of the fragment assembler). See Frame.
 */
export interface Segment {
  input: number
  /** Frame that carried it; of a fragmented packet the frame that completed it. */
  frame: number
  /** All frames of a fragmented packet in order, else null. */
  fragments: readonly number[] | null
  /** Microseconds since the epoch. */
  time: number
  /** 4 or 6: of the innermost IP header. */
  family: 4 | 6
  /** Source in words 0-3, destination in words 4-7; IPv4 uses words 0 and 4 only and leaves the others 0. Big-endian int32. */
  readonly address: Int32Array
  sourcePort: number
  destinationPort: number
  /** Both int32: arithmetic on them is modulo 2^32. */
  sequence: number
  acknowledgment: number
  /** The TCP flags octet: FIN 1, SYN 2, RST 4, PSH 8, ACK 16. */
  flags: number
  bytes: Uint8Array
  /** Payload: bytes[start, end). */
  start: number
  end: number
  /** Payload octets that the IP header promises; more than end - start when the snap length cut the packet. */
  payloadLength: number
}

export function newSegment(): Segment {
  const address = new Int32Array(8)
  return {
    input: 0, frame: 0, fragments: null, time: 0, family: 4, address, sourcePort: 0, destinationPort: 0,
    sequence: 0, acknowledgment: 0, flags: 0, bytes: new Uint8Array(0), start: 0, end: 0, payloadLength: 0,
  } // biome-ignore format: rows of defaults
}
