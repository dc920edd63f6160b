import { type AcmeRequest, type AcmeTraffic, type Ca, isJudged, type Resource } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { isPresent, remembered } from '../scope.ts'

/** What a session with a CA begins with. Renewal information needs nothing that came before (RFC 9773 4.1). */
const BEGINNINGS: ReadonlySet<Resource> = new Set(['directory', 'newNonce', 'newAccount'])

/** The first request to each CA. */
function firstRequests(traffic: AcmeTraffic): ReadonlySet<AcmeRequest> {
  const first = new Map<Ca | null, AcmeRequest>()
  for (const request of traffic.requests)
    if (isJudged(request) && request.resource !== 'renewalInfo' && !first.has(request.ca)) first.set(request.ca, request)
  return new Set(first.values())
}

export const captureStartsMidsession: Rule = {
  id: 'capture-starts-midsession',
  group: 'capture',
  party: 'capture',
  severity: 'info',
  level: 'capture',
  tier: 1,
  title: 'Capture began mid-session',
  norm: 'Exchanges that later requests refer to (directory, registration, the issue of a nonce) are not in the capture.',
  decide:
    'Looks at the first request to each CA, renewal information aside. Broken if it is neither for the directory nor for newNonce nor for newAccount. The message says what came before and is therefore not known.',
  traps: ['A client that keeps its account and runs for weeks makes this normal: it says only which checks cannot be decided.'],
  unknownWhen: [],
  inPractice: {
    'golang.org/x/crypto/acme':
      'Fetches the directory once for each client object, so a long-running process does not fetch it again',
  },
  remedy: 'Start the capture first, then restart the client.',
  references: [],
  why: 'A missing registration or nonce is then no fault of anybody, and the checks that need it stay undecided.',
  explains: { types: [], details: [] },
  judge(request, traffic) {
    if (!remembered(traffic, firstRequests).has(request)) return undefined
    if (BEGINNINGS.has(request.resource)) return HOLDS
    const missing = ['the directory']
    if (isPresent(request.kid) && request.account?.registeredBy == null) missing.push('the registration of its account')
    if (isPresent(request.nonce) && (request.nonceRecord?.issues.length ?? 0) === 0)
      missing.push('the answer that gave it its nonce')
    const list = missing.length === 1 ? missing[0] : `${missing.slice(0, -1).join(', ')} and ${missing.at(-1)}`
    return broken(
      captureStartsMidsession,
      `For this CA the capture begins with ${request.method} ${request.resource}: ${list} came before. What depends on them cannot be judged.`,
      { evidence: { resource: request.resource, missing } },
    )
  },
}
