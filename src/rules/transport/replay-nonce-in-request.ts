import { field } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { lostFields, quote } from '../scope.ts'

export const replayNonceInRequest: Rule = {
  id: 'replay-nonce-in-request',
  group: 'transport',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 1,
  title: 'No Replay-Nonce header on requests',
  norm: 'Replay-Nonce is a response header; in requests the nonce belongs inside the protected header.',
  decide: 'Broken if the request has a header field Replay-Nonce.',
  traps: ['Debugging proxies that replay response headers can add it; check on the client-side leg.'],
  unknownWhen: ['U-GAP', 'U-REDACT', 'U-OTHER'],
  inPractice: {
    Boulder: '400 malformed',
    Pebble: '400 malformed',
    'step-ca': 'Ignored',
    'golang.org/x/crypto/acme': 'Never sends it',
  },
  remedy: 'Remove the header; put the value in protected.nonce.',
  references: ['RFC 8555 §6.5.1'],
  why: 'The field is for answers. Boulder and Pebble refuse a request that has it.',
  examples: {
    fails: 'Replay-Nonce: oFvnlFP1wIhRlYS2jTaXbA',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed'], details: [/Replay-Nonce header/] },
  judge(request) {
    const lost = lostFields(request)
    if (lost !== null) return lost
    const value = field(request.http.headers, 'replay-nonce')
    if (value === null) return HOLDS
    if (request.behindProxy) return unknown('U-OTHER', 'a proxy stands before this leg and may have added the Replay-Nonce field')
    return broken(
      replayNonceInRequest,
      `The request has a Replay-Nonce field (${quote(value)}), which belongs to answers; the nonce goes into the protected header.`,
    )
  },
}
