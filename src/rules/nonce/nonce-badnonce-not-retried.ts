import { retries } from '../retries.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { remembered, wasRefusedAs } from '../scope.ts'

/** Time a client gets to retry, in microseconds. */
const PATIENCE = 60e6

export const nonceBadnonceNotRetried: Rule = {
  id: 'nonce-badnonce-not-retried',
  group: 'nonce',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'badNonce is retried',
  norm: 'Clients should retry with the new nonce instead of failing.',
  decide:
    'After badNonce, if no retry follows within 60 s on any connection of that client and the flow ends or the client reports failure: warn.',
  traps: ['Capture that ends right after the error proves nothing.'],
  unknownWhen: ['U-OTHER', 'U-RESP'],
  inPractice: {
    Pebble: 'Produces this on purpose in 5% of requests',
    'golang.org/x/crypto/acme': 'Retries until its backoff gives up (cert-manager: at most 6 attempts)',
  },
  remedy: 'Retry badNonce a few times automatically.',
  references: ['RFC 8555 §6.5'],
  explains: { types: [], details: [] },
  judge(request, traffic) {
    if (!wasRefusedAs(request, 'badNonce') || request.response === null) return undefined
    if (remembered(traffic, retries).retryOf.has(request)) return HOLDS
    const last = traffic.requests.at(-1)?.time ?? request.time
    if (last - request.time < PATIENCE) return unknown('U-OTHER', 'the capture ends before it could show a retry')
    return broken(
      nonceBadnonceNotRetried,
      'The server refused the nonce and offered a fresh one, but the client did not try again within a minute.',
    )
  },
}
