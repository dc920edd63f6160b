import type { Head } from './head.ts'

/** How the end of a body is told (RFC 9112 6.3). */
export type Framing =
  | 'none'
  | 'length'
  | 'chunked'
  | 'close' // until the connection closes
  | 'unknown' // the head contradicts itself: until the next octets that look like a message
  | 'tunnel' // the connection is another protocol's from here on

export interface BodyFraming {
  readonly framing: Framing
  /** Octets of a 'length' body. */
  readonly length: number
  /** Transfer codings other than chunked, in the order in which they were applied. */
  readonly codings: readonly string[]
  readonly fault: string | null
}

const NO_BODY: BodyFraming = { framing: 'none', length: 0, codings: [], fault: null }
const UNTIL_CLOSE: BodyFraming = { framing: 'close', length: 0, codings: [], fault: null }
const TUNNEL: BodyFraming = { framing: 'tunnel', length: 0, codings: [], fault: null }

export function frameRequest(head: Head): BodyFraming {
  // RFC 9110 9.3.6: CONNECT has no content; what follows is the tunnel's once the answer is 2xx.
  if (head.method === 'CONNECT') return NO_BODY
  if (head.transferEncoding !== null) return frameTransferCoded(head, head.transferEncoding, true)
  return head.contentLength === null ? NO_BODY : frameLength(head.contentLength)
}

/** `method` is that of the request, null when it is not known. */
export function frameResponse(head: Head, method: string | null): BodyFraming {
  const { status } = head
  if (status === 101) return TUNNEL
  if (method === 'HEAD' || isInterim(status) || status === 204 || status === 304) return NO_BODY
  if (method === 'CONNECT' && status >= 200 && status < 300) return TUNNEL
  if (head.transferEncoding !== null) return frameTransferCoded(head, head.transferEncoding, false)
  return head.contentLength === null ? UNTIL_CLOSE : frameLength(head.contentLength)
}

/** RFC 9110 15.2: an answer before the final one, which has no content; 101 is final, because nothing follows it in HTTP/1.1. */
export function isInterim(status: number): boolean {
  return status >= 100 && status < 200 && status !== 101
}

function frameTransferCoded(head: Head, transferEncoding: string, isRequest: boolean): BodyFraming {
  const all = codingNames(transferEncoding)
  // "identity" was dropped by RFC 7230; old senders meant "not transfer-coded".
  const codings = all.filter((name) => name !== 'identity')
  if (codings.length === 0) {
    if (head.contentLength !== null) return frameLength(head.contentLength)
    return isRequest ? NO_BODY : UNTIL_CLOSE
  }
  if (codings[codings.length - 1] === 'chunked')
    return { framing: 'chunked', length: 0, codings: codings.slice(0, -1), fault: chunkedFault(head, codings) }
  // RFC 9112 6.3 rule 4: such a request has no end that can be told.
  if (isRequest)
    return { framing: 'unknown', length: 0, codings: [], fault: 'Transfer-Encoding of a request does not end in chunked' }
  if (!codings.includes('chunked')) return { framing: 'close', length: 0, codings, fault: null }
  // Such a response ends with the connection by that rule, but what clients do is read chunks wherever chunked stands.
  const others = codings.filter((name) => name !== 'chunked')
  return { framing: 'chunked', length: 0, codings: others, fault: 'Transfer-Encoding of a response does not end in chunked' }
}

function chunkedFault(head: Head, codings: string[]): string | null {
  if (codings.indexOf('chunked') !== codings.length - 1) return 'chunked applied more than once'
  // RFC 9112 6.1, 6.3 rule 3: Transfer-Encoding wins, and such a message may be an attempt at smuggling.
  if (head.contentLength !== null) return 'both Transfer-Encoding and Content-Length'
  return head.version === '1.0' ? 'Transfer-Encoding in an HTTP/1.0 message' : null
}

/** The names in a list of codings, lower case, without parameters. */
export function codingNames(list: string): string[] {
  return list
    .split(',')
    .map((item) => (item.split(';')[0] as string).trim().toLowerCase())
    .filter((name) => name !== '')
}

function frameLength(contentLength: string): BodyFraming {
  const single = decimal(contentLength)
  if (single >= 0) return single === 0 ? NO_BODY : { framing: 'length', length: single, codings: [], fault: null }
  const values = new Set(contentLength.split(',').map((value) => decimal(value.trim())))
  const [value] = values
  // RFC 9112 6.3 rule 5: equal repetitions count as one; anything else makes the framing invalid.
  if (values.size === 1 && value !== undefined && value >= 0)
    return { framing: value === 0 ? 'none' : 'length', length: value, codings: [], fault: null }
  const fault = values.has(-1) ? 'a Content-Length that is not a number' : 'Content-Length values that differ'
  return { framing: 'unknown', length: 0, codings: [], fault }
}

/** The number, or -1 when the text is not 1*DIGIT or too large to count with. */
function decimal(text: string): number {
  if (text.length === 0 || text.length > 15) return -1
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}
