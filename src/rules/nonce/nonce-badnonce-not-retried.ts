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
    'A warning if no retry follows a badNonce answer on any connection of the client, and the capture goes on for more than a minute.',
  traps: ['Capture that ends right after the error proves nothing.'],
  unknownWhen: ['U-OTHER'],
  inPractice: {
    Pebble: 'Produces this on purpose in 5% of requests',
    'golang.org/x/crypto/acme': 'Retries until its backoff gives up (cert-manager: at most 6 attempts)',
  },
  remedy: 'Retry badNonce a few times automatically.',
  references: ['RFC 8555 §6.5'],
  why: 'A nonce goes stale without anybody being at fault. A client that gives up fails for nothing.',
  examples: {
    fails: '{"type": "urn:ietf:params:acme:error:badNonce", "retries": 0}',
    passes: '{"type": "urn:ietf:params:acme:error:badNonce", "retries": 1}',
  },
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
