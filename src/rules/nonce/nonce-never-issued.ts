import { HOLDS, type Rule, unknown } from '../rule.ts'
import { sawBeginning, seconds, wasRefusedAs } from '../scope.ts'

/** Microseconds by which the times of one capture may be off: HAR files round. */
const ROUNDING = 1e6

export const nonceNeverIssued: Rule = {
  id: 'nonce-never-issued',
  group: 'nonce',
  party: 'either',
  severity: 'info',
  level: 'session',
  tier: 1,
  title: 'nonce was issued in this capture',
  norm: 'A server accepts only values it handed out.',
  decide:
    'Passes if an answer of this CA gave the value out before, on any connection of the capture. Otherwise it is undecided, whatever the server answers: the nonce may have been given out before the capture or to another host. To refuse it is the duty of the server (§6.5).',
  traps: [
    'Nonce may come from HEAD newNonce on another connection, from an error response, from GET directory on Boulder-like CAs that send one there, or from a previous process that persisted its pool.',
    'Boulder adds Replay-Nonce to every non-GET response including HEAD on any resource and errors.',
  ],
  unknownWhen: ['U-START', 'U-OTHER', 'U-CLOCK'],
  inPractice: {
    Boulder: '400 badNonce',
    Pebble: '400 badNonce',
    'step-ca': '400 badNonce',
    'golang.org/x/crypto/acme': 'Keeps up to 100 nonces for the process lifetime',
  },
  remedy: 'If it fails, fetch a fresh nonce.',
  references: ['RFC 8555 §6.5'],
  why: 'The CA takes only nonces it made. Whether it made this one cannot be seen in the capture.',
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "made-up-by-the-client", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['badNonce'], details: [] },
  judge(request) {
    const record = request.nonceRecord
    if (record === null) return undefined
    const first = record.issues[0]
    // Nobody guesses a nonce: what seems to be issued a little later is a matter of clocks.
    if (first !== undefined && first.time <= request.time + ROUNDING) return HOLDS
    if (first !== undefined)
      return unknown(
        'U-CLOCK',
        `by the clocks of the capture the nonce was issued ${seconds(first.time - request.time)} after its use`,
      )
    if (!sawBeginning(request.ca))
      return unknown('U-START', 'the nonce was not issued in this capture, which does not show the beginning of the session')
    const refused = wasRefusedAs(request, 'badNonce')
      ? '; the server answered badNonce, so it was invented, altered, or issued to another host'
      : ''
    return unknown('U-OTHER', `no answer in this capture issued the nonce${refused}`)
  },
}
