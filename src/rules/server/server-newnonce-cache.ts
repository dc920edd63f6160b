import { field } from '../../http/exchange.ts'
import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote, uncertainRole, wasAccepted } from '../scope.ts'

export const serverNewnonceCache: Rule = {
  id: 'server-newnonce-cache',
  group: 'server',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'newNonce answers Cache-Control: no-store',
  norm: 'The server must forbid storing newNonce responses.',
  decide:
    '2xx to newNonce: fail if no no-store directive. A MUST of RFC 8555 §7.2, yet harm needs a cache, so that it is a warning; error if the same nonce was handed out twice.',
  traps: ["Expected to fire on Let's Encrypt: word it as known divergence, harmless without a cache."],
  unknownWhen: ['U-RESP', 'U-REDACT', 'U-GAP'],
  inPractice: {
    Boulder:
      "Sends 'public, max-age=0, no-cache': the code sets no-store after WriteHeader, too late; seen in a public Let's Encrypt log (acme.sh 5168)",
    Pebble: "'public, max-age=0, no-cache' on everything, so no no-store either",
    'step-ca': 'no-store on every POST and newNonce',
  },
  remedy: 'Server: set no-store before writing the status.',
  references: ['RFC 8555 §7.2', 'RFC 9111 §5.2.2.5'],
  why: 'A cache on the way hands out spent nonces.',
  examples: { fails: 'Cache-Control: public', passes: 'Cache-Control: no-store' },
  explains: { types: [], details: [] },
  resources: ['newNonce'],
  judge(request) {
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    if (!wasAccepted(request) || uncertainRole(request) !== null) return undefined
    const value = field(request.response?.headers ?? [], 'cache-control')
    if (
      (value ?? '')
        .toLowerCase()
        .split(',')
        .map((directive) => directive.trim())
        .includes('no-store')
    )
      return HOLDS
    const issues = request.ca?.nonces.byValue.get(request.replayNonce ?? '')?.issues ?? []
    const isRepeated = issues.filter((issue) => issue.request !== null).length > 1
    return broken(
      serverNewnonceCache,
      `The newNonce answer ${value === null ? 'has no Cache-Control' : `says Cache-Control: ${quote(value)}`} instead of no-store.${isRepeated ? ' And the same nonce was handed out twice.' : " A known divergence of Let's Encrypt and Pebble, harmless while no cache stands between."}`,
      {
        severity: isRepeated ? 'error' : 'warning',
        evidence: { cacheControl: value },
      },
    )
  },
}
