import type { AcmeRequest } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote, uncertainRole } from '../scope.ts'

/** RFC 5280 5.3.1; 7 is unused. */
const REASONS: ReadonlyMap<unknown, string> = new Map([
  [0, 'unspecified'],
  [1, 'keyCompromise'],
  [2, 'cACompromise'],
  [3, 'affiliationChanged'],
  [4, 'superseded'],
  [5, 'cessationOfOperation'],
  [6, 'certificateHold'],
  [8, 'removeFromCRL'],
  [9, 'privilegeWithdrawn'],
  [10, 'aACompromise'],
])

/** What public CAs let a subscriber say. */
const TAKEN: ReadonlySet<unknown> = new Set([0, 1, 4, 5])

function* faults({ payload, certificate }: AcmeRequest): Generator<string> {
  const { certificate: given, reason } = isObject(payload) ? payload : {}
  if (given === undefined) yield 'the payload has no certificate'
  else if (certificate === null) yield `certificate is ${quote(given)}, not a string`
  else if (certificate.faults.length > 0) yield `certificate ${certificate.faults.join('; ')}`
  if (reason !== undefined && !REASONS.has(reason))
    yield `reason ${quote(reason)} is ${reason === 7 ? 'not used' : 'no reason code'} (RFC 5280 §5.3.1)`
}

export const revokePayload: Rule = {
  id: 'revoke-payload',
  group: 'revocation',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'certificate is base64url DER; reason a permitted code',
  norm: 'certificate is unpadded base64url DER; reason, if present, a CRLReason the server allows.',
  decide:
    'certificate absent or not a string: fail. Decode and parse; PEM or base64 variants named; octets after the end (a chain) fail. reason integer in 0,1,2,3,4,5,6,8,9,10, else fail; 7 is unused; warn for codes public CAs refuse (2,3,6,8,9,10).',
  traps: ['Sending the chain instead of the leaf parses the first certificate or fails.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'Allows 0,1,4,5; others 400 badRevocationReason; unknown issuer 404',
    Pebble: 'Refuses 7 and >10: 400 badRevocationReason',
    'step-ca': 'Same range check; an unknown serial surfaces as a server error',
    'golang.org/x/crypto/acme': 'reason always sent, default 0',
  },
  remedy: 'Send DER in base64url; use 0, 1, 4 or 5.',
  references: ['RFC 8555 §7.6', 'RFC 5280 §5.3.1'],
  why: 'The CA cannot find the certificate, and it stays valid.',
  fixes: {
    certbot: 'Use --reason keycompromise, affiliationchanged, superseded, cessationofoperation or unspecified.',
    'acme.sh': 'Use --revoke-reason with 0, 1, 4 or 5.',
  },
  examples: { fails: '{"certificate": "-----BEGIN CERTIFICATE-----"}', passes: '{"certificate": "MIIDdzCC…", "reason": 4}' },
  explains: { types: ['malformed', 'badRevocationReason', 'unauthorized'], details: [/revocation reason|reasonCode/i] },
  resources: ['revokeCert'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    if (request.jws === null) return lostBody(request) ?? undefined
    // A payload that is no object is payload-not-json's; a URL that only looks like revokeCert may be anything.
    if ((request.payloadKind !== 'object' && request.payloadKind !== 'empty') || uncertainRole(request) !== null) return undefined
    const found = [...faults(request)]
    const reason = isObject(request.payload) ? request.payload.reason : undefined
    if (found.length > 0)
      return broken(revokePayload, `The revocation is not as it has to be: ${found.join('; ')}.`, {
        evidence: { reason: reason ?? null, faults: request.certificate?.faults ?? [] },
      })
    if (reason === undefined || TAKEN.has(reason)) return HOLDS
    return broken(revokePayload, `Public CAs refuse the reason ${quote(reason)} (${REASONS.get(reason)}).`, {
      severity: 'warning',
      evidence: { reason },
    })
  },
}
