import test from 'ava'
import fc from 'fast-check'
import { readBase64url } from '../../src/jose/base64url.ts'
import { CURVES, isOnCurve, toInteger } from '../../src/jose/curves.ts'
import { derToRaw } from '../../src/jose/ecdsa-der.ts'
import { parseJson } from '../../src/jose/json-object.ts'
import { decodeJws } from '../../src/jose/jws.ts'
import { readJwk } from '../../src/jose/keys.ts'
import { Verifier } from '../../src/jose/verify.ts'

const text = (value: string) => new TextEncoder().encode(value)
const b64 = (value: string) => Buffer.from(value).toString('base64url')
const HEADER = b64('{"alg":"ES256","kid":"https://ca.example/acct/1"}')

/** Body, what is wrong with it (fault and member), and the kid that can be made out all the same. */
const BODIES: readonly (readonly [string, string, readonly string[], unknown])[] = [
  ['flattened, in order', `{"protected":"${HEADER}","payload":"","signature":"AAAA"}`, [], 'https://ca.example/acct/1'],
  [
    'extra members are ignored',
    `{"protected":"${HEADER}","payload":"","signature":"AAAA","x":1}`,
    [],
    'https://ca.example/acct/1',
  ],
  ['empty', '', ['empty '], undefined],
  ['not JSON', 'hello, world', ['not-json '], undefined],
  ['cut off', `{"protected":"${HEADER}","payload":"","signa`, ['not-json '], undefined],
  ['a list', '[1]', ['not-object '], undefined],
  ['compact', `${HEADER}..AAAA`, ['compact '], 'https://ca.example/acct/1'],
  [
    'general',
    `{"payload":"","signatures":[{"protected":"${HEADER}","signature":"AAAA"}]}`,
    ['general signatures'],
    'https://ca.example/acct/1',
  ],
  [
    'general with two signatures',
    `{"payload":"","signatures":[{"protected":"${HEADER}","signature":"AAAA"},{}]}`,
    ['general signatures', 'several-signatures signatures'],
    'https://ca.example/acct/1',
  ],
  [
    'unprotected header, even empty',
    `{"protected":"${HEADER}","header":{},"payload":"","signature":"AAAA"}`,
    ['unprotected-header header'],
    'https://ca.example/acct/1',
  ],
  ['no payload', `{"protected":"${HEADER}","signature":"AAAA"}`, ['member-missing payload'], 'https://ca.example/acct/1'],
  [
    'payload null',
    `{"protected":"${HEADER}","payload":null,"signature":"AAAA"}`,
    ['member-not-text payload'],
    'https://ca.example/acct/1',
  ],
  [
    'padding',
    `{"protected":"${Buffer.from('{"kid":"ab"}x').toString('base64').slice(0, 16)}=","payload":"","signature":"AAAA"}`,
    ['encoding protected'],
    'ab',
  ],
  [
    'standard alphabet',
    `{"protected":"${HEADER}","payload":"","signature":"+/++"}`,
    ['encoding signature'],
    'https://ca.example/acct/1',
  ],
  [
    'member twice',
    `{"protected":"${HEADER}","payload":"x","payload":"","signature":"AAAA"}`,
    ['duplicate-member payload'],
    'https://ca.example/acct/1',
  ],
  [
    'parameter twice: the last counts',
    `{"protected":"${b64('{"kid":"a","kid":"b"}')}","payload":"","signature":"AAAA"}`,
    ['header-duplicate kid'],
    'b',
  ],
  [
    'header is no object',
    `{"protected":"${b64('[]')}","payload":"","signature":"AAAA"}`,
    ['header-not-object protected'],
    undefined,
  ],
  [
    'header is no JSON',
    `{"protected":"${b64('{kid}')}","payload":"","signature":"AAAA"}`,
    ['header-not-json protected'],
    undefined,
  ],
  [
    'header is no UTF-8',
    `{"protected":"${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}","payload":"","signature":"AAAA"}`,
    ['header-not-utf8 protected'],
    undefined,
  ],
]

for (const [name, body, faults, kid] of BODIES)
  test(`JWS: ${name}`, (t) => {
    const jws = decodeJws(text(body))
    t.deepEqual(
      jws.defects.map(({ fault, member }) => `${fault} ${member}`),
      [...faults],
    )
    t.deepEqual(jws.header?.kid, kid)
  })

test('JWS: a body that is not UTF-8, and nesting without end, are survived', (t) => {
  t.is(decodeJws(new Uint8Array([0x7b, 0xc3, 0x28])).defects[0]?.fault, 'not-utf8')
  t.is(decodeJws(text('['.repeat(200_000))).form, 'unreadable')
})

test('RFC 4648 10 and 3.5: base64url vectors and faults', (t) => {
  for (const [plain, encoded] of [
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ] as const) {
    const { bytes, faults } = readBase64url(encoded)
    t.is(Buffer.from(bytes).toString(), plain)
    t.deepEqual(faults, [])
  }
  t.deepEqual(readBase64url('Zg==').faults, ['padding'])
  t.deepEqual(readBase64url('Zh').faults, ['unused-bits'])
  t.deepEqual(readBase64url('Zm9').faults, ['unused-bits'])
  t.deepEqual(readBase64url('Zm9vY').faults, ['impossible-length'])
  t.deepEqual(readBase64url('Zm9v\nYmFy').faults, ['white-space'])
  t.deepEqual(readBase64url('Zm9v!').faults, ['foreign-character'])
})

