import { field } from '../http/exchange.ts'
import type { Connection } from '../tcp/connection.ts'
import type { Draft, MutableCa } from './draft.ts'
import { hostOf } from './urls.ts'

/**
 * Notes for each CA the first sign that something between it and its clients escaped the capture: an answer or part of one is missing, a
 * nonce came from nowhere, a connection to it stayed closed. What was never seen there must not be held against anybody.
 */
export function noteBlindSpots(drafts: readonly Draft[], undecrypted: readonly Connection[]): void {
  const byServer = new Map<string, MutableCa>()
  const cas = new Set<MutableCa>()
  for (const draft of drafts) {
    const ca = draft.ca as MutableCa | null
    if (ca === null) continue
    cas.add(ca)
    ca.blindSpot ??= blindSpotOf(draft)
    if (ca.lostSince === null && isHurt(draft)) ca.lostSince = draft.time
    const server = draft.exchange.connection?.server
    if (server != null) byServer.set(server, ca)
  }
  for (const ca of cas) for (const authority of ca.authorities) byServer.set(hostOf(authority), ca)
  for (const { server, tls, startTime } of undecrypted) {
    const ca = byServer.get(server ?? '') ?? byServer.get(tls?.serverName?.toLowerCase() ?? '')
    if (ca === undefined) continue
    ca.blindSpot ??= `a connection to ${tls?.serverName ?? server} could not be decrypted`
    ca.lostSince = Math.min(ca.lostSince ?? startTime, startTime)
  }
}

/** Of a capture of packets: where octets are missing, whole requests may be. */
function isHurt({ response, exchange, bodyLost }: Draft): boolean {
  if (response === null || response.damage.length > 0) return true
  return exchange.entry === null && (bodyLost || response.body.damage.length > 0)
}

function blindSpotOf({ id, response, nonce, nonceRecord }: Draft): string | null {
  if (response === null) return `the answer to request ${id} is not in the capture`
  const { headers, status, body } = response
  const hasUrls = status < 300 && field(headers, 'content-type')?.includes('json') === true
  if (response.damage.length > 0 || (hasUrls && !body.complete))
    return `part of the answer to request ${id} is not in the capture`
  if (nonce !== null && nonceRecord !== null && nonceRecord.issues.length === 0)
    return `no answer in the capture issued the nonce of request ${id}`
  return null
}
