import type { AcmeRequest } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

/** URL members of ACME objects (RFC 8555 7.1); a validationRecord or a terms-of-service link may be http. */
const URL_MEMBERS = [
  'newNonce',
  'newAccount',
  'newOrder',
  'newAuthz',
  'revokeCert',
  'keyChange',
  'renewalInfo',
  'orders',
  'finalize',
  'certificate',
  'url',
]

function httpUrlsIn(request: AcmeRequest): string[] {
  const { answer, location, response } = request
  if (response === null || response.status >= 400) return []
  const values: unknown[] = [location]
  if (isObject(answer)) {
    values.push(...URL_MEMBERS.map((name) => answer[name]))
    if (Array.isArray(answer.authorizations)) values.push(...answer.authorizations)
    if (Array.isArray(answer.challenges)) values.push(...answer.challenges.map((item) => (isObject(item) ? item.url : null)))
  }
  return values.filter((value): value is string => typeof value === 'string' && value.startsWith('http://'))
}

export const httpsRequired: Rule = {
  id: 'https-required',
  group: 'transport',
  party: 'either',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'ACME exchanges run over HTTPS',
  norm: 'Every ACME function is an HTTPS exchange; a plain-HTTP directory or resource URL is outside the protocol.',
  decide:
    'The server: broken if an answer hands out an http URL (in the directory, in Location, or in an object). The client: broken if it asked for an http URL and signed it, unless an https directory gave it that URL. Plain HTTP behind a TLS terminator is no fault, and http-01 validation has to be plain HTTP.',
  traps: [
    'A capture taken between the TLS terminator and the CA is legitimately plaintext: judge the client only if the client-side leg is visible.',
    'http-01 validation traffic on port 80 is required to be plain HTTP; never feed it to this rule.',
  ],
  unknownWhen: [],
  inPractice: {
    Boulder:
      'Builds every URL from Host and TLS state, or X-Forwarded-Proto when present, so a plain-HTTP hop without that header makes it hand out http URLs',
    Pebble: 'HTTPS only; still honours X-Forwarded-Proto in links, but compares url against a hard-coded https scheme',
    'step-ca': 'Always writes https into links and into the expected url, whatever the hop was',
    'golang.org/x/crypto/acme': 'Uses whatever scheme the directory URL has; does not insist on https',
  },
  remedy: 'Point the client at the https directory; behind a terminator make the proxy send X-Forwarded-Proto: https.',
  references: ['RFC 8555 §6.1'],
  why: 'Without TLS anybody on the way reads and changes what the CA says. CAs that build their URLs from the request then hand out http URLs, and signed URLs stop matching.',
  fixes: {
    'cert-manager': 'Write an https URL into spec.acme.server of the Issuer.',
    certbot: 'Give an https URL to --server.',
    lego: 'Give an https URL to --server.',
    'acme.sh': 'Give an https URL to --server.',
  },
  examples: { fails: '{"newNonce": "http://ca.example/newNonce"}', passes: '{"newNonce": "https://ca.example/newNonce"}' },
  explains: { types: ['malformed', 'unauthorized'], details: [] },
  judge(request, traffic) {
    const handedOut = httpUrlsIn(request)
    if (handedOut.length > 0) {
      const message = `The answer hands out ${handedOut.length === 1 ? 'a plain http URL' : `${handedOut.length} plain http URLs`}, for example ${quote(handedOut[0])}.`
      return broken(httpsRequired, message, { party: 'server', evidence: { urls: handedOut.slice(0, 10) } })
    }
    if (request.url.startsWith('https://')) return HOLDS
    // Behind a terminator plain HTTP is legitimate; only a client that signs an http URL without being given it has chosen one itself.
    const { urlBasis, behindProxy, signedUrl, ca } = request
    const wasGiven = traffic.urls.has(request.url) && ca?.directoryUrl?.startsWith('https://') === true
    if (urlBasis === 'observed' && !behindProxy && signedUrl !== null && signedUrl === request.url && !wasGiven)
      return broken(httpsRequired, `The request was made, and its url ${quote(signedUrl)} signed, for plain http.`, {
        party: 'client',
        evidence: { url: signedUrl },
      })
    return undefined
  },
}
