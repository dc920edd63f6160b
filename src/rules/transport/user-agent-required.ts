import { field } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostFields, quote } from '../scope.ts'

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
    'Fail if User-Agent is absent or empty on any client request to an ACME role; info if it names only the HTTP library (e.g. Go-http-client/1.1, python-requests/x).',
  traps: [
    'A forward proxy may rewrite the header; attribute only if the client-side leg is captured.',
    "cert-manager's fork identifies as cert-manager-... plus github.com/cert-manager/cert-manager/third_party/forked/acme, older versions as golang.org/x/crypto/acme.",
  ],
  unknownWhen: ['U-TLS', 'U-REDACT'],
  inPractice: {
    Boulder: 'Logged only, not enforced in this source',
    Pebble: '400 malformed, before anything else, also on GET directory',
    'step-ca': 'Not checked',
    'golang.org/x/crypto/acme': "Always set: caller's UserAgent followed by the package name and module version",
  },
  remedy: "Set a User-Agent such as 'myclient/1.2 libfoo/3.4'.",
  references: ['RFC 8555 §6.1', 'RFC 9110 §10.1.5'],
  explains: { types: ['malformed'], details: [/User-Agent/] },
  judge(request) {
    if (request.method === 'OPTIONS') return undefined
    const lost = lostFields(request)
    if (lost !== null) return lost
    const value = field(request.http.headers, 'user-agent')
    if (value === null || value.trim() === '')
      return broken(userAgentRequired, `The request has ${value === null ? 'no' : 'an empty'} User-Agent field.`)
    if (LIBRARY_ALONE.test(value))
      return broken(userAgentRequired, `User-Agent ${quote(value)} names only the HTTP library, not the ACME client.`, {
        severity: 'info',
      })
    return HOLDS
  },
}
