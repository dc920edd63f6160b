import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { field } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, remembered } from '../scope.ts'

/** Microseconds within which a library follows a redirect. */
const AT_ONCE = 10e6

/** What may be fetched by GET anyway (RFC 8555 6.3). */
const PUBLIC: ReadonlySet<string> = new Set(['directory', 'newNonce', 'renewalInfo'])

/** Requests that follow the redirect of a POST, to that POST. */
function followed(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, AcmeRequest> {
  const found = new Map<AcmeRequest, AcmeRequest>()
  const targets = new Map<string, AcmeRequest>()
  for (const request of traffic.requests) {
    const source = targets.size === 0 ? undefined : targets.get(`${clientOf(request)} ${request.url}`)
    if (source !== undefined && request.time - source.time <= AT_ONCE && isFollowing(request, source)) found.set(request, source)
    const target = isRedirect(request) && request.method === 'POST' ? request.location : null
    if (target !== null && URL.canParse(target, request.url))
      targets.set(`${clientOf(request)} ${new URL(target, request.url).href}`, request)
  }
  return found
}

function isFollowing(request: AcmeRequest, source: AcmeRequest): boolean {
  if (request.method === 'GET') return !PUBLIC.has(request.resource)
  return request.jws?.signatureText != null && request.jws.signatureText === source.jws?.signatureText
}

/** Clients of one program at one address count as one: the moment tells them apart well enough. */
function clientOf({ http, exchange }: AcmeRequest): string {
  return `${field(http.headers, 'user-agent')} ${exchange.connection?.client?.replace(/:\d+$/, '') ?? exchange.input}`
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
    'The server: broken if it answers a request with a redirect; for GET of the directory that is a note. The client: broken if it then sends the same signed request to the new URL, or repeats the POST as a GET.',
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
  why: 'The signed URL is that of the first request, so the CA behind the redirect refuses it. Many HTTP libraries also turn the POST into a GET.',
  fixes: {
    'cert-manager': 'Set spec.acme.server to the URL that the redirect leads to.',
    certbot: 'Give the URL that the redirect leads to to --server.',
    lego: 'Give the URL that the redirect leads to to --server.',
    'acme.sh': 'Give the URL that the redirect leads to to --server.',
  },
  examples: { fails: 'HTTP/1.1 301 Moved Permanently', passes: 'HTTP/1.1 201 Created' },
  explains: { types: ['malformed', 'unauthorized', 'badNonce'], details: [] },
  judge(request, traffic) {
    if (isRedirect(request)) {
      const message = `The server answered ${request.response?.status} and redirects to ${quote(request.location)}; the signed url would no longer be the URL of the request.`
      const severity = request.resource === 'directory' && request.method === 'GET' ? 'info' : 'warning'
      return broken(redirectOnAcmeRequest, message, { party: 'server', severity, evidence: { location: request.location } })
    }
    const source = remembered(traffic, followed).get(request)
    if (source === undefined) return request.response === null ? unknown('U-RESP', 'the answer is not in the capture') : HOLDS
    const what =
      request.method === 'GET'
        ? 'the POST was repeated as a GET without signature'
        : 'the same signed request was sent to another URL'
    return broken(redirectOnAcmeRequest, `After the redirect of ${named(source)} ${what}.`, {
      party: 'client',
      evidence: { redirectedBy: source.id },
    })
  },
}
