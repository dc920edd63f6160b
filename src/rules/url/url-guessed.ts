import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, sawBeginning } from '../scope.ts'

export const urlGuessed: Rule = {
  id: 'url-guessed',
  group: 'url',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'Clients discover URLs, they do not construct them',
  norm: 'Clients are configured with the directory only; resource URLs are taken from responses.',
  decide:
    'A warning if a signed request goes to a URL that no answer gave out, although the directory and the registration of the account were captured. With an older account, or when an answer may have escaped the capture, it is undecided.',
  traps: ['Persisted order URLs from an earlier run are legitimate; look for kid and order age.'],
  unknownWhen: ['U-START', 'U-OTHER'],
  inPractice: { Boulder: '404 malformed for unknown paths', Pebble: '404', 'step-ca': '404' },
  remedy: 'Follow URLs from responses.',
  references: ['RFC 8555 §7.1', 'RFC 8555 §7.1.1'],
  why: 'A URL that the client puts together works until the CA changes its paths.',
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/acme/new-order"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed'], details: [] },
  judge(request, traffic) {
    if (request.jws === null || request.method !== 'POST') return undefined
    const { ca, roleBasis, signedUrl } = request
    if (roleBasis === 'issued' || roleBasis === 'answered' || traffic.urls.has(signedUrl ?? '')) return HOLDS
    if (ca === null || ca.directory === null || !sawBeginning(ca))
      return unknown('U-START', 'the capture does not show which URLs the server handed out before')
    // An order kept from an earlier run is a legitimate source, but not for an account that was created here.
    if (request.account?.registeredBy == null)
      return unknown('U-OTHER', 'the account is older than the capture, so the URL may have been handed out before')
    if (ca.blindSpot !== null) return unknown('U-OTHER', `the URL may have been handed out unseen: ${ca.blindSpot}`)
    return broken(
      urlGuessed,
      `No answer in the capture handed out ${quote(request.url)}, although it shows the directory and the whole life of the account.`,
    )
  },
}
