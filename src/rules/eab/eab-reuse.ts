import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { bindingOf } from '../inner.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, remembered, wasAccepted } from '../scope.ts'

/** A binding presented with another account key than before (by CA and key identifier), to the request that presented it first. */
function firstPresented(traffic: AcmeTraffic): ReadonlyMap<AcmeRequest, AcmeRequest> {
  const first = new Map<string, AcmeRequest>()
  const later = new Map<AcmeRequest, AcmeRequest>()
  for (const request of traffic.requests) {
    const kid = request.resource === 'newAccount' ? (bindingOf(request)?.kid ?? '') : ''
    if (kid === '' || request.jwk?.thumbprint == null) continue
    const key = `${request.ca?.id} ${kid}`
    const known = first.get(key)
    if (known === undefined) first.set(key, request)
    else if (known.jwk?.thumbprint !== request.jwk.thumbprint) later.set(request, known)
  }
  return later
}

const USED_UP = /already (bound|used)|not awaiting external account binding/i

export const eabReuse: Rule = {
  id: 'eab-reuse',
  group: 'eab',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'EAB credential not bound twice',
  norm: 'The text does not limit reuse; many CAs bind a credential once.',
  decide:
    'A note if the key identifier was presented before with another account key, and a warning if the server says that it is used up.',
  traps: ['Re-presenting with the same key should just yield 200: if refused, server-lookup-refused.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Pebble: 'Reusable',
    'step-ca': "Single use: 401 unauthorized 'already bound' (log), unless the key already has an account",
    'golang.org/x/crypto/acme': 'Sends it whenever Register is called',
    others: 'Vault deletes the EAB at first use, even when account creation then fails',
  },
  remedy: 'Get a new credential, or restore the old account key.',
  references: ['RFC 8555 §7.3.4'],
  why: 'Many CAs bind a credential once. The second registration is refused although the first is forgotten by the user.',
  fixes: {
    'cert-manager':
      'Keep the Secret that privateKeySecretRef names, also when the Issuer is moved to another cluster; else get a new credential.',
    certbot: 'Keep /etc/letsencrypt/accounts; else get a new credential.',
    lego: 'Keep .lego/accounts; else get a new credential.',
    'acme.sh': 'Keep ~/.acme.sh/ca; else get a new credential.',
  },
  examples: { fails: '{"eab-key-17": ["account key A", "account key B"]}', passes: '{"eab-key-17": ["account key A"]}' },
  explains: {
    types: ['unauthorized', 'malformed'],
    details: [/already bound/, /not awaiting external account binding/, /already used/],
  },
  resources: ['newAccount'],
  judge(request, traffic) {
    const kid = bindingOf(request)?.kid ?? null
    if (kid === null || kid === '') return undefined
    const isUsedUp = USED_UP.test(request.problem?.detail ?? '')
    const first = remembered(traffic, firstPresented).get(request)
    if (first === undefined)
      return isUsedUp && !wasAccepted(request)
        ? unknown('U-START', `the server says that ${quote(kid)} was used before; the capture does not show it`)
        : HOLDS
    return broken(
      eabReuse,
      `The external account key identifier ${quote(kid)} was presented in ${named(first)} with another account key. RFC 8555 does not forbid it, but many CAs bind it once${isUsedUp ? ', as this one says' : ''}.`,
      {
        severity: isUsedUp ? 'warning' : 'info',
        evidence: { kid, first: first.id, thumbprints: [first.jwk?.thumbprint ?? null, request.jwk?.thumbprint ?? null] },
      },
    )
  },
}
