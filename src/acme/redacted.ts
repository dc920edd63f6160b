import type { HttpExchange } from '../http/exchange.ts'
import type { Jws } from '../jose/jws.ts'
import { latin1Text } from '../platform/base64.ts'

/** What stands in the place of a signature that was verified and then removed: octets that no signature algorithm makes. */
export const REMOVED_SIGNATURE = 'removed by redaction:'

/** Why nothing can be verified any more. */
export const REDACTED_REASON = 'the message was redacted, and its signature was removed'

/** Marks a HAR entry whose names and secrets were replaced. */
export const REDACTED_MEMBER = '_redacted'

/** Whether a message shows pseudonyms instead of what was sent. The mark of the signature survives programs that drop unknown members. */
export function isRedacted(exchange: HttpExchange, jws: Jws | null): boolean {
  if (exchange.har?.[REDACTED_MEMBER] === true) return true
  return jws?.signature != null && latin1Text(jws.signature.subarray(0, REMOVED_SIGNATURE.length)) === REMOVED_SIGNATURE
}
