import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { latin1Text } from '../../platform/base64.ts'
import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { couldBeOneRequest, named, quote, remembered, wasAccepted, wasRefusedAs } from '../scope.ts'

interface Revocation {
  readonly request: AcmeRequest
  readonly reason: unknown
}

/** For each revocation of a certificate that the server had revoked before: the first one it took. */
function repeated(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, Revocation> {
  const first = new Map<string, Revocation>()
  const found = new Map<AcmeRequest, Revocation>()
  for (const request of traffic.requests) {
    const certificate = request.resource === 'revokeCert' ? (request.certificate?.value ?? null) : null
    if (certificate === null || !wasAccepted(request)) continue
    const der = latin1Text(certificate.der)
    const known = first.get(der)
    if (known !== undefined) found.set(request, known)
    else first.set(der, { request, reason: reasonOf(request) })
  }
  return found
}

function reasonOf({ payload }: AcmeRequest): unknown {
  return isObject(payload) ? payload.reason : undefined
}

const KEY_COMPROMISE = 1

export const revokeResponse: Rule = {
  id: 'revoke-response',
  group: 'revocation',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 2,
  title: 'Revocation answers',
  norm: '200 on success; an already revoked certificate is 400 alreadyRevoked; disallowed reason badRevocationReason.',
  decide:
    'A success is 200; alreadyRevoked and badRevocationReason are 400; a certificate whose revocation the server had taken before is alreadyRevoked, unless the reason is now keyCompromise: warn. A body after success: info.',
  traps: ['x/crypto matches only the exact URN.'],
  unknownWhen: ['U-RESP', 'U-GAP', 'U-REDACT'],
  inPractice: {
    Boulder: 'Conforms; expired certificate 403 unauthorized',
    Pebble: 'Conforms',
    'step-ca': 'Conforms mostly',
    'golang.org/x/crypto/acme': 'Treats alreadyRevoked as success',
  },
  remedy: 'Server: use the registered type.',
  references: ['RFC 8555 §7.6'],
  why: 'A client that does not know the error tries again for ever.',
  examples: {
    fails: '{"status": 400, "type": "urn:ietf:params:acme:error:malformed"}',
    passes: '{"status": 400, "type": "urn:ietf:params:acme:error:alreadyRevoked"}',
  },
  explains: { types: [], details: [] },
  resources: ['revokeCert'],
  judge(request, traffic) {
    if (request.method !== 'POST') return undefined
    const lost = lostAnswer(request)
    const { response } = request
    if (lost !== null || response === null) return lost ?? undefined
    const { status } = response
    if (wasRefusedAs(request, 'alreadyRevoked', 'badRevocationReason'))
      return status === 400
        ? HOLDS
        : broken(revokeResponse, `${quote(request.problem?.type)} is answered with 400, not ${status}.`, { evidence: { status } })
    if (!wasAccepted(request)) return undefined
    if (status !== 200)
      return broken(revokeResponse, `A successful revocation is answered 200, not ${status}.`, { evidence: { status } })
    const before = remembered(traffic, repeated).get(request)
    // A CA may let the holder of the key say later that it is compromised.
    const isWorse = before !== undefined && reasonOf(request) === KEY_COMPROMISE && before.reason !== KEY_COMPROMISE
    if (before !== undefined && !isWorse && !couldBeOneRequest(before.request, request))
      return broken(
        revokeResponse,
        `The certificate had been revoked in ${named(before.request)}; a second revocation is answered 400 alreadyRevoked.`,
        { evidence: { first: before.request.id } },
      )
    if ((response.body.bytes?.length ?? 0) > 0)
      return broken(revokeResponse, 'The answer to a successful revocation has a body, and none is defined.', {
        severity: 'info',
        evidence: { octets: response.body.bytes?.length },
      })
    return HOLDS
  },
}
