import type { AcmeRequest } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote, uncertainRole } from '../scope.ts'

/** Resources that are only ever fetched (RFC 8555 6.3, 7.1.1, 7.2, 7.1.2.1, 7.4, 7.4.2). */
const FETCHED: ReadonlySet<string> = new Set(['directory', 'newNonce', 'accountOrders', 'order', 'certificate'])

/** Updates that these resources take besides: RFC 8555 7.5.2 deactivation, RFC 8739 3.1.2 cancellation. */
function isUpdate(request: AcmeRequest): boolean {
  const status = isObject(request.payload) ? request.payload.status : undefined
  return (
    (request.resource === 'authorization' && status === 'deactivated') || (request.resource === 'order' && status === 'canceled')
  )
}

export const postAsGetPayload: Rule = {
  id: 'post-as-get-payload',
  group: 'transport',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'POST-as-GET uses the empty payload',
  norm: 'Fetching means a JWS whose payload member is present and is the empty string; a JSON object, even {}, is not a fetch.',
  decide:
    'Requests for an order, the list of orders, a certificate, the directory or newNonce: broken if the payload is not empty (the end of a STAR order excepted, see order-auto-renewal). Authorizations: broken by anything but an empty payload and a deactivation, {} included. Accounts: an object is an update, {} one that changes nothing (§7.3.2). For challenges see challenge-payload. Broken too when the payload is absent or null.',
  traps: [
    'base64url of an empty string is the empty string; do not require anything more.',
    'Some encoders emit the two-character JSON string "" as the payload (base64 \'IiI\'): that is not empty.',
  ],
  unknownWhen: ['U-GAP', 'U-ROLE'],
  inPractice: {
    Boulder:
      "400 malformed on order/cert/directory/newNonce; account treats '{}' as a no-op read; authz rejects '{}' as an invalid status",
    Pebble: '400 malformed; account update without contact/status must be a true POST-as-GET',
    'step-ca': '400 malformed for order, authz, cert, orders list',
    'golang.org/x/crypto/acme': 'Sends payload ""',
  },
  remedy: 'Send "payload": "" (zero octets), not base64url of {} or of "".',
  references: ['RFC 8555 §6.3'],
  why: 'The CA takes a payload for a change of the resource and refuses it, or changes something that was only to be read.',
  examples: {
    fails: '{"protected": "eyJhbGciOi…", "payload": "e30", "signature": "q3fQ…"}',
    passes: '{"protected": "eyJhbGciOi…", "payload": "", "signature": "q3fQ…"}',
  },
  explains: { types: ['malformed'], details: [/POST-as-GET/, /empty payload/] },
  judge(request) {
    if (request.method !== 'POST' || !(FETCHED.has(request.resource) || request.resource === 'authorization')) return undefined
    const lost = lostBody(request)
    if (lost !== null) return lost
    if (request.jws === null || request.jws.form === 'unreadable') return undefined
    const uncertain = uncertainRole(request)
    if (request.payloadKind === 'empty' || isUpdate(request)) return HOLDS
    if (uncertain !== null) return uncertain
    if (request.payloadKind === 'none')
      return broken(
        postAsGetPayload,
        'A fetch by POST carries a payload member that is the empty string; here it is missing or null.',
      )
    return broken(
      postAsGetPayload,
      `A fetch of ${request.resource} has the empty payload; here it is ${request.payloadKind === 'garbled' ? 'text that is not JSON' : quote(request.payload)}.`,
      {
        evidence: { payloadKind: request.payloadKind },
      },
    )
  },
}
