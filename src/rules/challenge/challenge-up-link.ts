import { links } from '../../acme/answers.ts'
import { absolute } from '../../acme/roles.ts'
import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote, uncertainRole } from '../scope.ts'

export const challengeUpLink: Rule = {
  id: 'challenge-up-link',
  group: 'challenge',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 2,
  title: 'Challenge responses link up to the authorization',
  norm: 'The up relation leads from challenge to its authorization.',
  decide:
    'On 200 to a challenge POST: no Link rel=up is a warning after a response and info after a fetch; error if it points to another authorization than the one that lists the challenge.',
  traps: ["certbot's library needs it (raises when missing)."],
  unknownWhen: ['U-RESP', 'U-GAP', 'U-REDACT'],
  inPractice: {
    Boulder: 'Sent',
    Pebble: 'Sent on POST {}, not on a fetch',
    'step-ca': 'Sent',
    'golang.org/x/crypto/acme': 'Not used',
  },
  remedy: 'Server: add Link.',
  references: ['RFC 8555 §7.1'],
  why: 'The client cannot find the authorization from the challenge. Most know it already.',
  examples: { fails: 'Link: <https://ca.example/dir>;rel="index"', passes: 'Link: <https://ca.example/authz/1>;rel="up"' },
  explains: { types: [], details: [] },
  resources: ['challenge'],
  judge(request, traffic) {
    if (request.method !== 'POST') return undefined
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    if (request.response?.status !== 200 || uncertainRole(request) !== null) return undefined
    const authorization = traffic.challenges.get(request.url)?.authorization ?? null
    const targets = links(request.response, 'up').map((link) => absolute(link, request.url) ?? link)
    if (targets.length === 0)
      return broken(challengeUpLink, 'The answer has no Link with the relation "up" to the authorization.', {
        // RFC 8555 7.5.1 shows it with the response to a challenge; of a mere fetch the text says nothing.
        severity: request.payloadKind === 'empty' ? 'info' : 'warning',
        evidence: { authorization },
      })
    if (authorization === null || targets.includes(authorization)) return HOLDS
    return broken(
      challengeUpLink,
      `The Link "up" leads to ${quote(targets[0])}, but the challenge belongs to ${quote(authorization)}.`,
      {
        evidence: { links: targets.slice(0, 5), authorization },
      },
    )
  },
}
