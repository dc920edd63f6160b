/**
 * Sequence arithmetic modulo 2^32 (RFC 9293 3.4); nowhere else. Sequence numbers are int32, as in a Segment: what is beyond the small
 * integers of the engine would be an object each time it is stored.
 */

/** How far `a` lies behind `b`: negative when before it. Right for distances under 2^31. */
export function distance(a: number, b: number): number {
  return (a - b) | 0
}

export function advance(sequence: number, octets: number): number {
  return (sequence + octets) | 0
}
