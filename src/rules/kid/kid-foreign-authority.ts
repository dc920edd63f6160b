import type { AcmeTraffic, Ca } from '../../acme/traffic.ts'
import { authorityOf, hostOf } from '../../acme/urls.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { acceptedKids, quote, remembered, wasAccepted, wasRefusedAs } from '../scope.ts'

/** Environments of one operator that people mix up. */
const SIBLINGS: readonly (readonly string[])[] = [
  ['acme-v02.api.letsencrypt.org', 'acme-staging-v02.api.letsencrypt.org'],
  ['dv.acme-v02.api.pki.goog', 'dv.acme-v02.test-api.pki.goog'],
]

/** An account URL that each CA has given in this capture, if any. */
function accountUrls(traffic: AcmeTraffic): ReadonlyMap<Ca, string> {
  const found = new Map<Ca, string>()
  for (const { ca, url, registeredBy } of traffic.accounts.values())
    if (ca !== null && registeredBy !== null && !found.has(ca)) found.set(ca, url)
  return found
}

export const kidForeignAuthority: Rule = {
  id: 'kid-foreign-authority',
  group: 'kid',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'kid belongs to the CA being addressed',
  norm: 'Accounts exist at one server; an account URL from another CA or environment is meaningless here.',
  decide:
    'The scheme and host of kid are compared with those of the request and of the URLs that this CA gave out. Another one is a warning. It is an error when this CA gave out account URLs in the capture, or when the host is that of another environment of the same operator (staging and production). A kid under which the CA takes any request passes: old account URLs may stay good after it moved.',
  traps: ["A CA may legally host accounts on another host than the directory's; only a Location from this CA proves it."],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: '400 malformed invalid account URL (prefix test comes before look-up)',
    Pebble: '400 malformed prefix',
    'step-ca': '400 accountDoesNotExist, or 401 unauthorized if the id happens to exist',
    'golang.org/x/crypto/acme': 'No check',
  },
  remedy: 'Register separately per directory and key the stored account by directory URL.',
  references: ['RFC 8555 §6.2'],
  why: 'The account lives at another CA, often staging instead of production. Here nobody knows it.',
  fixes: {
    'cert-manager': 'Use an Issuer of its own, with a privateKeySecretRef of its own, for staging and for production.',
    certbot: 'It keeps accounts by server: register with the same --server that you order from.',
    lego: 'It keeps accounts by server: use the same --server for both.',
    'acme.sh': 'It keeps accounts by server: use the same --server for --register-account and --issue.',
  },
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://acme-staging-v02.api.letsencrypt.org/acme/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://acme-v02.api.letsencrypt.org/acme/new-order"}',
    passes:
      '{"alg": "ES256", "kid": "https://acme-v02.api.letsencrypt.org/acme/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://acme-v02.api.letsencrypt.org/acme/new-order"}',
  },
  explains: { types: ['malformed', 'accountDoesNotExist', 'unauthorized'], details: [/invalid account URL/] },
  judge(request, traffic) {
    const { kid, ca } = request
    if (kid === null || request.resource === 'newAccount') return undefined
    const authority = authorityOf(kid)
    const own = authorityOf(request.url)
    if (authority === null || own === null || ca === null) return undefined
    if (authority === own || ca.authorities.has(authority)) return HOLDS
    // A leg behind a terminator may show another port than the client used.
    if (request.urlBasis !== 'observed' && hostOf(authority) === hostOf(own)) return HOLDS
    // The CA is the one who knows: old account URLs may stay good after it moved.
    if (wasAccepted(request) || remembered(traffic, acceptedKids).has(kid)) return HOLDS
    if (request.behindProxy)
      return unknown(
        'U-START',
        'a proxy stands before this leg, and the capture does not show where the CA gives its accounts URLs',
      )
    const issued = remembered(traffic, accountUrls).get(ca) ?? null
    const isSibling = SIBLINGS.some((hosts) => hosts.includes(hostOf(authority)) && hosts.includes(hostOf(own)))
    const message = `kid ${quote(kid)} belongs to ${authority}, but the request goes to ${own}`
    if (issued === null && !isSibling)
      return broken(
        kidForeignAuthority,
        `${message}; unless this CA gives its accounts URLs there, the account is another CA's.`,
        { severity: 'warning', evidence: { kid } },
      )
    // A refusal for another reason says nothing about kid.
    const isOtherReason = request.problem?.type != null && !wasRefusedAs(request, ...this.explains.types)
    return broken(
      kidForeignAuthority,
      `${message}${issued === null ? ', another environment of the same operator' : `, which gives its accounts URLs such as ${quote(issued)}`}.`,
      { severity: isOtherReason ? 'warning' : 'error', evidence: { kid, issued } },
    )
  },
}
