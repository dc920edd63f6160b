import { isObject } from '../../jose/json-object.ts'
import { contestOf, keyAuthorizations, ownerOfThumbprint } from '../challenges.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const challengeLegacyKeyauth: Rule = {
  id: 'challenge-legacy-keyauth',
  group: 'challenge',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: 'No keyAuthorization in the response',
  norm: 'The server computes the key authorization itself; sending it is a draft-era habit.',
  decide:
    'Warn if payload has keyAuthorization; also compare its value with the expected one, it reveals which key the client thinks it has.',
  traps: ['Useful evidence: keep the value.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'Ignored',
    Pebble: '400 malformed always',
    'step-ca': 'Ignored',
    'golang.org/x/crypto/acme': 'Not sent',
  },
  remedy: 'Send {}.',
  references: ['RFC 8555 §7.5.1', 'RFC 8555 §8.1'],
  why: 'The member comes from ACMEv1. CAs ignore it, but it shows which key the client thinks it has.',
  examples: { fails: '{"keyAuthorization": "evaGxfAD….9jg46WB3…"}', passes: '{}' },
  explains: { types: ['malformed'], details: [/legacy KeyAuthorization/] },
  resources: ['challenge'],
  judge(request, traffic) {
    if (request.method !== 'POST' || request.payloadKind === 'empty') return undefined
    const lost = lostBody(request)
    if (lost !== null) return lost
    if (!isObject(request.payload)) return undefined
    const { keyAuthorization } = request.payload
    if (keyAuthorization === undefined) return HOLDS
    const contest = contestOf(request, traffic)
    const [expected] = contest === null ? [] : keyAuthorizations(contest, request.time)
    const thumbprint = typeof keyAuthorization === 'string' ? keyAuthorization.split('.')[1] : undefined
    const owner = contest === null || thumbprint === undefined ? null : ownerOfThumbprint(thumbprint, contest, traffic)
    const told =
      expected === undefined
        ? ''
        : keyAuthorization === expected
          ? ' It is the right one.'
          : ` It is ${quote(keyAuthorization)}, but with the key of this account it is ${quote(expected)}${owner === null ? '' : `; its thumbprint is that of ${owner}`}.`
    return broken(challengeLegacyKeyauth, `The response carries keyAuthorization, as drafts before RFC 8555 had it.${told}`, {
      evidence: { keyAuthorization: quote(keyAuthorization), expected: expected ?? null },
    })
  },
}
