import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const orderProfile: Rule = {
  id: 'order-profile',
  group: 'order',
  party: 'either',
  severity: 'warning',
  level: 'request',
  tier: 1,
  title: 'profile is advertised',
  norm: 'Clients should request only profile names in meta.profiles; otherwise the server must answer invalidProfile.',
  decide:
    'If newOrder has profile: warn the client if the captured directory has profiles without that name, or none at all (the draft says SHOULD NOT). On 201 the order has to show the profile it was asked for: warn the server.',
  traps: ['Name matching is case sensitive.'],
  unknownWhen: ['U-GAP', 'U-START'],
  inPractice: {
    Boulder: '400 invalidProfile',
    Pebble: '400 invalidProfile; picks a random profile when none is asked',
    'step-ca': 'Ignored, not echoed',
    'golang.org/x/crypto/acme': "Upstream cannot send it; cert-manager's fork refuses locally before sending",
  },
  remedy: 'Use an advertised name.',
  references: ['draft-ietf-acme-profiles §3', 'draft-ietf-acme-profiles §4'],
  why: 'The CA refuses a profile that it does not have.',
  fixes: { 'cert-manager': 'Set spec.acme.profile of the Issuer to a name that the directory lists under meta.profiles.' },
  examples: {
    fails: '{"identifiers": [{"type": "dns", "value": "www.example.org"}], "profile": "short"}',
    passes: '{"identifiers": [{"type": "dns", "value": "www.example.org"}], "profile": "shortlived"}',
  },
  explains: { types: ['invalidProfile'], details: [/profile/i] },
  resources: ['newOrder'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    if (!isObject(request.payload)) return lostBody(request) ?? undefined
    const { profile } = request.payload
    if (profile === undefined) return undefined
    if (typeof profile !== 'string')
      return broken(orderProfile, `profile is ${quote(profile)}, not the name of one.`, {
        party: 'client',
        evidence: { profile },
      })
    const directory = request.ca?.directory ?? null
    if (directory === null) return unknown('U-START', 'the directory, which lists the profiles, is not in the capture')
    const offered = isObject(directory.meta) && isObject(directory.meta.profiles) ? Object.keys(directory.meta.profiles) : []
    if (!offered.includes(profile))
      return broken(
        orderProfile,
        `The order asks for profile ${quote(profile)}; the directory offers ${offered.length === 0 ? 'none' : offered.map(quote).join(', ')}.`,
        { party: 'client', evidence: { profile, offered: offered.slice(0, 20) } },
      )
    if (request.response?.status === 201 && isObject(request.answer) && request.answer.profile !== profile)
      return broken(
        orderProfile,
        `The order was asked for with profile ${quote(profile)}, but ${request.answer.profile === undefined ? 'does not show one' : `shows ${quote(request.answer.profile)}`}.`,
        {
          party: 'server',
          evidence: { profile, shown: request.answer.profile ?? null },
          remedy: 'Server: show the profile in the order object.',
        },
      )
    return HOLDS
  },
}
