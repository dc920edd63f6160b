import { splitUrl } from '../../acme/urls.ts'
import { lostAnswer } from '../answer.ts'
import { accountOfKey, worksAfter } from '../registered.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote, uncertainRole, wasAccepted } from '../scope.ts'

export const accountCreateResponse: Rule = {
  id: 'account-create-response',
  group: 'account',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'newAccount answer: 201 new, 200 existing, Location always',
  norm: 'A created account is answered 201 with the account URL in Location; an existing key 200 with Location and the unmodified account.',
  decide:
    'On 2xx to newAccount: fail if Location is missing or not absolute; if 201 for a key that already has an account here (state; warning while nothing shows that the first account lived on, since the CA may have lost its accounts in between). That a 200 came although there was no account cannot be told: it may have been made before the capture. On an error for an existing key: see server-lookup-refused.',
  traps: ['HTTP/2 header names are lower case.', 'A relative Location is legal HTTP but not usable as kid verbatim: error.'],
  unknownWhen: ['U-RESP', 'U-REDACT', 'U-GAP', 'U-ROLE'],
  inPractice: {
    Boulder: '201/200 with Location; deactivated key: 403 unauthorized',
    Pebble: 'Same; 403 when deactivated',
    'step-ca': 'Same; 401 when inactive',
    'golang.org/x/crypto/acme': 'Accepts 200 or 201; takes Location as KID even if empty - then later requests fall back to jwk',
  },
  remedy: 'Server: always send Location.',
  references: ['RFC 8555 §7.3', 'RFC 8555 §7.3.1'],
  why: 'Without Location the client does not know the name of its account, and its next request has no kid.',
  fixes: {
    'cert-manager':
      'The CA has to be changed: without Location cert-manager signs its next request with jwk, and that is refused.',
  },
  examples: { fails: 'HTTP/1.1 201 Created without Location', passes: 'Location: https://ca.example/acct/1' },
  explains: { types: [], details: [] },
  resources: ['newAccount'],
  judge(request, traffic) {
    if (request.method !== 'POST') return undefined
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    if (!wasAccepted(request)) return undefined
    const uncertain = uncertainRole(request)
    if (uncertain !== null) return uncertain
    const { location } = request
    const status = request.response?.status ?? 0
    if (location === null || location === '')
      return broken(
        accountCreateResponse,
        `The answer ${status} to newAccount has no Location, so the client is not told its account URL and cannot send kid.`,
        { evidence: { status, location } },
      )
    if (splitUrl(location) === null)
      return broken(
        accountCreateResponse,
        `Location ${quote(location)} is no absolute URL, so it cannot be sent as kid as it stands.`,
        { evidence: { status, location } },
      )
    if (status !== 201) return HOLDS
    const known = accountOfKey(request, traffic)
    if (known === null) return HOLDS
    const lives = worksAfter(known, request, traffic)
    return broken(
      accountCreateResponse,
      `The key already had the account ${quote(known.url)}, yet the server made ${location === known.url ? 'it again' : `another, ${quote(location)}`}, and answered 201 where 200 is due.${lives ? '' : ' Unless it lost its accounts in between.'}`,
      {
        severity: lives ? 'error' : 'warning',
        evidence: { known: known.url, location, thumbprint: request.jwk?.thumbprint ?? null },
      },
    )
  },
}
