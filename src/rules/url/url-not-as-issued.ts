import type { AcmeTraffic } from '../../acme/traffic.ts'
import { normaliseUrl, urlDifferences } from '../../acme/urls.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, remembered, sawBeginning, wasAccepted } from '../scope.ts'

/** Issued URLs by their normalised form. The directory and account URLs may come from configuration, a renewalInfo URL is built by the client. */
function byNormalForm(traffic: AcmeTraffic): ReadonlyMap<string, string> {
  const forms = new Map<string, string>()
  for (const { url, role } of traffic.urls.values())
    if (role !== 'directory' && role !== 'account' && role !== 'renewalInfo') forms.set(normaliseUrl(url), url)
  return forms
}

export const urlNotAsIssued: Rule = {
  id: 'url-not-as-issued',
  group: 'url',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'url is the exact string the server provided',
  norm: 'Apart from the directory, all URLs come from the server and must be signed exactly as provided, without re-encoding.',
  decide:
    'Broken if url is none of those that the server gave out, is one of them written differently (case of the host, default port, trailing slash, escapes, dot segments, order of the query), and was not accepted. Undecided if the capture began later than the session. If none is close, see url-guessed.',
  traps: ['certID path of renewalInfo is constructed by the client by design.', 'Account URL may come from configuration.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: 'Would normally surface as 404 malformed or url mismatch',
    Pebble: 'Same',
    'step-ca': 'Same',
    'golang.org/x/crypto/acme': 'Uses strings verbatim',
  },
  remedy: 'Keep URLs as opaque strings.',
  references: ['RFC 8555 §6.4'],
  why: 'The CA compares text. What a library normalises (a port, a slash, an escape) is another URL to it.',
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example:443/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed', 'unauthorized'], details: [] },
  judge(request, traffic) {
    const signed = request.signedUrl
    if (signed === null || signed === '' || traffic.urls.has(signed)) return signed === null || signed === '' ? undefined : HOLDS
    const issued = remembered(traffic, byNormalForm).get(normaliseUrl(signed))
    if (issued === undefined || wasAccepted(request)) return undefined
    if (!sawBeginning(request.ca))
      return unknown(
        'U-START',
        'the URL is written otherwise than the server wrote it in this capture, which does not show all it wrote before',
      )
    const differences = urlDifferences(signed, issued)
    return broken(
      urlNotAsIssued,
      `url ${quote(signed)} is the server's ${quote(issued)} written differently (${differences.join(', ')}); URLs are signed exactly as provided.`,
      {
        evidence: { signed, issued, differences },
      },
    )
  },
}
