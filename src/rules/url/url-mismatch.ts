import { hasNoTarget } from '../../acme/client-url.ts'
import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { hostOf, normaliseUrl, splitUrl, urlDifferences } from '../../acme/urls.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, sawBeginning } from '../scope.ts'

/** It is the URL on the wire to the letter: on the client's own leg, or because the CA hands it out so and a terminator changed nothing. */
function isAsSent(request: AcmeRequest, signed: string, traffic: AcmeTraffic): boolean {
  return signed === request.observedUrl && (request.urlBasis === 'observed' || traffic.urls.has(signed))
}

/** Spellings that an HTTP library changes on the way to the wire without fault: only when the signed one is the server's own. */
function isLibrarySpelling(request: AcmeRequest, signed: string, traffic: AcmeTraffic): boolean {
  return (
    normaliseUrl(signed) === normaliseUrl(request.url) && (traffic.urls.has(signed) || differsInDefaultPort(signed, request.url))
  )
}

function differsInDefaultPort(a: string, b: string): boolean {
  const strip = (url: string) =>
    url.replace(/^(https:\/\/[^/?#]*?):443(?=[/?#]|$)/, '$1').replace(/^(http:\/\/[^/?#]*?):80(?=[/?#]|$)/, '$1')
  return strip(a) === strip(b)
}

/**
 * A proxy may have changed what the client asked for: one has left its traces and the CA does not hand out the URL of this leg, or the
 * client signed what the CA hands out and the leg has it under another host.
 */
function mayBeRewritten(request: AcmeRequest, signed: string, traffic: AcmeTraffic): boolean {
  const [asked, seen] = [splitUrl(signed), splitUrl(request.url)]
  if (asked === null) return false
  const isNamed = traffic.urls.has(request.url)
  const isProxied = request.behindProxy || request.urlBasis !== 'observed'
  if (isProxied && !isNamed) return true
  const isMoved = asked.rest === seen?.rest && hostOf(asked.authority) !== hostOf(seen.authority)
  return isMoved && traffic.urls.has(signed) && (isProxied || !isNamed)
}

export const urlMismatch: Rule = {
  id: 'url-mismatch',
  group: 'url',
  party: 'either',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'url equals the URL the request was sent to',
  norm: 'The server compares the signed url with the request URL and refuses a difference.',
  decide:
    "The URL of the request is made from the scheme of the captured connection, Host or :authority, and the target with its query, and compared octet by octet with url. If the client's own connection was captured, a difference is the client's. If it is there only behind a proxy, it is the proxy's. If only the leg behind a proxy was captured, it is open whose it is. A connection without signs of a proxy before it (Via, Forwarded, X-Forwarded-*, a second leg) counts as the client's own.",
  traps: [
    "Default port: 'https://h/' vs 'https://h:443/' - Boulder once rejected everyone for that (issue 4447); compare what each side saw.",
    'Absolute-form request targets, HTTP/2 pseudo-headers and percent-encoding can differ without fault.',
    'Dogtag and acme2certifier (and early Vault) were not seen to compare it at all: a mismatch there is a latent client fault only.',
    'ZeroSSL/Sectigo: 401 unauthorized. Vault: 401 unauthorized, comparing with its CONFIGURED cluster path, so the operator may be at fault.',
  ],
  unknownWhen: ['U-OTHER', 'U-START'],
  inPractice: {
    Boulder:
      '400 malformed quoting expected and got; expected scheme from TLS or X-Forwarded-Proto, host from Host, path from the raw request line',
    Pebble: '400 malformed quoting both; scheme always https',
    'step-ca': '400 malformed, generic detail; scheme always https, path without the query string',
    'golang.org/x/crypto/acme': 'url is the string it posts to',
  },
  remedy: 'Send the URL you sign; behind a proxy forward Host and X-Forwarded-Proto unchanged.',
  references: ['RFC 8555 §6.4'],
  why: 'The CA takes it for a request that was diverted and refuses it. When a proxy changed the host or the scheme, every request of every client fails.',
  fixes: {
    'cert-manager': 'Set spec.acme.server to the name under which the CA knows itself, not to that of a Service in front of it.',
  },
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.internal:8443/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: {
    types: ['malformed', 'unauthorized'],
    details: [
      /'url' incorrect/,
      /url header in JWS/,
      /request url/i,
      /url doesn't match/,
      /message url/,
      /invalid value for 'url'/,
    ],
  },
  judge(request, traffic) {
    const signed = request.signedUrl
    if (signed === null || signed === '') return undefined
    if (hasNoTarget(request.http)) return unknown('U-GAP', 'the path of the request is not in the capture')
    if (request.urlBasis === 'signed-only')
      return unknown(
        'U-OTHER',
        'this leg is plain HTTP behind a TLS terminator, and nothing but the signature says which URL the client asked for',
      )
    if (signed === request.url || isAsSent(request, signed, traffic) || isLibrarySpelling(request, signed, traffic)) return HOLDS
    if (mayBeRewritten(request, signed, traffic))
      return unknown(
        'U-OTHER',
        `a proxy may have changed the URL before this leg: the leg shows ${quote(request.url)}, the client signed ${quote(signed)}`,
      )
    if (normaliseUrl(signed) === normaliseUrl(request.url) && !sawBeginning(request.ca))
      return unknown('U-START', 'the URLs differ in spelling only, and the capture does not show how the server wrote it')
    const differences = urlDifferences(signed, request.url)
    return broken(
      urlMismatch,
      `The client signed url ${quote(signed)} but sent the request to ${quote(request.url)}; they differ in ${differences.join(', ')}.`,
      {
        party: 'client',
        evidence: { signed, requested: request.url, observed: request.observedUrl, differences },
      },
    )
  },
}
