import { isObject } from '../../jose/json-object.ts'
import { lostContent } from '../answer.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, uncertainRole, wasAccepted } from '../scope.ts'

const STATUSES = ['valid', 'deactivated', 'revoked']

export const accountObject: Rule = {
  id: 'account-object',
  group: 'account',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 2,
  title: 'Account object is well formed',
  norm: 'status is required with values valid, deactivated, revoked; orders URL is required; unknown client fields are not echoed; contact is an array.',
  decide:
    'Answers 2xx to newAccount and to POSTs to an account URL: status is one of the three values, contact is an array, onlyReturnExisting is not reflected; orders is a URL (info when absent, common divergence: Boulder has none).',
  traps: ['An empty status or missing key appears in buggy proxies (UCM #65).'],
  unknownWhen: ['U-RESP', 'U-GAP'],
  inPractice: {
    Boulder: 'No orders member (documented divergence); no contact',
    Pebble: 'orders present',
    'step-ca': 'orders present',
    'golang.org/x/crypto/acme': 'Ignores unknown',
  },
  remedy: 'Server: return status and orders.',
  references: ['RFC 8555 §7.1.2', 'RFC 8555 §7.3'],
  why: 'Clients that read the status or the list of orders find nothing and stop.',
  examples: { fails: '{"contact": []}', passes: '{"status": "valid", "orders": "https://ca.example/acct/1/orders"}' },
  explains: { types: [], details: [] },
  resources: ['newAccount', 'account'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    if (request.response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (!wasAccepted(request) || uncertainRole(request) !== null) return undefined
    const lost = lostContent(request)
    if (lost !== null) return lost
    const { answer } = request
    if (!isObject(answer))
      return broken(accountObject, 'The answer holds no account object.', { evidence: { status: request.response.status } })
    const flaws: string[] = []
    if (!STATUSES.includes(String(answer.status))) flaws.push(`status is ${quote(answer.status ?? null)}`)
    if (answer.contact !== undefined && !Array.isArray(answer.contact))
      flaws.push(`contact is ${quote(answer.contact)}, no array`)
    if (answer.onlyReturnExisting !== undefined) flaws.push('onlyReturnExisting is reflected')
    if (answer.orders !== undefined && typeof answer.orders !== 'string') flaws.push(`orders is ${quote(answer.orders)}, no URL`)
    if (flaws.length > 0) return broken(accountObject, `In the account object ${flaws.join('; ')}.`, { evidence: { flaws } })
    if (answer.orders === undefined)
      return broken(
        accountObject,
        "The account object has no orders URL, which RFC 8555 requires; a known divergence (Let's Encrypt has none), and no client needs it to get a certificate.",
        { severity: 'info' },
      )
    return HOLDS
  },
}
