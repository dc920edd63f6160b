import { identifiersIn, isNameType, lacking, listed, orderedIdentifiers, orderOf, valuesOf } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'

export const certNamesMatch: Rule = {
  id: 'cert-names-match',
  group: 'certificate',
  party: 'server',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Certificate names equal the order',
  norm: 'The certificate covers what was ordered; the server must not issue something else.',
  decide:
    "Set of subjectAltNames (commonName when there is none) against the order's identifiers; fail on missing ones; warn on extra ones. Orders with identifiers of further types are not judged.",
  traps: ['CN addition is normal.'],
  unknownWhen: ['U-START'],
  inPractice: { Boulder: 'Conforms', Pebble: 'Conforms', 'step-ca': 'Conforms' },
  remedy: 'Server/CA policy issue.',
  references: ['RFC 8555 §7.4'],
  why: 'Browsers refuse the certificate for the missing names, and a name too many was not proved.',
  explains: { types: [], details: [] },
  resources: ['certificate'],
  judge(request, traffic) {
    const leaf = request.chain?.certificates[0]?.value ?? null
    if (leaf === null) return undefined
    const ordered = orderOf(request, traffic) === null ? null : orderedIdentifiers(request, traffic)
    if (ordered === null) return unknown('U-START', 'the capture does not show the order of this certificate')
    if (!ordered.every(isNameType)) return undefined
    const alternative = identifiersIn(leaf.names)
    // A certificate without subjectAltName names its subject the old way.
    const given = alternative.length > 0 ? alternative : leaf.subject.commonNames.map((value) => ({ type: 'dns', value }))
    const missing = lacking(ordered, given)
    const extra = lacking(given, ordered)
    const evidence = { order: valuesOf(ordered), certificate: valuesOf(given) }
    if (missing.length > 0)
      return broken(certNamesMatch, `The certificate lacks ${listed(missing)}, which the order has.`, { evidence })
    if (extra.length > 0)
      return broken(certNamesMatch, `The certificate has ${listed(extra)}, which nobody ordered.`, {
        severity: 'warning',
        evidence,
      })
    return HOLDS
  },
}
