import { urlDifferences } from '../../acme/urls.ts'
import { isObject } from '../../jose/json-object.ts'
import { readJwk } from '../../jose/keys.ts'
import { keyChangeOf } from '../inner.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const keychangeObject: Rule = {
  id: 'keychange-object',
  group: 'key-change',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'account and oldKey match the account',
  norm: 'account is the exact Location string (equal to outer kid) and oldKey the current public key.',
  decide:
    'account is compared with the kid of the outer JWS, octet by octet, and the thumbprint of oldKey with that of the key in force.',
  traps: ['Old drafts had newKey instead of oldKey.'],
  unknownWhen: ['U-GAP', 'U-KEY'],
  inPractice: {
    Boulder: '400 malformed for either',
    Pebble: '400 malformed',
    'step-ca': '501',
    'golang.org/x/crypto/acme': 'Uses KID and current key',
  },
  remedy: 'Use stored Location and current JWK.',
  references: ['RFC 8555 §7.3.5'],
  why: 'The CA has to be sure which key of which account is replaced.',
  examples: {
    fails: '{"account": "https://ca.example/acct/1/", "oldKey": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}}',
    passes: '{"account": "https://ca.example/acct/1", "oldKey": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}}',
  },
  explains: { types: ['malformed'], details: [/old ?key|outer JWS has Key ID/i] },
  resources: ['keyChange'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const inner = keyChangeOf(request)
    if (inner === null || inner.jws.payload === null) return lostBody(request) ?? undefined
    const { payload } = inner
    if (!isObject(payload))
      return broken(keychangeObject, 'The payload of the inner JWS is no JSON object; it has to hold account and oldKey.')
    const { account } = payload
    const oldKey = readJwk(payload.oldKey)?.thumbprint ?? null
    const flaws: string[] = []
    if (typeof account !== 'string')
      flaws.push(account === undefined ? 'has no account' : `has account ${quote(account)}, no URL`)
    else if (request.kid !== null && request.kid !== '' && account !== request.kid)
      flaws.push(
        `has account ${quote(account)}, but the outer kid is ${quote(request.kid)} (they differ in ${urlDifferences(account, request.kid).join(', ')})`,
      )
    if (oldKey === null)
      flaws.push(
        payload.oldKey === undefined
          ? `has no oldKey${payload.newKey === undefined ? '' : ' but newKey, as in early drafts of ACME'}`
          : 'has an oldKey that is no complete JWK',
      )
    // A key under which the outer signature fails may not be the one in force.
    const isKnown = request.signature.state === 'valid' && request.key?.source !== 'request'
    const current = isKnown ? (request.key?.facts.thumbprint ?? null) : null
    if (oldKey !== null && current !== null && oldKey !== current)
      flaws.push(`has an oldKey with thumbprint ${oldKey}, but the key of the account is ${current}`)
    if (flaws.length > 0)
      return broken(keychangeObject, `The key change object ${flaws.join(', ')}.`, {
        evidence: { account: account ?? null, kid: request.kid, oldKey, current },
      })
    return current === null
      ? unknown('U-KEY', 'the key of the account is not known, so oldKey cannot be compared with it')
      : HOLDS
  },
}
