import { statusOf } from '../../acme/orders.ts'
import type { Account, AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { latin1Text } from '../../platform/base64.ts'
import { identifierKey, isIdentifier } from '../identifiers.ts'
import { identifiersIn, seenCertificates } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown, type Verdict } from '../rule.ts'
import { quote, remembered } from '../scope.ts'

const OWNED: ReadonlySet<string> = new Set(['order', 'authorization', 'challenge', 'finalize', 'certificate'])

/** Identifiers that each account was seen to hold a valid authorization for; those of a wildcard with their "*.". */
function authorizedNames(traffic: AcmeTraffic): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const { account, history } of traffic.authorizations.values())
    for (const seen of history) {
      const { identifier, wildcard } = seen.object
      if (account === null || statusOf(seen) !== 'valid' || !isIdentifier(identifier)) continue
      const { type, value } = identifier
      const name = identifierKey({ type, value: wildcard === true ? `*.${value}` : value })
      found.set(account, (found.get(account) ?? new Set()).add(name))
    }
  return found
}

/** RFC 8555 7.6: the account that the certificate was issued to, or one that holds authorizations for all names in it. */
function judgeRevocation(request: AcmeRequest, kid: string, traffic: AcmeTraffic): Verdict | undefined {
  const certificate = request.certificate?.value ?? null
  if (certificate === null) return undefined
  const owner = seenCertificates(traffic).byDer.get(latin1Text(certificate.der))?.account ?? null
  if (owner === null) return unknown('U-START', 'the capture does not show to which account the certificate was issued')
  const held = remembered(traffic, authorizedNames).get(kid)
  const names = identifiersIn(certificate.names).map(identifierKey)
  if (owner === kid || (names.length > 0 && names.every((name) => held?.has(name) === true))) return HOLDS
  return broken(
    kidResourceOwner,
    `The certificate was issued to account ${quote(owner)}; ${quote(kid)} revokes it and is not seen to hold authorizations for its names.`,
    { evidence: { kid, owner } },
  )
}

/** A CA with two names gives one account two URLs; the key is the account's. */
function isOneAccount(a: Account | null | undefined, b: Account | null | undefined): boolean {
  const key = a?.keys.at(-1)?.key.thumbprint ?? null
  return key !== null && key === b?.keys.at(-1)?.key.thumbprint
}

export const kidResourceOwner: Rule = {
  id: 'kid-resource-owner',
  group: 'kid',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'The signing account owns the resource',
  norm: 'Orders, authorizations, challenges and certificates belong to the account that created them.',
  decide:
    'A warning if the request is signed by another account than the one that was given the URL. For a revocation by kid: if that account neither issued the certificate nor holds authorizations for its names in this capture. To check it is the duty of the server, and the right may have come about outside the capture: never an error.',
  traps: [
    'revokeCert may be signed by any account holding authorizations for all names.',
    'Two accounts whose keys were swapped by an operator look like this too: see diag-account-key-mismatch.',
  ],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder:
      "order: 404 malformed; authz, challenge, cert: 403 unauthorized; finalize: 400 malformed 'Mismatched account ID' or 404",
    Pebble: '403 unauthorized',
    'step-ca': '401 unauthorized',
    'golang.org/x/crypto/acme': 'Not checked',
  },
  remedy: 'Use the account that placed the order; do not share resource URLs between issuers.',
  references: ['RFC 8555 §7.1', 'RFC 8555 §7.5', 'RFC 8555 §7.6', 'RFC 8555 §6.3'],
  why: 'The CA refuses to show or change what belongs to another account.',
  fixes: { 'cert-manager': 'Delete the Order, so that a new one is made with the account that the Issuer has now.' },
  examples: {
    fails: '{"order of": "https://ca.example/acct/2", "signed by": "https://ca.example/acct/1"}',
    passes: '{"order of": "https://ca.example/acct/1", "signed by": "https://ca.example/acct/1"}',
  },
  explains: { types: ['unauthorized', 'malformed'], details: [/doesn't match account ID/, /does not own/] },
  judge(request, traffic) {
    const { kid, resource, url } = request
    if (kid === null || kid === '' || request.method !== 'POST') return undefined
    if (resource === 'account') {
      if (kid === url || !traffic.accounts.has(url) || isOneAccount(request.account, traffic.accounts.get(url))) return HOLDS
      return broken(
        kidResourceOwner,
        `Account ${quote(kid)} addresses the URL of account ${quote(url)}; the server has to refuse that.`,
        { evidence: { kid, owner: url } },
      )
    }
    if (resource === 'revokeCert') return judgeRevocation(request, kid, traffic)
    if (!OWNED.has(resource)) return undefined
    const owner = traffic.urls.get(url)?.owner ?? null
    if (owner === null) return unknown('U-START', 'the capture does not show for which account this resource was created')
    if (owner === kid || isOneAccount(traffic.accounts.get(owner), traffic.accounts.get(kid))) return HOLDS
    return broken(kidResourceOwner, `This ${resource} was given to account ${quote(owner)}, but ${quote(kid)} addresses it.`, {
      evidence: { kid, owner },
    })
  },
}
