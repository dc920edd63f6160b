import { HOLDS, type Rule, unknown } from '../rule.ts'
import { sawBeginning, wasRefusedAs } from '../scope.ts'

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
    "Look the value up in the ledger of nonces issued by this CA on ANY connection or process in the capture. Not found: 'unknown' if the capture began mid-session or another host shares the client; 'warning: invented or corrupted' only if the client's whole life at that CA is covered and the server answered badNonce. Never an error and never a pass: the MUST of §6.5 binds the server, and the nonce may have been issued out of sight; the nonce check of the request stays unknown.",
  traps: [
    'Nonce may come from HEAD newNonce on another connection, from an error response, from GET directory on Boulder-like CAs that send one there, or from a previous process that persisted its pool.',
    'Boulder adds Replay-Nonce to every non-GET response including HEAD on any resource and errors.',
  ],
  unknownWhen: ['U-START', 'U-OTHER', 'U-GAP'],
  inPractice: {
    Boulder: '400 badNonce',
    Pebble: '400 badNonce',
    'step-ca': '400 badNonce',
    'golang.org/x/crypto/acme': 'Keeps up to 100 nonces for the process lifetime',
  },
  remedy: 'If it fails, fetch a fresh nonce.',
  references: ['RFC 8555 §6.5'],
  explains: { types: ['badNonce'], details: [] },
  judge(request) {
    const record = request.nonceRecord
    if (record === null) return undefined
    if (record.issues.some((issue) => issue.time <= request.time)) return HOLDS
    if (!sawBeginning(request.ca))
      return unknown('U-START', 'the nonce was not issued in this capture, which does not show the beginning of the session')
    const refused = wasRefusedAs(request, 'badNonce')
      ? '; the server answered badNonce, so it was invented, altered, or issued to another host'
      : ''
    return unknown('U-OTHER', `no answer in this capture issued the nonce${refused}`)
  },
}
