import { urlDifferences } from '../../acme/urls.ts'
import { keyChangeOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const keychangeInnerUrl: Rule = {
  id: 'keychange-inner-url',
  group: 'key-change',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 2,
  title: 'Inner url equals outer url',
  norm: 'Both JWS name the same url.',
  decide: 'The url of the inner JWS is compared with that of the outer one, octet by octet.',
  traps: [],
  unknownWhen: ['U-GAP'],
  inPractice: { Boulder: '400 malformed', Pebble: '400 malformed', 'step-ca': '501', 'golang.org/x/crypto/acme': 'Same string' },
  remedy: 'Copy the url.',
  references: ['RFC 8555 §7.3.5'],
  why: 'An inner JWS for another URL could have been made for another CA.',
  examples: {
    fails: '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "url": "https://other.example/keyChange"}',
    passes: '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "url": "https://ca.example/keyChange"}',
  },
  explains: { types: ['malformed'], details: [/inner JWS 'url'|differs for inner/i] },
  resources: ['keyChange'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const inner = keyChangeOf(request)
    if (inner === null) return lostBody(request) ?? undefined
    const { url } = inner
    const outer = request.signedUrl
    if (url === null || url === '' || outer === null || outer === '') return undefined // url-missing says it
    if (url === outer) return HOLDS
    const differences = urlDifferences(url, outer)
    return broken(
      keychangeInnerUrl,
      `The inner JWS of the key change has url ${quote(url)}, the outer ${quote(outer)}; they differ in ${differences.join(', ')}.`,
      { evidence: { inner: url, outer, differences } },
    )
  },
}
