import { acmeType } from '../../acme/answers.ts'
import { lostContent } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const serverBadsigalgAlgorithms: Rule = {
  id: 'server-badsigalg-algorithms',
  group: 'server',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 2,
  title: 'badSignatureAlgorithm lists algorithms',
  norm: 'The problem must have an algorithms array; status 400.',
  decide:
    'badSignatureAlgorithm: an algorithms array of strings and status 400, else error. The refused alg listed in it: warning.',
  traps: [],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'Conforms',
    Pebble: 'Missing member',
    'step-ca': 'Missing member',
    'golang.org/x/crypto/acme': 'Not used',
  },
  remedy: 'Server: add algorithms.',
  references: ['RFC 8555 §6.2'],
  why: 'The client cannot choose an algorithm that the CA takes.',
  examples: {
    fails: '{"type": "urn:ietf:params:acme:error:badSignatureAlgorithm"}',
    passes: '{"type": "urn:ietf:params:acme:error:badSignatureAlgorithm", "algorithms": ["ES256", "RS256"]}',
  },
  explains: { types: [], details: [] },
  judge(request) {
    const { response, problem } = request
    if (response === null || acmeType(problem) !== 'badSignatureAlgorithm') return undefined
    const lost = lostContent(request)
    if (lost !== null) return lost
    const algorithms = problem?.object?.algorithms
    const evidence = { status: response.status, algorithms: algorithms ?? null, alg: request.alg }
    if (!Array.isArray(algorithms) || !algorithms.every((name) => typeof name === 'string'))
      return broken(
        serverBadsigalgAlgorithms,
        `The badSignatureAlgorithm answer ${algorithms === undefined ? 'has no algorithms' : 'has algorithms that are no list of names'}, so the client cannot choose another one. A known divergence of Pebble and step-ca.`,
        { evidence },
      )
    if (response.status !== 400)
      return broken(
        serverBadsigalgAlgorithms,
        `badSignatureAlgorithm was answered with status ${response.status} instead of 400.`,
        { evidence },
      )
    if (request.alg !== null && algorithms.includes(request.alg))
      return broken(
        serverBadsigalgAlgorithms,
        `alg ${quote(request.alg)} is refused, but stands among the algorithms that the answer lists.`,
        { severity: 'warning', evidence },
      )
    return HOLDS
  },
}
