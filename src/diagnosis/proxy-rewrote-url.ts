import type { AcmeRequest } from '../acme/traffic.ts'
import { authorityOf, hostOf, splitUrl, urlDifferences } from '../acme/urls.ts'
import { field } from '../http/exchange.ts'
import { quote } from '../rules/scope.ts'
import type { Attribution } from './attribute.ts'
import { type Case, groupBy } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCa, forCapturer, forProxy } from './diagnosis.ts'
import { outcomeOf, taleOf } from './tale.ts'
import { capitalised, moment, refusal, requestList, were } from './words.ts'

export const diagProxyRewroteUrl: DiagnosisKind = {
  id: 'diag-proxy-rewrote-url',
  group: 'session',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'A middlebox changed URL, host or scheme',
  norm: "Signed url and the server's view differ though the client was consistent; or server builds links from an internal name.",
  decide:
    "Evidence: error detail 'Expected A got B' with B = client url and A differing in scheme/host/port; Location/directory URLs with other authority than requested; Via/X-Forwarded headers; two legs in capture. Parse expected/got out of the detail.",
  traps: ['Boulder 4447 (:443), CertifiCat 7, step-ca 193.'],
  unknownWhen: ['U-RESP'],
  inPractice: { Boulder: 'Detail quotes both', Pebble: 'Detail quotes both', 'step-ca': 'Detail generic: rely on links' },
  remedy: "Forward Host and X-Forwarded-Proto; configure the CA's public URL.",
  references: ['RFC 8555 §6.4'],
}

/** Requests that were refused because the server, or the leg before it, saw another URL than the client signed and asked for. */
export function proxyRewroteUrl(facts: Case): Diagnosis[] {
  return [...otherView(facts), ...changedOnTheWay(facts), ...unreachableDirectory(facts)]
}

/** The refusal quotes the URL that the server expected, and it is not the one that the client used. */
function otherView(facts: Case): Diagnosis[] {
  const torn = facts.open().flatMap((attribution) => {
    const expected = expectedUrl(attribution)
    return expected === null ? [] : [{ request: attribution.judgement.request, expected }]
  })
  return groupBy(torn, ({ request, expected }) => urlDifferences(request.signedUrl ?? '', expected).join()).map((group) => {
    const requests = group.map(({ request }) => request)
    const first = requests[0] as AcmeRequest
    const expected = group[0]?.expected ?? ''
    const signed = first.signedUrl ?? ''
    const defaultPort = withoutDefaultPort(signed) === withoutDefaultPort(expected)
    const scheme = splitUrl(signed)?.scheme !== splitUrl(expected)?.scheme
    const story = defaultPort
      ? 'Both name the same place, since 443 is the default port of https: the server compares them as text.'
      : scheme
        ? 'The server takes the request for one over plain HTTP: what ends TLS before it does not say X-Forwarded-Proto: https, or says something else.'
        : 'Something before the server changes the Host, or the server is configured with another public name.'
    return {
      kind: diagProxyRewroteUrl,
      party: defaultPort ? 'server' : 'proxy',
      bothAtFault: false,
      confidence: 'likely',
      title: defaultPort
        ? 'The server expects the default port in the URL'
        : 'The server sees another URL than the client asked for',
      explanation: `${capitalised(requestList(requests))} went to "${first.url}" and signed that very URL; ${requests.length === 1 ? 'it' : 'they'} ${were(requests)} answered ${refusal(first)}. The server expected "${expected}": they differ in ${urlDifferences(signed, expected).join(', ')}. ${story}`,
      story: taleOf(requests, `${first.resource} signed for "${signed}", taken for "${expected}" and ${outcomeOf(first)}`, facts),
      upstream: defaultPort
        ? ['letsencrypt/boulder 4447', 'unixcharles/acme-client 168']
        : scheme
          ? ['RIT-ITS/CertifiCat 7']
          : [],
      remedies: defaultPort
        ? [forCa('treat the default port as absent when URLs are compared. Nothing is to be changed on the client.')]
        : [
            forProxy("pass Host on unchanged and set X-Forwarded-Proto to the client's scheme."),
            forCa('configure the public URL of the CA. Nothing is to be changed on the client.'),
          ],
      explains: requests,
      evidence: [],
    }
  })
}

