import { field, type HttpResponse } from '../http/exchange.ts'
import type { Draft } from './draft.ts'
import { absolute } from './roles.ts'

/** RFC 8555 8.3. */
export const VALIDATION_PATH = '/.well-known/acme-challenge/'

/** Where an answer to a GET sends its client on, without the fragment; null when it does not. */
export function redirectTarget(url: string, { status, headers }: HttpResponse): string | null {
  if (status < 300 || status >= 400) return null
  const location = field(headers, 'location')
  return location === null ? null : (absolute(location, url)?.replace(/#.*$/, '') ?? null)
}

/** The fetches of validators among requests in time order, with the redirects they follow (RFC 8555 8.3). */
export function validationFetches(drafts: readonly Draft[]): ReadonlySet<Draft> {
  const found = new Set<Draft>()
  const targets = new Set<string>()
  for (const draft of drafts) {
    const { http, response } = draft
    if (!http.target.includes(VALIDATION_PATH) && !(http.method === 'GET' && targets.has(http.url))) continue
    found.add(draft)
    const target = response === null ? null : redirectTarget(http.url, response)
    if (target !== null) targets.add(target)
  }
  return found
}
