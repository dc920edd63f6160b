import { broken, HOLDS, type Rule } from '../rule.ts'
import { faultDetails, quote } from '../scope.ts'

/** RFC 7515 4.1.1 (alg), 4.1.3 (jwk), 4.1.4 (kid), RFC 8555 6.4.1 (url), 6.5.2 (nonce). */
const TEXT_PARAMETERS = ['alg', 'kid', 'nonce', 'url'] as const

function typeOf(value: unknown): string {
  return value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : `the ${typeof value} ${quote(value)}`
}

export const protectedHeaderMalformed: Rule = {
  id: 'protected-header-malformed',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Protected header is a JSON object with unique, rightly typed members',
  norm: 'The protected header is a UTF-8 JSON object, names unique; alg, nonce, url and kid are strings, jwk an object.',
  decide:
    'Broken if the protected header is not UTF-8, not JSON or no object, has two members of one name, or a member of the wrong type (kid null, jwk a string, url an object, nonce a number).',
  traps: [
    'acme.sh and other shell clients build JSON by concatenation: an account URL holding a stray quote or header text breaks here first (acme.sh #1390).',
  ],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed',
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Fixed order alg, kid|jwk, nonce, url',
  },
  remedy: 'Emit one well-typed object.',
  references: ['RFC 7515 §4', 'RFC 7515 §5.2', 'RFC 8259 §4', 'RFC 8555 §6.2'],
  why: 'Which of two members with one name counts differs from parser to parser, and a value of the wrong type is refused.',
  fixes: {
    'acme.sh':
      'See ACCOUNT_URL in the ca.conf below ~/.acme.sh/ca: a stray quote or header text in it ends up here. Delete that line and run acme.sh --register-account for the same --server.',
  },
  examples: {
    fails: '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": 7, "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    const { jws } = request
    if (jws === null || jws.protectedText === null) return undefined
    const unreadable = faultDetails(request, 'header-not-utf8', 'header-not-json', 'header-not-object')
    if (unreadable !== '') return broken(protectedHeaderMalformed, `Wrong protected header: ${unreadable}.`)
    const header = jws.header
    if (header === null) return undefined
    const faults = jws.defects.filter((defect) => defect.fault === 'header-duplicate').map((defect) => defect.detail)
    for (const name of TEXT_PARAMETERS)
      if (header[name] !== undefined && typeof header[name] !== 'string')
        faults.push(`${name} is ${typeOf(header[name])}, not a string`)
    if (header.jwk !== undefined && (typeof header.jwk !== 'object' || header.jwk === null || Array.isArray(header.jwk)))
      faults.push(`jwk is ${typeOf(header.jwk)}, not an object`)
    return faults.length === 0 ? HOLDS : broken(protectedHeaderMalformed, `Wrong protected header: ${faults.join('; ')}.`)
  },
}
