import { statusAt } from '../../acme/accounts.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { named, quote } from '../scope.ts'

export const kidInactiveAccount: Rule = {
  id: 'kid-inactive-account',
  group: 'kid',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'Account is still valid',
  norm: 'A deactivated or revoked account can do nothing more, and there is no reactivation.',
  decide:
    'State: account status from responses. Warn if a request uses a kid after a 200 response that showed status deactivated/revoked, or the server says so. The MUST of §7.3.6 binds the server (401 unauthorized); the request itself is in order.',
  traps: ['Requests already in flight when deactivation was answered are not violations.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: "403 unauthorized 'Account is not valid, has status'; newAccount with that key also 403",
    Pebble: '403 unauthorized',
    'step-ca': '401 unauthorized',
    'golang.org/x/crypto/acme': 'Surfaces the error',
  },
  remedy: 'Create a new account with a new key.',
  references: ['RFC 8555 §7.3.6', 'RFC 8555 §7.1.6'],
  explains: { types: ['unauthorized'], details: [/account is not (valid|active)/i, /deactivated/] },
  judge(request) {
    const { account } = request
    if (account === null || request.method !== 'POST') return undefined
    // What was in flight when the account was deactivated is no violation, so only answers that had arrived count.
    const known = statusAt(account, request.time)
    if (known === null) return undefined
    if (known.status !== 'deactivated' && known.status !== 'revoked') return HOLDS
    return broken(
      kidInactiveAccount,
      `The account ${quote(account.url)} is ${known.status}, as the answer to ${named(known.request)} said; it can do nothing more.`,
      {
        evidence: { status: known.status, since: known.request.id },
      },
    )
  },
}
