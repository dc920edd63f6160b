import type { CaseTable, Scene } from '../support/cases.ts'
import { bound, keyChange } from '../support/inner.ts'
import { leaf, SITE } from '../support/issuance.ts'
import { type Bend, base64url, Key } from '../support/session.ts'

const REFUSED = { status: 400, problem: ['malformed', 'no'] } satisfies Partial<Bend>
const ORDER = { identifiers: [{ type: 'dns', value: 'www.example' }] }

/** One newAccount with this jwk, refused. */
function withJwk(change: (jwk: Record<string, unknown>) => unknown, key: () => Key = () => new Key('a')): Scene {
  return (s) => {
    const k = key()
    s.begin()
    s.post(k, 'newAccount', { termsOfServiceAgreed: true }, { header: { jwk: change(k.jwk) }, ...REFUSED })
    return undefined
  }
}

const account = (bend: Partial<Bend> = {}): Scene => {
  return (s) => {
    s.begin()
    s.post(new Key('a'), 'newAccount', { termsOfServiceAgreed: true }, { ...REFUSED, ...bend })
    return undefined
  }
}

function order(bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    s.order(k, ['www.example'], { ...REFUSED, answerHeaders: [], ...bend })
    return undefined
  }
}

/** A key change to this new key; `old` is what the payload names as oldKey. */
function changed(
  next: () => Key,
  bend: Parameters<typeof keyChange>[3] = {},
  old?: (jwk: Record<string, unknown>) => object,
): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    const payload = old === undefined ? {} : { payload: { account: k.kid, oldKey: old(k.jwk) } }
    s.post(k, 'keyChange', keyChange(s, k, next(), { ...bend, ...payload }), REFUSED)
    return undefined
  }
}

/** A revocation by jwk of this key. */
function revoked(key: () => Key, bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const k = key()
    k.kid = null
    s.begin()
    s.post(k, 'revokeCert', { certificate: base64url(leaf()) }, { ...REFUSED, ...bend })
    return undefined
  }
}

const made = new Map<string, Key>()
/** RSA keys take long to make, so there is one of each size. */
function rsa(bits: number): () => Key {
  return () => {
    const key = made.get(`${bits}`) ?? new Key(`rsa${bits}`, `RSA-${bits}`)
    made.set(`${bits}`, key)
    key.kid = null
    return key
  }
}

const octets = (text: unknown) => Buffer.from(String(text), 'base64url')
const P521 = () => new Key('a', 'P-521')

/** A P-256 key whose x begins with a zero octet; about one key in 256. */
function withLeadingZero(): Key {
  for (;;) {
    const k = new Key('a')
    if (octets(k.jwk.x)[0] === 0) return k
  }
}

