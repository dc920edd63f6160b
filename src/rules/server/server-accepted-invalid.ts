import { isObject } from '../../jose/json-object.ts'
import { encodedFields } from '../encoded-fields.ts'
import { broken, type Rule } from '../rule.ts'
import { wasAccepted } from '../scope.ts'

/** Client findings after which RFC 8555 lets the server answer with an error only, with the section that says so. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['base64url-strict', '6.1'], // padding alone
  ['alg-forbidden', '6.2'],
  ['content-type-jose', '6.2'],
  ['kid-jwk-exclusive', '6.2'],
  ['signature-der-encoded', '6.2'],
  ['signature-invalid', '6.2'],
  ['signature-length', '6.2'],
  ['signature-missing', '6.2'],
  ['signature-stale-key', '6.2'],
  ['signature-wrong-key', '6.2'],
  ['get-not-allowed', '6.3'],
  ['url-mismatch', '6.4'],
  ['url-missing', '6.4'],
  ['jws-resent-verbatim', '6.5'],
  ['nonce-missing', '6.5'],
  ['nonce-reused', '6.5'],
  ['nonce-wrong-authority', '6.5'],
  ['nonce-encoding', '6.5.2'],
  ['keychange-inner-jws', '7.3.5'],
  ['keychange-inner-url', '7.3.5'],
  ['keychange-new-key', '7.3.5'],
  ['keychange-object', '7.3.5'],
  ['kid-inactive-account', '7.3.6'],
  ['finalize-account-key', '11.1'],
  ['finalize-not-ready', '7.4'],
  ['revoke-auth', '7.6'],
  ['finalize-account-key', '11.1'],
])

/** Findings that are warnings because refusing is the server's duty alone. */
const DUTIES: ReadonlySet<string> = new Set(['kid-inactive-account', 'finalize-not-ready'])

/** Faults of a binding count only if the CA claims to have verified it (RFC 8555 7.3.4). */
const BINDING: ReadonlySet<string> = new Set(['eab-structure', 'eab-nonce', 'eab-url', 'eab-payload-key', 'eab-mac'])

export const serverAcceptedInvalid: Rule = {
  id: 'server-accepted-invalid',
  group: 'server',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 1,
  title: 'Server refuses what it must refuse',
  norm: 'Both kid and jwk, bad signatures, reused nonces, url mismatch, wrong media type have to be refused.',
  decide:
    '2xx on a request with a client error that the RFC says the server has to refuse: padding in base64url, kid beside jwk, a signature that fails, wrong media type, url missing or different, a nonce that is missing, malformed, reused or of another CA, a GET, a deactivated account, a key change that fails one of the steps of §7.3.5, a finalize before ready, a CSR with the account key, a revocation by a key that is not entitled; a binding with a fault that the account shows as verified. Warning, not error: that the server took it is also a reason to look twice at the finding.',
  traps: [
    'serles lets kid win over jwk and has no exclusivity test; Dogtag and acme2certifier (and early Vault) showed no url comparison.',
  ],
  unknownWhen: [],
  inPractice: {
    Boulder: 'Refuses; but a nonce survives a request that failed signature',
    Pebble: 'Refuses',
    'step-ca': 'Refuses',
  },
  remedy: 'Report to the CA; the client still has to be fixed.',
  references: [
    'RFC 8555 §6.1',
    'RFC 8555 §6.2',
    'RFC 8555 §6.3',
    'RFC 8555 §6.4',
    'RFC 8555 §6.5',
    'RFC 8555 §7.3.4',
    'RFC 8555 §7.3.5',
    'RFC 8555 §7.3.6',
    'RFC 8555 §7.4',
    'RFC 8555 §7.6',
    'RFC 8555 §11.1',
  ],
  why: 'The fault stays hidden until the client meets a stricter CA; a signature that was not verified lets anybody in.',
  explains: { types: [], details: [] },
  review(judgement) {
    const { request, findings } = judgement
    if (findings.length === 0 || !wasAccepted(request)) return undefined
    const isEchoed = isObject(request.answer) && request.answer.externalAccountBinding !== undefined
    const taken = findings.filter(({ rule, verdict }) => {
      if (verdict.party !== 'client' || (verdict.severity !== 'error' && !DUTIES.has(rule.id))) return false
      if (rule.id === 'base64url-strict') return encodedFields(request).some(({ faults }) => faults.includes('padding'))
      return REFUSED.has(rule.id) || (isEchoed && BINDING.has(rule.id))
    })
    if (taken.length === 0) return undefined
    const rules = taken.map(({ rule }) => rule.id)
    const sections = [...new Set(rules.map((id) => `§${REFUSED.get(id) ?? '7.3.4'}`))]
    return broken(
      serverAcceptedInvalid,
      `The server answered ${request.response?.status} to a request that it has to refuse (${sections.join(', ')}): ${taken.map(({ verdict }) => verdict.message).join(' ')}`,
      { evidence: { rules } },
    )
  },
}
