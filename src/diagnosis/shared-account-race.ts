import type { Account, AcmeRequest } from '../acme/traffic.ts'
import { field } from '../http/exchange.ts'
import type { Case } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forClient } from './diagnosis.ts'

export const diagSharedAccountRace: DiagnosisKind = {
  id: 'diag-shared-account-race',
  group: 'session',
  party: 'client',
  severity: 'info',
  level: 'session',
  tier: 2,
  title: 'Several processes share one account',
  norm: 'Interleaved requests with one kid from several addresses or nonce pools.',
  decide: 'Same kid, overlapping flows, different client addresses/User-Agents/TLS fingerprints.',
  traps: ['NAT hides it.'],
  unknownWhen: ['U-OTHER'],
  inPractice: {},
  remedy: 'Fine in itself; serialise key change and finalize.',
  references: ['RFC 8555 §6.5'],
}

/** Changes of hand that show two processes at work at once, not one after the other. */
const TURNS = 3

/** Accounts that several clients use at the same time: fine in itself, but key change and finalize then race. */
export function sharedAccountRace(facts: Case): Diagnosis[] {
  const shared = [...facts.traffic.accounts.values()].flatMap((account) => {
    const hands = handsOf(account)
    return hands === null ? [] : [{ account, hands }]
  })
  const first = shared[0]
  if (first === undefined) return []
  const { account, hands } = first
  const others = shared.length === 1 ? '' : ` So do those of ${shared.length - 1} more accounts.`
  return [
    {
      kind: diagSharedAccountRace,
      party: 'client',
      bothAtFault: false,
      confidence: 'likely',
      aside: true,
      title: 'Several clients use one account at the same time',
      explanation: `The requests of account ${account.url} come in turns from ${hands.join(' and ')} (first: request ${account.requests[0]?.id}).${others} RFC 8555 allows that. Nonces are shared without harm; a key change by one client shuts out the other, and two may finalize the same order.`,
      remedies: [
        forClient(
          'nothing to do, unless requests fail; then let one process at a time change the key or finalize an order, or give each its own account.',
        ),
      ],
      explains: [],
      evidence: account.requests.slice(0, 1),
    },
  ]
}

/** Two clients by address and User-Agent, when their requests alternate; null when there is one, or one follows the other. */
function handsOf({ requests }: Account): string[] | null {
  const seen = new Set<string>()
  let turns = 0
  let before: string | null = null
  for (const request of requests) {
    const hand = handOf(request)
    if (hand === null) continue
    if (before !== null && before !== hand) turns++
    before = hand
    if (seen.size < 4) seen.add(hand)
  }
  return turns >= TURNS && seen.size > 1 ? [...seen] : null
}

function handOf({ exchange, http, behindProxy }: AcmeRequest): string | null {
  // Another command of the same program words its User-Agent anew; only the program's name tells programs apart.
  const agent = field(http.headers, 'user-agent')?.split(/[/ ]/)[0] ?? null
  const address = exchange.connection?.client?.replace(/:\d+$/, '') ?? null
  // Behind a proxy, or with the same request seen on two legs, addresses tell legs apart, not clients.
  return agent === null ? null : address === null || behindProxy ? `"${agent}"` : `"${agent}" at ${address}`
}
