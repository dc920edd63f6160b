import { acmeType } from '../../acme/answers.ts'
import { field } from '../../http/exchange.ts'
import { lostContent } from '../answer.ts'
import { broken, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const serverInternalError: Rule = {
  id: 'server-internal-error',
  group: 'server',
  party: 'either',
  severity: 'warning',
  level: 'exchange',
  tier: 1,
  title: 'No server failures',
  norm: "5xx or serverInternal is the server's.",
  decide:
    'Status 5xx (501 excepted, see server-must-accept) or type serverInternal: the server; 502 to 504 without a problem document: a proxy or front end before it. Say whether the request had client errors, which make some servers crash.',
  traps: ['502/503/504 with HTML come from the proxy.'],
  unknownWhen: [],
  inPractice: {
    Boulder: '500 + Retry-After 60; nonce service failure can hit GET newNonce',
    Pebble: '500',
    'step-ca': '500 hides detail',
    'golang.org/x/crypto/acme': 'Retries 5xx (cert-manager does not)',
  },
  remedy: 'Retry later; send CA operator the time and Replay-Nonce.',
  references: ['RFC 8555 §6.7'],
  why: 'The client did nothing wrong and can do nothing about it but try later.',
  explains: { types: [], details: [] },
  review(judgement) {
    const { request, findings } = judgement
    const { response, problem } = request
    if (response === null) return undefined
    const { status } = response
    if ((status < 500 || status === 501) && acmeType(problem) !== 'serverInternal') return undefined
    const isLost = problem === null && lostContent(request) !== null
    const isFrontEnd = status >= 502 && status <= 504 && problem?.object == null && !isLost
    const faults = findings
      .filter(({ verdict }) => verdict.party === 'client' && verdict.severity === 'error')
      .map(({ rule }) => rule.id)
    const hint =
      faults.length === 0
        ? ''
        : ` The request was itself faulty (${faults.join(', ')}), and some servers fail on what they should refuse.`
    const wait = field(response.headers, 'retry-after')
    return broken(
      serverInternalError,
      `${isFrontEnd ? 'A proxy or front end before the server' : 'The server'} failed with ${status}${problem?.detail ? `: ${quote(problem.detail)}` : ''}.${wait === null ? '' : ` It asks to wait (Retry-After: ${quote(wait)}).`}${hint}`,
      {
        party: isFrontEnd ? 'proxy' : isLost && status >= 502 ? 'unknown' : 'server',
        evidence: { status, type: problem?.type ?? null, replayNonce: request.replayNonce, clientFaults: faults },
      },
    )
  },
}
