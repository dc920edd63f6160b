import type { NonceRecord } from '../acme/traffic.ts'

/** The last answer that had carried a nonce by then; undefined when none had. By bisection: a hostile server may repeat itself. */
export function issueBefore({ issues }: NonceRecord, time: number): NonceRecord['issues'][number] | undefined {
  let low = 0
  let high = issues.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((issues[middle]?.time ?? 0) <= time) low = middle + 1
    else high = middle
  }
  return issues[low - 1]
}
