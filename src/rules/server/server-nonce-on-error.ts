import { acmeType } from '../../acme/answers.ts'
import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

export const serverNonceOnError: Rule = {
  id: 'server-nonce-on-error',
  group: 'server',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 1,
  title: 'Replay-Nonce on POST errors',
  norm: 'Error answers should carry one too.',
  decide: '4xx/5xx problem answer to POST without Replay-Nonce: warn (badNonce: see server-badnonce-shape).',
  traps: ["Errors made by a proxy are not the CA's."],
  unknownWhen: ['U-REDACT', 'U-GAP'],
  inPractice: {
    Boulder: 'Always',
    Pebble: 'Always',
    'step-ca': 'Always, also before the content-type check',
    others: 'Vault sends none on errors in the source read, confirmed by nginx-acme issue 47',
  },
  remedy: 'Server: add it.',
  references: ['RFC 8555 §6.5'],
  why: 'A client that retries has no nonce to do it with.',
  examples: { fails: 'HTTP/1.1 400 Bad Request without Replay-Nonce', passes: 'Replay-Nonce: oFvnlFP1wIhRlYS2jTaXbA' },
  explains: { types: [], details: [] },
  judge(request) {
    const { method, response, problem, replayNonce } = request
    if (method !== 'POST' || response === null || response.status < 400) return undefined
    const type = acmeType(problem)
    if (type === null || type === 'badNonce') return undefined // a proxy's answer, or server-badnonce-shape
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    if (replayNonce !== null) return HOLDS
    return broken(
      serverNonceOnError,
      `The error answer ${response.status} ${type} to a POST has no Replay-Nonce, so the client has to ask for a nonce before it tries again.`,
      { evidence: { status: response.status, type } },
    )
  },
}
