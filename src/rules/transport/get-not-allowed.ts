import type { AcmeTraffic } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { remembered, uncertainRole } from '../scope.ts'

/** RFC 8555 6.3, RFC 9773 4.1: what may be fetched without a signature. */
const PUBLIC: ReadonlySet<string> = new Set(['directory', 'newNonce', 'renewalInfo'])

function offersCertificateGet(traffic: AcmeTraffic): boolean {
  for (const order of traffic.orders.values())
    if (JSON.stringify(order.object['auto-renewal'] ?? null).includes('"allow-certificate-get":true')) return true
  return false
}

export const getNotAllowed: Rule = {
  id: 'get-not-allowed',
  group: 'transport',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Resources are fetched with POST-as-GET, not GET',
  norm: 'Apart from directory and newNonce (and renewalInfo, and STAR certificates that opted in) a plain GET on an ACME resource is not permitted; the specified answer is 405 malformed. No other method than GET, HEAD and POST is used at all.',
  decide:
    "For each GET/HEAD on a URL whose role is account, orders, order, authz, challenge, finalize, cert, newAccount, newOrder, newAuthz, revokeCert or keyChange: fail, whatever the server answered (the MUST of §6.3 binds the client; if the answer was 200, raise server-error-status too). PUT, DELETE, PATCH or any other method on an ACME role: fail. OPTIONS is a browser's CORS preflight: n/a. Allowed GET/HEAD roles: directory, newNonce, renewalInfo, terms/website links, star-certificate when allow-certificate-get was agreed.",
  traps: [
    "Boulder also has GET-only non-ACME paths (/get/...) and accepts HEAD wherever it accepts GET; those are not violations of the client's protocol run if a human made them.",
    'curl -L after a 301/302 silently turns a POST into a GET: see redirect-on-acme-request first.',
  ],
  unknownWhen: ['U-ROLE'],
  inPractice: {
    Boulder:
      'Serves unauthenticated GET for order, authz, challenge, cert and renewalInfo (documented divergence); GET on newAccount, account, newOrder, finalize, revokeCert, keyChange gives 405 malformed with Allow',
    Pebble: '405 malformed for all of these',
    'step-ca': 'Router has no GET route: plain 405/404 without a problem document',
    'golang.org/x/crypto/acme': 'Uses POST-as-GET for everything but directory and ARI; HEAD for nonces',
  },
  remedy: 'Fetch it by POST with an empty payload signed under kid.',
  references: ['RFC 8555 §6.3', 'RFC 8555 §6.7', 'RFC 9773 §4.1', 'RFC 8739 §3.4'],
  explains: { types: ['malformed'], details: [/method not allowed/i] },
  judge(request, traffic) {
    const { method, resource } = request
    if (method === 'POST' || method === 'OPTIONS') return undefined
    const isFetch = method === 'GET' || method === 'HEAD'
    if (isFetch && PUBLIC.has(resource)) return HOLDS
    const uncertain = uncertainRole(request)
    if (uncertain !== null) return uncertain
    if (isFetch && resource === 'certificate' && remembered(traffic, offersCertificateGet)) return HOLDS // RFC 8739 3.4
    const evidence = { method, status: request.response?.status ?? null }
    if (isFetch)
      return broken(getNotAllowed, `${method} was used on a URL of role ${resource}, which is fetched by POST-as-GET only.`, {
        evidence,
      })
    return broken(getNotAllowed, `Method ${method} was used; ACME uses GET, HEAD and POST only.`, {
      evidence,
      remedy: 'Send the request with POST.',
    })
  },
}
