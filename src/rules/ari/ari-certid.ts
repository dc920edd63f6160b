import { certIdInUrl, readCertId } from '../cert-id.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'

export const ariCertid: Rule = {
  id: 'ari-certid',
  group: 'ari',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'CertID is base64url(AKI).base64url(serial)',
  norm: 'Unpadded base64url of the AKI keyIdentifier, a dot, and of the DER serial content octets (leading 00 kept when the top bit is set).',
  decide:
    "Parse the path after renewalInfo + '/'. Two non-empty parts; strict base64url; compare with every certificate in the capture. Detect a missing leading zero octet, one too many, hex, padding, exchanged parts, the certificate's own key identifier, old OCSP-CertID form. A negative serial number is an error only if the certificate is known to have another: else warn.",
  traps: ["Directory value may or may not end in '/': joining must give exactly one slash."],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: '400 malformed / 404; serial compared as integer so a missing leading zero is tolerated',
    Pebble: '400 malformed; 404 unknown',
    'step-ca': 'No ARI in this source',
    'golang.org/x/crypto/acme': "Upstream none; cert-manager's fork builds it",
  },
  remedy: 'Recompute the CertID.',
  references: ['RFC 9773 §4.1'],
  why: 'The CA finds no certificate of that name, and the client renews by its own guess.',
  explains: { types: ['malformed'], details: [/CertID|Authority Key Identifier/i] },
  resources: ['renewalInfo'],
  judge(request, traffic) {
    if (request.roleBasis === 'guessed') return undefined
    const text = certIdInUrl(request)
    if (text === null) return unknown('U-START', 'the directory that tells where the CertID begins is not in the capture')
    const { fault, certain, seen } = readCertId(text, traffic)
    if (fault !== null)
      return broken(ariCertid, `The CertID ${fault}.`, {
        ...(certain ? {} : { severity: 'warning' }),
        evidence: { certId: text, expected: seen?.certificate.certId ?? null },
        remedy: seen?.certificate.certId == null ? null : `Ask for "${seen.certificate.certId}".`,
      })
    return seen === null ? unknown('U-START', 'the certificate that it names is not in the capture') : HOLDS
  },
}
