import type { Account, AcmeRequest } from '../acme/traffic.ts'
import { splitUrl, urlDifferences } from '../acme/urls.ts'
import { type Case, groupBy } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCa, forClient } from './diagnosis.ts'
import { outcomeOf, taleOf } from './tale.ts'
import { capitalised, lastElement, refusal, requestList, were } from './words.ts'

export const diagKidDiffersFromLocation: DiagnosisKind = {
  id: 'diag-kid-differs-from-location',
  group: 'session',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'kid differs from the Location given',
  norm: 'Shows the difference and who changed it.',
  decide:
    'From kid-location-mismatch: if the server issued two different Locations for one key (host/port/scheme differ per request host): server/proxy; if client altered one Location: client; if the CA moved since: operator.',
  traps: ['step-ca issues 517, 623.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: "Prefix follows each request's Host",
    Pebble: 'Same',
    'step-ca': 'Stores the location of creation and insists on it',
  },
  remedy: 'Use one public name for the CA; re-register after a move.',
  references: ['RFC 8555 §6.2'],
}

/** Refused requests whose kid is another spelling of an account URL that was given, and who made the difference. */
export function kidDiffersFromLocation(facts: Case): Diagnosis[] {
  return [...alteredByClient(facts), ...twoLocations(facts)]
}

function alteredByClient(facts: Case): Diagnosis[] {
  const altered = facts
    .openWith('kid-location-mismatch')
    .map(({ attribution, finding }) => ({
      request: attribution.judgement.request,
      match: attribution.match,
      location: String(finding.verdict.evidence.location),
      tiedBy: finding.verdict.evidence.tiedBy,
    }))
    .filter(({ request, location, tiedBy }) => tiedBy !== 'key' || lastElement(request.kid ?? '') === lastElement(location))
  return groupBy(altered, ({ request, location }) => `${request.kid} ${location}`).map((group) => {
    const requests = group.map(({ request }) => request)
    const first = requests[0] as AcmeRequest
    const location = group[0]?.location ?? ''
    const kid = first.kid ?? ''
    const registration = facts.traffic.accounts.get(location)?.registeredBy ?? null
    const moved = differsInAuthority(kid, location)
    const under = isUnder(kid, first.ca?.directory?.newAccount)
    const story = moved
      ? 'Only scheme, host or port differ: the client keeps an account URL from another name of this CA, as after a move or behind a load balancer.'
      : under
        ? 'The client built kid from the newAccount URL instead of keeping the Location.'
        : 'The client changed the URL on its way from Location to kid.'
    return {
      kind: diagKidDiffersFromLocation,
      party: 'client',
      bothAtFault: false,
      confidence: group[0]?.match === 'words' && !moved ? 'certain' : 'likely',
      title: 'kid is not the account URL that the server gave',
      explanation: `The server gave the account the URL "${location}"${registration === null ? '' : ` (request ${registration.id})`}. ${capitalised(requestList(requests))} named "${kid}" instead; they differ in ${urlDifferences(kid, location).join(', ')}. ${requests.length === 1 ? 'It' : 'They'} ${were(requests)} answered ${refusal(first)}. ${story}`,
      story: taleOf(requests, `${first.resource} sent with another URL as kid and ${outcomeOf(first)}`, facts, {
        account: facts.traffic.accounts.get(location),
      }),
      upstream: moved
        ? ['smallstep/certificates 623', 'smallstep/certificates 517']
        : under
          ? ['auto-ssl/lua-resty-auto-ssl 270']
          : [],
      remedies: moved
        ? [
            forClient(
              `look the account up again at the CA's present address (newAccount with onlyReturnExisting) and store the Location, "${location}".`,
            ),
            forCa('keep one public name, and go on accepting the old account URLs after a move.'),
          ]
        : [forClient(`send "${location}" as kid, character for character as it came in Location.`)],
      explains: requests,
      evidence: registration === null ? [] : [registration],
    }
  })
}

/** One key was given two spellings of one account URL, and a request with one of them was refused: the server disagrees with itself. */
function twoLocations(facts: Case): Diagnosis[] {
  const torn = facts.open().flatMap(({ judgement: { request, compliant } }) => {
    const account = compliant === false || !/account|kid|unauthorized/i.test(refusal(request)) ? null : request.account
    const other = account === null ? null : otherSpelling(account, facts)
    return account === null || other === null ? [] : [{ request, account, other }]
  })
  return groupBy(torn, ({ account, other }) => `${account.url} ${other.url}`).map((group) => {
    const requests = group.map(({ request }) => request)
    const first = requests[0] as AcmeRequest
    const { account, other } = group[0] as { account: Account; other: Account }
    const sources = [account, other].map(({ registeredBy }) => registeredBy).filter((source) => source !== null)
    return {
      kind: diagKidDiffersFromLocation,
      party: 'server',
      bothAtFault: false,
      confidence: 'likely',
      title: 'The server gave one account two URLs and refuses one of them',
      explanation: `The same key was given the account URLs "${account.url}" and "${other.url}" (requests ${sources.map(({ id }) => id).join(' and ')}). ${capitalised(requestList(requests))} named the first, as it had to, and ${were(requests)} answered ${refusal(first)}. The account URL follows the name under which the server was reached.`,
      upstream: ['smallstep/certificates 517'],
      remedies: [forCa('configure one public name for the CA, so that every replica gives and accepts the same account URLs.')],
      explains: requests,
      evidence: sources,
    }
  })
}

function otherSpelling(account: Account, facts: Case): Account | null {
  for (const { key } of account.keys)
    for (const other of facts.traffic.accountsByKey.get(key.thumbprint ?? '') ?? [])
      if (other !== account && other.ca === account.ca && differsInAuthority(other.url, account.url)) return other
  return null
}

function differsInAuthority(a: string, b: string): boolean {
  const [left, right] = [splitUrl(a), splitUrl(b)]
  return left !== null && right !== null && left.rest === right.rest && a !== b
}

function isUnder(url: string, base: unknown): boolean {
  return typeof base === 'string' && url.startsWith(base)
}
