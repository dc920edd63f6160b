import { identityOf } from '../../pki/public-key.ts'
import { titleOf } from '../issuance.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, isPresent, lostBody, quote } from '../scope.ts'

export const revokeAuth: Rule = {
  id: 'revoke-auth',
  group: 'revocation',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Revocation signed by an entitled key',
  norm: "Either the account (kid) that issued or holds all authorizations, or the certificate's own key (jwk).",
  decide:
    "With jwk: its SPKI must equal the certificate's, else fail (only a request authenticated by the certificate key carries jwk, §6.2). With kid: entitlement is the server's to check, see kid-resource-owner. Exactly one of them.",
  traps: ['jwk holding the ACCOUNT key is a frequent mistake: report it specially.', 'alg must fit the certificate key.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'jwk not the cert key: 403 unauthorized; kid: issuer or all authorizations',
    Pebble: 'Only the issuing account, else 403',
    'step-ca': 'Only the issuing account: 403',
    'golang.org/x/crypto/acme': 'key non-nil gives jwk form',
  },
  remedy: "Use the issuing account's kid, or the certificate's private key with jwk.",
  references: ['RFC 8555 §7.6', 'RFC 8555 §6.2'],
  why: 'The CA has to be sure that the certificate belongs to who revokes it. The usual mistake is jwk with the account key.',
  fixes: {
    certbot: 'Use certbot revoke --cert-path FILE with the account, or add --key-path FILE for the key of the certificate.',
  },
  examples: { fails: 'jwk: the account key', passes: 'kid: https://ca.example/acct/1' },
  explains: { types: ['unauthorized', 'malformed'], details: [/same public key|not authorized|No authorization/i] },
  resources: ['revokeCert'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    const header = headerOf(request)
    if (header === null) return lostBody(request) ?? undefined
    const hasJwk = isPresent(header.jwk)
    // kid-jwk-exclusive and kid-jwk-both-absent speak of these
    if (hasJwk === isPresent(header.kid)) return undefined
    if (!hasJwk) return HOLDS // whether the account is entitled is the server's to say, see kid-resource-owner
    const certificate = request.certificate?.value ?? null
    const signer = request.jwk === null ? null : identityOf(request.jwk)
    if (certificate === null || signer === null) return undefined // revoke-payload and the jwk rules speak of these
    if (signer === certificate.key.identity) return HOLDS
    const account = request.account
    return broken(
      revokeAuth,
      `jwk is ${account === null ? 'neither the key of the certificate nor one that identifies an account' : `the key of account ${quote(account.url)}`}, and the certificate of ${quote(titleOf(certificate))} has another key (${certificate.key.kind}).`,
      {
        evidence: {
          jwk: request.jwk?.thumbprint ?? null,
          certificateKey: certificate.key.facts?.thumbprint ?? null,
          account: account?.url ?? null,
        },
        remedy: account === null ? null : `Sign with the account key and send kid ${quote(account.url)} instead of jwk.`,
      },
    )
  },
}
