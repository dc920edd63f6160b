import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { latin1Text } from '../../platform/base64.ts'
import { type Contest, contestStartedBy, contestsOfToken, keyAuthorizations, ownerOfThumbprint } from '../challenges.ts'
import { type Fetch, fetchesOfToken, fetchOf, isSelfCheck } from '../fetches.ts'
import { broken, HOLDS, type Rule, unknown, type Verdict } from '../rule.ts'
import { quote } from '../scope.ts'

/** The response that asks for a fetch which is not in the capture. */
function withoutFetch(request: AcmeRequest, traffic: AcmeTraffic): Verdict | undefined {
  const contest = contestStartedBy(request, traffic)
  if (contest?.type !== 'http-01' || contest.token === null || contest.triggers[0] !== request) return undefined
  if (fetchesOfToken(contest.token, traffic).some((fetch) => !isSelfCheck(fetch, contest))) return undefined
  return unknown('U-SIDE', 'no fetch of the key authorization is in the capture')
}

/** What is wrong with the content, as a sentence part. */
function mistakeIn(content: string, token: string, contest: Contest, traffic: AcmeTraffic): string {
  if (content === '') return 'it is empty'
  if (content.startsWith('\u00ef\u00bb\u00bf')) return 'it begins with a byte order mark'
  if (/^\s*<(!doctype|html|\?xml)/i.test(content)) return 'it is a page, not the key authorization'
  if (/^["'].*["']$/s.test(content)) return 'it is in quotes'
  if (/^\s/.test(content)) return 'it begins with white space'
  const [first = '', second, ...rest] = content.split('.')
  if (second === undefined || rest.length > 0)
    return first === token ? 'the thumbprint is missing' : 'it has not the form token.thumbprint'
  if (first !== token) return 'its token is another one'
  const owner = ownerOfThumbprint(second, contest, traffic)
  return owner === null ? 'its thumbprint is of a key that the capture does not know' : `its thumbprint is that of ${owner}`
}

function judgeFetch(request: AcmeRequest, { token, hops }: Fetch, contest: Contest, traffic: AcmeTraffic): Verdict | undefined {
  const { response } = request
  if (response === null || response.status !== 200 || hops.at(-1) !== request) return undefined // http01-fetch
  const trigger = contest.triggers[0]
  const expected = keyAuthorizations(contest, request.time, trigger?.time ?? request.time)
  if (expected.length === 0) return unknown('U-KEY', 'the key of the account that the challenge belongs to is not known')
  const { bytes, complete } = response.body
  if (bytes === null || !complete) return unknown('U-GAP', 'the content of the answer is not, or not wholly, in the capture')
  const content = latin1Text(bytes).trimEnd() // RFC 8555 8.3: white space at the end is ignored
  if (expected.includes(content)) return HOLDS
  return broken(
    http01KeyAuthorization,
    `The validator got ${quote(content)} instead of ${quote(expected[0])}: ${mistakeIn(content, token, contest, traffic)}.`,
    {
      // A CA that was content with it has other knowledge than the capture, of a key change for instance.
      severity: contest.succeeded ? 'warning' : 'error',
      evidence: { content: quote(content), expected: expected[0], challenge: contest.challenge.url, hops: hops.length },
    },
  )
}

export const http01KeyAuthorization: Rule = {
  id: 'http01-key-authorization',
  group: 'challenge',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: "http-01 body is token '.' thumbprint of the account key",
  norm: "The resource's content is the key authorization for the challenge token and the account key; trailing whitespace is tolerated.",
  decide:
    "GET of the well-known path after a response to the challenge with that token, followed through its redirects: an answer 200 has the content TOKEN + '.' + thumbprint (the key of the account in force), white space at its end ignored. A mismatch says what the content is instead: another account's thumbprint, another token, a page, a byte order mark, quotes. Warning when the CA found it valid all the same. The client's own checks (before the response, or from its own address) are not judged. The finding is of the validation exchange; no ACME request becomes non-compliant by it.",
  traps: [
    'Stateless responders built for an old key fail after rollover or re-registration (acme.sh 2525).',
    'Self-checks by the client hit the same URL: their source address is not the CA.',
  ],
  unknownWhen: ['U-SIDE', 'U-KEY', 'U-START', 'U-GAP'],
  inPractice: {
    Boulder: 'challenge error unauthorized 403, quotes expected and got',
    Pebble: 'unauthorized',
    'step-ca': 'rejectedIdentifier, challenge becomes invalid',
    'golang.org/x/crypto/acme': 'Computes it from c.Key',
  },
  remedy: 'Serve the value for THIS account; look for a second client or a stale solver.',
  references: ['RFC 8555 §8.1', 'RFC 8555 §8.3', 'RFC 7638 §3'],
  why: 'The CA reads something else than it asked for, and the authorization is invalid.',
  fixes: {
    'cert-manager':
      'See that the Ingress or Gateway of the solver gets the path: another rule or redirect for the host answers instead.',
    certbot: 'With --webroot: see that -w is the folder that the web server serves for this name.',
    'acme.sh': 'With -w: see that it is the folder that the web server serves for this name.',
  },
  examples: {
    fails: 'GET /.well-known/acme-challenge/TOKEN answers an HTML page',
    passes: 'GET /.well-known/acme-challenge/TOKEN answers TOKEN.THUMBPRINT',
  },
  subjects: 'validation',
  explains: { types: ['unauthorized', 'incorrectResponse', 'rejectedIdentifier'], details: [/key authorization/] },
  judge(request, traffic) {
    if (request.resource !== 'validation') return withoutFetch(request, traffic)
    if (request.method !== 'GET') return undefined
    const fetch = fetchOf(request, traffic)
    if (fetch === null) return undefined
    const contests = contestsOfToken(fetch.token, traffic).filter(({ type }) => type === 'http-01')
    if (contests.length === 0)
      return request.response?.status === 200
        ? unknown('U-START', 'no answer in the capture shows the challenge with this token')
        : undefined
    let verdict: Verdict | undefined
    for (const contest of contests) {
      if (isSelfCheck(fetch, contest)) continue
      verdict = judgeFetch(request, fetch, contest, traffic)
      if (verdict === HOLDS) break
    }
    return verdict
  },
}
