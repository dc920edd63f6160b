import { keyAt } from '../../acme/accounts.ts'
import type { Account, AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { identityOf } from '../../pki/public-key.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, remembered } from '../scope.ts'

/** Account keys by their identity, to every account that ever had them. */
function accountsByIdentity(traffic: AcmeTraffic): ReadonlyMap<string, readonly Account[]> {
  const found = new Map<string, Account[]>()
  for (const account of traffic.accounts.values())
    for (const { key } of account.keys) {
      const identity = identityOf(key)
      if (identity !== null) found.set(identity, [...(found.get(identity) ?? []), account])
    }
  return found
}

/** The account that had the key at this CA when the request was made. */
function holderOf(identity: string, request: AcmeRequest, traffic: AcmeTraffic): Account | null {
  const accounts = remembered(traffic, accountsByIdentity).get(identity) ?? []
  return (
    accounts.find((account) => {
      const period = account.ca === request.ca ? keyAt(account, request.time) : null
      const isNew = period?.learntFrom?.response?.status === 201 && period.learntFrom.time > request.time
      return period !== null && !isNew && identityOf(period.key) === identity
    }) ?? null
  )
}

export const finalizeAccountKey: Rule = {
  id: 'finalize-account-key',
  group: 'finalize',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Certificate key is not an account key',
  norm: 'A CSR must not contain the public key of any known account.',
  decide:
    'Compare the key in the CSR with the key of every account of this CA that was in force when the request was made, and with the key that signed the request.',
  traps: ['Compare SPKI, not thumbprints of differently encoded JWKs.'],
  unknownWhen: ['U-KEY'],
  inPractice: {
    Boulder: "400 malformed 'certificate public key must be different than account key'",
    Pebble: '400 badCSR',
    'step-ca': 'Not checked',
    'golang.org/x/crypto/acme': 'Not checked',
  },
  remedy: 'Generate a separate certificate key.',
  references: ['RFC 8555 §11.1'],
  why: 'Whoever gets the key from a web server can then act as the account.',
  fixes: { 'cert-manager': 'Name different Secrets in privateKeySecretRef of the Issuer and in secretName of the Certificate.' },
  examples: { fails: 'The public key of the CSR is the account key', passes: 'The CSR has a key of its own' },
  explains: { types: ['malformed', 'badCSR'], details: [/different than account key|known account/i] },
  resources: ['finalize'],
  judge(request, traffic) {
    const csr = request.csr?.value ?? null
    if (csr === null) return undefined
    const { identity, kind } = csr.key
    const own = request.key === null ? null : identityOf(request.key.facts)
    const holder = holderOf(identity, request, traffic)
    if (own === identity || holder !== null)
      return broken(
        finalizeAccountKey,
        `The CSR asks for a certificate for the key (${kind}) of ${holder === null ? 'the account that signed this request' : `account ${quote(holder.url)}`}.`,
        { evidence: { thumbprint: csr.key.facts?.thumbprint ?? null, account: holder?.url ?? request.kid } },
      )
    return request.key === null
      ? unknown('U-KEY', "the account's key is not known, and so cannot be compared with the key in the CSR")
      : HOLDS
  },
}
