import type { AcmeRequest } from '../acme/traffic.ts'
import { type Case, groupBy } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCa } from './diagnosis.ts'
import { outcomeOf, taleOf } from './tale.ts'
import { capitalised, place, refusal, requestList, were } from './words.ts'

export const diagServerRejectedCompliant: DiagnosisKind = {
  id: 'diag-server-rejected-compliant',
  group: 'session',
  party: 'server',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Server rejected a compliant request',
  norm: 'HEADLINE: a request with no failing rule was refused.',
  decide:
    'For each 4xx on an ACME role: run all client rules of level request/session. Let F=fails, Q=unknowns. If F is empty and Q is empty (or Q contains only rules that cannot explain the problem type/detail): verdict SERVER. Exclude types that depend on server policy or world state (rateLimited, rejectedIdentifier, caa, dns, connection, tls, userActionRequired, externalAccountRequired when truly absent, orderNotReady races, alreadyRevoked, alreadyReplaced, badNonce with known age): verdict POLICY/WORLD. If Q has an explaining rule: verdict UNDECIDED and say what to capture.',
  traps: [
    'Never claim it with any explaining unknown.',
    'The first failing check hides others: list all client findings anyway.',
  ],
  unknownWhen: ['U-TLS', 'U-GAP', 'U-START', 'U-KEY'],
  inPractice: { Pebble: 'Deliberate badNonce in 5% of good requests: verdict SERVER, benign' },
  remedy: 'Send this exchange (raw protected header, url, nonce origin, signature verified) to the CA operator.',
  references: [],
}

/** Compliant requests that were refused, one diagnosis for equal refusals of one kind of request. */
export function serverRejectedCompliant(facts: Case): Diagnosis[] {
  const refused = facts
    .open()
    .filter(({ verdict }) => verdict === 'server')
    .map(({ judgement }) => judgement.request)
  return groupBy(
    refused,
    (request) => `${request.resource} ${request.response?.status} ${request.problem?.type} ${request.problem?.detail}`,
  ).map((requests) => {
    const first = requests[0] as AcmeRequest
    const many = requests.length > 1
    return {
      kind: diagServerRejectedCompliant,
      party: 'server',
      bothAtFault: false,
      confidence: 'certain',
      title: `The server refused ${many ? `${requests.length} compliant ${first.resource} requests` : `a compliant ${first.resource} request`}`,
      explanation: `${capitalised(requestList(requests))} ${were(requests)} answered ${refusal(first)}, but everything that can be wrong with ${many ? 'them' : 'it'} was seen to be right: ${whatPassed(first)}.${quirkOf(first)}`,
      story: taleOf(
        requests,
        `${first.resource} ${first.kid === null ? 'sent' : 'signed with that account as kid'} and ${outcomeOf(first)}`,
        facts,
      ),
      remedies: [
        forCa(
          `find out why the server refuses ${many ? 'these requests' : 'this request'}; the evidence is ${place(first)}. If something stands between the place of this capture and the server, capture behind it too and compare. Nothing is to be changed on the client.`,
        ),
      ],
      explains: requests,
      evidence: [first.account?.registeredBy, first.nonceRecord?.issues[0]?.request].filter((request) => request != null),
    }
  })
}

/** What is known of servers that answer so; it explains, and never changes whose fault it is. */
const QUIRKS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [
    /missing Content-Length/i,
    'Pebble asks for Content-Length on every POST; HTTP/2 does without, and HTTP/1.1 allows chunked bodies.',
  ],
  [
    /anti-replay nonce|badNonce/i,
    'Pebble refuses some good nonces on purpose, to try its clients; elsewhere replicas that do not share their nonces do so. A client may try again more than once.',
  ],
  [
    /^400 malformed "The request message was malformed"$/,
    'step-ca tells clients this sentence only; the reason stands in its own log.',
  ],
  [/^500\b/, 'The server failed; some (Dogtag, serles) fail so where they should refuse.'],
]

function quirkOf(request: AcmeRequest): string {
  const words = QUIRKS.find(([pattern]) => pattern.test(refusal(request)))?.[1]
  return words === undefined ? '' : ` ${words}`
}

/** The evidence, check by check, with the request that each reference value comes from. */
function whatPassed(request: AcmeRequest): string {
  const { account, key, nonceRecord, jwk } = request
  const from = (source: AcmeRequest | null | undefined) => (source == null ? '' : ` (request ${source.id})`)
  const parts: string[] = []
  if (request.kid !== null && request.kid !== '')
    parts.push(`kid "${request.kid}" is the account URL that the server gave${from(account?.registeredBy)}`)
  else if (jwk !== null) parts.push('jwk holds the public key, as this request needs it')
  if (key !== null)
    parts.push(`the ${request.alg} signature verifies under ${key.source === 'request' ? 'that key' : 'the key of that account'}`)
  if (nonceRecord !== null)
    parts.push(`the nonce was issued by this server${from(nonceRecord.issues[0]?.request)} and not used before`)
  if (request.signedUrl !== null) parts.push('the signed url is the URL of the request')
  if (request.jws !== null) parts.push('the Content-Type is application/jose+json')
  return parts.length === 0 ? 'it is a plain fetch of a public resource' : parts.join(', ')
}
