import { bindingOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const eabNonce: Rule = {
  id: 'eab-nonce',
  group: 'eab',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'No nonce in the binding JWS',
  norm: "The binding's protected header has no nonce.",
  decide: 'Broken if the protected header of the binding has a nonce.',
  traps: ['Do not put this value in the nonce ledger.'],
  unknownWhen: ['U-GAP'],
  inPractice: { Pebble: '400 malformed', 'step-ca': '400 malformed', 'golang.org/x/crypto/acme': 'None' },
  remedy: 'Remove it.',
  references: ['RFC 8555 §7.3.4'],
  why: 'CAs have to refuse a binding with a nonce: only the outer JWS has one.',
  examples: {
    fails: '{"alg": "HS256", "kid": "eab-key-17", "url": "https://ca.example/newAccount", "nonce": "oFvnlFP1wIhRlYS2jTaXbA"}',
    passes: '{"alg": "HS256", "kid": "eab-key-17", "url": "https://ca.example/newAccount"}',
  },
  explains: { types: ['malformed'], details: [/nonce.*absent/, /'nonce' must not/] },
  resources: ['newAccount'],
  judge(request) {
    const header = bindingOf(request)?.jws.header ?? null
    if (header === null) return lostBody(request) ?? undefined
    if (header.nonce === undefined) return HOLDS
    return broken(eabNonce, `The external account binding has nonce ${quote(header.nonce)}; only the outer JWS has one.`, {
      evidence: { nonce: header.nonce },
    })
  },
}
