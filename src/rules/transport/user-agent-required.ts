import { field } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { isMaybeForeign, lostFields, quote } from '../scope.ts'

/** A library's own default, without a word about the ACME client. */
const LIBRARY_ALONE =
  /^(go-http-client|python-requests|python-urllib|aiohttp|okhttp|java|java-http-client|axios|node-fetch|undici|node|ruby|libwww-perl|apache-httpclient)(\/\S*)?$/i

export const userAgentRequired: Rule = {
  id: 'user-agent-required',
  group: 'transport',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Requests carry a User-Agent',
  norm: 'Clients have to identify themselves with a User-Agent header on every request, ideally naming ACME software and HTTP library with versions.',
  decide:
    'Broken if User-Agent is absent or empty. A note if it names only the HTTP library (Go-http-client/1.1, python-requests).',
  traps: [
    'A forward proxy may rewrite the header; attribute only if the client-side leg is captured.',
    "cert-manager's fork identifies as cert-manager-... plus github.com/cert-manager/cert-manager/third_party/forked/acme, older versions as golang.org/x/crypto/acme.",
  ],
  unknownWhen: ['U-GAP', 'U-REDACT', 'U-OTHER'],
  inPractice: {
    Boulder: 'Logged only, not enforced in this source',
    Pebble: '400 malformed, before anything else, also on GET directory',
    'step-ca': 'Not checked',
    'golang.org/x/crypto/acme': "Always set: caller's UserAgent followed by the package name and module version",
  },
  remedy: "Set a User-Agent such as 'myclient/1.2 libfoo/3.4'.",
  references: ['RFC 8555 §6.1', 'RFC 9110 §10.1.5'],
  why: 'An operator of a CA who sees a misbehaving client can find its author only by this field. Pebble refuses requests without it.',
  examples: { fails: 'User-Agent:', passes: 'User-Agent: myclient/1.2 libfoo/3.4' },
  explains: { types: ['malformed'], details: [/User-Agent/] },
  judge(request) {
    if (request.method === 'OPTIONS' || isMaybeForeign(request)) return undefined
    const lost = lostFields(request)
    if (lost !== null) return lost
    const value = field(request.http.headers, 'user-agent')
    if (value === null || value.trim() === '') {
      if (field(request.http.headers, 'via') !== null)
        return unknown('U-OTHER', 'a proxy (Via) stands before this leg and may have removed the User-Agent')
      return broken(userAgentRequired, `The request has ${value === null ? 'no' : 'an empty'} User-Agent field.`)
    }
    if (LIBRARY_ALONE.test(value))
      return broken(userAgentRequired, `User-Agent ${quote(value)} names only the HTTP library, not the ACME client.`, {
        severity: 'info',
      })
    return HOLDS
  },
}
