import type { AcmeRequest } from '../../acme/traffic.ts'
import { undetermined } from '../answer.ts'
import { broken, type Rule } from '../rule.ts'
import { quote, uncertainRole } from '../scope.ts'

const FETCHABLE: ReadonlySet<string> = new Set(['account', 'accountOrders', 'order', 'authorization', 'challenge', 'certificate'])
const OPEN: ReadonlySet<string> = new Set(['directory', 'newNonce'])

/** What the server has to take, in words; null when this request is none of it. */
function kindOf({ method, resource, payloadKind }: AcmeRequest): string | null {
  if (OPEN.has(resource) && (method === 'GET' || method === 'HEAD')) return `${method} on ${resource}`
  if (method !== 'POST') return null
  if (payloadKind === 'empty') return FETCHABLE.has(resource) || OPEN.has(resource) ? `POST-as-GET of ${resource}` : null
  return resource === 'keyChange' ? 'a key change' : resource === 'revokeCert' ? 'a revocation' : null
}

export const serverMustAccept: Rule = {
  id: 'server-must-accept',
  group: 'server',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 2,
  title: 'Server accepts what it has to accept',
  norm: 'GET and POST-as-GET on directory and newNonce; POST-as-GET on every fetchable resource; unknown members ignored; both forms of revocation; trailing whitespace in http-01 bodies; key change without losing pending orders.',
  decide:
    'GET or HEAD on directory or newNonce, and, when the request is in order, POST-as-GET of an account, order list, order, authorization, challenge or certificate, a key change, a revocation: answered 405 or 501: fail and name the kind. Any other refusal is about this request (a key that the server does not like, a nonce, policy) and left to attribution. POST-as-GET on directory and newNonce refused is info (nearly nobody uses it).',
  traps: ['newAuthz, notBefore/notAfter, EdDSA, ARI, EAB are optional: refusing them is allowed.'],
  unknownWhen: ['U-KEY', 'U-GAP', 'U-START', 'U-OTHER'],
  inPractice: {
    Boulder: 'Conforms',
    Pebble: 'Conforms; revocation by non-issuing account refused (todo in source)',
    'step-ca':
      'keyChange 501 though listed in the directory; POST on directory/newNonce not routed; revocation by non-issuing account refused; authorization deactivation refused',
    'golang.org/x/crypto/acme': 'Uses only the common subset',
  },
  remedy: 'Report to the CA; avoid the feature.',
  references: ['RFC 8555 §6.3', 'RFC 8555 §7.2', 'RFC 8555 §7.3.5', 'RFC 8555 §7.6'],
  why: 'A client in order gets no certificate, and its author looks for a fault that is not there.',
  explains: { types: [], details: [] },
  review(judgement) {
    const { request, compliant } = judgement
    const status = request.response?.status ?? 0
    if (status < 400) return undefined
    const isUnserved = status === 405 || status === 501
    const kind = isUnserved && uncertainRole(request) === null ? kindOf(request) : null
    if (kind === null || compliant === false) return undefined
    if (compliant === null) return undetermined(judgement)
    return broken(
      serverMustAccept,
      `The server does not take ${kind}, which was in order: it answered ${status}${request.problem?.type == null ? '' : ` ${quote(request.problem.type)}`}.`,
      {
        severity: request.method === 'POST' && OPEN.has(request.resource) ? 'info' : 'warning',
        evidence: { kind, status, type: request.problem?.type ?? null },
      },
    )
  },
}
