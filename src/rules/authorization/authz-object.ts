import type { AcmeTraffic } from '../../acme/traffic.ts'
import { isObject, type JsonObject } from '../../jose/json-object.ts'
import { lostContent } from '../answer.ts'
import { isIdentifier, readIdentifiers } from '../identifiers.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, uncertainRole, wasAccepted } from '../scope.ts'
import { readTimestamp } from '../timestamps.ts'

const STATUSES = ['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']

/** Members that RFC 8555 7.1.4 requires, with their types. */
function flawsOf(authorization: JsonObject): string[] {
  const { identifier, status, challenges, expires } = authorization
  const flaws: string[] = []
  if (!isIdentifier(identifier)) flaws.push(`identifier is ${quote(identifier ?? null)}`)
  else if (identifier.value.startsWith('*.'))
    flaws.push(`the identifier is the wildcard name ${quote(identifier.value)}; it has to be the name without "*."`)
  if (!STATUSES.includes(String(status))) flaws.push(`status is ${quote(status ?? null)}`)
  if (!Array.isArray(challenges) || !challenges.every(isObject)) flaws.push('challenges is no list of objects')
  if (expires === undefined ? status === 'valid' : readTimestamp(expires) === null)
    flaws.push(
      expires === undefined
        ? 'expires is missing, which a valid authorization has to have'
        : `expires ${quote(expires)} is no RFC 3339 date`,
    )
  return flaws
}

/** Every order that lists it asks for the wildcard name, and none for the name itself. */
function isForWildcard(url: string, name: string, traffic: AcmeTraffic): boolean {
  const orders = traffic.authorizations.get(url)?.orders ?? []
  return (
    orders.length > 0 &&
    orders.every((order) => {
      const names = readIdentifiers(traffic.orders.get(order)?.object.identifiers).map(({ value }) => value.toLowerCase())
      return names.includes(`*.${name.toLowerCase()}`) && !names.includes(name.toLowerCase())
    })
  )
}

export const authzObject: Rule = {
  id: 'authz-object',
  group: 'authorization',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'Authorization object is well formed',
  norm: "identifier, status and challenges are required; expires with valid; the identifier never has '*.', and wildcard:true is set for wildcard orders.",
  decide:
    "Answers 2xx that hold an authorization: identifier, status (one of six) and challenges with their types; expires with valid; the identifier never has '*.'; when every order that lists it asks for '*.x' and none for x, an authorization for x says wildcard true: error. Pending without a challenge, or no object after a deactivation: warning. wildcard false is not blamed: the specification's own example has it.",
  traps: ['wildcard may be absent or false otherwise.', 'Infisical-like servers may authorise an ancestor domain (RFC 9444).'],
  unknownWhen: ['U-RESP', 'U-GAP'],
  inPractice: {
    Boulder: 'Conforms; expired ones disappear (404)',
    Pebble: 'Conforms; hides untried challenges once not pending',
    'step-ca': 'Conforms',
    'golang.org/x/crypto/acme': 'Ignores extras',
  },
  remedy: 'Server: fix the object.',
  references: ['RFC 8555 §7.1.4', 'RFC 8555 §7.1.3'],
  why: 'The client cannot see what is to be proved, or for which name.',
  examples: {
    fails: '{"identifier": {"type": "dns", "value": "www.example.org"}, "challenges": []}',
    passes:
      '{"status": "pending", "identifier": {"type": "dns", "value": "www.example.org"}, "challenges": [{"type": "http-01", "url": "https://ca.example/chall/1", "token": "…"}]}',
  },
  explains: { types: [], details: [] },
  resources: ['authorization', 'newAuthz'],
  judge(request, traffic) {
    if (request.method !== 'POST') return undefined
    if (request.response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (!wasAccepted(request) || uncertainRole(request) !== null) return undefined
    const lost = lostContent(request)
    if (lost !== null) return lost
    const { answer } = request
    if (!isObject(answer))
      return broken(authzObject, 'The answer holds no authorization object.', {
        severity: request.payloadKind === 'empty' ? 'error' : 'warning', // RFC 8555 7.5.2: after a deactivation it should
        evidence: { status: request.response.status },
      })
    const flaws = flawsOf(answer)
    const { identifier, wildcard } = answer
    if (
      isIdentifier(identifier) &&
      wildcard !== true &&
      request.resource === 'authorization' &&
      isForWildcard(request.url, identifier.value, traffic)
    )
      flaws.push(
        `it is for the wildcard name ${quote(`*.${identifier.value}`)} but wildcard is ${quote(wildcard ?? null)}, not true`,
      )
    if (flaws.length > 0) return broken(authzObject, `In the authorization ${flaws.join('; ')}.`, { evidence: { flaws } })
    if (answer.status === 'pending' && Array.isArray(answer.challenges) && answer.challenges.length === 0)
      return broken(authzObject, 'The authorization is pending but offers no challenge.', { severity: 'warning' })
    return HOLDS
  },
}
