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
  decide: 'Warn if a client posts to a path never issued in the capture while the directory and parents WERE captured.',
  traps: ['Persisted order URLs from an earlier run are legitimate; look for kid and order age.'],
  unknownWhen: ['U-START', 'U-OTHER'],
  inPractice: { Boulder: '404 malformed for unknown paths', Pebble: '404', 'step-ca': '404' },
  remedy: 'Follow URLs from responses.',
  references: ['RFC 8555 §7.1', 'RFC 8555 §7.1.1'],
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    if (request.jws === null || request.method !== 'POST') return undefined
    if (request.roleBasis === 'issued' || request.roleBasis === 'answered') return HOLDS
    const { ca } = request
    if (ca === null || ca.directory === null || !sawBeginning(ca))
      return unknown('U-START', 'the capture does not show which URLs the server handed out before')
    // An order kept from an earlier run is a legitimate source, but not for an account that was created here.
    if (request.account?.registeredBy == null)
      return unknown('U-OTHER', 'the account is older than the capture, so the URL may have been handed out before')
    return broken(
      urlGuessed,
      `No answer in the capture handed out ${quote(request.url)}, although it shows the directory and the whole life of the account.`,
    )
  },
}
