import { objects } from '../../acme/answers.ts'
import type { AcmeRequest, AcmeTraffic, Authorization } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { lostContent } from '../answer.ts'
import { isIdentifier } from '../identifiers.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, uncertainRole, wasAccepted } from '../scope.ts'

/** The request whose answer showed an authorization first; later ones repeat it. */
function firstOf(request: AcmeRequest, traffic: AcmeTraffic): boolean {
  const known: Authorization | undefined = traffic.authorizations.get(request.url)
  return known === undefined || known.history.length === 0 || known.history[0]?.request === request
}

export const challengeTypeAllowed: Rule = {
  id: 'challenge-type-allowed',
  group: 'challenge',
  party: 'either',
  severity: 'error',
  level: 'exchange',
  tier: 2,
  title: 'Challenge type fits the identifier',
  norm: 'dns-01 must not be used for IP identifiers; wildcard names need a DNS-based method by CA policy; dns identifiers need one of the registered methods.',
  decide:
    'First answer that shows an authorization. Server: dns-01 offered for an IP identifier is an error; http-01 or tls-alpn-01 offered for a wildcard authorization a warning.',
  traps: ['The bar on http-01 for wildcards is from CA/Browser Forum rules, not from RFC 8555: warning only.'],
  unknownWhen: ['U-RESP', 'U-GAP'],
  inPractice: { Boulder: 'ip: http-01, tls-alpn-01; wildcard: DNS methods', Pebble: 'Same', 'step-ca': 'Same' },
  remedy: 'Pick an offered type.',
  references: ['RFC 8738 §7', 'RFC 8555 §8', 'RFC 8555 §7.1.3', 'RFC 8738 §4'],
  why: 'The client may choose a challenge that the text does not allow for this name, and the validation fails.',
  examples: {
    fails: '{"identifier": {"type": "ip", "value": "192.0.2.1"}, "challenges": ["dns-01"]}',
    passes: '{"identifier": {"type": "ip", "value": "192.0.2.1"}, "challenges": ["http-01"]}',
  },
  explains: { types: [], details: [] },
  resources: ['authorization'],
  judge(request, traffic) {
    if (request.method !== 'POST') return undefined
    if (request.response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (!wasAccepted(request) || uncertainRole(request) !== null || !firstOf(request, traffic)) return undefined
    const lost = lostContent(request)
    if (lost !== null) return lost
    const { answer } = request
    if (!isObject(answer) || !isIdentifier(answer.identifier)) return undefined
    const { identifier, wildcard } = answer
    const types = objects(answer.challenges).map(({ type }) => type)
    if (identifier.type === 'ip' && types.includes('dns-01'))
      // RFC 8738 7
      return broken(
        challengeTypeAllowed,
        `dns-01 is offered for the address ${quote(identifier.value)}, for which it must not be used.`,
        {
          party: 'server',
          evidence: { identifier, types },
        },
      )
    const direct = types.filter((type) => type === 'http-01' || type === 'tls-alpn-01')
    if (wildcard === true && direct.length > 0)
      return broken(
        challengeTypeAllowed,
        `${direct.join(' and ')} ${direct.length === 1 ? 'is' : 'are'} offered for the wildcard name ${quote(`*.${identifier.value}`)}; by the rules of public CAs only DNS proves control of all names below.`,
        {
          severity: 'warning',
          party: 'server',
          evidence: { identifier, types },
        },
      )
    return HOLDS
  },
}
