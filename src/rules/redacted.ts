import { redactionOf } from '../acme/redacted.ts'
import type { AcmeRequest, AcmeTraffic, Ca } from '../acme/traffic.ts'
import type { Rule, Verdict } from './rule.ts'
import { unknown } from './rule.ts'
import { remembered } from './scope.ts'

/** Rules that look at what redaction keeps of one message: which members and fields are there, methods, states, schemes. */
const WITHIN_A_MESSAGE: ReadonlySet<string> = new Set([
  'user-agent-required',
  'accept-language',
  'content-type-jose',
  'get-not-allowed',
  'post-as-get-payload',
  'replay-nonce-in-request',
  'https-required',
  'redirect-on-acme-request',
  'alg-forbidden',
  'kid-required',
  'kid-forbidden',
  'kid-jwk-exclusive',
  'kid-jwk-both-absent',
  'jwk-forbidden',
  'jwk-required',
  'jwk-private-members',
  'nonce-missing',
  'url-missing',
  'url-mismatch',
  'url-not-absolute-https',
  'server-nonce-on-error',
  'server-nonce-on-success',
  'server-newnonce-status',
  'server-newnonce-cache',
  'server-internal-error',
  'server-rate-limit',
])

/** Rules that compare values of several messages: pseudonyms are equal exactly when the values were. */
const BETWEEN_MESSAGES: ReadonlySet<string> = new Set([
  'jws-resent-verbatim',
  'kid-location-mismatch',
  'kid-not-account-url',
  'kid-resource-owner',
  'kid-inactive-account',
  'kid-is-eab-key-id',
  'nonce-reused',
  'nonce-never-issued',
  'nonce-wrong-authority',
  'nonce-badnonce-not-retried',
  'nonce-retry-not-fresh',
  'nonce-old',
  'server-nonce-duplicate',
])

/** CAs of which some messages were redacted and others were not, or under another key: their values do not compare. */
function mixedCas({ requests }: AcmeTraffic): ReadonlySet<Ca | null> {
  const keys = new Map<Ca | null, string | null>()
  const mixed = new Set<Ca | null>()
  const all = new Set<string | null>()
  for (const { ca, exchange, jws, id } of requests) {
    const own = redactionOf(exchange, jws)
    const key = own === '' ? `unknown ${id}` : own
    all.add(key)
    const known = keys.get(ca)
    if (known === undefined) keys.set(ca, key)
    else if (known !== key) mixed.add(ca)
  }
  // what belongs to no CA, such as a validator's fetch, is held against all of them
  return all.size > 1 ? mixed.add(null) : mixed
}

/** Nobody is accused over what redaction may have changed: only rules that look at what it keeps still speak. */
export function asFarAsKept(
  request: AcmeRequest,
  traffic: AcmeTraffic,
  rule: Rule,
  verdict: Verdict | undefined,
): Verdict | undefined {
  // Whether the key of a revocation is the certificate's own was removed with the certificate.
  if (rule.id === 'jwk-forbidden' && request.resource === 'revokeCert' && request.jwk !== null)
    return redactionOf(request.exchange, request.jws) === null ? verdict : REMOVED
  if (verdict?.outcome !== 'broken' || isKept(rule, request)) return verdict
  if (remembered(traffic, mixedCas).has(request.ca))
    return unknown('U-REDACT', 'other messages of this CA were redacted, so that values cannot be compared')
  if (redactionOf(request.exchange, request.jws) === null || BETWEEN_MESSAGES.has(rule.id)) return verdict
  return REMOVED
}

const REMOVED = unknown(
  'U-REDACT',
  'the message was redacted: names are pseudonyms, and secrets, keys and signatures were removed',
)

/** Type and curve of a key are kept, its size is not. */
function isKept({ id }: Rule, { jwk }: AcmeRequest): boolean {
  return WITHIN_A_MESSAGE.has(id) || (id === 'jwk-key-type' && jwk !== null && jwk.kty !== 'RSA')
}
