import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { remembered, uncertainRole, wasAccepted } from '../scope.ts'

/** RFC 8555 6.3, RFC 9773 4.1: what may be fetched without a signature. */
const PUBLIC: ReadonlySet<string> = new Set(['directory', 'newNonce', 'renewalInfo'])

function offersCertificateGet(traffic: AcmeTraffic): boolean {
  for (const order of traffic.orders.values())
    if (JSON.stringify(order.object['auto-renewal'] ?? null).includes('"allow-certificate-get":true')) return true
  return false
}

/** RFC 8739 3.3: the CA hands it out, no order in the capture named it, and no directory says that the CA lacks such orders. */
function mayBeShortTerm(request: AcmeRequest): boolean {
  const meta = request.ca?.directory?.meta
  const isOffered = request.ca?.directory == null || (isObject(meta) && meta['auto-renewal'] !== undefined)
  return isOffered && request.roleBasis === 'answered' && wasAccepted(request)
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
    'GET or HEAD for anything but directory, newNonce, renewalInfo, or a STAR certificate for which it was agreed (undecided if its order was not captured): broken, whatever the server answered, since §6.3 binds the client. PUT, DELETE, PATCH and other methods: broken. OPTIONS is a browser asking first, and is not judged.',
  traps: [
    "Boulder also has GET-only non-ACME paths (/get/...) and accepts HEAD wherever it accepts GET; those are not violations of the client's protocol run if a human made them.",
    'curl -L after a 301/302 silently turns a POST into a GET: see redirect-on-acme-request first.',
  ],
  unknownWhen: ['U-ROLE', 'U-START'],
  inPractice: {
    Boulder:
      'Serves unauthenticated GET for order, authz, challenge, cert and renewalInfo (documented divergence); GET on newAccount, account, newOrder, finalize, revokeCert, keyChange gives 405 malformed with Allow',
    Pebble: '405 malformed for all of these',
    'step-ca': 'Router has no GET route: plain 405/404 without a problem document',
    'golang.org/x/crypto/acme': 'Uses POST-as-GET for everything but directory and ARI; HEAD for nonces',
  },
  remedy: 'Fetch it by POST with an empty payload signed under kid.',
  references: ['RFC 8555 §6.3', 'RFC 8555 §6.7', 'RFC 9773 §4.1', 'RFC 8739 §3.4'],
  why: 'A plain GET is not signed, so the CA cannot tell who asks. Some CAs answer it all the same, so that the client works there and fails elsewhere with 405.',
  examples: { fails: 'GET /order/1 HTTP/1.1', passes: 'POST /order/1 HTTP/1.1' },
  explains: { types: ['malformed'], details: [/method not allowed/i] },
  judge(request, traffic) {
    const { method, resource } = request
    if (method === 'POST' || method === 'OPTIONS') return undefined
    const isFetch = method === 'GET' || method === 'HEAD'
    if (isFetch && PUBLIC.has(resource)) return HOLDS
    const uncertain = uncertainRole(request)
    if (uncertain !== null) return uncertain
    if (isFetch && resource === 'certificate') {
      if (remembered(traffic, offersCertificateGet)) return HOLDS // RFC 8739 3.4
      if (mayBeShortTerm(request))
        return unknown(
          'U-START',
          'the order is not in the capture, and the certificate of one that is renewed automatically may be fetched so',
        )
    }
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
