import { field } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { hasFault, isMaybeForeign, lostFields, quote, uncertainRole } from '../scope.ts'

export const contentTypeJose: Rule = {
  id: 'content-type-jose',
  group: 'transport',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'POST carries Content-Type application/jose+json',
  norm: "A signed request's media type has to be application/jose+json; the specified answer to anything else is 415.",
  decide:
    'Requests with a body: no Content-Type or another media type is an error. Type and subtype compare without case (RFC 9110 §8.3.1), so another case or white space passes with a note, because common servers compare the text. The right type with a parameter (charset) is a warning and leaves the compliance of the request undecided, because neither RFC 8555 nor RFC 7515 says how to compare.',
  traps: [
    "HTTP libraries append '; charset=utf-8' when the body is given as text: report the library, not the ACME code.",
    'HEAD/GET to newNonce or directory need no Content-Type; some clients (acme.sh) send one anyway, harmless.',
    'serles compares the parsed mimetype (parameters accepted) and answers 405 on mismatch.',
  ],
  unknownWhen: ['U-GAP', 'U-REDACT', 'U-ROLE'],
  inPractice: {
    Boulder:
      '400 malformed (not 415); raw string comparison, so a charset parameter is refused; missing header has its own message',
    Pebble: '415 malformed; raw string comparison',
    'step-ca':
      '400 malformed, generic detail; raw comparison; certificate URLs also admit application/pkix-cert and application/pkcs7-mime',
    'golang.org/x/crypto/acme': 'Always sends the exact string',
  },
  remedy: "Send exactly 'Content-Type: application/jose+json', no charset.",
  references: ['RFC 8555 §6.2', 'RFC 7515 §9.2.1', 'RFC 9110 §8.3.1'],
  why: 'Most CAs compare the field as text and refuse anything else, before they look at the JWS. The user sees "malformed" or 415 and suspects the signature.',
  examples: { fails: 'Content-Type: application/json', passes: 'Content-Type: application/jose+json' },
  explains: { types: ['malformed'], details: [/content[- ]type/i] },
  judge(request) {
    if (request.jws === null || hasFault(request, 'empty')) return undefined
    const lost = lostFields(request)
    if (lost !== null) return lost
    if (isMaybeForeign(request)) return uncertainRole(request) ?? undefined
    const value = field(request.http.headers, 'content-type')
    if (value === 'application/jose+json') return HOLDS
    if (value === null)
      return broken(contentTypeJose, 'The signed request has no Content-Type field.', { evidence: { contentType: null } })
    const [type, ...parameters] = value.split(';')
    // RFC 9110 8.3.1: type and subtype compare without case.
    if (type?.trim().toLowerCase() !== 'application/jose+json')
      return broken(contentTypeJose, `Content-Type is ${quote(value)} instead of application/jose+json.`, {
        evidence: { contentType: value },
      })
    if (parameters.length > 0)
      return broken(
        contentTypeJose,
        `Content-Type ${quote(value)} carries a parameter; neither RFC 8555 nor RFC 7515 says how to compare that, and common servers compare the raw string.`,
        {
          severity: 'warning',
          evidence: { contentType: value },
        },
      )
    return broken(
      contentTypeJose,
      `Content-Type ${quote(value)} is right, but common servers compare the raw string and refuse this spelling.`,
      {
        severity: 'info',
        evidence: { contentType: value },
      },
    )
  },
}
