import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { hostOf, normaliseUrl, splitUrl, urlDifferences } from '../../acme/urls.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote } from '../scope.ts'

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

/** The captured leg shows the client's URL as it was: no proxy before it, or the CA itself hands out this very URL. */
function showsClientUrl(request: AcmeRequest, traffic: AcmeTraffic): boolean {
  return (!request.behindProxy && request.urlBasis === 'observed') || traffic.urls.has(request.url)
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
    'Effective request URL = scheme from the captured leg (https if TLS), :authority or Host, request-target including query. Compare byte-wise with protected.url. Then decide the side: client leg captured and differs -> client; client leg equal but server leg (behind proxy) differs -> middlebox (diag-proxy-rewrote-url); only the server leg captured -> either. A single captured leg without signs of a proxy before it (Via, Forwarded, X-Forwarded-*, another leg of the same exchange) is the client leg.',
  traps: [
    "Default port: 'https://h/' vs 'https://h:443/' - Boulder once rejected everyone for that (issue 4447); compare what each side saw.",
    'Absolute-form request targets, HTTP/2 pseudo-headers and percent-encoding can differ without fault.',
    'Dogtag and acme2certifier (and early Vault) were not seen to compare it at all: a mismatch there is a latent client fault only.',
    'ZeroSSL/Sectigo: 401 unauthorized. Vault: 401 unauthorized, comparing with its CONFIGURED cluster path, so the operator may be at fault.',
  ],
  unknownWhen: ['U-TLS', 'U-GAP'],
  inPractice: {
    Boulder:
      '400 malformed quoting expected and got; expected scheme from TLS or X-Forwarded-Proto, host from Host, path from the raw request line',
    Pebble: '400 malformed quoting both; scheme always https',
    'step-ca': '400 malformed, generic detail; scheme always https, path without the query string',
    'golang.org/x/crypto/acme': 'url is the string it posts to',
  },
  remedy: 'Send the URL you sign; behind a proxy forward Host and X-Forwarded-Proto unchanged.',
  references: ['RFC 8555 §6.4'],
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
    if (signed === request.url) return HOLDS
    if (request.urlBasis === 'signed-only')
      return unknown(
        'U-OTHER',
        'this leg is plain HTTP behind a TLS terminator, and nothing but the signature says which URL the client asked for',
      )
    if (isLibrarySpelling(request, signed, traffic)) return HOLDS
    const parts = splitUrl(request.url)
    if (!showsClientUrl(request, traffic) && splitUrl(signed) !== null) {
      const where = parts === null ? '' : hostOf(parts.authority)
      return unknown(
        'U-OTHER',
        `a proxy stands before this leg and may have changed the URL: the leg shows ${request.url} (host ${where}), the client signed ${signed}`,
      )
    }
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
