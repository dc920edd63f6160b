import { isObject } from '../../jose/json-object.ts'
import { contestOf } from '../challenges.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { lostBody, quote, uncertainRole } from '../scope.ts'

/** Types that RFC 8555 8.3, 8.4 and RFC 8737 define, with their drafts' relatives: their response has no members. */
const WITHOUT_MEMBERS: ReadonlySet<string> = new Set(['http-01', 'dns-01', 'tls-alpn-01', 'dns-account-01', 'dns-persist-01'])

export const challengePayload: Rule = {
  id: 'challenge-payload',
  group: 'challenge',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 1,
  title: 'Challenge is answered with {}',
  norm: 'The response to http-01, dns-01 and tls-alpn-01 is an empty JSON object; an empty payload merely fetches the challenge.',
  decide:
    "POST to challenge: '{}' responds, '' fetches, which is allowed (§6.3). Anything else for a type that defines no response members: warning. Other types (device-attest-01, email-reply-00, tkauth-01) may define members.",
  traps: [
    'Boulder answers 200 without re-validating when the authorization is already valid.',
    'Erratum 5729 allows response members for challenge types that define them (device-attest-01, RFC 8823 email-reply-00, RFC 9447 tkauth-01).',
  ],
  unknownWhen: ['U-GAP', 'U-START'],
  inPractice: {
    Boulder: "Ignores members; only requires JSON; '' is a fetch",
    Pebble: 'Exactly {} in strict mode',
    'step-ca': 'Validates on ANY payload, even the empty one: a fetch triggers validation',
    'golang.org/x/crypto/acme': '{} unless chal.Payload is set',
  },
  remedy: "Send {} to start, '' to look.",
  references: ['RFC 8555 §7.5.1', 'RFC 8555 §8.3', 'RFC 8555 §8.4', 'RFC 8737 §3'],
  why: 'A CA may refuse the request, or take it for something else than the wish to be validated.',
  examples: { fails: '{"resource": "challenge"}', passes: '{}' },
  explains: { types: ['malformed'], details: [/was not "\{\}"/] },
  resources: ['challenge'],
  judge(request, traffic) {
    if (request.method !== 'POST' || request.payloadKind === 'empty') return undefined
    const lost = lostBody(request)
    if (lost !== null) return lost
    const { payload } = request
    if (request.payloadKind === 'other' && uncertainRole(request) === null)
      return broken(challengePayload, `The response to a challenge is a JSON object, {}; this one is ${quote(payload)}.`, {
        evidence: { payload: quote(payload) },
      })
    if (!isObject(payload)) return undefined
    const members = Object.keys(payload)
    if (members.length === 0) return HOLDS
    const type = contestOf(request, traffic)?.type ?? null
    if (type === null)
      return unknown('U-START', 'the type of the challenge, which tells what its response may hold, is not in the capture')
    if (!WITHOUT_MEMBERS.has(type) || uncertainRole(request) !== null) return undefined // RFC 8555 erratum 5729: other types may define members
    return broken(
      challengePayload,
      `The response to a ${type} challenge is {}, but this one has ${members.slice(0, 8).map(quote).join(', ')}.`,
      {
        evidence: { type, members: members.slice(0, 20) },
      },
    )
  },
}
