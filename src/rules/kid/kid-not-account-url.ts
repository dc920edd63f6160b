import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { splitUrl } from '../../acme/urls.ts'
import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, isPresent, lostBody, quote, remembered } from '../scope.ts'

/** What a kid that is no URL looks like. */
function likeness(kid: string, request: AcmeRequest, traffic: AcmeTraffic): string {
  if (/^\d+$/.test(kid)) return 'a bare number'
  if (kid.startsWith('/')) return 'only the path of a URL'
  if (/^[A-Za-z0-9_-]{43}$/.test(kid))
    return traffic.accountsByKey.has(kid) ? "the thumbprint of an account's key" : 'a text as long as a key thumbprint'
  if (/["'\r\n]/.test(kid)) return 'a text with quotes or line breaks, as scripts produce that build JSON by concatenation'
  const binding = isObject(request.payload) && isObject(request.payload.externalAccountBinding)
  return binding ? 'perhaps the external account key identifier' : 'no URL'
}

/** Locations of accounts that the CAs gave without scheme and host. */
function relativeLocations(traffic: AcmeTraffic): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { resource, location } of traffic.requests)
    if (resource === 'newAccount' && location !== null && splitUrl(location) === null) found.add(location)
  return found
}

export const kidNotAccountUrl: Rule = {
  id: 'kid-not-account-url',
  group: 'kid',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'kid is an absolute account URL',
  norm: 'kid holds the account URL, not a bare number, path, thumbprint or external key identifier.',
  decide:
    'Broken if kid is no absolute URL with scheme and host, is the URL of newAccount, or holds a piece of a header. The message says what it looks like: digits, a path, a key thumbprint, the key identifier of an external account, text with quotes or line ends.',
  traps: [
    'Old ACMEv1 account URLs (/acme/reg/N on acme-v01) are accepted by Boulder through a configured legacy prefix.',
    'Infisical, CertifiCat and others use UUID paths; do not assume digits.',
  ],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: "400 malformed 'KeyID header contained an invalid account URL'",
    Pebble: '400 malformed (prefix test)',
    'step-ca': 'Takes the last path element as id: unknown id 400 accountDoesNotExist; known id but other text 401 unauthorized',
    'golang.org/x/crypto/acme': 'Whatever Location said, unchecked (even empty)',
  },
  remedy: 'Store and send the Location value verbatim.',
  references: ['RFC 8555 §6.2', 'RFC 8555 §7.3'],
  why: 'The CA finds no account by such a name. The refusal may say malformed, unauthorized or accountDoesNotExist.',
  fixes: {
    'acme.sh':
      'Delete the ACCOUNT_URL line in the ca.conf below ~/.acme.sh/ca for this server and run acme.sh --register-account.',
  },
  examples: {
    fails: '{"alg": "ES256", "kid": "1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: {
    types: ['malformed', 'accountDoesNotExist', 'unauthorized'],
    details: [/invalid account URL/, /Malformed account ID/, /Invalid KID format/],
  },
  judge(request, traffic) {
    const header = headerOf(request)
    if (header === null) return lostBody(request) ?? undefined
    const { kid } = header
    if (!isPresent(kid)) return undefined
    if (typeof kid !== 'string')
      return broken(kidNotAccountUrl, `kid is ${quote(kid)}, not a string with the account URL.`, { evidence: { kid } })
    if (request.resource === 'newAccount') return undefined
    if (remembered(traffic, relativeLocations).has(kid)) return undefined // as the CA wrote it: account-create-response
    if (splitUrl(kid) === null)
      return broken(kidNotAccountUrl, `kid is ${quote(kid)}: ${likeness(kid, request, traffic)}, not the account URL.`, {
        evidence: { kid },
      })
    if (kid === request.ca?.directory?.newAccount)
      return broken(
        kidNotAccountUrl,
        `kid is the newAccount URL ${quote(kid)} itself, not the account URL that it answers in Location.`,
        { evidence: { kid } },
      )
    if (/^https?:\/\/application\/|[\s"]/.test(kid))
      return broken(kidNotAccountUrl, `kid is ${quote(kid)}, which looks like a piece of a header, not an account URL.`, {
        evidence: { kid },
      })
    return HOLDS
  },
}
