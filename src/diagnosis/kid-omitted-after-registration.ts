import type { AcmeRequest } from '../acme/traffic.ts'
import type { Case } from './case.ts'
import { clientProgram } from './clients.ts'
import { type Diagnosis, type DiagnosisKind, forClient } from './diagnosis.ts'
import { outcomeOf, taleOf } from './tale.ts'
import { moment, place, refusal, requestList, were, whose } from './words.ts'

export const diagKidOmittedAfterRegistration: DiagnosisKind = {
  id: 'diag-kid-omitted-after-registration',
  group: 'session',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Client omitted kid although it had registered',
  norm: 'The key has an account Location in the capture, yet a later request used jwk or nothing.',
  decide:
    'For a kid-required failure: if state has Location L for the same thumbprint before it: fire with L, time, exchange number, and the exchanges in between. If a LOOKUP by that key failed in between, or succeeded without Location: fire diag-lookup-failed instead (root cause server). If no look-up happened: pure client bug.',
  traps: ['The registering and ordering requests may come from different pods.'],
  unknownWhen: ['U-START', 'U-GAP'],
  inPractice: {
    'golang.org/x/crypto/acme': 'Falls back silently; every new Client value (process start, Issuer resync) begins without KID',
  },
  remedy: 'Upgrade or patch the client to keep the Location; work around by making the CA answer look-ups.',
  references: ['RFC 8555 §6.2', 'RFC 8555 §7.3'],
}

/** Requests without kid although the key had been given an account URL, and no look-up failed in between. */
export function kidOmittedAfterRegistration(facts: Case): Diagnosis[] {
  return facts
    .kidless()
    .filter(({ failedLookUp }) => failedLookUp === null)
    .map(({ account, registration, requests }) => {
      const first = requests[0] as AcmeRequest
      const sent = first.jwk !== null ? 'signed with jwk instead of kid' : 'signed with neither kid nor jwk'
      const program = clientProgram(first)
      const lookedUp = facts.traffic.lookUps.some(
        ({ request, thumbprint }) =>
          request.id > registration.id && request.id < first.id && account.keys.some(({ key }) => key.thumbprint === thumbprint),
      )
      // A look-up that this capture has not seen could have failed, as a client of this kind makes one; the request is wrong either way.
      const doubt =
        first.ca?.blindSpot == null
          ? 'No look-up of the account failed in between, so the client alone left it out.'
          : `No look-up of the account was seen in between; should there have been one that failed, the server has a share in this (${first.ca.blindSpot}).`
      return {
        kind: diagKidOmittedAfterRegistration,
        party: 'client',
        bothAtFault: false,
        confidence: first.ca?.blindSpot == null ? 'certain' : 'likely',
        title: 'The client leaves out kid although it had registered',
        story: taleOf(requests, `${first.resource} ${sent} and ${outcomeOf(first)}`, facts, { account }),
        explanation: `At ${moment(registration)} the server gave ${whose(account, first)} the account URL "${account.url}" (request ${registration.id}). At ${moment(first)} ${requestList(requests)} ${were(requests)} ${sent}${first.response === null ? '' : ` and answered ${refusal(first)}`}. ${doubt}${program === null || lookedUp ? '' : ` ${program.name} is known to look its account up first when it has no kid; this capture shows no such look-up.`}`,
        remedies: [
          forClient(
            `have the client send "kid": "${account.url}" in every request after registration, and keep the account URL when the client object or process is made anew. Evidence: ${place(first)}.${program === null ? '' : ` With ${program.name}: ${program.fix}`}`,
          ),
        ],
        upstream: program?.name === 'cert-manager' ? program.upstream : ['cert-manager/cert-manager 7830'],
        explains: requests,
        evidence: [registration],
      }
    })
}
