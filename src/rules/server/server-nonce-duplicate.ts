import type { AcmeRequest } from '../../acme/traffic.ts'
import { field } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { couldBeOneRequest, named, quote } from '../scope.ts'

/** Signs that a cache answered (RFC 9111 5.1), as texts. */
function cacheSigns(request: AcmeRequest, first: AcmeRequest): string[] {
  const headers = request.response?.headers ?? []
  const signs = ['age', 'x-cache', 'via'].filter((name) => field(headers, name) !== null)
  const date = field(headers, 'date')
  if (date !== null && date === field(first.response?.headers ?? [], 'date') && request.time - first.time > 1e6)
    signs.push('the same Date')
  return signs
}

export const serverNonceDuplicate: Rule = {
  id: 'server-nonce-duplicate',
  group: 'server',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Nonces are unique per response',
  norm: 'Values must be unique with high probability.',
  decide:
    'Ledger: same value issued in two distinct responses (packet duplicates and the two legs of a proxy collapsed): fail; if both came from newNonce with Age/X-Cache/Via headers or identical Date: name the cache.',
  traps: ['A HAR with browser cache shows the cached response twice.'],
  unknownWhen: ['U-OTHER'],
  inPractice: { Boulder: 'Encrypted counter, unique', Pebble: 'Random', 'step-ca': 'Random' },
  remedy: 'Disable caching of newNonce in front of the CA.',
  references: ['RFC 8555 §6.5.1', 'RFC 8555 §7.2'],
  why: 'Two requests take the same nonce, and one of them fails without the fault of the client.',
  explains: { types: [], details: [] },
  judge(request) {
    const { replayNonce, ca } = request
    if (replayNonce === null || replayNonce === '' || ca === null) return undefined
    const first = ca.nonces.byValue.get(replayNonce)?.issues.find((issue) => issue.request !== null)?.request ?? request
    if (first === request) return HOLDS
    if (couldBeOneRequest(first, request))
      return unknown(
        'U-OTHER',
        `the same answer was captured as that of ${named(first)}; nothing tells whether it was given once or twice`,
      )
    const signs = cacheSigns(request, first)
    return broken(
      serverNonceDuplicate,
      `The answer carries the nonce ${quote(replayNonce)}, which the answer to ${named(first)} had carried before.${signs.length === 0 ? '' : ` A cache seems to stand between (${signs.join(', ')}).`}`,
      {
        party: signs.length === 0 ? 'server' : 'proxy',
        evidence: { nonce: replayNonce, first: first.id, cacheSigns: signs },
      },
    )
  },
}
