import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { authorityOf, hostOf } from '../../acme/urls.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

/** Environments of one operator that people mix up. */
const SIBLINGS: readonly (readonly string[])[] = [
  ['acme-v02.api.letsencrypt.org', 'acme-staging-v02.api.letsencrypt.org'],
  ['dv.acme-v02.api.pki.goog', 'dv.acme-v02.test-api.pki.goog'],
]

/** A CA that has given account URLs of its own in this capture. */
function issuesAccountsElsewhere(request: AcmeRequest, traffic: AcmeTraffic): string | null {
  for (const account of traffic.accounts.values())
    if (account.ca === request.ca && account.registeredBy !== null) return account.url
  return null
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
    "Compare kid's scheme+authority with the authority of the request's url and with the account URLs this CA has issued. Different authority: warn; error when this CA has issued account URLs under another authority in the capture, or when kid's authority is a known sibling (acme-v02 vs acme-staging-v02, dv.acme-v02.api vs test-api.pki.goog).",
  traps: ["A CA may legally host accounts on another host than the directory's; only a Location from this CA proves it."],
  unknownWhen: ['U-START', 'U-ROLE'],
  inPractice: {
    Boulder: '400 malformed invalid account URL (prefix test comes before look-up)',
    Pebble: '400 malformed prefix',
    'step-ca': '400 accountDoesNotExist, or 401 unauthorized if the id happens to exist',
    'golang.org/x/crypto/acme': 'No check',
  },
  remedy: 'Register separately per directory and key the stored account by directory URL.',
  references: ['RFC 8555 §6.2'],
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
    if (traffic.accounts.get(kid)?.ca === ca && traffic.accounts.get(kid)?.registeredBy != null) return HOLDS
    const issued = issuesAccountsElsewhere(request, traffic)
    const sibling = SIBLINGS.some((hosts) => hosts.includes(hostOf(authority)) && hosts.includes(hostOf(own)))
    const message = `kid ${quote(kid)} belongs to ${authority}, but the request goes to ${own}`
    if (issued === null && !sibling)
      return broken(
        kidForeignAuthority,
        `${message}; unless this CA gives its accounts URLs there, the account is another CA's.`,
        { severity: 'warning', evidence: { kid } },
      )
    return broken(
      kidForeignAuthority,
      `${message}${issued === null ? ', another environment of the same operator' : `, which gives its accounts URLs such as ${quote(issued)}`}.`,
      { evidence: { kid, issued } },
    )
  },
}
