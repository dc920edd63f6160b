import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { faultDetails, lostBody } from '../scope.ts'

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
    'Parse body as one JSON object with string members protected, payload, signature. Fail if not JSON, form-encoded, empty, compact serialization (a.b.c), or an ACMEv1 body with top-level header. Empty counts only when nothing was sent: with a Content-Length or HAR bodySize above 0 the container left the body out, answer unknown (U-GAP).',
  traps: [
    'Content-Encoding on requests (gzip) is legal HTTP but most CAs do not decode it: report the coding.',
    'HTTP/1.1 chunked bodies must be de-chunked before parsing.',
  ],
  unknownWhen: ['U-TLS', 'U-GAP', 'U-REDACT'],
  inPractice: {
    Boulder: "400 malformed 'Parse error reading JWS'",
    Pebble: '400 malformed',
    'step-ca': '400 malformed (generic detail)',
    'golang.org/x/crypto/acme': 'Always flattened JSON',
  },
  remedy: 'Serialise as {"protected","payload","signature"}.',
  references: ['RFC 8555 §6.2'],
  explains: { types: ['malformed'], details: [/parse error reading JWS/i, /failed to parse JWS/] },
  judge(request) {
    const lost = lostBody(request)
    if (lost !== null) return lost
    const { jws } = request
    if (jws === null) return undefined
    if (jws.form === 'unreadable' || jws.form === 'compact')
      return broken(
        bodyNotJws,
        `The body of the request is no JWS as ACME wants it: ${faultDetails(request, 'empty', 'not-utf8', 'not-json', 'not-object', 'compact')}.`,
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
    return HOLDS
  },
}
