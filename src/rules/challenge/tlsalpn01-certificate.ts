import type { Certificate } from '../../pki/certificate.ts'
import { comparableIp } from '../../pki/names.ts'
import { encodeHex } from '../../platform/crypto.ts'
import { contestStartedBy, keyAuthorizations, keyDigest, validationServerName } from '../challenges.ts'
import { handshakesFor } from '../handshakes.ts'
import type { Identifier } from '../identifiers.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote } from '../scope.ts'

/** Departures from RFC 8737 3 (RFC 8738 6 for addresses), as sentence parts. */
function flawsOf(
  { names, acmeIdentifier, subject, issuer }: Certificate,
  identifier: Identifier,
  digests: readonly string[],
): string[] {
  const flaws: string[] = []
  const all = [...names.dns, ...names.ip, ...names.email, ...names.other]
  const right =
    identifier.type === 'ip'
      ? names.ip.some((ip) => comparableIp(ip) === comparableIp(identifier.value))
      : names.dns.includes(identifier.value.toLowerCase())
  if (!right || all.length !== 1)
    flaws.push(
      `its subjectAltName is ${all.length === 0 ? 'missing' : all.slice(0, 4).map(quote).join(', ')}, not ${quote(identifier.value)} alone`,
    )
  if (acmeIdentifier === null) flaws.push('the acmeIdentifier extension is missing')
  else {
    if (!acmeIdentifier.critical) flaws.push('the acmeIdentifier extension is not critical')
    const digest = acmeIdentifier.digest === null ? null : encodeHex(acmeIdentifier.digest)
    if (digest === null || digest.length !== 64) flaws.push('acmeIdentifier is no OCTET STRING of 32 octets')
    else if (!digests.includes(digest)) flaws.push(`acmeIdentifier is ${digest}, but the challenge demands ${digests[0]}`)
  }
  if (subject.text !== issuer.text) flaws.push('it is not self-signed')
  return flaws
}

export const tlsalpn01Certificate: Rule = {
  id: 'tlsalpn01-certificate',
  group: 'challenge',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 2,
  title: 'tls-alpn-01 certificate content',
  norm: 'Self-signed, one SAN equal to the identifier, critical acmeIdentifier extension (1.3.6.1.5.5.7.1.31) whose OCTET STRING is SHA-256 of the key authorization.',
  decide:
    'The certificate in such a handshake (visible in TLS 1.2, needs secrets in 1.3): one subjectAltName, the identifier; critical acmeIdentifier with the 32 octets of the digest of the key authorization; self-signed. Warning when the CA found the challenge valid. The finding stands with the response to the challenge and does not make it non-compliant.',
  traps: ['Other extensions may be present.', 'dNSName comparison is case-insensitive in the text.'],
  unknownWhen: ['U-SIDE', 'U-TLS', 'U-KEY'],
  inPractice: {
    Boulder: 'unauthorized; SAN compared byte for byte; also requires self-signature',
    Pebble: 'unauthorized',
    'step-ca': 'rejectedIdentifier; recognises the obsolete OID .30.1 and says so',
    'golang.org/x/crypto/acme': 'Adds CN, fine',
  },
  remedy: 'Regenerate the challenge certificate for this token and account.',
  references: ['RFC 8737 §3', 'RFC 8738 §6'],
  why: 'The CA reads the proof from the acmeIdentifier extension. Without the right one the validation fails.',
  subjects: 'validation',
  explains: { types: ['unauthorized', 'rejectedIdentifier'], details: [] },
  judge(request, traffic) {
    const contest = contestStartedBy(request, traffic)
    if (contest?.type !== 'tls-alpn-01') return undefined
    const { identifier } = contest
    const serverName = identifier === null ? null : validationServerName(identifier)
    const found = serverName === null ? [] : handshakesFor(serverName, request, contest, traffic)
    if (identifier === null || found.length === 0)
      return unknown('U-SIDE', 'no validation handshake for this challenge is in the capture')
    const shown = found.find(({ certificate }) => certificate !== null)
    if (shown === undefined || shown.certificate === null)
      return unknown('U-TLS', 'the certificate in the handshake is encrypted, or was not captured')
    const digests = keyAuthorizations(contest, request.time, shown.handshake.time).map((text) => encodeHex(keyDigest(text)))
    if (digests.length === 0) return unknown('U-KEY', 'the key of the account that the challenge belongs to is not known')
    const { value, faults } = shown.certificate
    const flaws = value === null ? [...faults] : flawsOf(value, identifier, digests)
    if (flaws.length === 0) return HOLDS
    return broken(tlsalpn01Certificate, `Of the certificate that the validator was shown: ${flaws.join('; ')}.`, {
      severity: contest.succeeded ? 'warning' : 'error',
      evidence: { serverName, flaws, frames: shown.handshake.frames.slice(0, 10) },
    })
  },
}
