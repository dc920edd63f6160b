import { jwksOf } from '../jwks.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const jwkMembersMissing: Rule = {
  id: 'jwk-members-missing',
  group: 'jwk',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Required members present',
  norm: 'kty is required; EC needs crv,x,y; RSA needs n,e; OKP needs crv,x.',
  decide: 'Broken if a member that the key type needs is absent or no string; the message names it.',
  traps: ['Extra members (use, key_ops, alg, kid) are allowed; they do not enter the thumbprint.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed',
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Complete',
  },
  remedy: 'Emit all required members.',
  references: ['RFC 7517 §4.1', 'RFC 7518 §6.2.1', 'RFC 7518 §6.3.1', 'RFC 8037 §2'],
  why: 'The CA cannot build the key and calls the request malformed.',
  examples: { fails: '{"kty": "EC", "crv": "P-256", "x": "…"}', passes: '{"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}' },
  explains: { types: ['malformed', 'badPublicKey'], details: [] },
  judge(request) {
    const keys = jwksOf(request)
    if (keys.length === 0) return undefined
    const incomplete = keys.filter(({ facts }) => facts.faults.has('missing'))
    if (incomplete.length === 0) return HOLDS
    return broken(
      jwkMembersMissing,
      `${incomplete.map(({ where, facts }) => `${where} (kty ${quote(facts.kty)}) lacks ${facts.faults.get('missing')}, or has it in the wrong type`).join('; ')}.`,
      {
        evidence: { keys: incomplete.map(({ where, facts }) => ({ where, missing: facts.faults.get('missing') })) },
      },
    )
  },
}
