import type { AcmeRequest, SignatureCause } from '../../acme/traffic.ts'
import { keyChangeOf } from '../inner.ts'
import { broken, HOLDS, type Rule, unknown, type Verdict } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

/** What made it verify after all, in words. */
function causeText(cause: SignatureCause | null): string {
  if (cause?.kind === 're-encoded')
    return ' It verifies over the canonical encoding of header and payload: the client signed other texts than it sent.'
  if (cause?.kind === 'raw-payload')
    return ' It verifies over the payload without base64url: the client signed the unencoded payload.'
  if (cause?.kind === 'other-hash')
    return ` It verifies as ${cause.alg}: the client used another digest or padding than alg says.`
  return ''
}

/** RFC 8555 7.3.5: the inner JWS of a key change is signed with the new key, which is in its jwk. */
function judgeInner(request: AcmeRequest): Verdict {
  const inner = keyChangeOf(request)
  if (inner === null) return HOLDS
  if (inner.signature.state === 'unchecked' && inner.signature.code === 'U-KEY') return unknown('U-KEY', inner.signature.reason)
  if (inner.signature.state !== 'invalid') return HOLDS
  const { cause } = inner.signature
  const thumbprint = inner.jwk?.thumbprint ?? null
  return broken(
    signatureInvalid,
    `The signature of the inner JWS does not verify under the new key in its jwk${thumbprint === null ? '' : ` (thumbprint ${thumbprint})`}.${cause === null ? '' : ' It verifies under the old key: the client signed with the wrong one.'}`,
    {
      evidence: { where: 'inner JWS', alg: inner.alg, thumbprint, cause },
      remedy: 'Sign the inner JWS with the new key and the outer one with the old key.',
    },
  )
}

/** Both signatures of a key change are by the other key. */
function isSwapped(request: AcmeRequest): boolean {
  const signature = keyChangeOf(request)?.signature
  return signature?.state === 'invalid' && signature.cause === 'swapped'
}

export const signatureInvalid: Rule = {
  id: 'signature-invalid',
  group: 'signature',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Signature verifies',
  norm: 'The server verifies the JWS before anything else; the signing input is the received protected text, a dot, and the received payload text.',
  decide:
    "The key is, in this order: the jwk of the request; the key with which the account was registered or looked up, or that a key change gave it, as of that time; a key that the operator gave; for revokeCert the key of the certificate. The signature is verified over the text as sent. If it fails, these causes are tried, and the first that fits is named: encoding, another account's key, the key before a key change, DER, a lost leading zero, a payload that was not encoded, another hash. The inner JWS of a key change is verified under the new key in its jwk (§7.3.5). Undecided where the key may have been changed out of sight: it was shown only later, the answer to a key change was lost, or the CA takes what does not verify and something escaped the capture.",
  traps: [
    "Unknown key is 'unknown', never 'invalid'.",
    'After keyChange the same kid has another key: resolve by time of the 200.',
    "HAR exporters may re-escape '/' or unicode in postData; verify from the raw body only.",
  ],
  unknownWhen: ['U-KEY', 'U-GAP', 'U-START', 'U-RESP'],
  inPractice: {
    Boulder: "400 malformed 'JWS verification error'; the nonce is NOT consumed (checked after signature)",
    Pebble: '400 malformed; nonce not consumed',
    'step-ca': '400 malformed; nonce already consumed; retries once with zero-padded R/S for a known Apple bug',
    'golang.org/x/crypto/acme': 'Not applicable to outgoing requests',
  },
  remedy: 'Sign exactly the transmitted protected and payload strings with the key behind kid.',
  references: ['RFC 8555 §6.2', 'RFC 7515 §5.2', 'RFC 8555 §7.3.5'],
  why: 'The CA cannot believe anything in the request. What was signed is not what was sent, or the key is not the one of the account.',
  fixes: { 'cert-manager': 'See that no two Issuers share a privateKeySecretRef while they name different accounts.' },
  examples: { fails: 'signed: {"identifiers": []}, sent: { "identifiers": [] }', passes: 'signed: eyJpZGVud…, sent: eyJpZGVud…' },
  explains: {
    types: ['malformed', 'unauthorized'],
    details: [/JWS verification error/, /error verifying jws/, /invalid or wrong key/, /signature/i],
  },
  judge(request) {
    const { jws, signature } = request
    if (jws === null || jws.form === 'unreadable' || jws.signature === null || jws.signature.length === 0)
      return lostBody(request) ?? undefined
    if (jws.header?.b64 === false) return undefined // unencoded-payload says it
    if (signature.state === 'valid') return judgeInner(request)
    if (signature.state === 'unchecked') return unknown(signature.code, signature.reason)
    const { cause } = signature
    if (cause !== null && (cause.kind === 'other-key' || cause.kind === 'der' || cause.kind === 'length')) return undefined // the rules of these names say it
    const key = request.key?.facts.thumbprint ?? null
    const whose = request.key?.source === 'request' ? 'the key in its own jwk' : `the key of account ${quote(request.kid)}`
    return broken(
      signatureInvalid,
      `The signature does not verify under ${whose}${key === null ? '' : ` (thumbprint ${key})`}.${causeText(cause)}${isSwapped(request) ? ' It verifies under the new key, and the inner JWS under the old one: the two are exchanged.' : ''}`,
      {
        evidence: { alg: request.alg, thumbprint: key, keySource: request.key?.source ?? null, cause: cause?.kind ?? null },
      },
    )
  },
}
