import type { Damage } from '../core/damage.ts'
import { decodeContentCoding } from '../platform/content-coding.ts'
import type { Body } from './exchange.ts'

export interface RawBody {
  /** Every octet of the content was seen (more of them than `keep` may not have been held). */
  readonly whole: boolean
  /** Octets of content on the wire; null when unknown. */
  readonly size: number | null
  /** Octets that the policy wanted; bounds the decoded content as well. */
  readonly keep: number
  /** Codings in the order in which they were applied, lower case: Content-Encoding, then Transfer-Encoding without chunked. */
  readonly codings: readonly string[]
  /** Damage to the content that is known already. */
  readonly damage: readonly Damage[]
  /** Frame for further damage. */
  readonly frame: number | null
}

/** More than this many codings on one body are not undone: each is another chance to expand. */
export const MAX_CODINGS = 4

/**
 * Makes a Body of held content: undoes its codings (RFC 9110 8.4), bounded by `keep`, and says what is missing. A coding of
 * which nothing can be undone leaves the octets as they are, with damage that says so.
 */
export function finishBody(content: Uint8Array, raw: RawBody): Body {
  const { size, keep, frame } = raw
  const held = size === null || content.length >= size
  let complete = raw.whole && held
  let damage = raw.damage
  const hurt = (kind: Damage['kind'], detail: string): void => {
    complete = false
    damage = [...damage, { layer: 'http', kind, detail, count: 1, firstFrame: frame }]
  }
  if (raw.whole && !held) hurt('limit', `a body of which only the first ${keep} octets are kept`)
  const codings = raw.codings.filter((name) => name !== 'identity')
  // RFC 9110 8.4: a representation without octets has nothing to decode, whatever its fields say (HEAD, 304).
  if (codings.length === 0 || content.length === 0) return { bytes: content, complete, size, damage }
  if (codings.length > MAX_CODINGS) {
    hurt('limit', `more than ${MAX_CODINGS} content codings`)
    return { bytes: content, complete, size, damage }
  }
  let bytes = content
  for (const coding of codings.toReversed()) {
    const decoded = decodeContentCoding(bytes, coding, keep)
    if (decoded.fault !== null) {
      // A cut body ends its coding early; that is the same loss, not another one.
      if (complete || decoded.fault.kind !== 'truncated') hurt(decoded.fault.kind, decoded.fault.detail)
    }
    if (decoded.bytes === null) return { bytes, complete: false, size, damage }
    bytes = decoded.bytes
  }
  return { bytes, complete, size, damage }
}
