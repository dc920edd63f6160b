import { canonicalIp, identifiersOf, readIdentifiers } from '../identifiers.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const orderIpForm: Rule = {
  id: 'order-ip-form',
  group: 'order',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 2,
  title: 'ip identifiers in canonical text',
  norm: 'type ip takes dotted IPv4 or RFC 5952 IPv6 text, without brackets, zone or port.',
  decide:
    'Broken if the value cannot be read as an address, or an address has the type dns. A spelling other than the canonical one is a warning.',
  traps: ['Legacy clients put IPs under dns.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'Needs CA policy; 400 malformed/unsupportedIdentifier',
    Pebble: 'Accepted; 400 malformed if unparseable',
    'step-ca': 'Accepted; 400 malformed',
    'golang.org/x/crypto/acme': 'IPIDs helper',
  },
  remedy: 'Use type ip and canonical text.',
  references: ['RFC 8738 §3', 'RFC 5952 §4', 'RFC 8555 §7.1.4'],
  why: 'Under another spelling an address is another name, and an address of type dns is none at all.',
  fixes: { 'cert-manager': 'Write addresses into spec.ipAddresses of the Certificate, not into spec.dnsNames.' },
  examples: {
    fails: '{"identifiers": [{"type": "dns", "value": "192.0.2.1"}]}',
    passes: '{"identifiers": [{"type": "ip", "value": "192.0.2.1"}]}',
  },
  explains: { types: ['malformed', 'unsupportedIdentifier'], details: [] },
  resources: ['newOrder', 'newAuthz'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const list = identifiersOf(request)
    if (list === null) return lostBody(request) ?? undefined
    const identifiers = readIdentifiers(list)
    const asName = identifiers.filter(
      ({ type, value }) => type === 'dns' && canonicalIp(value.replace(/^\[(.*)\]$/, '$1')) !== null,
    )
    if (asName.length > 0)
      return broken(
        orderIpForm,
        `${asName.map(({ value }) => quote(value)).join(', ')} is an IP address but is sent as type dns.`,
        { evidence: { identifiers: asName } },
      )
    const addresses = identifiers.filter(({ type }) => type === 'ip')
    if (addresses.length === 0) return undefined
    const unreadable = addresses.filter(({ value }) => canonicalIp(value) === null)
    if (unreadable.length > 0)
      return broken(
        orderIpForm,
        `${unreadable.map(({ value }) => quote(value)).join(', ')} is no IP address: it is written without brackets, zone, prefix length or port.`,
        { evidence: { identifiers: unreadable } },
      )
    const unusual = addresses.filter(({ value }) => canonicalIp(value) !== value)
    if (unusual.length === 0) return HOLDS
    return broken(
      orderIpForm,
      `${unusual.map(({ value }) => `${quote(value)} is written ${quote(canonicalIp(value))}`).join(', ')} in canonical form.`,
      { severity: 'warning', evidence: { identifiers: unusual } },
    )
  },
}
