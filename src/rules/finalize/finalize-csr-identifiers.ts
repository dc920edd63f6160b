import { canonicalIp, type Identifier } from '../identifiers.ts'
import { identifiersIn, isNameType, lacking, listed, orderedIdentifiers, valuesOf } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'

/** A commonName as the identifier that a server may take it for. */
function fromCommonName(name: string): Identifier {
  return { type: canonicalIp(name) === null ? 'dns' : 'ip', value: name }
}

function looksLikeName({ type, value }: Identifier): boolean {
  return type === 'ip' || /^(\*\.)?([a-z0-9_-]+\.)+[a-z0-9-]+\.?$/i.test(value)
}

export const finalizeCsrIdentifiers: Rule = {
  id: 'finalize-csr-identifiers',
  group: 'finalize',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: "CSR names equal the order's identifiers",
  norm: "The CSR indicates exactly the order's identifiers, in SAN or (dns) commonName.",
  decide:
    'Set(subjectAltName dns, ip and email, plus commonName if it is a name) against the identifiers that the server showed for the order, without regard to case. Fail listing missing and extra ones. Warn if a name is only in the commonName, if the commonName is no name at all, and for URIs and the like beside the names. Orders with identifiers of further types are not judged.',
  traps: [
    'CN longer than 64 characters must be left out.',
    'The order may have been normalised by the server: compare with the order RESPONSE.',
  ],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: "403 unauthorized 'CSR does not specify same identifiers'; names from CN and SAN are merged; IP in CN 400 badCSR",
    Pebble: '403 unauthorized; CN ignored',
    'step-ca': '400 badCSR',
    'golang.org/x/crypto/acme': 'As given',
  },
  remedy: 'Put all names into subjectAltName.',
  references: ['RFC 8555 §7.4', 'RFC 5280 §4.2.1.6', 'RFC 8738 §3'],
  why: 'The CA certifies exactly what was ordered. One name more or less and it refuses.',
  fixes: {
    certbot: 'With --csr: make the CSR for the same names.',
    lego: 'With --csr: the names are taken from the CSR, so correct that.',
    'acme.sh': 'With --signcsr: the names are taken from the CSR, so correct that.',
  },
  examples: {
    fails: '{"order": ["www.example.org"], "csr": ["www.example.org", "example.org"]}',
    passes: '{"order": ["www.example.org"], "csr": ["www.example.org"]}',
  },
  explains: {
    types: ['badCSR', 'unauthorized', 'malformed'],
    details: [/same identifiers/i, /do not match identifiers/, /CSR is missing/],
  },
  resources: ['finalize'],
  judge(request, traffic) {
    const csr = request.csr?.value ?? null
    if (csr === null) return undefined
    const ordered = orderedIdentifiers(request, traffic)
    if (ordered === null) return unknown('U-START', 'no answer in the capture shows the identifiers of this order')
    if (!ordered.every(isNameType)) return undefined // RFCs of other types say where in a CSR they stand
    const alternative = identifiersIn(csr.names)
    const common = csr.subject.commonNames.filter((name) => name !== '').map(fromCommonName)
    const missing = lacking(ordered, [...alternative, ...common])
    const foreign = [...lacking(alternative, ordered), ...lacking(common, [...ordered, ...alternative]).filter(looksLikeName)]
    const extra = foreign.filter(({ type }) => type !== 'email')
    const evidence = {
      order: valuesOf(ordered),
      subjectAltName: valuesOf(alternative),
      commonName: csr.subject.commonNames,
    }
    if (missing.length > 0 || extra.length > 0) {
      const parts = [
        missing.length > 0 ? `the order has ${listed(missing)}, which the CSR lacks` : '',
        extra.length > 0 ? `the CSR has ${listed(extra)}, which the order lacks` : '',
      ]
      return broken(
        finalizeCsrIdentifiers,
        `The names in the CSR are not those of the order: ${parts.filter((part) => part !== '').join('; ')}.`,
        { evidence },
      )
    }
    const onlyCommon = lacking(ordered, alternative)
    if (onlyCommon.length > 0)
      return broken(
        finalizeCsrIdentifiers,
        `${listed(onlyCommon)} stands in the commonName of the CSR only; some servers look at subjectAltName alone.`,
        {
          severity: 'warning',
          evidence,
        },
      )
    const strange = [...foreign, ...lacking(common, ordered), ...csr.names.other.map((value) => ({ type: 'other', value }))]
    if (strange.length > 0)
      return broken(
        finalizeCsrIdentifiers,
        `The CSR also asks for ${listed(strange)}, which is none of the order's names; some servers refuse it.`,
        { severity: 'warning', evidence },
      )
    return HOLDS
  },
}
