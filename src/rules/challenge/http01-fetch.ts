import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { redirectTarget } from '../../acme/validation-fetches.ts'
import { contestStartedBy, contestsOfToken } from '../challenges.ts'
import { type Fetch, fetchesOfToken, fetchOf, isSelfCheck } from '../fetches.ts'
import { broken, HOLDS, type Rule, unknown, type Verdict } from '../rule.ts'
import { quote } from '../scope.ts'

/** Redirects that common CAs follow at most. */
const MAX_REDIRECTS = 10

function withoutFetch(request: AcmeRequest, traffic: AcmeTraffic): Verdict | undefined {
  const contest = contestStartedBy(request, traffic)
  if (contest?.type !== 'http-01' || contest.token === null || contest.triggers[0] !== request) return undefined
  if (fetchesOfToken(contest.token, traffic).some((fetch) => !isSelfCheck(fetch, contest))) return undefined
  return unknown('U-SIDE', 'no fetch by a validator is in the capture')
}

/** What keeps a validator from following; null when nothing does. */
function obstacle(target: string | null, request: AcmeRequest, { hops }: Fetch): string | null {
  if (target === null) return 'has no Location that is a URL'
  if (!URL.canParse(target)) return `leads to ${quote(target)}, which is no URL`
  const { protocol, port, pathname } = new URL(target)
  if (protocol !== 'http:' && protocol !== 'https:') return `leads to ${quote(target)}, which is not HTTP`
  const before = hops.slice(0, hops.indexOf(request) + 1)
  if (before.some(({ http }) => http.url === target)) return `leads back to ${quote(target)}, in a circle`
  if (before.length > MAX_REDIRECTS) return `is number ${before.length} in a row; CAs follow ${MAX_REDIRECTS}`
  // A validator that does not ask at port 80 is a test CA's, whose ports are its own.
  if (port !== '' && port !== '80' && port !== '443' && new URL(hops[0]?.http.url ?? target).port === '')
    return `leads to port ${port}; CAs follow to 80 and 443 only`
  if (/(^|\/)(login|signin|sign-in|sso|auth)(\/|\.|$)/i.test(pathname))
    return `leads to ${quote(target)}, a login page by its name`
  return null
}

export const http01Fetch: Rule = {
  id: 'http01-fetch',
  group: 'challenge',
  party: 'either',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'http-01 reachable on port 80 at the fixed path',
  norm: 'Validation is plain HTTP to TCP 80 on the identifier, fixed path prefix, following redirects is recommended; 200 with the body.',
  decide:
    'For each fetch by a validator: warn on an answer that is neither 200 nor a redirect; on a redirect without a URL, in a circle, to something else than HTTP, to a port other than 80 and 443 (unless the CA itself asked at another port), to a login page by its name, or the eleventh in a row.',
  traps: ['HTTPS redirect with an invalid certificate is normally accepted by CAs (Boulder does not verify it).'],
  unknownWhen: ['U-SIDE'],
  inPractice: {
    Boulder: 'connection for connect problems, unauthorized for non-200; at most 10 redirects, ports 80/443 only',
    Pebble: 'Port 5002 by default, not 80',
    'step-ca': 'connection, challenge stays pending (retryable)',
  },
  remedy: 'Open port 80 and exempt the path from redirects and auth.',
  references: ['RFC 8555 §8.3', 'RFC 8738 §5'],
  why: 'The CA cannot read the answer, so that the name is not validated.',
  fixes: {
    'cert-manager': 'Open port 80 from the internet to the Ingress or Gateway that the solver uses.',
    certbot: 'Open port 80, also for IPv6 if the name has an AAAA record.',
    lego: 'Open port 80, also for IPv6 if the name has an AAAA record.',
    'acme.sh': 'Open port 80, also for IPv6 if the name has an AAAA record.',
  },
  examples: {
    fails: 'GET http://www.example/.well-known/acme-challenge/TOKEN: 404',
    passes: 'GET http://www.example/.well-known/acme-challenge/TOKEN: 200',
  },
  subjects: 'validation',
  explains: { types: ['connection', 'unauthorized'], details: [] },
  judge(request, traffic) {
    if (request.resource !== 'validation') return withoutFetch(request, traffic)
    const fetch = fetchOf(request, traffic)
    if (fetch === null || request.response === null) return undefined
    const contests = contestsOfToken(fetch.token, traffic)
    if (contests.length > 0 && contests.every((contest) => isSelfCheck(fetch, contest))) return undefined
    if (contests.length === 0) return undefined // who asked for it is not known
    const { status } = request.response
    if (status === 200) return HOLDS
    if (status < 300 || status >= 400)
      return broken(http01Fetch, `The validator's fetch of ${quote(request.http.url)} was answered ${status}, not 200.`, {
        party: 'client',
        evidence: { status, url: request.http.url },
      })
    const target = redirectTarget(request.http.url, request.response)
    const reason = obstacle(target, request, fetch)
    if (reason === null) return HOLDS
    return broken(http01Fetch, `The redirect of the validator's fetch ${reason}.`, {
      party: 'client',
      evidence: { status, url: request.http.url, target },
    })
  },
}
