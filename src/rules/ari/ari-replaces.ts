import type { AcmeRequest } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { lostContent } from '../answer.ts'
import { readCertId } from '../cert-id.ts'
import { identifierKey, readIdentifiers } from '../identifiers.ts'
import { identifiersIn, type SeenCertificate } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, wasAccepted, wasRefusedAs } from '../scope.ts'

/** What RFC 9773 5 lets a server refuse: another account's certificate, or one without a common identifier. */
function mismatch(
  request: AcmeRequest,
  payload: Readonly<Record<string, unknown>>,
  { certificate, account }: SeenCertificate,
): string | null {
  if (account !== null && request.kid !== null && account !== request.kid) return `belongs to account ${quote(account)}`
  const names = new Set(identifiersIn(certificate.names).map(identifierKey))
  const wanted = readIdentifiers(payload.identifiers)
  return wanted.length > 0 && !wanted.some((identifier) => names.has(identifierKey(identifier)))
    ? 'has no name in common with the order'
    : null
}

export const ariReplaces: Rule = {
  id: 'ari-replaces',
  group: 'ari',
  party: 'either',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'replaces only where supported, correct, and answered properly',
  norm: 'Only send replaces if renewalInfo is in the directory; it names a certificate of the same account with a shared identifier; a second replacement is 409 alreadyReplaced; accepted values are echoed.',
  decide:
    "Client: CertID syntax, as in ari-certid: fail; directory lacks renewalInfo, another account's certificate, no common name: warn. Server: a 201 must echo replaces where renewalInfo is offered, alreadyReplaced must be 409: fail.",
  traps: ['A failed first replacement order blocks until it is invalid at some CAs.'],
  unknownWhen: ['U-START', 'U-RESP'],
  inPractice: {
    Boulder: '409 alreadyReplaced; other account 403; unknown certificate 404; no shared name 400 malformed; echoes',
    Pebble: '409; 403; lookup failures 500 serverInternal',
    'step-ca': 'Ignored, not echoed',
    'golang.org/x/crypto/acme': 'Fork: local error when unsupported; cert-manager retries once without replaces',
  },
  remedy: 'Retry newOrder without replaces.',
  references: ['RFC 9773 §5', 'RFC 9773 §7.4'],
  why: 'The CA refuses the order, or does not count it as a renewal, so that limits apply to it.',
  explains: { types: ['alreadyReplaced', 'malformed', 'unauthorized'], details: [/replac/i] },
  resources: ['newOrder'],
  judge(request, traffic) {
    if (request.method !== 'POST' || !isObject(request.payload)) return undefined
    const { replaces } = request.payload
    if (replaces === undefined) return undefined
    const client = (message: string, severity: 'error' | 'warning', expected: string | null = null) =>
      broken(ariReplaces, message, { party: 'client', severity, evidence: { replaces, expected } })
    if (typeof replaces !== 'string') return client(`replaces is ${quote(replaces)}, not a string.`, 'error')
    const { fault, certain, seen } = readCertId(replaces, traffic)
    if (fault !== null)
      return client(
        `replaces has to be a CertID; the CertID ${fault}.`,
        certain ? 'error' : 'warning',
        seen?.certificate.certId ?? null,
      )
    const directory = request.ca?.directory ?? null
    const isOffered = directory !== null && directory.renewalInfo !== undefined
    if (wasRefusedAs(request, 'alreadyReplaced') && request.response !== null && request.response.status !== 409)
      return broken(ariReplaces, `alreadyReplaced is answered with 409, not ${request.response.status}.`, {
        party: 'server',
        evidence: { status: request.response.status },
      })
    if (directory !== null && !isOffered)
      return client('The order has replaces, but the directory does not offer renewalInfo.', 'warning')
    const differs = seen === null ? null : mismatch(request, request.payload, seen)
    if (differs !== null) return client(`The certificate that replaces names ${differs}.`, 'warning')
    if (request.response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (wasAccepted(request)) {
      const lost = lostContent(request)
      if (lost !== null) return unknown('U-RESP', lost.reason)
      if (isOffered && isObject(request.answer) && request.answer.replaces !== replaces)
        return broken(
          ariReplaces,
          request.answer.replaces === undefined
            ? 'The server took the order but does not show its replaces.'
            : `The server shows replaces as ${quote(request.answer.replaces)} instead of ${quote(replaces)}.`,
          { party: 'server', evidence: { replaces, answered: request.answer.replaces ?? null } },
        )
    }
    if (directory === null || seen === null)
      return unknown('U-START', `the ${directory === null ? 'directory' : 'certificate that it names'} is not in the capture`)
    return HOLDS
  },
}