export const CASES: CaseTable = {
  'jwk-required': {
    holds: { newAccount: account(), 'revocation by the key of the certificate': revoked(() => SITE) },
    broken: {
      'newAccount without': { scene: account({ drop: ['jwk'] }), severity: 'error', says: /has no jwk/ },
      'newAccount with kid instead': account({ drop: ['jwk'], header: { kid: 'https://ca.example/acct/1' } }),
      'a string': { scene: account({ header: { jwk: 'x' } }), says: /has a jwk that is "x"/ },
      'a revocation with neither': { scene: revoked(() => SITE, { drop: ['jwk'] }), says: /no kid either/ },
    },
    unknown: {
      'U-GAP: the body was lost': account({ bodyLost: true }),
      'U-ROLE: only the payload says that it is newAccount': (s) => {
        s.newNonce()
        s.post(new Key('a'), 'https://ca.example/some', { onlyReturnExisting: true }, { drop: ['jwk'], ...REFUSED })
      },
    },
    silent: {
      newOrder: order(),
      'a revocation by an account': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, 'revokeCert', { certificate: base64url(leaf()) }, REFUSED)
      },
    },
  },
  'jwk-forbidden': {
    holds: { 'RFC 8555 7.6: the key of the certificate': revoked(() => SITE) },
    broken: {
      newOrder: {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.post(k, 'newOrder', ORDER, { drop: ['kid'], header: { jwk: k.jwk }, ...REFUSED })
        },
        severity: 'error',
      },
      'a revocation by the account key': { scene: revoked(() => new Key('a')), says: /not the certificate's key/ },
    },
    unknown: {
      'U-GAP: the body was lost': order({ bodyLost: true }),
      'U-ROLE: no directory': (s) => {
        s.newNonce()
        s.post(new Key('a'), 'newOrder', ORDER, REFUSED)
      },
    },
    silent: {
      newAccount: account(),
      'a look-up, which has jwk too': account({ payload: { onlyReturnExisting: true } }),
      'both: kid-jwk-exclusive says it': order({ header: { jwk: new Key('a').jwk } }),
      'a certificate that cannot be read': (s) => {
        s.begin()
        s.post(new Key('a'), 'revokeCert', { certificate: 'AA' }, REFUSED)
      },
    },
  },
  'jwk-private-members': {
    holds: { 'RFC 7517: a public key': account(), 'e of an RSA key is public': withJwk((jwk) => jwk, rsa(2048)) },
    broken: {
      'd of an EC key': {
        scene: withJwk((jwk) => ({ ...jwk, d: 'AAAA' })),
        severity: 'error',
        says: /jwk holds the private member d/,
      },
      'primes of an RSA key': { scene: withJwk((jwk) => ({ ...jwk, p: 'AA', q: 'AA' }), rsa(2048)), says: /p, q/ },
      'a symmetric key': { scene: withJwk(() => ({ kty: 'oct', k: 'AAAA' })), says: /the secret member k/ },
      'in a binding': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k, { payload: bound(s, k, { payload: { ...k.jwk, d: 'AAAA' } }) })
        },
        says: /externalAccountBinding/,
      },
      'in the inner JWS of a key change': {
        scene: changed(() => new Key('b'), { header: { jwk: { ...new Key('b').jwk, d: 'AAAA' } } }),
        says: /inner JWS/,
      },
      'in oldKey': {
        scene: changed(
          () => new Key('b'),
          {},
          (jwk) => ({ ...jwk, d: 'AAAA' }),
        ),
        says: /oldKey/,
      },
    },
    silent: { kid: order() },
  },
  'jwk-members-missing': {
    holds: {
      complete: account(),
      'extra members': withJwk((jwk) => ({ ...jwk, use: 'sig', kid: '1' })),
      'a type that is not known': withJwk(() => ({ kty: 'constructor' })),
    },
    broken: {
      'no y': { scene: withJwk(({ y: _, ...jwk }) => jwk), severity: 'error', says: /lacks y/ },
      'a number for n': withJwk((jwk) => ({ ...jwk, n: 7 }), rsa(2048)),
      'no kty': { scene: withJwk(() => ({})), says: /lacks kty/ },
      'no x of Ed25519': withJwk(() => ({ kty: 'OKP', crv: 'Ed25519' })),
      'in oldKey': {
        scene: changed(
          () => new Key('b'),
          {},
          () => ({ kty: 'EC' }),
        ),
        says: /oldKey/,
      },
    },
    silent: { kid: order() },
  },
  'jwk-key-type': {
    holds: {
      'P-256': account(),
      'P-521': withJwk((jwk) => jwk, P521),
      'RSA 2048': withJwk((jwk) => jwk, rsa(2048)),
      'RSA 1024: jwk-rsa-weak says it': withJwk((jwk) => jwk, rsa(1024)),
    },
    broken: {
      Ed25519: {
        scene: withJwk(
          (jwk) => jwk,
          () => new Key('a', 'Ed25519'),
        ),
        severity: 'warning',
        says: /"OKP" Ed25519/,
      },
      secp256k1: withJwk((jwk) => ({ ...jwk, crv: 'secp256k1' })),
      'a curve by the name of a property': withJwk((jwk) => ({ ...jwk, crv: 'constructor' })),
      'an unusual size': { scene: withJwk((jwk) => jwk, rsa(2056)), says: /2056 bits/ },
      'another exponent': { scene: withJwk((jwk) => ({ ...jwk, e: 'Aw' }), rsa(2048)), says: /exponent is 3/ },
      'a type by the name of a property': withJwk(() => ({ kty: 'constructor' })),
    },
    silent: { kid: order(), 'a symmetric key: alg-forbidden says it': withJwk(() => ({ kty: 'oct', k: 'AA' })) },
  },
  'jwk-ec-invalid': {
    holds: {
      'on the curve': account(),
      'RFC 7518 6.2.1.2: a leading zero kept': withJwk((jwk) => jwk, withLeadingZero),
      'P-521 in 66 octets': withJwk((jwk) => jwk, P521),
    },
    broken: {
      'a leading zero dropped: 31 octets': {
        scene: withJwk((jwk) => ({ ...jwk, x: octets(jwk.x).subarray(1).toString('base64url') }), withLeadingZero),
        severity: 'error',
        says: /x has 31 octets instead of 32\. A leading zero octet was dropped/,
      },
      'a zero too many': {
        scene: withJwk((jwk) => ({ ...jwk, x: Buffer.concat([Buffer.of(0), octets(jwk.x)]).toString('base64url') })),
        says: /^jwk: x has 33 octets instead of 32\.$/,
      },
      'x and y exchanged': { scene: withJwk(({ x, y, ...jwk }) => ({ ...jwk, x: y, y: x })), says: /exchanged/ },
      'not on the curve': {
        scene: withJwk((jwk) => ({ ...jwk, y: base64url(new Uint8Array(32).fill(7)) })),
        says: /not on P-256/,
      },
      'beyond the field': withJwk((jwk) => ({ ...jwk, x: base64url(new Uint8Array(32).fill(255)) })),
      'the new key of a key change': {
        scene: changed(() => new Key('b'), { header: { jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } } }),
        says: /inner JWS/,
      },
    },
    silent: {
      RSA: withJwk((jwk) => jwk, rsa(2048)),
      'a member missing: jwk-members-missing says it': withJwk(({ y: _, ...jwk }) => jwk),
      kid: order(),
    },
  },
  'jwk-rsa-weak': {
    holds: { 'RSA 2048': withJwk((jwk) => jwk, rsa(2048)), 'an odd size above': withJwk((jwk) => jwk, rsa(2056)) },
    broken: {
      'RSA 1024': { scene: withJwk((jwk) => jwk, rsa(1024)), severity: 'error', says: /1024 bits; RS and PS/ },
      'an even modulus': {
        scene: withJwk((jwk) => {
          const n = octets(jwk.n)
          n[n.length - 1] = (n.at(-1) as number) & 0xfe
          return { ...jwk, n: n.toString('base64url') }
        }, rsa(2048)),
        says: /even modulus/,
      },
      'the new key of a key change': changed(rsa(1024)),
    },
    silent: {
      EC: account(),
      'an old account, whose key newAccount would refuse today': (s) => {
        const k = rsa(1024)()
        s.begin().register(k)
        s.order(k)
      },
      'oldKey of a key change': changed(
        () => new Key('b'),
        {},
        () => rsa(1024)().jwk,
      ),
    },
  },
  'jwk-integer-encoding': {
    holds: { 'RFC 7518 2: minimal': withJwk((jwk) => jwk, rsa(2048)) },
    broken: {
      'a leading zero octet of n': {
        scene: withJwk((jwk) => ({ ...jwk, n: Buffer.concat([Buffer.of(0), octets(jwk.n)]).toString('base64url') }), rsa(2048)),
        severity: 'error',
        says: /^n of jwk/,
      },
      'a leading zero octet of e': { scene: withJwk((jwk) => ({ ...jwk, e: 'AAEAAQ' }), rsa(2048)), says: /^e of jwk/ },
      'an empty e': withJwk((jwk) => ({ ...jwk, e: '' }), rsa(2048)),
    },
    silent: { 'EC coordinates keep theirs': withJwk((jwk) => jwk, withLeadingZero), kid: order() },
  },
  'jwk-alg-conflict': {
    holds: {
      'none stated': account(),
      'as in the header': withJwk((jwk) => ({ ...jwk, alg: 'ES256', use: 'sig', key_ops: ['verify'] })),
    },
    broken: {
      'another alg': {
        scene: withJwk((jwk) => ({ ...jwk, alg: 'ES384' })),
        severity: 'warning',
        says: /"ES384", the header "ES256"/,
      },
      'for encryption': withJwk((jwk) => ({ ...jwk, use: 'enc' })),
      'sign is for private keys': { scene: withJwk((jwk) => ({ ...jwk, key_ops: ['sign'] })), says: /without "verify"/ },
    },
    silent: { kid: order() },
  },
}
