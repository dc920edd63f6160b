import { type AcmeRequest, type AcmeTraffic, isJudged } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { remembered } from '../scope.ts'

/** What the HAR leaves out of one exchange. */
function lacks({ http, response, bodyLost }: AcmeRequest): string[] {
  const missing: string[] = []
  if (http.headers.length === 0) missing.push('the header fields of the request')
  if (bodyLost) missing.push('the body of the request')
  if (response !== null && response.headers.length === 0) missing.push('the header fields of the answer')
  if (response?.body.damage.some(({ kind }) => kind === 'gap' || kind === 'truncated')) missing.push('the body of the answer')
  return missing
}

interface Lack {
  readonly first: AcmeRequest
  count: number
}

/** What each HAR leaves out, the first request that shows it, and how many do: exporters leave out the same thing everywhere. */
function lacksByHar({ requests }: AcmeTraffic): ReadonlyMap<string, Lack> {
  const found = new Map<string, Lack>()
  for (const request of requests) {
    if (request.exchange.entry === null || !isJudged(request)) continue
    for (const missing of lacks(request)) {
      const key = keyOf(request, missing)
      const known = found.get(key)
      if (known === undefined) found.set(key, { first: request, count: 1 })
      else known.count++
    }
  }
  return found
}

function keyOf({ exchange }: AcmeRequest, missing: string): string {
  return `${exchange.input} ${missing}`
}

export const captureHarLimits: Rule = {
  id: 'capture-har-limits',
  group: 'capture',
  party: 'capture',
  severity: 'info',
  level: 'capture',
  tier: 1,
  title: 'HAR limits',
  norm: 'A HAR shows nothing of TCP and TLS, and its writer may have left out or changed what was sent.',
  decide:
    'For requests of a HAR: broken if the entry has no header fields, no text of a body that was sent (postData.text), or no text of the answer (content.text). Said once for each thing that a HAR leaves out, with the number of requests.',
  traps: ["Chrome's sanitised HAR leaves some header fields out.", 'A HAR without bodies shows no JWS at all.'],
  unknownWhen: [],
  inPractice: {},
  remedy: 'Export the HAR with content, or capture packets with a TLS key log.',
  references: [],
  why: 'Without the body there is no JWS to judge; without fields no content type.',
  explains: { types: [], details: [] },
  judge(request, traffic) {
    if (request.exchange.entry === null || !isJudged(request)) return undefined
    const missing = lacks(request)
    if (missing.length === 0) return HOLDS
    const all = remembered(traffic, lacksByHar)
    const news = missing.flatMap((what) => {
      const lack = all.get(keyOf(request, what))
      return lack?.first === request ? [{ what, requests: lack.count }] : []
    })
    if (news.length === 0) return undefined
    const words = news.map(({ what, requests }) => `${what}${requests === 1 ? '' : ` (so in ${requests} requests)`}`)
    return broken(captureHarLimits, `The HAR leaves out ${words.join(', ')}.`, { evidence: { missing: news } })
  },
}
