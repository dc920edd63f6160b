import type { AcmeRequest } from '../acme/traffic.ts'
import type { Case } from './case.ts'
import type { Diagnosis, DiagnosisKind } from './diagnosis.ts'
import { moment, refusal, requestList, were } from './words.ts'

export const diagLookupFailed: DiagnosisKind = {
  id: 'diag-lookup-failed',
  group: 'session',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Account look-up failed, client fell back to jwk',
  norm: 'newAccount{onlyReturnExisting} by a registered key was refused or gave no Location; next account request carries jwk. Proximate fault client (must not send jwk), root fault server (must answer 200+Location).',
  decide:
    "Sequence on one client: R1 newAccount 2xx Location L; R2 newAccount onlyReturnExisting same thumbprint -> error or missing Location; R3 newOrder etc. with jwk -> refusal. Report all three, the server's reason for R2 (externalAccountRequired, malformed, rateLimited, 5xx, TLS) and both verdicts.",
  traps: [
    'If R2 got 429/5xx the server is only temporarily at fault.',
    'If R2 is accountDoesNotExist the account is really gone: diag-account-missing.',
    'This is the cert-manager signature: issues 7388, 6682, 5775, 5987, 7830, 3346, 2561.',
  ],
  unknownWhen: ['U-START', 'U-RESP'],
  inPractice: {
    Boulder: 'Answers look-ups',
    Pebble: 'Answers',
    'step-ca': 'Answers before EAB check',
    'golang.org/x/crypto/acme': 'The very mechanism: accountKID ignores the error',
  },
  remedy: 'Server: answer onlyReturnExisting without EAB. Client: reuse stored account URL.',
  references: ['RFC 8555 §7.3.1', 'RFC 8555 §6.2'],
}

/** The server did not answer a look-up of a registered key, and the client then signed with jwk: proximate client, root server. */
export function lookUpFailed(facts: Case): Diagnosis[] {
  return facts.kidless().flatMap(({ account, registration, requests, failedLookUp }) => {
    if (failedLookUp === null) return []
    const first = requests[0] as AcmeRequest
    const temporary = (failedLookUp.response?.status ?? 0) >= 500 || failedLookUp.response?.status === 429
    const outcome =
      (failedLookUp.response?.status ?? 0) >= 400 ? `refused with ${refusal(failedLookUp)}` : 'answered without a Location'
    return {
      kind: diagLookupFailed,
      party: 'server',
      bothAtFault: true,
      confidence: temporary ? 'likely' : 'certain',
      title: 'The server failed an account look-up, and the client fell back to jwk',
      explanation: `Registered at ${moment(registration)} as "${account.url}" (request ${registration.id}); look-up with onlyReturnExisting at ${moment(failedLookUp)} ${outcome} (request ${failedLookUp.id}), although the key has an account; ${requestList(requests)} ${were(requests)} then signed ${first.jwk === null ? 'without kid' : 'with jwk instead of kid'} at ${moment(first)}${first.response === null ? '' : ` and ${were(requests)} answered ${refusal(first)}`}. Root cause: the server must answer such a look-up with 200 and Location (RFC 8555 §7.3.1)${temporary ? ', which a temporary failure kept it from' : ''}. Proximate cause: the client must not sign with jwk (RFC 8555 §6.2). The same was seen in cert-manager/cert-manager 6682 and 7388.`,
      remedy:
        'Either side can mend it. For the CA operator: answer onlyReturnExisting for a known key with 200 and Location, without asking for an external account binding. For the client: keep the account URL from registration and send it as kid.',
      explains: requests,
      evidence: [registration, failedLookUp],
    }
  })
}
