import { acmeType } from '../acme/answers.ts'
import type { Account, AcmeRequest } from '../acme/traffic.ts'
import { isoMicros } from '../core/time.ts'

/** How diagnoses speak of requests. Untrusted text is quoted as it is; whoever prints it escapes it. */

/** 400 malformed "the server's words". */
export function refusal({ response, problem }: AcmeRequest): string {
  const type = acmeType(problem) ?? problem?.type ?? null
  const detail = problem?.detail ?? ''
  const words = detail.length > 300 ? `${detail.slice(0, 299)}…` : detail
  return [response?.status ?? 'nothing', type ?? '', words === '' ? '' : `"${words}"`].filter((part) => part !== '').join(' ')
}

/** Where a request stands in its capture: frames as Wireshark counts, or the HAR entry. */
export function place({ exchange, http }: AcmeRequest): string {
  if (exchange.entry !== null) return `HAR entry ${exchange.entry}`
  const frames = [...http.frames, ...(exchange.response?.frames ?? [])]
  return frames.length === 0
    ? 'the capture'
    : `frame${frames.length === 1 ? '' : 's'} ${frames.slice(0, 6).join(', ')}${frames.length > 6 ? ' …' : ''}`
}

/** "request 4 (newOrder, frame 88)", "requests 4, 5 and 6 (newOrder, first in frame 88)". */
export function requestList(requests: readonly AcmeRequest[]): string {
  const first = requests[0]
  if (first === undefined) return 'no request'
  if (requests.length === 1) return `request ${first.id} (${first.resource}, ${place(first)})`
  const ids = requests.map(({ id }) => id)
  const named =
    ids.length > 6
      ? `${ids.slice(0, 5).join(', ')} and ${ids.length - 5} more`
      : `${ids.slice(0, -1).join(', ')} and ${ids.at(-1)}`
  const resources = [...new Set(requests.map(({ resource }) => resource))].slice(0, 4).join(', ')
  return `requests ${named} (${resources}, first in ${place(first)})`
}

export function were(requests: readonly AcmeRequest[]): string {
  return requests.length === 1 ? 'was' : 'were'
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The time of day, as a reader follows a story; UTC. */
export function moment(request: AcmeRequest): string {
  return isoMicros(request.time)?.slice(11, 19) ?? 'an unknown time'
}

export function whose(account: Account, request: AcmeRequest): string {
  const thumbprint = request.jwk?.thumbprint ?? account.keys[0]?.key.thumbprint ?? null
  return thumbprint === null ? 'this client' : `the key with thumbprint ${thumbprint}`
}

/** What an account URL ends in. */
export function lastElement(url: string): string {
  return url.replace(/\/+$/, '').split('/').at(-1) ?? ''
}
