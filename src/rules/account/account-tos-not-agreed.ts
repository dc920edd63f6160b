import { isObject } from '../../jose/json-object.ts'
import { accountOfKey } from '../registered.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote } from '../scope.ts'

export const accountTosNotAgreed: Rule = {
  id: 'account-tos-not-agreed',
  group: 'account',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 1,
  title: 'termsOfServiceAgreed true where terms exist',
  norm: "If the directory's meta names terms, a newAccount without termsOfServiceAgreed:true must be refused.",
  decide:
    'newAccount requests that are no look-up: a warning if the directory names terms, termsOfServiceAgreed is absent or false, and the key had no account. §7.3 binds the server, and to agree is the choice of the user: never an error.',
  traps: ['Ignored for an existing account (200).', 'A string "true" is a type error: payload-not-json.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: "400 malformed 'must agree to terms of service'",
    Pebble: '403 userActionRequired with Link terms-of-service',
    'step-ca': 'Not enforced',
    'golang.org/x/crypto/acme':
      "Calls the caller's prompt; omits the field when it returns false or when the directory lists no terms",
  },
  remedy: 'Set termsOfServiceAgreed:true after the operator agreed.',
  references: ['RFC 8555 §7.3', 'RFC 8555 §7.1.1'],
  why: 'The CA makes no account for somebody who did not agree to its terms.',
  fixes: {
    certbot: 'Register with --agree-tos after reading the terms.',
    lego: 'Run with --accept-tos after reading the terms.',
    'cert-manager': 'Nothing to set: it agrees for you when the directory names terms.',
  },
  examples: {
    fails: '{"contact": ["mailto:admin@example.org"]}',
    passes: '{"termsOfServiceAgreed": true, "contact": ["mailto:admin@example.org"]}',
  },
  explains: { types: ['malformed', 'userActionRequired'], details: [/terms of service/i] },
  resources: ['newAccount'],
  judge(request, traffic) {
    if (request.method !== 'POST' || !isObject(request.payload)) return undefined
    const { termsOfServiceAgreed, onlyReturnExisting } = request.payload
    if (onlyReturnExisting === true || request.response?.status === 200 || accountOfKey(request, traffic) !== null)
      return undefined
    if (termsOfServiceAgreed === true) return HOLDS
    if (termsOfServiceAgreed !== undefined && termsOfServiceAgreed !== false) return undefined // payload-not-json says it
    const directory = request.ca?.directory ?? null
    if (directory === null)
      return unknown('U-START', 'the directory, which says whether there are terms of service, is not in the capture')
    const terms = isObject(directory.meta) ? directory.meta.termsOfService : undefined
    if (typeof terms !== 'string' || terms === '') return undefined
    return broken(
      accountTosNotAgreed,
      `The directory names terms of service (${quote(terms)}), but the request ${termsOfServiceAgreed === false ? 'says termsOfServiceAgreed false' : 'has no termsOfServiceAgreed'}.`,
      {
        evidence: { termsOfService: terms, termsOfServiceAgreed: termsOfServiceAgreed ?? null },
      },
    )
  },
}
