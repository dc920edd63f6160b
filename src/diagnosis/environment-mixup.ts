import type { AcmeRequest } from '../acme/traffic.ts'
import { authorityOf } from '../acme/urls.ts'
import { type Attribution, wasRefused } from './attribute.ts'
import { type Case, groupBy } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forClient } from './diagnosis.ts'
import { capitalised, lastElement, refusal, requestList, were } from './words.ts'

export const diagEnvironmentMixup: DiagnosisKind = {
  id: 'diag-environment-mixup',
  group: 'session',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Account of another CA or environment',
  norm: 'kid, nonce, order or key authorization from staging used at production or between CAs.',
  decide:
    'Two or more authorities of one CA family in kid/url/Link index/stored account; or accountDoesNotExist/invalid account URL with foreign authority.',
  traps: ['lego 568, opnsense 1528.'],
  unknownWhen: ['U-START'],
  inPractice: { Boulder: '400 malformed invalid account URL', Pebble: '400 malformed', 'step-ca': '400 accountDoesNotExist' },
  remedy: 'Separate account storage per directory URL.',
  references: ['RFC 8555 §6.2'],
}

/** Refused requests whose kid belongs to another CA, or to another environment of the same one. */
export function environmentMixup(facts: Case): Diagnosis[] {
  const mixed = facts.open().filter((attribution) => whichElse(attribution) !== null)
  return groupBy(mixed, ({ judgement: { request } }) => `${request.kid} ${request.ca?.id}`).map((group) => {
    const requests = group.map(({ judgement }) => judgement.request)
    const first = requests[0] as AcmeRequest
    const [how, proven] = whichElse(group[0] as Attribution) ?? ['', false]
    return {
      kind: diagEnvironmentMixup,
      party: 'client',
      bothAtFault: false,
      confidence: proven ? 'certain' : 'likely',
      title: 'The client uses an account of another CA or environment',
      explanation: `${capitalised(requestList(requests))} went to ${authorityOf(first.url) ?? first.url} with kid "${first.kid}", ${how}; ${requests.length === 1 ? 'it' : 'they'} ${were(requests)} answered ${refusal(first)}. An account exists at the one CA that gave its URL.`,
      upstream: ['go-acme/lego 568', 'opnsense/plugins 1528'],
      remedies: [
        forClient(
          `keep accounts apart by directory URL, and register at ${first.ca?.directoryUrl ?? 'this CA'} before ordering there.`,
        ),
      ],
      explains: requests,
      evidence: [],
    }
  })
}

/** Where kid belongs, in words, and whether the capture proves it. */
function whichElse({ judgement }: Attribution): readonly [words: string, proven: boolean] | null {
  const { request, findings } = judgement
  if (request.kid === null || !wasRefused(request)) return null
  const has = (id: string) => findings.find(({ rule, verdict }) => rule.id === id && verdict.party === 'client')
  const foreign = has('kid-foreign-authority')
  const known = request.account
  if (known?.registeredBy != null && known.ca !== null && request.ca !== null && known.ca !== request.ca)
    return [`which ${known.ca.directoryUrl ?? 'another CA'} gave out (request ${known.registeredBy.id})`, true]
  if (foreign === undefined || has('kid-not-account-url') !== undefined) return null
  // An account that this CA knows by another name is no mix-up; the same key with another account elsewhere is.
  const mismatch = has('kid-location-mismatch')
  if (
    mismatch !== undefined &&
    (mismatch.verdict.evidence.tiedBy !== 'key' || isSameAccount(request.kid, mismatch.verdict.evidence.location))
  )
    return null
  const words = `which is at ${authorityOf(request.kid) ?? 'another place'}`
  if (foreign.verdict.severity === 'error') return [words, true]
  const says =
    /invalid account url|account/i.test(request.problem?.detail ?? '') ||
    /:accountDoesNotExist$/.test(request.problem?.type ?? '')
  return says ? [words, false] : null
}

/** Two URLs that end in the same identifier. */
function isSameAccount(kid: string, location: unknown): boolean {
  return typeof location === 'string' && lastElement(kid) === lastElement(location)
}
