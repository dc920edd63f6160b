import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { uncertainRole, wasAccepted } from '../scope.ts'

export const serverNewnonceStatus: Rule = {
  id: 'server-newnonce-status',
  group: 'server',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 2,
  title: 'newNonce: HEAD 200, GET 204',
  norm: 'HEAD should be 200, GET must be answered 204 with empty body, both with a nonce.',
  decide:
    '2xx to newNonce: error when there is no Replay-Nonce. HEAD should be 200: info. GET must be 204: info as well, a 200 is seen and does no harm.',
  traps: ['GET 200 is seen and harmless.'],
  unknownWhen: ['U-RESP', 'U-REDACT', 'U-GAP'],
  inPractice: {
    Boulder: 'Conforms',
    Pebble: 'Conforms',
    'step-ca': 'Conforms',
    'golang.org/x/crypto/acme': 'Any status below 300 with a nonce',
  },
  remedy: 'Server: fix code.',
  references: ['RFC 8555 §7.2'],
  why: 'Strict clients stop at the wrong status and get no nonce.',
  examples: { fails: 'HEAD newNonce: HTTP/1.1 204 No Content', passes: 'HEAD newNonce: HTTP/1.1 200 OK' },
  explains: { types: [], details: [] },
  resources: ['newNonce'],
  judge(request) {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    if (!wasAccepted(request) || uncertainRole(request) !== null) return undefined
    const status = request.response?.status
    if (request.replayNonce === null || request.replayNonce === '')
      return broken(serverNewnonceStatus, `The newNonce answer ${status} has no Replay-Nonce.`, { evidence: { status } })
    const due = request.method === 'HEAD' ? 200 : 204
    if (status === due) return HOLDS
    return broken(
      serverNewnonceStatus,
      `${request.method} on newNonce was answered ${status} instead of ${due}; it brings a nonce all the same.`,
      { severity: 'info', evidence: { status, due } },
    )
  },
}
