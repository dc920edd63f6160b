import { statusOf } from '../../acme/orders.ts'
import { contestOf, isTrigger } from '../challenges.ts'
import { seenBefore } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { couldBeOneRequest, named, uncertainRole } from '../scope.ts'

export const challengeReposted: Rule = {
  id: 'challenge-reposted',
  group: 'challenge',
  party: 'client',
  severity: 'info',
  level: 'request',
  tier: 2,
  title: 'Challenge is not re-triggered once final',
  norm: 'A retry is a new POST with a new nonce, useful only while the server is still trying; final challenges stay final.',
  decide:
    'A response after an answer showed the challenge valid or invalid, or its authorization no longer pending: warning. A second response while the server still tries: info. A response that the CA refused is none.',
  traps: ['A retry after badNonce is one response, not two.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder:
      "No retry. POST when the authorization is no longer pending: 400 malformed 'authorization must be pending'; when it is valid: 200 without validation",
    Pebble: '400 malformed unless pending',
    'step-ca': 'Re-validates while not final',
    'golang.org/x/crypto/acme': 'Once',
  },
  remedy: 'Create a new order after invalid.',
  references: ['RFC 8555 §8.2', 'RFC 8555 §7.1.6'],
  why: 'The CA has decided already; the request changes nothing and may be refused.',
  examples: {
    fails: 'POST challenge {} after status invalid',
    passes: 'POST challenge {} once, then POST-as-GET of the authorization',
  },
  explains: { types: ['malformed'], details: [] },
  judge(request, traffic) {
    if (!isTrigger(request) || uncertainRole(request) !== null) return undefined
    const contest = contestOf(request, traffic)
    if (contest === null) return undefined
    const { challenge, triggers } = contest
    const before = seenBefore(challenge.history, request)
    const status = before === null ? null : statusOf(before)
    if (before !== null && (status === 'valid' || status === 'invalid'))
      return broken(
        challengeReposted,
        `The challenge was already ${status} in the answer to ${named(before.request)}; a final challenge stays as it is.`,
        {
          severity: 'warning',
          evidence: { status, request: before.request.id },
        },
      )
    const authorization = challenge.authorization === null ? undefined : traffic.authorizations.get(challenge.authorization)
    const parent = authorization === undefined ? null : seenBefore(authorization.history, request)
    const parentStatus = parent === null ? null : statusOf(parent)
    if (parent !== null && parentStatus !== null && parentStatus !== 'pending')
      return broken(
        challengeReposted,
        `The authorization was already ${parentStatus} in the answer to ${named(parent.request)}.`,
        {
          severity: 'warning',
          evidence: { authorization: challenge.authorization, status: parentStatus, request: parent.request.id },
        },
      )
    const earlier = triggers.find((other) => other.id < request.id && !couldBeOneRequest(other, request))
    if (earlier !== undefined)
      return broken(
        challengeReposted,
        `${named(earlier)[0]?.toUpperCase()}${named(earlier).slice(1)} already responded to this challenge.`,
        {
          evidence: { request: earlier.id },
        },
      )
    if (before === null && parent === null)
      return unknown('U-START', 'the state of the challenge before this response is not in the capture')
    return HOLDS
  },
}
