import { issueBefore } from '../nonce-issue.ts'
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
    'The age is the time from the answer that gave it out to the request. More than 5 minutes is a note, with the age; it says so if the server answered badNonce. Vault keeps nonces for 15 minutes, acme2certifier for 24 hours, Boulder until 65,536 newer ones or a restart.',
  traps: [
    'Load-balanced services encode the issuing backend in a prefix (8 chars in Boulder); a prefix change between issue and use is not a client error.',
  ],
  unknownWhen: [],
  inPractice: {
    Boulder: "Window by count per nonce service, lost at restart or when the prefix's backend is gone",
    Pebble: 'No expiry, but refuses 5% of good nonces on purpose by default',
    'step-ca': 'No expiry in the database code',
    'golang.org/x/crypto/acme': 'Pool never expires by time',
  },
  remedy: 'Fetch a fresh nonce when the pooled one is old, and retry on badNonce.',
  references: ['RFC 8555 §6.5'],
  why: 'CAs forget nonces after a time or at a restart, and then answer badNonce. A client that tries again notices nothing.',
  examples: {
    fails: 'Replay-Nonce at 00:00:00, used at 00:40:00',
    passes: 'Replay-Nonce at 00:00:00, used at 00:00:02',
  },
  explains: { types: ['badNonce'], details: [/nonce/i] },
  judge(request) {
    const issue = request.nonceRecord === null ? undefined : issueBefore(request.nonceRecord, request.time)
    if (issue === undefined) return undefined
    const age = request.time - issue.time
    if (age <= FRESH) return HOLDS
    const refused = wasRefusedAs(request, 'badNonce') ? ' The server answered badNonce: it may have forgotten it.' : ''
    return broken(nonceOld, `The nonce was ${seconds(age)} old when it was used.${refused}`, {
      evidence: { ageSeconds: age / 1e6 },
    })
  },
}
