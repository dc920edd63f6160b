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
  decide: 'Fail if relative, missing scheme/host, scheme http, or containing a fragment.',
  traps: ['A lab CA running plain http makes http the correct value.'],
  unknownWhen: ['U-GAP'],
  inPractice: { Boulder: '400 malformed incorrect', Pebble: '400 malformed incorrect', 'step-ca': '400 malformed' },
  remedy: 'Sign the absolute https URL.',
  references: ['RFC 8555 §6.4.1', 'RFC 8555 §6.1'],
  explains: { types: ['malformed', 'unauthorized'], details: [] },
  judge(request) {
    const signed = request.signedUrl
    if (signed === null || signed === '') return undefined
    const parts = splitUrl(signed)
    if (parts === null) return broken(urlNotAbsoluteHttps, `url ${quote(signed)} is not absolute: scheme or host is missing.`)
    if (parts.rest.includes('#'))
      return broken(urlNotAbsoluteHttps, `url ${quote(signed)} has a fragment, which is never part of a request.`)
    if (parts.scheme.toLowerCase() === 'https') return HOLDS
    if (signed === request.url) return HOLDS // a lab CA on plain http: https-required speaks of it
    return broken(urlNotAbsoluteHttps, `url ${quote(signed)} has scheme ${parts.scheme}, not https.`)
  },
}
