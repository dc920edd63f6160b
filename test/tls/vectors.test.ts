import { createHmac, hkdfSync } from 'node:crypto'
import test from 'ava'
import { expandLabel, hkdfExpand } from '../../src/tls/key-schedule.ts'
import { Listener } from './playing.ts'
import type { Chunk } from './recording.ts'
import { TRACES } from './rfc8448.ts'
import { hex } from './sealing.ts'

const bytes = (octets: string): Uint8Array => new Uint8Array(Buffer.from(octets.replaceAll(' ', ''), 'hex'))

function chunks(records: readonly string[]): Chunk[] {
  return records.map((line) => ({ fromClient: line.startsWith('>'), bytes: bytes(line.slice(1)) }))
}

function single(all: readonly Chunk[]): Chunk[] {
  return all.flatMap(({ fromClient, bytes: octets }) => [...octets].map((octet) => ({ fromClient, bytes: Uint8Array.of(octet) })))
}

const FIFTY = hex(new Uint8Array(50).map((_, i) => i))
interface Expected {
  readonly client: string
  readonly server: string
  readonly resumed: boolean
  readonly certificates: number
}

/** What RFC 8448 says was sent in clear. */
const EXPECTED: Record<string, Expected> = {
  'RFC 8448 3: Simple 1-RTT Handshake': { client: FIFTY, server: FIFTY, resumed: false, certificates: 1 },
  'RFC 8448 4: Resumed 0-RTT Handshake': { client: `414243444546${FIFTY}`, server: FIFTY, resumed: true, certificates: 0 },
  'RFC 8448 5: HelloRetryRequest': { client: '', server: '', resumed: false, certificates: 1 },
}

for (const { title, records, keyLog } of TRACES)
  for (const [how, cut] of [
    ['record by record', (all: Chunk[]) => all],
    ['octet by octet', single],
  ] as const)
    test(`${title}, ${how}`, (t) => {
      const listener = new Listener(keyLog)
      const heads = listener.play(cut(chunks(records)))
      const expected = EXPECTED[title] as Expected
      t.is(hex(heads.client.bytes), expected.client)
      t.is(hex(heads.server.bytes), expected.server)
      const { tls, damage } = heads.connection
      t.like(tls, {
        version: 'TLSv1.3',
        cipherSuite: 'TLS_AES_128_GCM_SHA256',
        serverName: 'server',
        decrypted: true,
        reason: null,
      })
      t.deepEqual(damage, [])
      t.is(listener.handshakes.length, 1)
      t.is(listener.handshakes[0]?.resumed, expected.resumed)
      t.is(listener.handshakes[0]?.certificates.length, expected.certificates)
      t.is(listener.layer.doctor.total, 0)
    })

test('RFC 8448 3: write keys and IVs of the traffic secrets', (t) => {
  const rows = [
    [
      'b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38',
      '3fce516009c21727d0f2e4e86ee403bc',
      '5d313eb2671276ee13000b30',
    ],
    [
      'b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21',
      'dbfaa693d1762c5b666af5d950258d01',
      '5bd3c71b836e0b76bb73265f',
    ],
    [
      'a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643',
      '9f02283b6c9c07efc26bb9f2ac92e356',
      'cf782b88dd83549aadf1e984',
    ],
    [
      '9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5',
      '17422dda596ed5d9acd890e3c63f5051',
      '5b78923dee08579033e523d9',
    ],
  ] as const
  for (const [secret, key, iv] of rows) {
    t.is(hex(expandLabel('sha256', bytes(secret), 'key', 16)), key)
    t.is(hex(expandLabel('sha256', bytes(secret), 'iv', 12)), iv)
  }
})

test('RFC 5869 A.1, A.2: HKDF-Expand', (t) => {
  const range = (first: number, last: number) => Uint8Array.from({ length: last - first + 1 }, (_, i) => first + i)
  const rows = [
    {
      secret: '077709362c2e32df0ddc3f0dc47bba63 90b6c73bb50f9c3122ec844ad7c2b3e5',
      info: range(0xf0, 0xf9),
      okm: '3cb25f25faacd57a90434f64d0362f2a 2d2d0a90cf1a5a4c5db02d56ecc4c5bf 34007208d5b887185865',
    },
    {
      secret: '06a6b88c5853361a06104c9ceb35b45c ef760014904671014a193f40c15fc244',
      info: range(0xb0, 0xff),
      okm:
        'b11e398dc80327a1c8e7f78c596a4934 4f012eda2d4efad8a050cc4c19afa97c 59045a99cac7827271cb41c65e590e09' +
        'da3275600c2f09b8367793a9aca3db71 cc30c58179ec3e87c14c01d5c1f3434f 1d87',
    },
  ]
  for (const { secret, info, okm } of rows)
    t.is(hex(hkdfExpand('sha256', bytes(secret), info, bytes(okm).length)), okm.replaceAll(' ', ''))
})

test('HKDF as node:crypto does it, SHA-384', (t) => {
  const info = Uint8Array.from({ length: 30 }, (_, i) => i)
  const [ikm, salt] = [new Uint8Array(48).fill(5), new Uint8Array(48).fill(9)]
  const secret = new Uint8Array(hkdfSync('sha384', ikm, salt, info, 100))
  // Expand needs the extracted secret, which is an HMAC of the input (RFC 5869 2.2).
  const extracted = new Uint8Array(hkdfExtract(salt, ikm))
  t.is(hex(hkdfExpand('sha384', extracted, info, 100)), hex(secret))
})

function hkdfExtract(salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return createHmac('sha384', salt).update(ikm).digest()
}
