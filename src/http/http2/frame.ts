/** Frame types (RFC 9113 6). */
export const DATA = 0
export const HEADERS = 1
export const PRIORITY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PUSH_PROMISE = 5
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9

/** Flags (RFC 9113 6). */
export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8
export const HAS_PRIORITY = 0x20

/** Octets of a frame header (RFC 9113 4.1). */
export const FRAME_HEADER = 9
/** SETTINGS_MAX_FRAME_SIZE: before any is sent, and the most that 24 bits can say (RFC 9113 6.5.2). */
export const DEFAULT_FRAME_SIZE = 16384
export const LARGEST_FRAME_SIZE = 2 ** 24 - 1

/** What a client sends first (RFC 9113 3.4). */
export const PREFACE: Uint8Array = Uint8Array.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', (character) => character.charCodeAt(0))

/** Octets [at, at + 9) as a frame header; one object that is overwritten, because frames are many. */
export interface FrameHeader {
  length: number
  type: number
  flags: number
  streamId: number
}

export function readFrameHeader(bytes: Uint8Array, at: number, header: FrameHeader): void {
  header.length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
  header.type = bytes[at + 3] as number
  header.flags = bytes[at + 4] as number
  header.streamId = readUint31(bytes, at + 5)
}

/** Stream identifiers and the like; the reserved bit is ignored (RFC 9113 4.1). */
export function readUint31(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) & 0x7f) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

/**
 * What makes a header one that no peer would go on from (FRAME_SIZE_ERROR and PROTOCOL_ERROR of RFC 9113 4.2 and 6): these
 * octets are no frame. Null when nothing does; unknown types and flags are to be ignored (RFC 9113 4.1).
 */
export function frameFault(header: FrameHeader, maxLength: number): string | null {
  const { length, streamId } = header
  if (length > maxLength) return 'an HTTP/2 frame longer than SETTINGS_MAX_FRAME_SIZE'
  let fits = true
  let onStream: boolean | null = true
  switch (header.type) {
    case PRIORITY:
      fits = length === 5
      break
    case RST_STREAM:
      fits = length === 4
      break
    case PUSH_PROMISE:
      fits = length >= 4
      break
    case SETTINGS:
      fits = length % 6 === 0
      onStream = false
      break
    case PING:
      fits = length === 8
      onStream = false
      break
    case GOAWAY:
      fits = length >= 8
      onStream = false
      break
    case WINDOW_UPDATE:
      fits = length === 4
      onStream = null
      break
    case DATA:
    case HEADERS:
    case CONTINUATION:
      break
    default:
      onStream = null
  }
  if (!fits) return 'an HTTP/2 frame whose length does not fit its type'
  if (onStream !== null && onStream !== streamId > 0) return 'an HTTP/2 frame on a stream where its type does not belong'
  return null
}

/** Flags that a type may have; -1 for types that RFC 9113 does not define. */
const FLAGS: readonly number[] = [
  END_STREAM | PADDED,
  END_STREAM | END_HEADERS | PADDED | HAS_PRIORITY,
  0,
  0,
  ACK,
  END_HEADERS | PADDED,
  ACK,
  0,
  0,
  END_HEADERS,
]

const scratch: FrameHeader = { length: 0, type: 0, flags: 0, streamId: 0 }

/**
 * Stricter than `frameFault`, for looking for a frame among octets that may be anything: types, flags and streams must be
 * those that an endpoint of this side sends. Returns the length of the payload, or -1.
 */
export function plausibleFrame(bytes: Uint8Array, at: number, maxLength: number, fromClient: boolean): number {
  const allowed = FLAGS[bytes[at + 3] as number]
  // Streams beyond 2^24 are not searched for: the octets of other headers look like them.
  if (allowed === undefined || ((bytes[at + 4] as number) & ~allowed) !== 0 || bytes[at + 5] !== 0) return -1
  readFrameHeader(bytes, at, scratch)
  if (frameFault(scratch, maxLength) !== null) return -1
  const { type, flags, length, streamId } = scratch
  if (type === SETTINGS && (flags & ACK) !== 0 && length > 0) return -1
  // A frame that carries nothing says nothing, unless it ends a stream; and a run of zeros looks like one.
  if (type !== SETTINGS && length === 0 && (type !== DATA || flags !== END_STREAM)) return -1
  // RFC 9113 5.1.1: streams of clients are odd, and only clients open those; servers promise even ones.
  const opens = type === DATA || type === HEADERS || type === CONTINUATION
  if (fromClient) return type === PUSH_PROMISE || (opens && streamId % 2 === 0) ? -1 : length
  return type === PUSH_PROMISE && streamId % 2 === 0 ? -1 : length
}
