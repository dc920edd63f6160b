import { acmeType } from '../acme/answers.ts'
import type { AcmeRequest, LookUp } from '../acme/traffic.ts'
import { wasAccepted } from '../rules/scope.ts'
import { type Case, groupBy, MAX_TOLD } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCa, forClient } from './diagnosis.ts'
import { outcomeOf, taleOf } from './tale.ts'
import { capitalised, moment, refusal, requestList, were } from './words.ts'

export const diagAccountMissing: DiagnosisKind = {
  id: 'diag-account-missing',
  group: 'session',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Account does not exist at this CA',
  norm: 'The key or URL is unknown: CA reinstalled, account purged, other provisioner, or wrong key file.',
  decide:
    'accountDoesNotExist on a kid request with correct authority; check whether a LOOKUP with the same key also fails (account gone) or yields another Location (client has wrong kid).',
  traps: ['acme2certifier answers accountDoesNotExist also for a missing kid.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: '400',
    Pebble: '400 (in-memory: every restart forgets accounts)',
    'step-ca': '400',
    'golang.org/x/crypto/acme': 'Look-up error is swallowed',
  },
  remedy: 'Register again; with cert-manager delete the account-key Secret only if that is intended.',
  references: ['RFC 8555 §7.3.1'],
}

/** Requests that name an account which the CA says it does not have. */
export function accountMissing(facts: Case): Diagnosis[] {
  const missing = facts
    .open()
    .filter(({ verdict, judgement: { request } }) => verdict !== 'client' && acmeType(request.problem) === 'accountDoesNotExist')
    .map(({ judgement }) => judgement.request)
    .filter(({ kid }) => kid !== null && kid !== '')
  return groupBy(missing, ({ kid }) => kid ?? '')
    .slice(0, MAX_TOLD)
    .map((requests) => diagnosisOf(requests, facts))
}

function diagnosisOf(requests: readonly AcmeRequest[], facts: Case): Diagnosis {
  const first = requests[0] as AcmeRequest
  const registration = first.account?.registeredBy ?? null
  const lookUp = lookUpOf(first, facts)
  const elsewhere =
    lookUp !== null && wasAccepted(lookUp.request) && lookUp.request.location !== null && lookUp.request.location !== first.kid
  const told = `${capitalised(requestList(requests))} named the account "${first.kid}" and ${were(requests)} answered ${refusal(first)}.`
  const story = taleOf(requests, `${first.resource} sent for that account and ${outcomeOf(first)}`, facts)
  const common = { kind: diagAccountMissing, bothAtFault: false, explains: requests, story }
  if (elsewhere)
    return {
      ...common,
      party: 'client',
      confidence: 'certain',
      title: 'The client names an account that its key does not have',
      explanation: `${told} A look-up with the same key (request ${lookUp.request.id}) was answered with the account URL "${lookUp.request.location}".`,
      remedies: [forClient(`store "${lookUp.request.location}" as the account URL of this key.`)],
      evidence: [lookUp.request],
    }
  if (registration !== null && registration.time < first.time)
    return {
      ...common,
      party: 'server',
      confidence: 'likely',
      title: 'The CA no longer knows an account that it had registered',
      explanation: `At ${moment(registration)} the server gave out this account (request ${registration.id}). ${told} Nothing in the capture ended the account, so the CA lost it: a restart without storage, another replica or another database.`,
      remedies: [
        forCa('find out why the account is gone (storage kept in memory, replicas without a common database).'),
        forClient('register again, since the account is gone.'),
      ],
      evidence: [registration],
    }
  const gone = lookUp !== null && acmeType(lookUp.request.problem) === 'accountDoesNotExist'
  return {
    ...common,
    party: 'unknown',
    confidence: gone ? 'likely' : 'possible',
    title: 'The account does not exist at this CA',
    explanation: `${told} ${gone ? `A look-up with the same key found none either (request ${lookUp.request.id}).` : 'The capture shows neither how the account was registered nor a look-up with its key.'} Either the CA lost or never had it (reinstalled, purged, another provisioner), or the client uses the account of another place.`,
    remedies: [
      forClient(
        `make sure that the directory URL is the one the account was registered at; if so, register again${gone ? '' : ', and capture that too'}. With cert-manager delete the account key Secret only if a new account is wanted.`,
      ),
      forCa('look for the account in the database.'),
    ],
    evidence: lookUp === null ? [] : [lookUp.request],
  }
}

/** The last look-up by the key that signed a request. */
function lookUpOf(request: AcmeRequest, { traffic }: Case): LookUp | null {
  const thumbprint = request.key?.facts.thumbprint ?? null
  if (thumbprint === null) return null
  return traffic.lookUps.findLast((lookUp) => lookUp.thumbprint === thumbprint && lookUp.request.ca === request.ca) ?? null
}
