import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { named, quote, remembered } from '../scope.ts'

/** Key identifiers of external accounts, as the binding JWS of newAccount requests name them (RFC 8555 7.3.4). */
function externalKids(traffic: AcmeTraffic): ReadonlyMap<string, AcmeRequest> {
  const kids = new Map<string, AcmeRequest>()
  for (const request of traffic.requests) {
    const kid = request.inner?.kind === 'binding' ? request.inner.kid : null
    if (kid !== null && kid !== '' && !kids.has(kid)) kids.set(kid, request)
  }
  return kids
}

export const kidIsEabKeyId: Rule = {
  id: 'kid-is-eab-key-id',
  group: 'kid',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'kid is not the EAB key identifier',
  norm: "The external account's key identifier is used only inside the binding JWS; later requests use the account URL.",
  decide: 'Broken if kid is, as a whole, the key identifier of an external account binding in the capture.',
  traps: [
    'Some CAs choose account ids equal to the EAB id inside the URL (Infisical-like profiles): compare whole strings, not substrings.',
  ],
  unknownWhen: [],
  inPractice: {
    Boulder: '400 malformed invalid account URL',
    Pebble: '400 malformed prefix',
    'step-ca': '400 accountDoesNotExist',
    'golang.org/x/crypto/acme': 'Keeps them apart',
  },
  remedy: 'Separate the two identifiers in the client.',
  references: ['RFC 8555 §7.3.4', 'RFC 8555 §6.2'],
  why: 'The key identifier of the external account is good for one registration only. The CA has no account of that name.',
  fixes: {
    'cert-manager': 'keyID belongs into spec.acme.externalAccountBinding of the Issuer and nowhere else.',
    certbot: 'Give the identifier with --eab-kid when registering, and nowhere else.',
    lego: 'Give the identifier with --kid together with --eab when registering, and nowhere else.',
    'acme.sh': 'Give the identifier with --eab-kid to --register-account, and nowhere else.',
  },
  examples: {
    fails: '{"alg": "ES256", "kid": "eab-key-17", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed', 'accountDoesNotExist'], details: [/account .{1,80} not found/i] },
  judge(request, traffic) {
    if (request.kid === null || request.kid === '') return undefined
    const binding = remembered(traffic, externalKids).get(request.kid)
    if (binding === undefined) return HOLDS
    return broken(
      kidIsEabKeyId,
      `kid ${quote(request.kid)} is the external account's key identifier of ${named(binding)}; after registration kid is the account URL.`,
      {
        evidence: { kid: request.kid, binding: binding.id },
      },
    )
  },
}
