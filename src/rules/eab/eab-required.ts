import { isObject } from '../../jose/json-object.ts'
import { accountOfKey } from '../registered.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { wasAccepted, wasRefusedAs } from '../scope.ts'

export const eabRequired: Rule = {
  id: 'eab-required',
  group: 'eab',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 1,
  title: 'External account binding present when required',
  norm: 'If meta.externalAccountRequired is true, new accounts need externalAccountBinding; the expected error is externalAccountRequired.',
  decide:
    'newAccount requests that create an account, not look-ups: a warning if there is no binding although the directory or the answer says that one is required. §7.3.4 binds the server, which should refuse: never an error.',
  traps: ['Status codes differ: 403, 400, 401 (Vault) are all seen.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: 'No EAB support',
    Pebble: '403 externalAccountRequired',
    'step-ca': '400 externalAccountRequired',
    'golang.org/x/crypto/acme': 'Adds it when the caller supplies one',
  },
  remedy: 'Configure key id and MAC key from the CA.',
  references: ['RFC 8555 §7.3.4', 'RFC 8555 §7.1.1'],
  why: 'The CA makes accounts only for customers it knows. Without the binding it refuses the registration.',
  fixes: {
    'cert-manager':
      'Fill spec.acme.externalAccountBinding: keyID, and keySecretRef to a Secret with the key as unpadded base64url text.',
    certbot: 'Register with --eab-kid and --eab-hmac-key.',
    lego: 'Run with --eab, --kid and --hmac.',
    'acme.sh': 'Run --register-account with --eab-kid and --eab-hmac-key.',
  },
  examples: {
    fails: '{"termsOfServiceAgreed": true}',
    passes:
      '{"termsOfServiceAgreed": true, "externalAccountBinding": {"protected": "eyJhbGciOi…", "payload": "eyJrdHki…", "signature": "q3fQ…"}}',
  },
  explains: { types: ['externalAccountRequired', 'malformed', 'unauthorized'], details: [/external account/i] },
  resources: ['newAccount'],
  judge(request, traffic) {
    if (request.method !== 'POST' || !isObject(request.payload)) return undefined
    if (
      request.payload.onlyReturnExisting === true ||
      request.response?.status === 200 ||
      accountOfKey(request, traffic) !== null
    )
      return undefined
    const isBound = request.payload.externalAccountBinding !== undefined
    const directory = request.ca?.directory ?? null
    const meta = isObject(directory?.meta) ? directory.meta : {}
    const isRefused = wasRefusedAs(request, 'externalAccountRequired')
    if (meta.externalAccountRequired === true || isRefused) {
      if (isBound) return HOLDS
      const source =
        meta.externalAccountRequired === true
          ? 'The directory says that new accounts need an external account binding'
          : 'The server asks for an external account binding'
      return broken(eabRequired, `${source}; the request has none.`, {
        evidence: { directory: meta.externalAccountRequired ?? null, refused: isRefused },
      })
    }
    if (directory !== null || isBound || wasAccepted(request)) return undefined
    return unknown('U-START', 'the directory, which says whether an external account binding is required, is not in the capture')
  },
}
