import type { AcmeTraffic } from '../../acme/traffic.ts'
import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { remembered, wasAccepted } from '../scope.ts'

/** HAR files in which no answer at all has a nonce: whoever wrote them left the field out, or was not shown it. */
function withoutNonces(traffic: AcmeTraffic): ReadonlySet<number> {
  const hars = new Set(traffic.requests.filter(({ exchange }) => exchange.entry !== null).map(({ exchange }) => exchange.input))
  for (const { exchange, replayNonce } of traffic.requests) if (replayNonce !== null) hars.delete(exchange.input)
  return hars
}

export const serverNonceOnSuccess: Rule = {
  id: 'server-nonce-on-success',
  group: 'server',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'Replay-Nonce on every successful POST',
  norm: 'Each 2xx answer to a POST carries a nonce.',
  decide: '2xx to POST without Replay-Nonce: fail.',
  traps: ['CORS-only exposure (Access-Control-Expose-Headers) matters to browser HARs: header may be hidden, not absent.'],
  unknownWhen: ['U-RESP', 'U-REDACT', 'U-GAP'],
  inPractice: {
    Boulder: 'Every non-GET',
    Pebble: 'Every POST',
    'step-ca': 'Every POST through the validating chain',
    'golang.org/x/crypto/acme': 'Falls back to newNonce',
  },
  remedy: 'Server/proxy: pass the header through.',
  references: ['RFC 8555 §6.5'],
  why: 'The client has to ask newNonce before each request, or stops.',
  examples: { fails: 'HTTP/1.1 201 Created without Replay-Nonce', passes: 'Replay-Nonce: oFvnlFP1wIhRlYS2jTaXbA' },
  explains: { types: [], details: [] },
  judge(request, traffic) {
    if (request.method !== 'POST') return undefined
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    if (!wasAccepted(request) || request.jws === null) return undefined
    if (request.replayNonce !== null) return HOLDS
    if (remembered(traffic, withoutNonces).has(request.exchange.input))
      return unknown(
        'U-REDACT',
        'no answer in this HAR has a Replay-Nonce; a browser hides it from scripts of another origin, and tools remove it',
      )
    return broken(
      serverNonceOnSuccess,
      `The answer ${request.response?.status} to a POST has no Replay-Nonce, so the client has to ask for a nonce before its next request.`,
      { evidence: { status: request.response?.status } },
    )
  },
}
