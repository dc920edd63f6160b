/**
 * An ECDSA signature in ASN.1 DER (SEQUENCE of two INTEGERs) as the fixed-width R || S that JWS wants (RFC 7518 3.4). Null unless all octets
 * are used and both integers are non-negative, minimal, and fit the width: a raw signature may begin with 0x30 by chance.
 */
export function derToRaw(der: Uint8Array, width: number): Uint8Array | null {
  let at = 0
  const length = (): number => {
    const first = der[at++] ?? -1
    if (first < 0x80) return first
    return first === 0x81 ? (der[at++] ?? -1) : -1
  }
  if (der[at++] !== 0x30 || length() !== der.length - at) return null
  const raw = new Uint8Array(width * 2)
  for (let half = 0; half < 2; half++) {
    if (der[at++] !== 0x02) return null
    const size = length()
    if (size < 1 || at + size > der.length) return null
    let start = at
    at += size
    if ((der[start] as number) > 0x7f) return null
    if (der[start] === 0 && size > 1) {
      if ((der[start + 1] as number) <= 0x7f) return null
      start++
    }
    if (at - start > width) return null
    raw.set(der.subarray(start, at), half * width + width - (at - start))
  }
  return at === der.length ? raw : null
}
