import { broken, HOLDS, type Rule } from '../rule.ts'
import { uncertainRole } from '../scope.ts'

export const ariRequestForm: Rule = {
  id: 'ari-request-form',
  group: 'ari',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: 'renewalInfo by unauthenticated GET',
  norm: 'The resource is read with a plain GET without JWS.',
  decide: 'Warn if POSTed.',
  traps: ['Exempt from get-not-allowed.'],
  unknownWhen: ['U-ROLE'],
  inPractice: {
    Boulder: 'Answers POST too, ignoring the body',
    Pebble: 'POST 500 serverInternal',
    'golang.org/x/crypto/acme': 'GET',
  },
  remedy: 'Use GET.',
  references: ['RFC 9773 §4.1', 'RFC 8555 §6.3'],
  why: 'The resource is public. A signed request is not what CAs expect there.',
  examples: { fails: 'POST /renewalInfo/aYhba4d… HTTP/1.1', passes: 'GET /renewalInfo/aYhba4d… HTTP/1.1' },
  explains: { types: ['serverInternal'], details: [] },
  judge(request) {
    if (request.resource !== 'renewalInfo' || request.method === 'GET' || request.method === 'HEAD')
      return request.resource === 'renewalInfo' ? HOLDS : undefined
    const uncertain = uncertainRole(request)
    if (uncertain !== null) return uncertain
    return broken(
      ariRequestForm,
      `Renewal information is read by a plain GET; this is ${request.method}${request.jws === null ? '' : ' with a JWS'}.`,
      { evidence: { method: request.method } },
    )
  },
}
