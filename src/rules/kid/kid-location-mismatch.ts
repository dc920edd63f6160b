import type { Account, AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { normaliseUrl, splitUrl, urlDifferences } from '../../acme/urls.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { acceptedKids, named, quote, remembered, wasAccepted } from '../scope.ts'

/** The registered account that a kid of another spelling belongs to: its key verifies the signature, or it is the same URL but for the spelling. */
function tiedAccount(
  request: AcmeRequest,
  kid: string,
  traffic: AcmeTraffic,
): { account: Account; by: 'key' | 'spelling' } | null {
  const { signature } = request
  if (signature.state === 'unchecked' && signature.verifiesFor !== null) return { account: signature.verifiesFor, by: 'key' }
  if (wasAccepted(request)) return null
  const account = remembered(traffic, accountsByNormalForm).get(normaliseUrl(kid))
  return account === undefined || account.ca !== request.ca ? null : { account, by: 'spelling' }
}

function accountsByNormalForm(traffic: AcmeTraffic): ReadonlyMap<string, Account> {
  const found = new Map<string, Account>()
  for (const account of traffic.accounts.values())
    if (account.registeredBy !== null) found.set(normaliseUrl(account.url), account)
  return found
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
    'A kid that is the Location of any account registered in the capture passes here. Another one is compared, octet by octet, with the Location of the account it belongs to: the one whose key signed the request, or whose URL is the same but for its spelling, as far as the client had been told it by then. A kid under which the CA takes any request passes. The message names the difference (slash, scheme, host, port, path, case, escapes). A shared connection alone ties nothing: one client may hold several accounts.',
  traps: [
    'The server may itself hand out different Locations through two host names (internal and public): if so, fire diag-kid-differs-from-location against the server or proxy, not the client.',
    'After a CA host move, an old stored kid is faithful to the old Location: diag-kid-differs-from-location explains.',
    "HTTP/2 :authority versus Host differences matter for the server's comparison, not for this rule.",
  ],
  unknownWhen: ['U-START'],
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
  why: 'CAs compare the text. A slash, a port or another host name more, and the account is not found.',
  fixes: {
    'cert-manager':
      'It takes the Location of its last look-up. If that changes between requests, the CA or a proxy hands out URLs of several host names.',
    certbot:
      'The URL is in regr.json below /etc/letsencrypt/accounts. After a move of the CA run certbot register for the new --server.',
    lego: 'The URL is in account.json below .lego/accounts. After a move of the CA register anew.',
    'acme.sh':
      'The URL is ACCOUNT_URL in the ca.conf below ~/.acme.sh/ca. Run acme.sh --register-account again for the same --server.',
  },
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1/", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
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
    // What the client was told only later it could not send.
    if (registeredBy === null || (registeredBy.response?.time ?? Number.POSITIVE_INFINITY) > request.time)
      return unknown(
        'U-START',
        `the key was given ${quote(url)} only later; which URL the client had by then is not in the capture`,
      )
    const differences = urlDifferences(kid, url)
    return broken(
      kidLocationMismatch,
      `kid is ${quote(kid)}, but the account ${tied.by === 'key' ? 'whose key signed this request ' : ''}was given the URL ${quote(url)} in ${named(registeredBy)}; they differ in ${differences.join(', ')}.`,
      {
        evidence: { kid, location: url, differences, tiedBy: tied.by },
        remedy: `Send the Location of the account, "${url}", unchanged.`,
      },
    )
  },
}
