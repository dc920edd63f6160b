import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const jwkKeyType: Rule = {
  id: 'jwk-key-type',
  group: 'jwk',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: 'Key type and curve are widely supported',
  norm: 'Only RSA and NIST EC keys are accepted almost everywhere; Ed25519 is a should, others optional; a supported alg with an unsupported key is answered badPublicKey.',
  decide:
    'Warn for kty OKP, crv other than P-256/P-384/P-521, secp256k1, an RSA modulus over 4096 bits or not 2048/3072/4096, or e != 65537. (kty oct: alg-forbidden and jwk-private-members; under 2048 bits: jwk-rsa-weak.)',
  traps: ["P-521 passes Boulder's algorithm table but a deployment's key policy may refuse it."],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'P-256/P-384/P-521 parse; key policy decides: 400 badPublicKey; OKP refused',
    Pebble: '400 badPublicKey',
    'step-ca': 'EC and OKP accepted',
    'golang.org/x/crypto/acme': 'RSA and NIST EC only',
  },
  remedy: 'Use EC P-256.',
  references: ['RFC 8555 §6.2', 'RFC 7518 §7.6', 'RFC 8037 §2'],
  why: 'Such a key is allowed by the text, yet many CAs refuse it with badPublicKey.',
  fixes: {
    'cert-manager': 'Nothing to choose: its account keys are RSA.',
    'acme.sh': 'Register with --accountkeylength ec-256.',
  },
  examples: { fails: '{"kty": "OKP", "crv": "Ed25519", "x": "…"}', passes: '{"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}' },
  explains: {
    types: ['badPublicKey', 'malformed', 'badSignatureAlgorithm'],
    details: [/unsupported key type/, /curve .* not allowed/, /no signature algorithms suitable/i],
  },
  judge(request) {
    const facts = request.jwk
    if (facts === null || facts.kty === 'oct') return undefined
    if (facts.kty === 'EC') {
      if (facts.crv === 'P-256' || facts.crv === 'P-384' || facts.crv === 'P-521') return HOLDS
      return broken(jwkKeyType, `Curve ${quote(facts.crv)} is accepted by few servers.`, { evidence: { crv: facts.crv } })
    }
    if (facts.kty === 'RSA') {
      if (facts.exponent !== null && facts.exponent !== '65537')
        return broken(jwkKeyType, `The RSA exponent is ${facts.exponent}; many servers take 65537 only.`, {
          evidence: { e: facts.exponent },
        })
      if (facts.bits === null || facts.bits < 2048 || facts.bits === 2048 || facts.bits === 3072 || facts.bits === 4096)
        return HOLDS
      return broken(
        jwkKeyType,
        `An RSA key of ${facts.bits} bits is refused by some servers; 2048, 3072 and 4096 are taken almost everywhere.`,
        { evidence: { bits: facts.bits } },
      )
    }
    return broken(
      jwkKeyType,
      `Keys of type ${quote(facts.kty)}${facts.crv === null ? '' : ` ${facts.crv}`} are accepted by few servers.`,
      { evidence: { kty: facts.kty, crv: facts.crv } },
    )
  },
}
