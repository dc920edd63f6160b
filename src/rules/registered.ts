import { keyAt } from '../acme/accounts.ts'
import type { Account, AcmeRequest, AcmeTraffic } from '../acme/traffic.ts'
import { remembered, wasAccepted } from './scope.ts'

/** The account that the key in a request's jwk was shown to have at this CA before, with that key still in force; null when none. */
export function accountOfKey(request: AcmeRequest, traffic: AcmeTraffic): Account | null {
  const thumbprint = request.jwk?.thumbprint ?? null
  const accounts = thumbprint === null ? [] : (traffic.accountsByKey.get(thumbprint) ?? [])
  return (
    accounts.find((account) => {
      const period = account.ca === request.ca ? keyAt(account, request.time) : null
      const shownBy = period?.learntFrom ?? null
      if (shownBy === null || shownBy.id >= request.id || period?.key.thumbprint !== thumbprint) return false
      return (shownBy.response?.endTime ?? Number.POSITIVE_INFINITY) <= request.time
    }) ?? null
  )
}

/** The CA took a request of the account after another one, so the account had not gone. */
export function worksAfter(account: Account, request: AcmeRequest, traffic: AcmeTraffic): boolean {
  return (remembered(traffic, lastTaken).get(account.url) ?? Number.NEGATIVE_INFINITY) > request.time
}

/** Account URLs to the time of the last request under them that the CA took. */
function lastTaken(traffic: AcmeTraffic): ReadonlyMap<string, number> {
  const last = new Map<string, number>()
  for (const request of traffic.requests) if (request.kid !== null && wasAccepted(request)) last.set(request.kid, request.time)
  return last
}
