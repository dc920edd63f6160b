import { broken, HOLDS, type Rule } from '../rule.ts'
import { seconds, wasRefusedAs } from '../scope.ts'

/** Five minutes in microseconds: no server that is known forgets nonces sooner. */
const FRESH = 300e6

export const nonceOld: Rule = {
  id: 'nonce-old',
  group: 'nonce',
  party: 'client',
  severity: 'info',
  level: 'session',
  tier: 1,
  title: 'nonce is fresh enough',
  norm: 'Servers may forget nonces; lifetime is theirs to choose.',
  decide:
    "Age = request time minus issue time. Info above 5 min; warning when the server answered badNonce and age exceeds the server's known window (Vault 15 min; acme2certifier 24 h by default; Boulder: 65,536 newer nonces or a nonce-service restart).",
  traps: [
    'Load-balanced services encode the issuing backend in a prefix (8 chars in Boulder); a prefix change between issue and use is not a client error.',
  ],
  unknownWhen: ['U-START', 'U-CLOCK'],
  inPractice: {
    Boulder: "Window by count per nonce service, lost at restart or when the prefix's backend is gone",
    Pebble: 'No expiry, but refuses 5% of good nonces on purpose by default',
    'step-ca': 'No expiry in the database code',
    'golang.org/x/crypto/acme': 'Pool never expires by time',
  },
  remedy: 'Fetch a fresh nonce when the pooled one is old, and retry on badNonce.',
  references: ['RFC 8555 §6.5'],
  explains: { types: ['badNonce'], details: [/nonce/i] },
  judge(request) {
    const issue = request.nonceRecord?.issues.findLast((known) => known.time <= request.time)
    if (issue === undefined) return undefined
    const age = request.time - issue.time
    if (age <= FRESH) return HOLDS
    const refused = wasRefusedAs(request, 'badNonce') ? ' The server answered badNonce: it may have forgotten it.' : ''
    return broken(nonceOld, `The nonce was ${seconds(age)} old when it was used.${refused}`, {
      evidence: { ageSeconds: age / 1e6 },
    })
  },
}
