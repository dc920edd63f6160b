import type { Recognition } from '../../tcp/connection.ts'
import { FRAME_HEADER, HAS_PRIORITY, HEADERS, PADDED, PREFACE, plausibleFrame, SETTINGS } from './frame.ts'
import { MAX_SEARCHED_FRAME } from './search.ts'

/** A server's first SETTINGS frame is not longer: 64 settings. */
const MAX_FIRST_SETTINGS = 384

/**
 * Tells HTTP/2 by the first octets of one direction: the client's preface (RFC 9113 3.4), or the SETTINGS frame without ACK
 * that a server sends first. Allocates nothing: it is asked for every flow.
 */
export function recogniseHttp2(bytes: Uint8Array, start: number, end: number): Recognition {
  const length = end - start
  if (bytes[start] === PREFACE[0]) {
    for (let i = 1; i < PREFACE.length && i < length; i++) if (bytes[start + i] !== PREFACE[i]) return 'ignore'
    return length < PREFACE.length ? 'more' : 'client'
  }
  if (length >= 1 && bytes[start] !== 0) return 'ignore'
  if (length >= 4 && bytes[start + 3] !== SETTINGS) return 'ignore'
  if (length < FRAME_HEADER) return 'more'
  return bytes[start + 4] === 0 && plausibleFrame(bytes, start, MAX_FIRST_SETTINGS, false) >= 0 ? 'server' : 'ignore'
}

/**
 * The same for a connection that is joined late, when its octets happen to begin with a frame: HEADERS tell the side by the
 * pseudo-header field they begin with (RFC 9113 8.3), as long as that is in the static table of RFC 7541.
 */
export function recogniseHttp2Midway(bytes: Uint8Array, start: number, end: number): Recognition {
  let at = start
  while (at + FRAME_HEADER < end) {
    const length = plausibleFrame(bytes, at, MAX_SEARCHED_FRAME, false)
    if (length < 0) break
    if (bytes[at + 3] === HEADERS && length > 0) {
      const next = at + FRAME_HEADER + length
      const followed = next === end || (next + FRAME_HEADER <= end && plausibleFrame(bytes, next, MAX_SEARCHED_FRAME, false) >= 0)
      return followed ? sideOf(bytes, at) : 'ignore'
    }
    at += FRAME_HEADER + length
  }
  return 'ignore'
}

function sideOf(bytes: Uint8Array, at: number): Recognition {
  const flags = bytes[at + 4] as number
  let first = at + FRAME_HEADER
  if ((flags & PADDED) !== 0) first++
  if ((flags & HAS_PRIORITY) !== 0) first += 5
  const octet = bytes[first] as number
  // RFC 7541 6.1 and 6.2, Appendix A: entries 1 to 7 are of requests, 8 to 14 are :status.
  const index = octet >= 0x80 ? octet & 0x7f : octet >= 0x40 ? octet & 0x3f : octet < 0x20 ? octet & 0x0f : 0
  if (index >= 1 && index <= 7) return 'client'
  return index >= 8 && index <= 14 ? 'server' : 'ignore'
}
