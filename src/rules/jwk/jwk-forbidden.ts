import type { AcmeRequest } from '../../acme/traffic.ts'
import { identityOf } from '../../pki/public-key.ts'
import { broken, HOLDS, type Rule, type Verdict } from '../rule.ts'
import { headerOf, isPresent, lostBody, uncertainRole } from '../scope.ts'

/** RFC 8555 6.2: a revocation carries jwk only when the key of the certificate signs it. */
function judgeRevocation({ certificate, jwk }: AcmeRequest): Verdict | undefined {
  const due = certificate?.value?.key.identity
  const signer = jwk === null ? null : identityOf(jwk)
  if (due === undefined || signer === null) return undefined // nothing to compare: revoke-payload, jwk-members-missing
  if (signer === due) return HOLDS
  return broken(
    jwkForbidden,
    "This revocation carries a jwk that is not the certificate's key; every other signer is identified by kid.",
    { evidence: { thumbprint: jwk?.thumbprint ?? null, certificateKey: certificate?.value?.key.facts?.thumbprint ?? null } },
  )
}

export const jwkForbidden: Rule = {
  id: 'jwk-forbidden',
  group: 'jwk',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'jwk only where the protocol asks for it',
  norm: 'Apart from newAccount, cert-key revocation and the inner key-change JWS, the request is identified by kid and not by jwk.',
  decide:
    'Broken if any other request has a jwk, and for revokeCert if it is not the key of the certificate in the payload. With a kid beside it, kid-jwk-exclusive says so instead.',
  traps: [
    "revokeCert: jwk must be compared with the certificate's key before accusing.",
    'newAccount with onlyReturnExisting is a look-up and also has jwk.',
  ],
  unknownWhen: ['U-GAP', 'U-ROLE'],
  inPractice: {
    Boulder: "400 malformed 'No Key ID in JWS header'",
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'This is its fallback when the account look-up failed',
  },
  remedy: 'Use kid.',
  references: ['RFC 8555 §6.2'],
  why: 'The CA looks for an account URL, finds a key and refuses. What it says differs from CA to CA.',
  fixes: { 'cert-manager': 'It does so when its look-up of the account failed. See kid-required.' },
  examples: {
    fails:
      '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed', 'accountDoesNotExist', 'serverInternal'], details: [/No Key ID in JWS header/] },
  judge(request) {
    if (request.method !== 'POST' || request.resource === 'newAccount') return undefined
    const header = headerOf(request)
    if (header === null || header.jwk === undefined) return header === null ? (lostBody(request) ?? undefined) : undefined
    if (isPresent(header.kid)) return undefined // kid-jwk-exclusive says it
    const uncertain = uncertainRole(request)
    if (uncertain !== null) return uncertain
    if (request.resource === 'revokeCert') return judgeRevocation(request)
    const thumbprint = request.jwk?.thumbprint ?? null
    return broken(
      jwkForbidden,
      `This ${request.resource} request carries jwk; only newAccount and a revocation by the certificate's key do.`,
      { evidence: { thumbprint } },
    )
  },
}
