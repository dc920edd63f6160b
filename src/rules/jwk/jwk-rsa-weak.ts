import { jwksOf } from '../jwks.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

export const jwkRsaWeak: Rule = {
  id: 'jwk-rsa-weak',
  group: 'jwk',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'RSA modulus at least 2048 bits',
  norm: "RS*/PS* need 2048 bits or more; upper bounds and exponents are the CA's policy.",
  decide:
    'Broken if the modulus has fewer than 2048 bits or is even. Large or unusual keys are allowed by the text: jwk-key-type warns of them.',
  traps: ['Existing accounts keep working with keys that newAccount would refuse today: judge only on newAccount/keyChange.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 badPublicKey: size list by policy, e must be 65537, small primes, ROCA, close primes, blocklist',
    Pebble: 'Parses; no size policy',
    'step-ca': '400 malformed when below its minimum (2048 bits)',
    'golang.org/x/crypto/acme': 'No check',
  },
  remedy: 'Generate a 2048+ bit key, or better EC P-256.',
  references: ['RFC 7518 §3.3', 'RFC 7518 §3.5', 'RFC 8555 §6.2'],
  why: 'The key can be broken. CAs refuse to register it.',
  fixes: {
    certbot: 'New accounts get RSA keys of 2048 bits by default. Run certbot unregister and certbot register to get a new one.',
    'acme.sh': 'Register with --accountkeylength 2048 or more, or ec-256.',
  },
  examples: {
    fails: '{"kty": "RSA", "n": "a modulus of 1024 bits", "e": "AQAB"}',
    passes: '{"kty": "RSA", "n": "a modulus of 2048 bits", "e": "AQAB"}',
  },
  explains: { types: ['badPublicKey', 'malformed'], details: [/key (size|exponent)/i, /rsa keys must be at least/] },
  judge(request) {
    // Accounts keep working with keys that newAccount would refuse today.
    if (request.resource !== 'newAccount' && request.resource !== 'keyChange') return undefined
    const keys = jwksOf(request).filter(({ facts, where }) => facts.kty === 'RSA' && facts.bits !== null && where !== 'oldKey')
    if (keys.length === 0) return undefined
    const weak = keys.filter(({ facts }) => facts.faults.has('small') || facts.faults.has('even'))
    if (weak.length === 0) return HOLDS
    const words = weak.map(
      ({ where, facts }) =>
        `${where} is an RSA key of ${facts.bits} bits${facts.faults.has('even') ? ' with an even modulus' : ''}`,
    )
    return broken(jwkRsaWeak, `${words.join('; ')}; RS and PS algorithms need 2048 bits or more.`, {
      evidence: { bits: weak.map(({ facts }) => facts.bits) },
    })
  },
}
