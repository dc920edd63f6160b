import { statusAt } from '../../acme/accounts.ts'
import { acmeType } from '../../acme/answers.ts'
import { isObject } from '../../jose/json-object.ts'
import { lostContent, undetermined } from '../answer.ts'
import { accountOfKey, worksAfter } from '../registered.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote } from '../scope.ts'

/** Refusals that have nothing to do with whether the key has an account. */
const UNRELATED: ReadonlySet<string> = new Set([
  'badNonce',
  'rateLimited',
  'serverInternal',
  'userActionRequired',
  'badPublicKey',
  'badSignatureAlgorithm',
])
const ABOUT_BINDING = /external|binding|\beab\b|\bmac\b/i

export const serverLookupRefused: Rule = {
  id: 'server-lookup-refused',
  group: 'account',
  party: 'server',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Look-up of an existing key succeeds',
  norm: 'For a key that already has an account the server must answer 200 with Location and ignore the other fields; only an unknown key is 400 accountDoesNotExist.',
  decide:
    "State: key K has a Location from an earlier 2xx at this CA. If a later newAccount (onlyReturnExisting or full) signed by K and otherwise compliant gets an error (externalAccountRequired, malformed, unauthorized, 'not awaiting external account binding'): fail server. Nonce errors, rate limits and 5xx do not count. unauthorized may mean that the account was deactivated out of sight: fail only if the text speaks of external accounts or the account worked afterwards, else unknown. accountDoesNotExist: warning unless the account worked afterwards, since the CA may have lost it. A look-up by a key that the capture does not know: whether it has an account or not, only 200 or 400 accountDoesNotExist is right; warning.",
  traps: ['The account may have been deactivated between: then unauthorized is right.', 'Nonce errors do not count.'],
  unknownWhen: ['U-RESP', 'U-START', 'U-KEY', 'U-OTHER', 'U-GAP'],
  inPractice: {
    Boulder: '200',
    Pebble: '200 (checked before EAB)',
    'step-ca': '200 (EAB checked only when creating)',
    'golang.org/x/crypto/acme': 'Treats every error alike: drops to jwk form',
    others:
      "Known refusing servers in threads: Infisical before PR 4895, VaulTLS before PR 200, Sectigo-style 'not awaiting external account binding' (cert-manager 2882)",
  },
  remedy: 'Server: skip EAB and ToS checks when the key is already bound.',
  references: ['RFC 8555 §7.3.1'],
  why: 'Clients that do not keep their account URL ask for it at each start. Refused, they sign with the wrong header and nothing is issued any more.',
  fixes: {
    'cert-manager':
      'The CA has to be changed: cert-manager looks its account up before the first order and has no setting that spares it.',
  },
  examples: {
    fails: '{"status": 403, "type": "urn:ietf:params:acme:error:externalAccountRequired"}',
    passes: '{"status": 200, "Location": "https://ca.example/acct/1"}',
  },
  explains: { types: [], details: [] },
  review(judgement, traffic) {
    const { request, compliant } = judgement
    if (request.resource !== 'newAccount' || request.method !== 'POST') return undefined
    const isLookUp = isObject(request.payload) && request.payload.onlyReturnExisting === true
    const account = accountOfKey(request, traffic)
    if (account === null && !isLookUp) return undefined
    const { response, problem } = request
    if (response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (response.status < 300) return isLookUp ? HOLDS : undefined
    const type = acmeType(problem)
    if (response.status < 400 || response.status >= 500 || UNRELATED.has(type ?? '')) return undefined
    if (problem?.object == null) return lostContent(request) ?? undefined // no problem document: not the answer of this handler
    if (compliant === false) return undefined
    if (compliant === null) return undetermined(judgement)
    const answer = `${response.status} ${type ?? 'without an ACME problem type'}`
    const detail = problem?.detail ?? ''
    const evidence = { account: account?.url ?? null, thumbprint: request.jwk?.thumbprint ?? null, status: response.status, type }
    if (account === null) {
      if (type === 'accountDoesNotExist' && response.status === 400) return HOLDS
      if (type === null || (type === 'unauthorized' && !ABOUT_BINDING.test(detail))) return undefined
      return broken(
        serverLookupRefused,
        `The look-up of an account was answered ${answer}. For a key with an account 200 is due, for one without 400 accountDoesNotExist; nothing else tells the client which it is.`,
        { severity: 'warning', evidence },
      )
    }
    const status = statusAt(account, request.time)?.status ?? 'valid'
    if (status !== 'valid') return undefined
    const lives = worksAfter(account, request, traffic)
    const what = isLookUp ? 'look up its account' : 'register again'
    const since = account.registeredBy === null ? '' : ` since ${named(account.registeredBy)}`
    const message = `This key has the account ${quote(account.url)}${since}; when the client asked to ${what}, the server answered ${answer} instead of 200 with that URL.`
    if (type === 'accountDoesNotExist')
      return broken(serverLookupRefused, `${message}${lives ? '' : ' Unless it lost its accounts in between.'}`, {
        severity: lives ? 'error' : 'warning',
        evidence,
      })
    if (type === 'unauthorized' && !lives && !ABOUT_BINDING.test(detail))
      return unknown('U-OTHER', 'the account may have been deactivated outside the capture, and then the refusal is right')
    return broken(serverLookupRefused, message, { evidence })
  },
}
