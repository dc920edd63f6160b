import { splitUrl } from '../../acme/urls.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const urlNotAbsoluteHttps: Rule = {
  id: 'url-not-absolute-https',
  group: 'url',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'url is an absolute https URL',
  norm: 'url is the full target URL.',
  decide: 'Broken if url is relative, has no host, has the scheme http, or has a fragment.',
  traps: ['A lab CA running plain http makes http the correct value.'],
  unknownWhen: ['U-GAP'],
  inPractice: { Boulder: '400 malformed incorrect', Pebble: '400 malformed incorrect', 'step-ca': '400 malformed' },
  remedy: 'Sign the absolute https URL.',
  references: ['RFC 8555 §6.4.1', 'RFC 8555 §6.1'],
  why: 'The CA compares with the whole URL, so that a path or an http URL never matches.',
  examples: {
    fails: '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed', 'unauthorized'], details: [] },
  judge(request, traffic) {
    const signed = request.signedUrl
    if (signed === null || signed === '') return undefined
    const parts = splitUrl(signed)
    if (parts === null) return broken(urlNotAbsoluteHttps, `url ${quote(signed)} is not absolute: scheme or host is missing.`)
    if (parts.rest.includes('#'))
      return broken(urlNotAbsoluteHttps, `url ${quote(signed)} has a fragment, which is never part of a request.`)
    if (parts.scheme.toLowerCase() === 'https') return HOLDS
    // A lab CA on plain http, or one that hands out such URLs: https-required speaks of it.
    if (signed === request.url || traffic.urls.has(signed)) return HOLDS
    return broken(urlNotAbsoluteHttps, `url ${quote(signed)} has scheme ${parts.scheme}, not https.`)
  },
}
