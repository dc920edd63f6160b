import type { AcmeRequest } from '../acme/traffic.ts'
import type { Attribution } from './attribute.ts'
import { type Case, groupBy } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forClient } from './diagnosis.ts'
import { outcomeOf, taleOf } from './tale.ts'
import { capitalised, refusal, requestList, were } from './words.ts'

export const diagAccountKeyMismatch: DiagnosisKind = {
  id: 'diag-account-key-mismatch',
  group: 'session',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Key and account do not belong together',
  norm: "Signature fails under the account's key but verifies under another.",
  decide: 'signature-wrong-key or stale-key fired; or newAccount with a new thumbprint precedes requests with the old kid.',
  traps: ['Two Issuers sharing one Secret name in different namespaces.'],
  unknownWhen: ['U-KEY'],
  inPractice: {},
  remedy: 'Restore the right private key or re-register.',
  references: ['RFC 8555 §6.2'],
}

/** Refused requests that one account's key signed in the name of another, or with a key that was replaced. */
export function accountKeyMismatch(facts: Case): Diagnosis[] {
  const wrong = [
    ...facts.openWith('signature-wrong-key', 'signature-stale-key'),
    // What is left of kid-location-mismatch: the key has an account of its own, and kid names quite another.
    ...facts
      .openWith('kid-location-mismatch')
      .filter(({ finding, attribution }) => finding.verdict.evidence.tiedBy === 'key' && isAccountUrl(attribution)),
  ]
  return groupBy(wrong, ({ attribution, finding }) => `${attribution.judgement.request.kid} ${finding.rule.id}`).map((group) => {
    const requests = group.map(({ attribution }) => attribution.judgement.request)
    const first = requests[0] as AcmeRequest
    const { attribution, finding } = group[0] as { attribution: Attribution; finding: (typeof wrong)[number]['finding'] }
    const stale = finding.rule.id === 'signature-stale-key'
    const change = stale ? (first.account?.keys.at(-1)?.learntFrom ?? null) : (first.account?.registeredBy ?? null)
    return {
      kind: diagAccountKeyMismatch,
      party: 'client',
      bothAtFault: false,
      confidence: attribution.match === 'words' ? 'certain' : 'likely',
      title: TITLES[finding.rule.id] ?? diagAccountKeyMismatch.title,
      story: taleOf(requests, `${first.resource} sent and ${outcomeOf(first)}`, facts),
      explanation: `${capitalised(requestList(requests))} ${were(requests)} answered ${refusal(first)}. ${finding.verdict.message}${stale ? '' : ' Two clients that share one stored key or account URL, or a key that was restored from elsewhere, lead to this.'}`,
      remedies: [
        forClient(
          `${stale ? 'give every process that uses the account its new key' : 'keep each account URL together with its own key, or register the key at hand and use the Location it is given'}.`,
        ),
      ],
      explains: requests,
      evidence: change === null ? [] : [change],
    }
  })
}

const TITLES: Readonly<Record<string, string>> = {
  'signature-wrong-key': 'The client signs with the key of another account',
  'signature-stale-key': 'The client signs with a key that its account has replaced',
  'kid-location-mismatch': 'The client names another account than the one its key belongs to',
}

function isAccountUrl({ judgement }: Attribution): boolean {
  return !judgement.findings.some(({ rule }) => rule.id === 'kid-not-account-url')
}