function expectedUrl({ judgement: { request, checks }, verdict, match }: Attribution): string | null {
  const signed = request.signedUrl === null ? null : splitUrl(request.signedUrl)
  const detail = request.problem?.detail ?? ''
  if (signed === null || checks.url === 'fail' || (verdict === 'client' && match === 'words') || !/url/i.test(detail)) return null
  for (const [found] of detail.matchAll(/https?:\/\/[^\s"'<>,;]+/g)) {
    const parts = splitUrl(found.replace(/[.)\]]+$/, ''))
    if (parts !== null && parts.rest === signed.rest && (parts.scheme !== signed.scheme || parts.authority !== signed.authority))
      return `${parts.scheme}://${parts.authority}${parts.rest}`
  }
  return null
}

function withoutDefaultPort(url: string): string {
  return url.replace(/^(https:\/\/[^/]*):443(?=\/|$)/, '$1')
}

/** The leg before the server shows another URL than was signed, and a forwarding field or another leg shows the one that was signed. */
function changedOnTheWay(facts: Case): Diagnosis[] {
  const changed = facts
    .open()
    .filter(({ judgement: { request, checks } }) => checks.url !== 'pass' && clientUrlProof(request) !== null)
    .map(({ judgement }) => judgement.request)
  const first = changed[0]
  if (first === undefined) return []
  return [
    {
      kind: diagProxyRewroteUrl,
      party: 'proxy',
      bothAtFault: false,
      confidence: 'certain',
      title: 'A proxy changed the URL on the way to the server',
      explanation: `${capitalised(requestList(changed))}: the client signed "${first.signedUrl}" and asked for it (${clientUrlProof(first)}), but the server was asked for "${first.observedUrl}", and answered ${refusal(first)}. The server compares the signed URL with the one it is asked for (RFC 8555 §6.4).`,
      remedies: [
        forProxy(
          "pass Host on unchanged and set X-Forwarded-Proto to the client's scheme. Nothing is to be changed on the client.",
        ),
      ],
      explains: changed,
      evidence: [],
    },
  ]
}

function clientUrlProof(request: AcmeRequest): string | null {
  const { signedUrl, url, http, alsoSeen } = request
  if (signedUrl === null || signedUrl === url || splitUrl(signedUrl) === null) return null
  if (alsoSeen.some((seen) => seen.request?.url === signedUrl)) return 'so the other captured leg shows'
  const host = field(http.headers, 'x-forwarded-host')
  const signedAuthority = authorityOf(signedUrl)
  if (host === null || signedAuthority === null || hostOf(host) !== hostOf(signedAuthority)) return null
  return authorityOf(url) === signedAuthority ? null : `X-Forwarded-Host is ${quote(host)}`
}

/** A directory that sends its client to another place, to which the client then makes no request. */
function unreachableDirectory({ traffic }: Case): Diagnosis[] {
  return traffic.cas.flatMap((ca): Diagnosis[] => {
    const fetched = traffic.requests.find(
      ({ resource, answer, ca: own }) => own === ca && resource === 'directory' && answer !== undefined,
    )
    const target = ca.directory?.newNonce ?? ca.directory?.newAccount
    if (fetched === undefined || typeof target !== 'string') return []
    const [asked, named] = [splitUrl(fetched.url), splitUrl(target)]
    if (
      asked === null ||
      named === null ||
      traffic.requests.some((request) => request.ca === ca && request.resource !== 'directory')
    )
      return []
    const downgraded = asked.scheme === 'https' && named.scheme === 'http'
    if (!downgraded && hostOf(asked.authority) === hostOf(named.authority)) return []
    return [
      {
        kind: diagProxyRewroteUrl,
        party: downgraded ? 'proxy' : 'unknown',
        bothAtFault: false,
        confidence: downgraded ? 'likely' : 'possible',
        title: 'The directory sends the client to another place, and nothing followed',
        explanation: `At ${moment(fetched)} the directory was fetched from "${fetched.url}" (request ${fetched.id}); it names "${target}". The capture shows no request there: the URLs are made from ${downgraded ? 'plain HTTP, as when TLS ends before the server and X-Forwarded-Proto is not passed on' : 'another name, as when the server knows itself by an internal one'}, or that traffic was not captured.`,
        remedies: [
          forCa("configure the CA's public URL."),
          forProxy('pass Host and X-Forwarded-Proto on.'),
          forCapturer('if the place is meant to be another one, capture the traffic to it too.'),
        ],
        upstream: downgraded ? ['RIT-ITS/CertifiCat 7'] : ['smallstep/certificates 193'],
        explains: [],
        evidence: [fetched],
      },
    ]
  })
}
