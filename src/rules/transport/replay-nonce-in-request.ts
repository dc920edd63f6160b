import { field } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const replayNonceInRequest: Rule = {
  id: 'replay-nonce-in-request',
  group: 'transport',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 1,
  title: 'No Replay-Nonce header on requests',
  norm: 'Replay-Nonce is a response header; in requests the nonce belongs inside the protected header.',
  decide: 'Fail if a client request has an HTTP header named Replay-Nonce.',
  traps: ['Debugging proxies that replay response headers can add it; check on the client-side leg.'],
  unknownWhen: ['U-TLS', 'U-REDACT'],
  inPractice: {
    Boulder: '400 malformed',
    Pebble: '400 malformed',
    'step-ca': 'Ignored',
    'golang.org/x/crypto/acme': 'Never sends it',
  },
  remedy: 'Remove the header; put the value in protected.nonce.',
  references: ['RFC 8555 §6.5.1'],
  explains: { types: ['malformed'], details: [/Replay-Nonce header/] },
  judge(request) {
    const value = field(request.http.headers, 'replay-nonce')
    if (value === null) return HOLDS
    return broken(
      replayNonceInRequest,
      `The request has a Replay-Nonce field (${quote(value)}), which belongs to answers; the nonce goes into the protected header.`,
    )
  },
}
