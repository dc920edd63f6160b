import type { Account, AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, isPresent, lostBody, named, quote, uncertainRole } from '../scope.ts'

/** RFC 8555 6.2: every request but newAccount and a revocation by the certificate's key; revokeCert takes either. */
const FREE: ReadonlySet<string> = new Set(['newAccount', 'revokeCert', 'renewalInfo'])

/** The account whose URL the client should have sent: its key's, as far as the capture shows one registered before. */
function registeredAccount(request: AcmeRequest, traffic: AcmeTraffic): Account | null {
  const thumbprint = request.jwk?.thumbprint ?? null
  const known = thumbprint === null ? [] : (traffic.accountsByKey.get(thumbprint) ?? [])
  const verifiesFor = request.signature.state === 'unchecked' ? request.signature.verifiesFor : null
  const account = known.find((candidate) => candidate.ca === request.ca) ?? verifiesFor
  return account?.registeredBy != null && account.registeredBy.time < request.time ? account : null
}

export const kidRequired: Rule = {
  id: 'kid-required',
  group: 'kid',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Account-authenticated requests carry kid',
  norm: 'Every request other than newAccount and certificate-key revocation is made by an existing account and has to name it in kid.',
  decide:
    'Every signed request but newAccount, revokeCert and those for renewal information: broken if the protected header has no kid or an empty one. The message says whether there is a jwk instead, and whether this key had been given an account URL before.',
  traps: [
    'revokeCert may carry jwk (certificate key).',
    'The inner JWS of keyChange and EAB follow other rules.',
    'A client may legitimately repeat newAccount with jwk at every start: that is not a missing kid.',
    "acme.sh: after 'account is not awaiting external account binding' the source read sets ACCOUNT_URL from an unset variable, so kid may go out as an empty string (read in code, not observed).",
  ],
  unknownWhen: ['U-GAP', 'U-ROLE'],
  inPractice: {
    Boulder:
      "400 malformed 'No Key ID in JWS header' (newer builds prefix 'Unable to validate JWS :: '); same text when neither field is there",
    Pebble: "400 malformed 'Key ID (kid) in JWS header missing expected URL prefix' because an empty kid fails the prefix test",
    'step-ca': "400 malformed, detail only the generic sentence; log says signature missing 'kid'",
    'golang.org/x/crypto/acme':
      'Sends jwk instead of kid whenever its account lookup failed, silently (accountKID returns the empty id on any error)',
    others:
      'Vault 400 malformed; acme2certifier 403 accountDoesNotExist; serles and Dogtag 500 (unhandled); so the same mistake appears as malformed, accountDoesNotExist or serverInternal',
  },
  remedy: "Use the account URL from newAccount's Location as kid; find out why the client had none.",
  references: ['RFC 8555 §6.2'],
  why: 'The CA cannot tell which account asks, so no order, authorization or certificate is made. The words of the refusal differ so much between CAs that users look for the fault in the wrong place.',
  fixes: {
    'cert-manager':
      'It signs with jwk when its own look-up of the account failed, silently. Look in the capture for a refused newAccount request with onlyReturnExisting just before: the CA has to answer that one with 200 and Location.',
    certbot: 'Run certbot show_account with the same --server to see whether it has an account there; else certbot register.',
    lego: 'See that account.json below .lego/accounts for this server has the URL of the registration; without it remove that folder and register anew.',
    'acme.sh':
      'See that ca.conf below ~/.acme.sh/ca for this server has ACCOUNT_URL; without it run acme.sh --register-account for the same --server.',
  },
  examples: {
    fails:
      '{"alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}, "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: {
    types: ['malformed', 'unauthorized', 'accountDoesNotExist', 'serverInternal'],
    details: [
      /No Key ID in JWS header/,
      /missing expected URL prefix/,
      /signature missing 'kid'/,
      /without a 'kid'/,
      /kid header field/i,
      /no public key or key id/,
    ],
  },
  judge(request, traffic) {
    if (request.method !== 'POST' || FREE.has(request.resource)) return undefined
    const lost = lostBody(request)
    if (lost !== null) return lost
    const header = headerOf(request)
    if (header === null) return undefined
    const { kid } = header
    if (isPresent(kid)) return HOLDS
    const uncertain = uncertainRole(request)
    if (uncertain !== null) return uncertain
    const what = kid === undefined ? 'has no kid' : kid === null ? 'has kid null' : 'has an empty kid'
    const instead = isPresent(header.jwk) ? ' and carries jwk instead' : ' and no jwk either'
    const account = registeredAccount(request, traffic)
    const known =
      account === null
        ? ''
        : ` This key had been given the account URL ${quote(account.url)} in ${named(account.registeredBy as AcmeRequest)}.`
    return broken(kidRequired, `The protected header of this ${request.resource} request ${what}${instead}.${known}`, {
      evidence: {
        jwkPresent: isPresent(header.jwk),
        accountUrl: account?.url ?? null,
        registeredBy: account?.registeredBy?.id ?? null,
      },
      remedy: account === null ? null : `Send "kid": "${account.url}", and find out why the client did not have it.`,
    })
  },
}
