import { canonicalIp, identifiersOf, readIdentifiers } from '../identifiers.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const orderWildcardForm: Rule = {
  id: 'order-wildcard-form',
  group: 'order',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 2,
  title: "Wildcard is '*.' plus a domain",
  norm: 'A wildcard is one asterisk, one dot, then a domain name; nothing else.',
  decide:
    'Broken by any asterisk but one as the first label: "foo.*.bar", "*foo", "*.*.x", "*." before an address, or a wildcard in newAuthz.',
  traps: ['*.example.com does not cover example.com; clients usually order both.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed',
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'As given',
  },
  remedy: "Use '*.example.com'.",
  references: ['RFC 8555 §7.1.3'],
  why: 'No CA knows another form of wildcard, so the order is refused.',
  fixes: {
    'cert-manager': 'Correct spec.dnsNames of the Certificate.',
    certbot: 'Correct the names given with -d.',
    lego: 'Correct the names given with --domains.',
    'acme.sh': 'Correct the names given with -d.',
  },
  examples: {
    fails: '{"identifiers": [{"type": "dns", "value": "www.*.example.org"}]}',
    passes: '{"identifiers": [{"type": "dns", "value": "*.example.org"}]}',
  },
  explains: { types: ['malformed'], details: [/wildcard/i] },
  resources: ['newOrder', 'newAuthz'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const list = identifiersOf(request)
    if (list === null) return lostBody(request) ?? undefined
    const wildcards = readIdentifiers(list).filter(({ type, value }) => type === 'dns' && value.includes('*'))
    if (wildcards.length === 0) return undefined
    if (request.resource === 'newAuthz')
      return broken(
        orderWildcardForm,
        `${quote(wildcards[0]?.value)} is a wildcard name; pre-authorization is for the exact name alone.`,
        { evidence: { identifiers: wildcards } },
      )
    const flawed = wildcards.filter(({ value }) => !/^\*\.[^*]+$/.test(value) || canonicalIp(value.slice(2)) !== null)
    if (flawed.length === 0) return HOLDS
    return broken(
      orderWildcardForm,
      `${flawed.map(({ value }) => quote(value)).join(', ')} is no wildcard name: that is one asterisk, a dot, and a domain name.`,
      { evidence: { identifiers: flawed } },
    )
  },
}
