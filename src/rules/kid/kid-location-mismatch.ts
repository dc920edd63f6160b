import type { Account, AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { splitUrl, urlDifferences } from '../../acme/urls.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, remembered, wasAccepted } from '../scope.ts'

/** The registered account that a kid of another spelling belongs to: its key verifies the signature, or it ends in the same identifier. */
function tiedAccount(
  request: AcmeRequest,
  kid: string,
  traffic: AcmeTraffic,
): { account: Account; by: 'key' | 'identifier' } | null {
  const { signature } = request
  if (signature.state === 'unchecked' && signature.verifiesFor !== null) return { account: signature.verifiesFor, by: 'key' }
  if (wasAccepted(request)) return null
  const last = kid.replace(/\/+$/, '').split('/').at(-1)
  for (const account of traffic.accounts.values())
    if (account.ca === request.ca && account.registeredBy !== null && account.url.replace(/\/+$/, '').split('/').at(-1) === last)
      return { account, by: 'identifier' }
  return null
}

/** Account URLs that the CA itself confirmed by accepting a request under them. */
function acceptedKids(traffic: AcmeTraffic): ReadonlySet<string> {
  const accepted = new Set<string>()
  for (const request of traffic.requests)
    if (request.kid !== null && request.method === 'POST' && wasAccepted(request)) accepted.add(request.kid)
  return accepted
}

export const kidLocationMismatch: Rule = {
  id: 'kid-location-mismatch',
  group: 'kid',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'kid equals the Location it was given, character for character',
  norm: 'The value to use is the account URL that the server returned for newAccount.',
  decide:
    "State: accounts[thumbprint or kid] = set of Location strings returned with 200/201 by newAccount in this capture (same directory). A kid that equals any of them passes here (whether it is the signer's is signature-wrong-key's). Otherwise, if the kid's account can be tied to one of them (same key verifies the signature, or same last path element), compare byte-wise. Fail and print a diff class: trailing slash, scheme, host, port (:443/:8443), path prefix, case, percent-encoding, different id. The same connection alone ties nothing: one client may hold several accounts, some registered before the capture.",
  traps: [
    'The server may itself hand out different Locations through two host names (internal and public): if so, fire diag-kid-differs-from-location against the server or proxy, not the client.',
    'After a CA host move, an old stored kid is faithful to the old Location: diag-kid-differs-from-location explains.',
    "HTTP/2 :authority versus Host differences matter for the server's comparison, not for this rule.",
  ],
  unknownWhen: ['U-START', 'U-KEY'],
  inPractice: {
    Boulder:
      "Scheme+host+/acme/acct/ prefix must equal what this request's Host and proto produce; the rest must be an integer, so a trailing slash is 400 malformed",
    Pebble: 'Same prefix test; unknown remainder 400 accountDoesNotExist',
    'step-ca':
      'Compares with the stored location: 401 unauthorized when it differs (accounts created before that feature: prefix test, 400 malformed)',
    'golang.org/x/crypto/acme': 'Uses the Location of the latest newAccount/lookup answer',
  },
  remedy: 'Re-register or look the account up again through the same public URL and store the new Location.',
  references: ['RFC 8555 §6.2', 'RFC 8555 §7.3'],
  explains: {
    types: ['malformed', 'accountDoesNotExist', 'unauthorized'],
    details: [/kid does not match stored account location/, /required prefix/],
  },
  judge(request, traffic) {
    const { kid } = request
    if (kid === null || kid === '' || splitUrl(kid) === null || request.resource === 'newAccount') return undefined
    const account = traffic.accounts.get(kid)
    if (account?.registeredBy != null || remembered(traffic, acceptedKids).has(kid)) return HOLDS
    const tied = tiedAccount(request, kid, traffic)
    if (tied === null)
      return unknown('U-START', 'the account was registered outside the capture, so the URL it was given is not known')
    const { url, registeredBy } = tied.account
    const differences = urlDifferences(kid, url)
    return broken(
      kidLocationMismatch,
      `kid is ${quote(kid)}, but the account ${tied.by === 'key' ? 'whose key signed this request ' : ''}was given the URL ${quote(url)}${registeredBy === null ? '' : ` in ${named(registeredBy)}`}; they differ in ${differences.join(', ')}.`,
      {
        evidence: { kid, location: url, differences, tiedBy: tied.by },
        remedy: `Send the Location of the account, "${url}", unchanged.`,
      },
    )
  },
}
