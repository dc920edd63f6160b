import { bindingOf, keyChangeOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, lostBody, quote } from '../scope.ts'

export const urlMissing: Rule = {
  id: 'url-missing',
  group: 'url',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'url present in the protected header',
  norm: 'Every ACME JWS has a protected url parameter holding the target as a string.',
  decide:
    'Broken if url is absent, empty or no string; so too in the inner JWS of a key change (§7.3.5) and in an external account binding (§7.3.4).',
  traps: ['keyChange inner and EAB inner need url as well.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: "400 malformed 'JWS header parameter url required'",
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Always',
  },
  remedy: 'Add url.',
  references: ['RFC 8555 §6.4.1', 'RFC 8555 §6.2', 'RFC 8555 §7.3.4', 'RFC 8555 §7.3.5'],
  why: 'Without it a request could be sent on to another resource. CAs refuse it.',
  examples: {
    fails: '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed', 'unauthorized'], details: [/'url' required/, /missing url/] },
  judge(request) {
    if (request.method !== 'POST') return undefined
    const header = headerOf(request)
    if (header === null) return lostBody(request) ?? undefined
    const { url } = header
    if (typeof url === 'string' && url !== '') {
      const inner = keyChangeOf(request) ?? bindingOf(request)
      if (inner === null || inner.jws.header === null || (inner.url !== null && inner.url !== '')) return HOLDS
      const where = inner.kind === 'binding' ? 'external account binding' : 'inner JWS of the key change'
      return broken(urlMissing, `The protected header of the ${where} has no url; it is the same as that of the outer JWS.`, {
        evidence: { where, url: inner.jws.header.url ?? null },
      })
    }
    return broken(
      urlMissing,
      `The protected header ${url === undefined ? 'has no url' : `has url ${quote(url)} instead of the URL of the request`}.`,
    )
  },
}
