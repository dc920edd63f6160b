import { acmeType } from '../../acme/answers.ts'
import type { Account, AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { readJwk } from '../../jose/keys.ts'
import { keyChangeOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote, remembered } from '../scope.ts'

/** Keys by CA, with the account that was shown first to have them, and the request that showed it. */
function firstUses(traffic: AcmeTraffic): ReadonlyMap<string, { account: Account; shownBy: AcmeRequest }> {
  const first = new Map<string, { account: Account; shownBy: AcmeRequest }>()
  for (const account of traffic.accounts.values())
    for (const { key, learntFrom } of account.keys) {
      const id = `${account.ca?.id} ${key.thumbprint}`
      const known = first.get(id)
      if (learntFrom !== null && (known === undefined || learntFrom.id < known.shownBy.id))
        first.set(id, { account, shownBy: learntFrom })
    }
  return first
}

/** An account at the same CA that was shown to have, or to have had, a key before the request. */
function formerUse(request: AcmeRequest, thumbprint: string, traffic: AcmeTraffic): Account | null {
  const first = remembered(traffic, firstUses).get(`${request.ca?.id} ${thumbprint}`)
  if (first === undefined || first.shownBy.id >= request.id) return null
  return (first.shownBy.response?.endTime ?? Number.POSITIVE_INFINITY) <= request.time ? first.account : null
}

export const keychangeNewKey: Rule = {
  id: 'keychange-new-key',
  group: 'key-change',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 2,
  title: 'New key is new; conflict is 409 with Location',
  norm: "A client generates a fresh key for every rollover (§11.1); no account may already use it; the suggested answer is 409 and that account's URL; success is 200.",
  decide:
    'The client: broken if the new key is the old one, or that of any account seen before. The server: a conflict should be answered 409 with Location.',
  traps: ['If the response is lost, both keys must be tried afterwards.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: "409 with non-registered type 'conflict' and Location; same key 400 malformed",
    Pebble: '409 with Location and empty body; 200 with empty body',
    'step-ca': '501',
    'golang.org/x/crypto/acme': 'Switches key on 200 only',
  },
  remedy: 'Generate a fresh key.',
  references: ['RFC 8555 §7.3.5', 'RFC 8555 §11.1'],
  why: 'A key that is in use already would open two accounts, and an old key may be known to others.',
  examples: { fails: 'The new key is that of another account', passes: 'The new key was made for this change' },
  explains: { types: ['malformed', 'conflict'], details: [] },
  resources: ['keyChange'],
  judge(request, traffic) {
    if (request.method !== 'POST') return undefined
    const inner = keyChangeOf(request)
    const thumbprint = inner?.jwk?.thumbprint ?? null
    if (inner === null || thumbprint === null) return lostBody(request) ?? undefined
    const oldKey = isObject(inner.payload) ? readJwk(inner.payload.oldKey) : null
    if (thumbprint === request.key?.facts.thumbprint || thumbprint === oldKey?.thumbprint)
      return broken(keychangeNewKey, 'The new key of the key change is the old one; every rollover needs a fresh key.', {
        party: 'client',
        evidence: { thumbprint },
      })
    const user = formerUse(request, thumbprint, traffic)
    if (user !== null)
      return broken(
        keychangeNewKey,
        `The new key of the key change ${user.url === request.kid ? 'was a key of this account before' : `is known as a key of account ${quote(user.url)}`}; every rollover needs a fresh key.`,
        { party: 'client', evidence: { thumbprint, account: user.url } },
      )
    const status = request.response?.status ?? 0
    const isConflict = status === 409 || acmeType(request.problem) === 'conflict'
    if (!isConflict || (status === 409 && request.location !== null && request.location !== '')) return HOLDS
    return broken(
      keychangeNewKey,
      `The server says that the new key is in use, but ${status === 409 ? 'names no account in Location' : `with status ${status} instead of 409`}.`,
      {
        severity: 'warning',
        party: 'server',
        evidence: { status, location: request.location },
        remedy: 'Server: answer 409 with the URL of the account that has the key in Location.',
      },
    )
  },
}
