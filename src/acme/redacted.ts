import type { HttpExchange } from '../http/exchange.ts'
import type { Jws } from '../jose/jws.ts'
import { latin1Text } from '../platform/base64.ts'

/** What stands in the place of a signature that was verified and then removed: octets that no signature algorithm makes. */
export const REMOVED_SIGNATURE = 'removed by redaction:'

const FIRST_OCTET = REMOVED_SIGNATURE.charCodeAt(0)

/** Why nothing can be verified any more. */
export const REDACTED_REASON = 'the message was redacted, and its signature was removed'

/**
 * Marks a HAR entry whose names and secrets were replaced. Its text tells one key of pseudonyms from another: values compare only between
 * entries that have the same.
 */
export const REDACTED_MEMBER = '_redacted'

/** Of a message that shows pseudonyms instead of what was sent: under which key. Null: as it was sent. */
export function redactionOf(exchange: HttpExchange, jws: Jws | null): string | null {
  const mark = exchange.har?.[REDACTED_MEMBER]
  if (typeof mark === 'string') return mark
  // the mark in the signature survives programs that drop members they do not know
  const signature = jws?.signature ?? null
  if (signature === null || signature[0] !== FIRST_OCTET) return null
  return latin1Text(signature.subarray(0, REMOVED_SIGNATURE.length)) === REMOVED_SIGNATURE ? '' : null
}
