import type { AcmeTraffic } from '../../acme/traffic.ts'
import type { ChallengeLookUp } from '../../dns/lookups.ts'
import { contestStartedBy, isDnsChallenge, lookUpsOf, recordName, recordValues } from '../challenges.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, remembered } from '../scope.ts'

interface Published {
  readonly name: string
  readonly lookUp: ChallengeLookUp
}

/** Values of TXT records to the owner names they were seen at. */
function ownersByValue({ side }: AcmeTraffic): ReadonlyMap<string, readonly Published[]> {
  const found = new Map<string, Published[]>()
  for (const lookUp of side.lookUps)
    for (const { name, value } of lookUp.texts) {
      const known = found.get(value)
      if (known === undefined) found.set(value, [{ name, lookUp }])
      else if (known.length < 16) known.push({ name, lookUp })
    }
  return found
}

/** How a wrong name differs, as a sentence part. */
function mistakeIn(name: string, right: string): string {
  const base = right.replace(/^.*?_acme-challenge\./, '')
  if (name.includes('*')) return 'the "*" label of a wildcard name does not belong in it'
  if (name.startsWith(`${right}.`)) return 'the zone is appended twice'
  if (base.startsWith('www.') && name === right.replace('.www.', '.')) return 'it is that of another name'
  return 'the validator does not look there'
}

export const dns01Name: Rule = {
  id: 'dns01-name',
  group: 'challenge',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 2,
  title: 'Validation record is at the right name',
  norm: 'dns-01 uses _acme-challenge prefixed to the base domain (wildcard label removed); drafts use other labels.',
  decide:
    "The digest of this challenge was seen in a TXT record at another name than _acme-challenge.NAME (wildcard label removed; dns-account-01: the label of the account URL before it), and no CNAME leads there from it: the zone appended twice, a '*' label, another name. Severity info when the CA found the challenge valid. The finding stands with the response to the challenge and does not make it non-compliant.",
  traps: ['CNAME at _acme-challenge is a supported delegation.', 'dns-persist/account-label are drafts: exact text may change.'],
  unknownWhen: ['U-SIDE'],
  inPractice: {
    Boulder: 'Implements all three',
    Pebble: 'Implements all three',
    'step-ca': 'dns-01 only',
    'golang.org/x/crypto/acme': 'dns-01 only',
  },
  remedy: 'Create the record at the name the CA queries.',
  references: ['RFC 8555 §8.4', 'draft-ietf-acme-dns-persist §4', 'draft-ietf-acme-dns-account-label'],
  why: 'The CA asks for another name than the one with the record.',
  examples: { fails: '_acme-challenge.www.example.www.example TXT', passes: '_acme-challenge.www.example TXT' },
  subjects: 'validation',
  explains: { types: ['unauthorized', 'dns'], details: [] },
  judge(request, traffic) {
    const contest = contestStartedBy(request, traffic)
    if (contest === null || !isDnsChallenge(contest)) return undefined
    const name = recordName(contest)
    if (name === null) return undefined // dns01-txt-value says it
    const lookUps = lookUpsOf(name, traffic)
    const owners = remembered(traffic, ownersByValue)
    for (const value of recordValues(contest, request.time))
      for (const { name: owner, lookUp } of owners.get(value) ?? []) {
        if (lookUp.question === name) return HOLDS // at the name, or where a CNAME leads from it
        if (lookUps.some(({ texts }) => texts.some((text) => text.value === value))) return HOLDS
        if (lookUps.some(({ aliases }) => aliases.some(({ target }) => target === owner))) return HOLDS
        return broken(
          dns01Name,
          `The record for this challenge was seen at ${quote(owner)}, but it belongs at ${quote(name)}: ${mistakeIn(owner, name)}.`,
          {
            severity: contest.succeeded ? 'info' : 'error',
            evidence: { found: owner, expected: name, frames: lookUp.frames.slice(0, 10) },
          },
        )
      }
    if (lookUps.length === 0) return unknown('U-SIDE', `no look-up of ${quote(name)} is in the capture`)
    return undefined
  },
}
