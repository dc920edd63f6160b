import { isObject } from '../../jose/json-object.ts'
import { canonicalIp, identifierKey, identifiersOf, isIdentifier } from '../identifiers.ts'
import { broken, HOLDS, type Rule, type Severity } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

/** What is wrong with a name as it would stand in a certificate (RFC 8555 7.1.4, RFC 5280 7). */
function flawOf(value: string): { severity: Severity; words: string } | null {
  const name = value.replace(/^\*\./, '')
  if (name === '') return { severity: 'error', words: 'is empty' }
  if (name.includes('*') || canonicalIp(name) !== null) return null // order-wildcard-form, order-ip-form
  if (/[^\x20-\x7e]/.test(name)) return { severity: 'error', words: 'is not in ASCII; write it as an A-label (xn--...)' }
  if (name.endsWith('.')) return { severity: 'error', words: 'has a trailing dot, which names in certificates have not' }
  if (/:\d+$/.test(name)) return { severity: 'error', words: 'has a port' }
  if (/[^A-Za-z0-9._-]/.test(name)) return { severity: 'error', words: 'has characters that no domain name has' }
  const labels = name.split('.')
  if (labels.includes('')) return { severity: 'error', words: 'has an empty label' }
  if (labels.some((label) => label.length > 63)) return { severity: 'error', words: 'has a label of more than 63 octets' }
  if (name.length > 253) return { severity: 'error', words: `has ${name.length} octets, 253 are allowed` }
  if (name.includes('_')) return { severity: 'warning', words: 'has an underscore, which public CAs refuse' }
  if (labels.some((label) => label.startsWith('-') || label.endsWith('-')))
    return { severity: 'warning', words: 'has a label that begins or ends with a hyphen' }
  return /[A-Z]/.test(name) ? { severity: 'info', words: 'has upper-case letters; servers write it in lower case' } : null
}

/** The IANA registry of ACME identifier types (RFC 8555 9.7.7, RFC 8738, 8823, 9448, 9891 and drafts that have an entry). */
const REGISTERED_TYPES: ReadonlySet<string> = new Set([
  'dns',
  'ip',
  'email',
  'TNAuthList',
  'JWTClaimConstraints',
  'bundleEID',
  'permanent-identifier',
  'hardware-module',
  'NfInstanceId',
])

export const orderIdentifiers: Rule = {
  id: 'order-identifiers',
  group: 'order',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'identifiers well formed',
  norm: 'identifiers is a non-empty array of {type,value}; dns values are in certificate form (ASCII/punycode, no trailing dot, no port, not an IP).',
  decide:
    'newOrder has a non-empty array of identifiers, newAuthz one; each is an object with type and value as strings. A dns value is ASCII (A-labels), labels of 1 to 63 octets, 253 in all, no trailing dot, port or other character; underscores and hyphens at the end of a label: warning, since private CAs take them. Asterisks: see order-wildcard-form; addresses: see order-ip-form. A type that the IANA registry of ACME identifier types does not list: warning, since few servers know it. Values of registered types other than dns and ip are not judged. Info for duplicates or upper case.',
  traps: [
    'Servers may lower-case and sort: do not demand identical order in the response.',
    'Single-label and internal names are policy, not syntax, at private CAs.',
  ],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed with subproblems; policy: 400 rejectedIdentifier; unknown type 400 unsupportedIdentifier',
    Pebble: '400 malformed (also for unknown types); block list 400 rejectedIdentifier',
    'step-ca': '400 malformed; policy 400 rejectedIdentifier',
    'golang.org/x/crypto/acme': 'As given',
  },
  remedy: 'Fix the identifier shown in the subproblem.',
  references: ['RFC 8555 §7.4', 'RFC 8555 §7.1.3', 'RFC 8555 §7.1.4', 'RFC 5280 §7', 'RFC 1034 §3.5'],
  why: 'The CA refuses the whole order for one bad name.',
  fixes: {
    'cert-manager': 'Correct spec.dnsNames of the Certificate.',
    certbot: 'Correct the names given with -d.',
    lego: 'Correct the names given with --domains.',
    'acme.sh': 'Correct the names given with -d.',
  },
  examples: {
    fails: '{"identifiers": [{"type": "dns", "value": "www.example.org:443"}]}',
    passes: '{"identifiers": [{"type": "dns", "value": "www.example.org"}]}',
  },
  explains: { types: ['malformed', 'rejectedIdentifier', 'unsupportedIdentifier'], details: [/identifier/i, /domain name/i] },
  resources: ['newOrder', 'newAuthz'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const lost = lostBody(request)
    if (lost !== null) return lost
    if (!isObject(request.payload)) return undefined // payload-not-json says it
    const list = identifiersOf(request)
    const member = request.resource === 'newOrder' ? 'identifiers' : 'identifier'
    if (list === null)
      return request.payload[member] === undefined ? broken(orderIdentifiers, `The request has no ${member}.`) : undefined
    if (list.length === 0) return broken(orderIdentifiers, 'The list of identifiers is empty.')
    const malformed = list.filter((item) => !isIdentifier(item))
    if (malformed.length > 0)
      return broken(
        orderIdentifiers,
        `An identifier is an object with type and value as texts; here is ${malformed.slice(0, 3).map(quote).join(', ')}.`,
        { evidence: { identifiers: malformed.slice(0, 10) } },
      )
    const identifiers = list.filter(isIdentifier)
    for (const severity of ['error', 'warning', 'info'] as const) {
      const flawed = identifiers.filter(({ type, value }) => type === 'dns' && flawOf(value)?.severity === severity)
      if (flawed.length > 0)
        return broken(
          orderIdentifiers,
          `${flawed
            .slice(0, 5)
            .map(({ value }) => `The name ${quote(value)} ${flawOf(value)?.words}`)
            .join('. ')}.`,
          { severity, evidence: { identifiers: flawed.slice(0, 10) } },
        )
    }
    const unregistered = identifiers.filter(({ type }) => !REGISTERED_TYPES.has(type))
    if (unregistered.length > 0)
      return broken(
        orderIdentifiers,
        `The identifier type ${quote(unregistered[0]?.type)} is not registered for ACME, and few servers know it.`,
        { severity: 'warning', evidence: { identifiers: unregistered.slice(0, 10) } },
      )
    const seen = new Set<string>()
    const twice = identifiers.filter((one) => {
      const key = identifierKey(one)
      return seen.has(key) || !seen.add(key)
    })
    if (twice.length > 0)
      return broken(
        orderIdentifiers,
        `The order names ${twice
          .slice(0, 5)
          .map(({ value }) => quote(value))
          .join(', ')} more than once.`,
        { severity: 'info', evidence: { identifiers: twice.slice(0, 10) } },
      )
    return HOLDS
  },
}
