import { urlDifferences } from '../../acme/urls.ts'
import { bindingOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const eabUrl: Rule = {
  id: 'eab-url',
  group: 'eab',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Binding url equals outer url',
  norm: "The binding's url is the same string as the outer JWS's url.",
  decide: 'The url of the binding is compared with that of the request, octet by octet.',
  traps: ['A proxy that rewrites the directory changes both equally.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Uses directory newAccount URL for both',
  },
  remedy: 'Copy the outer url.',
  references: ['RFC 8555 §7.3.4'],
  why: 'A binding that was made for another URL could have been taken from another CA.',
  examples: {
    fails: '{"alg": "HS256", "kid": "eab-key-17", "url": "https://other.example/newAccount"}',
    passes: '{"alg": "HS256", "kid": "eab-key-17", "url": "https://ca.example/newAccount"}',
  },
  explains: { types: ['malformed'], details: [/differs from outer/, /not the same value as the outer/] },
  resources: ['newAccount'],
  judge(request) {
    const binding = bindingOf(request)
    if (binding === null) return lostBody(request) ?? undefined
    const { url } = binding
    const outer = request.signedUrl
    if (url === null || url === '' || outer === null || outer === '') return undefined // url-missing says it
    if (url === outer) return HOLDS
    const differences = urlDifferences(url, outer)
    return broken(
      eabUrl,
      `The external account binding has url ${quote(url)}, the outer JWS ${quote(outer)}; they differ in ${differences.join(', ')}.`,
      { evidence: { inner: url, outer, differences } },
    )
  },
}
