import type { AcmeRequest } from '../acme/traffic.ts'
import type { Case } from './case.ts'
import { clientProgram } from './clients.ts'
import { type Diagnosis, type DiagnosisKind, forCa, forClient } from './diagnosis.ts'
import { outcomeOf, taleOf } from './tale.ts'
import { capitalised, place, refusal, requestList, were } from './words.ts'

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

/** Public threads where a client fell back to jwk after its look-up. */
const LOOK_UP_THREADS = ['cert-manager/cert-manager 6682', 'cert-manager/cert-manager 7388']

/** The server did not answer a look-up of a registered key, and the client then signed with jwk: proximate client, root server. */
export function lookUpFailed(facts: Case): Diagnosis[] {
  return facts.kidless().flatMap(({ account, registration, requests, failedLookUp }) => {
    if (failedLookUp === null) return []
    const first = requests[0] as AcmeRequest
    const refused = (failedLookUp.response?.status ?? 0) >= 400
    const temporary = (failedLookUp.response?.status ?? 0) >= 500 || failedLookUp.response?.status === 429
    const outcome = refused ? `was refused with ${refusal(failedLookUp)}` : 'was answered without a Location'
    const program = clientProgram(first)
    const sent = first.jwk === null ? 'without kid and without jwk' : 'with jwk instead of kid'
    return {
      kind: diagLookupFailed,
      party: 'server',
      bothAtFault: true,
      confidence: temporary ? 'likely' : 'certain',
      title: 'The server failed an account look-up, and the client fell back to jwk',
      story: taleOf(requests, `${first.resource} signed ${sent} and ${outcomeOf(first)}`, facts, { account }),
      explanation: `Root cause, on the server's side: the key has the account "${account.url}" since request ${registration.id}, but when the client looked it up (request ${failedLookUp.id}, ${place(failedLookUp)}), that ${outcome}; RFC 8555 §7.3.1 asks for 200 and the account URL${temporary ? ', which a temporary failure kept it from' : ''}. Proximate cause, on the client's side: ${requestList(requests)} ${were(requests)} signed ${sent}, which RFC 8555 §6.2 forbids, although the account URL had been given out; the answer was ${refusal(first)}.${program === null ? '' : ` ${capitalised(program.story)}`}`,
      remedies: [
        forCa(
          refused
            ? 'answer a newAccount request with onlyReturnExisting by a known key with 200 and its Location, and ask for no external account binding there. This alone ends the trouble.'
            : 'send Location with every answer to newAccount, that to a look-up included. This alone ends the trouble.',
        ),
        forClient(
          `${program?.fix ?? 'keep the account URL from registration and send it as kid.'} This ends the trouble too; a change at the CA needs no new client.`,
        ),
      ],
      upstream: program?.upstream ?? LOOK_UP_THREADS,
      explains: [...requests, failedLookUp],
      evidence: [registration],
    }
  })
}
