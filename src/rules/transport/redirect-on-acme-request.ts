import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { named, quote, remembered } from '../scope.ts'

/** Redirected POSTs by the URL they were sent to next. */
function redirected(traffic: AcmeTraffic): ReadonlyMap<string, AcmeRequest> {
  const targets = new Map<string, AcmeRequest>()
  for (const request of traffic.requests) {
    const target = isRedirect(request) ? request.location : null
    if (target !== null && URL.canParse(target, request.url)) targets.set(new URL(target, request.url).href, request)
  }
  return targets
}

function isRedirect(request: AcmeRequest): boolean {
  const status = request.response?.status ?? 0
  return status >= 300 && status < 400 && status !== 304
}

export const redirectOnAcmeRequest: Rule = {
  id: 'redirect-on-acme-request',
  group: 'transport',
  party: 'either',
  severity: 'warning',
  level: 'exchange',
  tier: 1,
  title: 'No HTTP redirects on the ACME API',
  norm: 'The API is addressed by exact URLs that are signed; a redirect changes the target without changing the signed url, and many stacks change POST to GET on 301/302.',
  decide:
    'Fail server if a 3xx answers any ACME request (a redirect on GET directory is only info). Fail client if it then re-sends the same JWS bytes to another URL or turns it into a GET. Link both exchanges in the finding.',
  traps: [
    'Redirects on http-01 validation fetches are allowed and unrelated.',
    'HAR shows each hop as its own entry; join them by redirectURL.',
  ],
  unknownWhen: ['U-RESP'],
  inPractice: {
    Boulder: 'Never redirects API calls',
    Pebble: 'Never redirects',
    'step-ca': 'Never redirects',
    'golang.org/x/crypto/acme': 'Standard net/http follows up to 10 redirects; for 301/302/303 the POST becomes GET',
  },
  remedy: 'Configure the final URL in the client; remove http-to-https or host-canonicalising redirects in front of the CA.',
  references: ['RFC 8555 §6.4', 'RFC 9110 §15.4'],
  explains: { types: ['malformed', 'unauthorized', 'badNonce'], details: [] },
  judge(request, traffic) {
    if (isRedirect(request)) {
      const message = `The server answered ${request.response?.status} and redirects to ${quote(request.location)}; the signed url would no longer be the URL of the request.`
      const severity = request.resource === 'directory' && request.method === 'GET' ? 'info' : 'warning'
      return broken(redirectOnAcmeRequest, message, { party: 'server', severity, evidence: { location: request.location } })
    }
    const source = remembered(traffic, redirected).get(request.url)
    if (source === undefined || source.time > request.time || source.method !== 'POST')
      return request.response === null ? undefined : HOLDS
    if (request.method === 'GET')
      return broken(
        redirectOnAcmeRequest,
        `After the redirect of ${named(source)} the POST was repeated as a GET without signature.`,
        { party: 'client', evidence: { redirectedBy: source.id } },
      )
    if (request.jws?.signatureText != null && request.jws.signatureText === source.jws?.signatureText)
      return broken(
        redirectOnAcmeRequest,
        `After the redirect of ${named(source)} the same signed request was sent to another URL.`,
        { party: 'client', evidence: { redirectedBy: source.id } },
      )
    return HOLDS
  },
}
