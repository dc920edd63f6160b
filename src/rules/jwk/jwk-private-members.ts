import { jwksOf } from '../jwks.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

export const jwkPrivateMembers: Rule = {
  id: 'jwk-private-members',
  group: 'jwk',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'No private key material in jwk',
  norm: 'The embedded key is a public key; private members (d, p, q, dp, dq, qi, oth, or k) must never leave the client.',
  decide:
    'Broken if any JWK of the request (jwk, inner jwk, oldKey, payload of an external account binding) has a private or secret member. The report conceals its value.',
  traps: ["RSA 'e' is public; 'd' on EC/OKP/RSA is private.", 'Redact before writing any report or JSON.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'go-jose refuses: 400 malformed parse error',
    Pebble: 'Same',
    'step-ca': 'Same library family: 400 malformed',
    'golang.org/x/crypto/acme': 'Emits public members only',
  },
  remedy: 'Roll the account key now; export only the public part.',
  references: ['RFC 7515 §4.1.3', 'RFC 7517 §9.2', 'RFC 7518 §6.2.2', 'RFC 7518 §6.3.2', 'RFC 8555 §11.1'],
  why: 'Whoever read the request can act as the account: order, revoke, and take the account over by a key change.',
  fixes: {
    'cert-manager':
      'Delete the Secret that privateKeySecretRef names, so that a new key is made, after the old account was deactivated.',
    certbot: 'Run certbot unregister, then certbot register.',
    'acme.sh': 'Run acme.sh --deactivate-account, then --register-account with a new key.',
  },
  examples: {
    fails: '{"kty": "EC", "crv": "P-256", "x": "…", "y": "…", "d": "…"}',
    passes: '{"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}',
  },
  explains: { types: ['malformed'], details: [/must be public key/] },
  judge(request) {
    const keys = jwksOf(request)
    if (keys.length === 0) return undefined
    const leaking = keys.filter(({ facts }) => facts.faults.has('private'))
    if (leaking.length === 0) return HOLDS
    const words = leaking.map(
      ({ where, facts }) =>
        `${where} holds ${facts.kty === 'oct' ? 'the secret' : 'the private'} member ${facts.faults.get('private')}`,
    )
    return broken(
      jwkPrivateMembers,
      `Key material that must never leave the client is on the wire: ${words.join('; ')}. Treat the key as compromised.`,
      {
        evidence: {
          keys: leaking.map(({ where, facts }) => ({
            where,
            members: facts.faults.get('private'),
            thumbprint: facts.thumbprint,
          })),
        },
      },
    )
  },
}