test('member names that occur twice are found in any JSON text, and only those', (t) => {
  const json = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.constant('":'),
    fc.constant({ a: 1, 'b":': [1, { a: 2 }] }),
    fc.array(fc.string()),
  )
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.string(), json), { selector: ([name]) => name, maxLength: 6 }),
      fc.nat(),
      (members, pick) => {
        const written = members.map(([name, value]) => `${JSON.stringify(name)} :${JSON.stringify(value)}`)
        if (parseJson(`{${written.join(',')}}`)?.duplicates.length !== 0) return false
        const twice = members[pick % Math.max(1, members.length)]
        if (twice === undefined) return true
        const found = parseJson(`{${[...written, `${JSON.stringify(twice[0])}:"again"`].join(' , ')}}`)?.duplicates ?? []
        return found.length === 1 && found[0]?.name === twice[0] && found[0]?.values.length === 2
      },
    ),
  )
  t.deepEqual(
    parseJson('{"a":1,"\\u0061":2}')?.duplicates.map(({ name }) => name),
    ['a'],
  )
})

const RSA_7638 = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
}
const EC_7515 = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const OKP_8037 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }

test('RFC 7638 3.1 and RFC 8037 A.3: thumbprints', (t) => {
  t.is(readJwk(RSA_7638)?.thumbprint, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  t.is(readJwk(RSA_7638)?.bits, 2048)
  t.is(readJwk(OKP_8037)?.thumbprint, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

test('keys: what is wrong with them', (t) => {
  const faults = (jwk: object) => [...(readJwk(jwk)?.faults.keys() ?? ['no object'])]
  t.deepEqual(faults(EC_7515), [])
  t.deepEqual(faults({ ...EC_7515, d: 'AAAA' }), ['private'])
  t.deepEqual(faults({ ...EC_7515, x: EC_7515.y, y: EC_7515.x }), ['swapped'])
  t.deepEqual(faults({ ...EC_7515, x: 'A83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' }), ['off-curve'])
  t.deepEqual(faults({ kty: 'EC', crv: 'P-256', x: EC_7515.x }), ['missing'])
  t.deepEqual(faults({ kty: 'RSA', n: `AA${RSA_7638.n}`, e: 'AQAB' }).includes('leading-zero'), true)
  t.deepEqual(faults({ kty: 'RSA', n: RSA_7638.n.slice(0, 172), e: 'AQAB' }).includes('small'), true)
  t.deepEqual(faults({ kty: 'oct', k: 'AAAA' }), ['private'])
  t.is(readJwk('text'), null)
  const { x, y } = EC_7515
  const [px, py] = [x, y].map((part) => toInteger(readBase64url(part).bytes)) as [bigint, bigint]
  t.true(isOnCurve(CURVES.get('P-256') as never, px, py))
  t.false(isOnCurve(CURVES.get('P-256') as never, px, py + 1n))
})

test('RFC 7515 A.3 and RFC 8037 A.4: signatures, and each refuses one flipped bit', async (t) => {
  const verifier = await Verifier.load()
  const vectors = [
    [
      EC_7515,
      'ES256',
      'eyJhbGciOiJFUzI1NiJ9',
      'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ',
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
    ],
    [
      OKP_8037,
      'EdDSA',
      'eyJhbGciOiJFZERTQSJ9',
      'RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc',
      'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
    ],
  ] as const
  for (const [jwk, alg, protectedText, payloadText, signatureText] of vectors) {
    const key = readJwk(jwk)
    if (key === null) return t.fail()
    const signature = readBase64url(signatureText).bytes
    const signed = { protectedText, payloadText, signatureText, signature, alg }
    t.is((await verifier.verify(signed, key)).result, 'valid')
    const bent = Uint8Array.from(signature)
    bent[7] = (bent[7] as number) ^ 4
    const wrong = { ...signed, signature: bent, signatureText: Buffer.from(bent).toString('base64url') }
    t.is((await verifier.verify(wrong, key)).result, 'invalid')
  }
  return undefined
})

test('an RSA key under 2048 bits, which jose refuses, is verified all the same', async (t) => {
  const { generateKeyPairSync, sign } = await import('node:crypto')
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const key = readJwk(publicKey.export({ format: 'jwk' }))
  if (key === null) return t.fail()
  const [protectedText, payloadText] = [b64('{"alg":"RS256"}'), b64('{}')]
  const signature = sign('sha256', Buffer.from(`${protectedText}.${payloadText}`), privateKey)
  const signed = { protectedText, payloadText, signature, signatureText: signature.toString('base64url'), alg: 'RS256' }
  const verifier = await Verifier.load()
  t.is((await verifier.verify(signed, key)).result, 'valid')
  t.is((await verifier.verify({ ...signed, payloadText: b64('{"a":1}') }, key)).result, 'invalid')
  return undefined
})

test('RFC 7518 3.4: DER signatures become R || S only when they are exactly that', (t) => {
  const der = Buffer.from('3006020101020102', 'hex')
  t.deepEqual(derToRaw(der, 2), new Uint8Array([0, 1, 0, 2]))
  t.deepEqual(derToRaw(Buffer.from('30080202008102020082', 'hex'), 2), new Uint8Array([0, 0x81, 0, 0x82]))
  for (const hex of [
    '',
    '30',
    '3006020101020102ff',
    '300602010102',
    '3006028101020102',
    '30060201ff020102',
    '3007020200010201',
    '3105020101020102',
  ])
    t.is(derToRaw(Buffer.from(hex, 'hex'), 2), null, hex)
  for (let length = 0; length < der.length; length++) t.is(derToRaw(der.subarray(0, length), 2), null)
})
