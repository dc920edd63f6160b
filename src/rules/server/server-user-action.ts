import { acmeType, links } from '../../acme/answers.ts'
import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

export const serverUserAction: Rule = {
  id: 'server-user-action',
  group: 'server',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 2,
  title: 'userActionRequired is complete',
  norm: '403 with Link rel=terms-of-service and instance URL.',
  decide:
    'Type userActionRequired: status 403, Link rel=terms-of-service and instance. The MUSTs of §7.3.3 are about changed terms, which the answer does not say for sure: warning; on newAccount (first agreement): info.',
  traps: ['Used by some for first agreement too.'],
  unknownWhen: ['U-REDACT', 'U-GAP'],
  inPractice: {
    Boulder: 'Never sent',
    Pebble: 'Sent without instance',
    'step-ca': '400',
    'golang.org/x/crypto/acme': 'Surfaces instance',
  },
  remedy: 'Server: add Link and instance.',
  references: ['RFC 8555 §7.3.3'],
  why: 'The user is told to act and not where.',
  explains: { types: [], details: [] },
  judge(request) {
    const { response, problem } = request
    if (response === null || acmeType(problem) !== 'userActionRequired') return undefined
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    const flaws: string[] = []
    if (response.status !== 403) flaws.push(`has status ${response.status} instead of 403`)
    if (links(response, 'terms-of-service').length === 0) flaws.push('has no Link with the relation "terms-of-service"')
    if (problem?.object !== null && typeof problem?.object.instance !== 'string')
      flaws.push('has no instance URL for a person to visit')
    if (flaws.length === 0) return HOLDS
    return broken(serverUserAction, `The userActionRequired answer ${flaws.join(', ')}.`, {
      severity: request.resource === 'newAccount' ? 'info' : 'warning',
      evidence: { status: response.status, flaws },
    })
  },
}
