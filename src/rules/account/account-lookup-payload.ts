import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const accountLookupPayload: Rule = {
  id: 'account-lookup-payload',
  group: 'account',
  party: 'client',
  severity: 'info',
  level: 'request',
  tier: 2,
  title: 'Look-up carries onlyReturnExisting alone',
  norm: 'Finding an account URL is newAccount with onlyReturnExisting:true; other members are ignored.',
  decide: 'A note if onlyReturnExisting is true and there are other members.',
  traps: [
    "EAB in a look-up is not needed by the text, yet some EAB-only CAs refuse a look-up without it: that is the server's fault (server-lookup-refused).",
  ],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'Ignores the rest',
    Pebble: 'Ignores the rest',
    'step-ca': '400 malformed when contact is also present',
    'golang.org/x/crypto/acme': 'Sends exactly that one member, with jwk and without EAB',
  },
  remedy: 'Send only onlyReturnExisting.',
  references: ['RFC 8555 §7.3.1'],
  why: 'The text says that the CA ignores the rest; step-ca refuses a look-up with contacts.',
  examples: {
    fails: '{"onlyReturnExisting": true, "contact": ["mailto:admin@example.org"]}',
    passes: '{"onlyReturnExisting": true}',
  },
  explains: { types: ['malformed'], details: [] },
  resources: ['newAccount'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    if (!isObject(request.payload)) return lostBody(request) ?? undefined
    if (request.payload.onlyReturnExisting !== true) return undefined
    const others = Object.keys(request.payload).filter((member) => member !== 'onlyReturnExisting')
    if (others.length === 0) return HOLDS
    return broken(
      accountLookupPayload,
      `The look-up carries ${others.map(quote).join(', ')} besides onlyReturnExisting; servers ignore them or refuse the request.`,
      {
        evidence: { members: others.slice(0, 20) },
      },
    )
  },
}
