import { field } from '../../http/exchange.ts'
import { jwksOf } from '../jwks.ts'
import { broken, type Rule } from '../rule.ts'

/** Fields that let whoever reads them act as the client (RFC 9110 11.6.2, RFC 6265 4.2). */
const CREDENTIALS = ['Authorization', 'Proxy-Authorization', 'Cookie'] as const

export const captureSecrets: Rule = {
  id: 'capture-secrets',
  group: 'capture',
  party: 'capture',
  severity: 'warning',
  level: 'capture',
  tier: 1,
  title: 'The capture holds secrets',
  norm: 'ACME sends no secret, but a faulty client may send a private key, and proxies want credentials. Then the capture holds them.',
  decide:
    'Broken by a request whose jwk, inner jwk or oldKey has a private or secret member, and, as a note, by one with Authorization, Proxy-Authorization or Cookie.',
  traps: ['kid, nonce and url are no secrets and are needed to judge a request.'],
  unknownWhen: [],
  inPractice: {},
  remedy: 'Hand over the report, which conceals private key members, and not the capture or its key log.',
  references: ['RFC 7517 §9.2'],
  why: 'Captures travel by mail and into tickets, and the secret with them.',
  explains: { types: [], details: [] },
  judge(request) {
    const keys = jwksOf(request).filter(({ facts }) => facts.faults.has('private'))
    const fields = CREDENTIALS.filter((name) => field(request.http.headers, name.toLowerCase()) !== null)
    if (keys.length === 0 && fields.length === 0) return undefined
    const held = [
      ...keys.map(({ where }) => `secret key material in ${where}`),
      ...fields.map((name) => `credentials in the field ${name}`),
    ]
    return broken(captureSecrets, `Whoever has this capture has what this request carries: ${held.join(', ')}.`, {
      severity: keys.length > 0 ? 'warning' : 'info',
      evidence: { keys: keys.map(({ where }) => where), fields },
    })
  },
}
