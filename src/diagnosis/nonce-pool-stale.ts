import { acmeType } from '../acme/answers.ts'
import type { AcmeRequest } from '../acme/traffic.ts'
import { seconds, wasAccepted } from '../rules/scope.ts'
import type { Case } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forClient } from './diagnosis.ts'
import { capitalised, requestList, were } from './words.ts'

export const diagNoncePoolStale: DiagnosisKind = {
  id: 'diag-nonce-pool-stale',
  group: 'session',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 2,
  title: 'Nonce pool went stale',
  norm: 'badNonce on a nonce that was properly issued, unused, but old or from a vanished backend.',
  decide:
    'nonce ledger: issued, uses=1, age large or prefix class changed or server restarted (TLS session/Date jump); retry succeeded.',
  traps: ['Benign; do not headline.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: 'Prefix of 8 characters names the issuing service',
    Pebble: 'Random refusals: cannot be told from staleness',
    'golang.org/x/crypto/acme': 'Pool is unlimited in age',
  },
  remedy: 'None needed if the retry worked.',
  references: ['RFC 8555 §6.5'],
}

/** Microseconds after which a nonce may well be forgotten; refusals of younger ones are the server's whim. */
const OLD = 60e6

/** Good nonces that had grown old were refused, and the retry worked: context, nothing to mend. */
export function noncePoolStale(facts: Case): Diagnosis[] {
  const stale = facts
    .open()
    .filter(({ verdict, judgement: { request } }) => verdict === 'benign' && ageOf(request) > OLD && wasRetried(request, facts))
    .map(({ judgement }) => judgement.request)
  const first = stale[0]
  if (first === undefined) return []
  return [
    {
      kind: diagNoncePoolStale,
      party: 'client',
      bothAtFault: false,
      confidence: 'likely',
      aside: true,
      title: 'Nonces had grown old when they were used; the retry worked',
      explanation: `${capitalised(requestList(stale))} ${were(stale)} answered badNonce although the server had given the nonce, ${seconds(ageOf(first))} before. Servers forget nonces after a while or a restart; the repetition with a fresh one was accepted.`,
      remedies: [
        forClient(
          'nothing to do: clients are meant to repeat the request (RFC 8555 §6.5). A client that pauses for long may drop its kept nonces first.',
        ),
      ],
      explains: stale,
      evidence: [],
    },
  ]
}

function ageOf(request: AcmeRequest): number {
  const issued = request.nonceRecord?.issues[0]?.time ?? request.time
  return acmeType(request.problem) === 'badNonce' ? request.time - issued : 0
}

function wasRetried(request: AcmeRequest, facts: Case): boolean {
  const retry = facts.retryOf(request)
  return retry !== null && (wasAccepted(retry) || acmeType(retry.problem) !== 'badNonce')
}
