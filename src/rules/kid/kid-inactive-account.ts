import { statusAt } from '../../acme/accounts.ts'
import { mayPrecede } from '../in-flight.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { named, quote, wasRefusedAs } from '../scope.ts'

/** RFC 8555 7.1.6: there is no way back. */
const GONE: ReadonlySet<string> = new Set(['deactivated', 'revoked'])

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
    'A warning if an answer had shown the account as deactivated or revoked before the request. To refuse it is the duty of the server (§7.3.6); the request itself is in order.',
  traps: ['Requests already in flight when deactivation was answered are not violations.'],
  unknownWhen: [],
  inPractice: {
    Boulder: "403 unauthorized 'Account is not valid, has status'; newAccount with that key also 403",
    Pebble: '403 unauthorized',
    'step-ca': '401 unauthorized',
    'golang.org/x/crypto/acme': 'Surfaces the error',
  },
  remedy: 'Create a new account with a new key.',
  references: ['RFC 8555 §7.3.6', 'RFC 8555 §7.1.6'],
  why: 'A deactivated account is lost for good; each request with it is refused.',
  fixes: {
    'cert-manager': 'Delete the Secret that privateKeySecretRef names, so that a new key is made and registered.',
    certbot: 'Run certbot register for the same --server: certbot unregister removed the old account.',
    'acme.sh': 'Run acme.sh --register-account with a new account key.',
  },
  examples: { fails: '{"status": "deactivated"}', passes: '{"status": "valid"}' },
  explains: { types: ['unauthorized'], details: [/account is not (valid|active)/i, /deactivated/] },
  judge(request) {
    const { account, kid } = request
    if (request.method !== 'POST' || (account === null && kid === null)) return undefined
    // What was in flight when the account was deactivated is no violation, so only answers that had arrived count.
    const known = account === null ? null : statusAt(account, request.time)
    if (account !== null && known !== null && GONE.has(known.status)) {
      if (mayPrecede(request, known.request)) return undefined
      return broken(
        kidInactiveAccount,
        `The account ${quote(account.url)} is ${known.status}, as the answer to ${named(known.request)} said; it can do nothing more.`,
        { evidence: { status: known.status, since: known.request.id } },
      )
    }
    const detail = request.problem?.detail ?? ''
    if (wasRefusedAs(request, 'unauthorized') && this.explains.details.some((pattern) => pattern.test(detail)))
      return broken(
        kidInactiveAccount,
        `The server says that the account ${quote(account?.url ?? kid)} is not valid: ${quote(detail)}.`,
        {
          evidence: { status: known?.status ?? null, since: null },
        },
      )
    return known === null ? undefined : HOLDS
  },
}
