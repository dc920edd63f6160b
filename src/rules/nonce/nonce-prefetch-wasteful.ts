import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { field } from '../../http/exchange.ts'
import { broken, type Rule } from '../rule.ts'
import { remembered } from '../scope.ts'

interface Pool {
  readonly first: AcmeRequest
  fetches: number
  posts: number
  offered: number
}

/** Clients (by CA and User-Agent) that ask newNonce for more than half of their requests although answers offered nonces. */
function wasteful(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, Pool> {
  const pools = new Map<string, Pool>()
  for (const request of traffic.requests) {
    const client = `${request.ca?.id} ${field(request.http.headers, 'user-agent')}`
    const fetches = request.resource === 'newNonce' && request.method !== 'POST'
    let pool = pools.get(client)
    if (pool === undefined) {
      if (!fetches) continue
      pool = { first: request, fetches: 0, posts: 0, offered: 0 }
      pools.set(client, pool)
    }
    if (fetches) pool.fetches++
    else if (request.jws !== null) {
      pool.posts++
      if (request.replayNonce !== null) pool.offered++
    }
  }
  return new Map(
    [...pools.values()]
      .filter((pool) => pool.posts >= 4 && pool.fetches > pool.posts / 2 && pool.offered > pool.posts / 2)
      .map((pool) => [pool.first, pool]),
  )
}

export const noncePrefetchWasteful: Rule = {
  id: 'nonce-prefetch-wasteful',
  group: 'nonce',
  party: 'client',
  severity: 'info',
  level: 'session',
  tier: 2,
  title: 'Response nonces are reused before asking newNonce',
  norm: 'Normally the nonce of the previous response serves the next request.',
  decide: 'A note if the client asks newNonce more than once for two signed requests although answers gave it nonces.',
  traps: ['Several parallel processes legitimately fetch separately.'],
  unknownWhen: [],
  inPractice: { 'golang.org/x/crypto/acme': 'Reuses response nonces' },
  remedy: 'Feed Replay-Nonce of each response into the pool.',
  references: ['RFC 8555 §7.2'],
  why: 'Each request costs two. It is slower and uses up limits on requests.',
  examples: {
    fails: 'HEAD newNonce, POST newOrder, HEAD newNonce, POST authorization',
    passes: 'HEAD newNonce, POST newOrder, POST authorization',
  },
  explains: { types: [], details: [] },
  judge(request, traffic) {
    const pool = remembered(traffic, wasteful).get(request)
    if (pool === undefined) return undefined
    return broken(
      noncePrefetchWasteful,
      `This client asked newNonce ${pool.fetches} times for ${pool.posts} signed requests, although ${pool.offered} answers carried a nonce already.`,
      {
        evidence: { newNonce: pool.fetches, signed: pool.posts },
      },
    )
  },
}
