/** Versions whose Initial packets are told by their long header: QUIC 1 (RFC 9000), QUIC 2 (RFC 9369), and the drafts before them. */
function isQuicVersion(version: number): boolean {
  return version === 1 || version === 0x6b3343cf || version >>> 8 === 0xff0000
}

/** A UDP payload that begins a QUIC connection: long header form and fixed bit (RFC 9000 17.2), a known version, an Initial's size (14.1). */
export function beginsQuic(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 1200 || ((bytes[start] as number) & 0xc0) !== 0xc0) return false
  const version =
    ((bytes[start + 1] as number) << 24) |
    ((bytes[start + 2] as number) << 16) |
    ((bytes[start + 3] as number) << 8) |
    (bytes[start + 4] as number)
  return isQuicVersion(version >>> 0)
}
