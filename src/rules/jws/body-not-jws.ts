import { field } from '../../http/exchange.ts'
import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { faultDetails, hasFault, isMaybeForeign, lostBody, quote, uncertainRole } from '../scope.ts'

export const bodyNotJws: Rule = {
  id: 'body-not-jws',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'POST body is a JWS',
  norm: 'Any request with a body wraps it in a JWS.',
  decide:
    'Broken if the body is not one JSON object with the strings protected, payload and signature: not JSON, a form, empty, the compact form (a.b.c), or an ACMEv1 body with a header beside it. An empty body counts only when nothing was sent; if its length says otherwise the capture left it out, and the rule is undecided.',
  traps: [
    'Content-Encoding on requests (gzip) is legal HTTP but most CAs do not decode it: report the coding.',
    'HTTP/1.1 chunked bodies must be de-chunked before parsing.',
  ],
  unknownWhen: ['U-GAP', 'U-ROLE'],
  inPractice: {
    Boulder: "400 malformed 'Parse error reading JWS'",
    Pebble: '400 malformed',
    'step-ca': '400 malformed (generic detail)',
    'golang.org/x/crypto/acme': 'Always flattened JSON',
  },
  remedy: 'Serialise as {"protected","payload","signature"}.',
  references: ['RFC 8555 §6.2'],
  why: 'The CA cannot tell who sent the request and refuses it before it looks at anything else.',
  examples: { fails: 'identifier=www.example', passes: '{"protected": "eyJhbGciOi…", "payload": "e30", "signature": "q3fQ…"}' },
  explains: { types: ['malformed'], details: [/parse error reading JWS/i, /failed to parse JWS/] },
  judge(request) {
    const lost = lostBody(request)
    if (lost !== null) return lost
    const { jws } = request
    if (jws === null) return undefined
    if (isMaybeForeign(request)) return uncertainRole(request) ?? undefined
    const coding = field(request.http.headers, 'content-encoding')
    const coded = coding === null ? '' : ` It was sent with Content-Encoding ${quote(coding)}, which most CAs do not undo.`
    if (jws.form === 'unreadable' || jws.form === 'compact')
      return broken(
        bodyNotJws,
        `The body of the request is no JWS as ACME wants it: ${faultDetails(request, 'empty', 'not-utf8', 'not-json', 'not-object', 'compact')}.${coded}`,
        {
          evidence: { octets: request.http.body.bytes?.length ?? null },
        },
      )
    if (jws.protectedText === null && jws.form === 'flattened') {
      const version1 = isObject(jws.unprotected) && (jws.unprotected.jwk !== undefined || jws.unprotected.alg !== undefined)
      return broken(
        bodyNotJws,
        `The body is a JSON object without a protected member${version1 ? '; it looks like a request of ACME version 1' : ''}.`,
      )
    }
    if (hasFault(request, 'duplicate-member'))
      return broken(
        bodyNotJws,
        `In the JWS ${faultDetails(request, 'duplicate-member')}: servers differ in which one they read.`,
        {
          severity: 'warning',
        },
      )
    if (coding !== null && coding.toLowerCase() !== 'identity')
      return broken(bodyNotJws, coded.trim(), { severity: 'info', evidence: { contentEncoding: coding } })
    return HOLDS
  },
}
