import { acmeType } from '../acme/answers.ts'
import type { AcmeRequest } from '../acme/traffic.ts'
import type { Case } from './case.ts'
import { type Confidence, type Diagnosis, type DiagnosisKind, forCa, forCapturer, forClient } from './diagnosis.ts'
import { capitalised, refusal, requestList } from './words.ts'

export const diagBadnonceLoop: DiagnosisKind = {
  id: 'diag-badnonce-loop',
  group: 'session',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'badNonce loop',
  norm: 'Three or more consecutive badNonce for the same operation.',
  decide:
    'Group retries; decide: client keeps old nonce -> client; fresh nonce from the error refused each time -> server (load balancer without shared nonce store, cache); nonce altered on the way -> middlebox. Show issuer connection/backend per nonce.',
  traps: ['django-ca 141 (cache per process).'],
  unknownWhen: ['U-RESP', 'U-OTHER'],
  inPractice: {
    Pebble: 'With PEBBLE_WFE_NONCEREJECT high: by design',
    'step-ca': 'Separate databases behind one name',
    'golang.org/x/crypto/acme': 'Stops after its back-off',
  },
  remedy: 'Share nonce storage between replicas or use sticky sessions.',
  references: ['RFC 8555 §6.5'],
}

/** Refusals in a row that make a loop. */
const LOOP = 3

/** The same operation refused as badNonce again and again, one diagnosis for each party that explains it. */
export function badNonceLoop(facts: Case): Diagnosis[] {
  const loops = chains(facts)
  return (['client', 'server', 'unknown'] as const).flatMap((party) => {
    const own = loops.filter((loop) => whoseFault(loop, facts) === party)
    const requests = own.flat()
    const first = requests[0]
    if (first === undefined) return []
    const nonces = new Set(requests.map(({ nonce }) => nonce)).size
    const confidence: Confidence = party === 'unknown' ? 'possible' : party === 'server' ? 'likely' : 'certain'
    return [
      {
        kind: diagBadnonceLoop,
        party,
        bothAtFault: false,
        confidence,
        title: TITLES[party],
        explanation: `${capitalised(requestList(requests))}: ${own.length === 1 ? 'one operation' : `${own.length} operations`} sent ${requests.length} times in all, with ${nonces} different nonces, and answered ${refusal(first)} each time. ${STORIES[party]}`,
        remedies: REMEDIES[party],
        upstream: UPSTREAM[party],
        explains: requests,
        evidence: [
          ...new Set(requests.map(({ nonceRecord }) => nonceRecord?.issues[0]?.request).filter((source) => source != null)),
        ].slice(0, 8),
      },
    ]
  })
}

const TITLES = {
  client: 'The client repeats requests with nonces that are used up',
  server: 'The server refuses every nonce, also those it has just given',
  unknown: 'Every nonce is refused, and the capture does not show why',
} as const

const STORIES = {
  client: 'The nonces were old or used before; each answer offered a fresh one, which the client did not take.',
  server:
    'Every one of these nonces had been given by this server and not been used. That is so when replicas do not share their nonces: a load balancer without common storage, or a cache per process.',
  unknown:
    'Where these nonces came from is not in the capture: they may have been changed on the way, or been given to another client.',
} as const

const UPSTREAM = {
  client: ['acmephp/acmephp 211'],
  server: ['mathiasertl/django-ca 141'],
  unknown: [],
} as const

const REMEDIES = {
  client: [
    forClient(
      'have the client repeat a request that was refused as badNonce with the nonce from that very answer (RFC 8555 §6.5); this is for its maker when no setting does it.',
    ),
  ],
  server: [
    forCa(
      'let all replicas share their nonces, or send each client to the same replica. Nothing is to be changed on the client.',
    ),
  ],
  unknown: [
    forCapturer(
      'capture from the first request of the client on, at the client and at the CA, and compare Replay-Nonce with the nonce that is sent.',
    ),
  ],
} as const

/** Runs of LOOP or more requests, each the repetition of the one before, all refused as badNonce. */
function chains(facts: Case): AcmeRequest[][] {
  const inside = new Set<AcmeRequest>()
  const found: AcmeRequest[][] = []
  for (const { judgement } of facts.open()) {
    if (acmeType(judgement.request.problem) !== 'badNonce' || inside.has(judgement.request)) continue
    const chain: AcmeRequest[] = []
    for (let next: AcmeRequest | null = judgement.request; next !== null; next = facts.retryOf(next)) {
      inside.add(next)
      if (acmeType(next.problem) !== 'badNonce') break
      chain.push(next)
    }
    if (chain.length >= LOOP) found.push(chain)
  }
  return found
}

function whoseFault(loop: readonly AcmeRequest[], facts: Case): 'client' | 'server' | 'unknown' {
  const retries = loop.slice(1)
  const stale = retries.filter((request) =>
    facts
      .judgementOf(request)
      ?.findings.some(
        ({ rule, verdict }) => rule.id === 'nonce-reused' && verdict.party === 'client' && verdict.severity === 'error',
      ),
  )
  if (stale.length * 2 > retries.length) return 'client'
  const fresh = retries.filter(
    ({ nonceRecord }) => nonceRecord !== null && nonceRecord.issues.length > 0 && nonceRecord.uses.length === 1,
  )
  return fresh.length === retries.length ? 'server' : 'unknown'
}
