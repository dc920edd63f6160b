import type * as tls from 'node:tls'
import test from 'ava'
import { EC, RSA } from './certificates.ts'
import { difference, Listener } from './playing.ts'
import { record, text } from './recording.ts'

const LONG = new Uint8Array(40_000).map((_, i) => (i * 7 + (i >> 8)) & 255)
const TURNS = [text('GET / HTTP/1.1\r\n\r\n'), LONG, text('x')]

const PSK = new Uint8Array(16).fill(7)
const PSK_SERVER: tls.TlsOptions = { pskCallback: () => PSK as Buffer, pskIdentityHint: 'any' }
const PSK_CLIENT: tls.ConnectionOptions = { pskCallback: () => ({ psk: PSK as Buffer, identity: 'any' }) }

/** OpenSSL's name of each cipher, with how its keys are agreed on; together all protections that TLS 1.2 has here. */
const SUITES = [
  ...['ECDHE-RSA', 'DHE-RSA'].flatMap((kx) => [`${kx}-AES128-GCM-SHA256`, `${kx}-AES256-GCM-SHA384`, `${kx}-CHACHA20-POLY1305`]),
  ...['ECDHE-ECDSA-', 'DHE-RSA-', '', 'PSK-', 'DHE-PSK-'].flatMap((kx) =>
    ['AES128-CCM', 'AES256-CCM', 'AES128-CCM8', 'AES256-CCM8'].map((cipher) => kx + cipher),
  ),
  ...['ECDHE-', 'ECDHE-ECDSA-', 'DHE-RSA-', '', 'RSA-PSK-'].flatMap((kx) => [
    `${kx}ARIA128-GCM-SHA256`,
    `${kx}ARIA256-GCM-SHA384`,
  ]),
  ...['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'ADH-AES128-GCM-SHA256', 'PSK-CHACHA20-POLY1305', 'RSA-PSK-CHACHA20-POLY1305'],
  ...['ECDHE-RSA-AES256-SHA384', 'ECDHE-RSA-AES128-SHA256', 'DHE-RSA-AES256-SHA256', 'AES128-SHA256', 'AES256-SHA256'],
  ...[
    'ECDHE-ECDSA-CAMELLIA256-SHA384',
    'ECDHE-RSA-CAMELLIA128-SHA256',
    'CAMELLIA256-SHA256',
    'NULL-SHA256',
    'ECDHE-PSK-NULL-SHA384',
  ],
]
/** Suites that TLS 1.0 has too. */
const OLD_SUITES = [
  ...['ECDHE-RSA-AES256-SHA', 'ECDHE-ECDSA-AES128-SHA', 'DHE-RSA-AES128-SHA', 'AES128-SHA', 'AES256-SHA', 'AECDH-AES256-SHA'],
  ...[
    'DHE-RSA-CAMELLIA256-SHA',
    'CAMELLIA128-SHA',
    'PSK-AES128-CBC-SHA256',
    'ECDHE-PSK-AES256-CBC-SHA384',
    'RSA-PSK-CAMELLIA256-SHA384',
  ],
  ...['ECDHE-RSA-NULL-SHA', 'NULL-MD5', 'NULL-SHA', 'DHE-PSK-NULL-SHA256'],
]
const NO_ENCRYPT_THEN_MAC = 1 << 19

interface Case {
  readonly name: string
  readonly server: tls.TlsOptions
  readonly client: tls.ConnectionOptions
}

function conversation(suite: string, version: tls.SecureVersion, secureOptions = 0): Case {
  const ciphers = `${suite}:@SECLEVEL=0`
  const both = { ciphers, minVersion: version, maxVersion: version, secureOptions }
  const psk = suite.includes('PSK')
  const keys = suite.includes('ECDSA') ? EC : RSA
  return {
    name: `${suite} in ${version}${secureOptions === 0 ? '' : ' without encrypt-then-MAC'}`,
    server: { ...keys, ...both, dhparam: 'auto' as unknown as string, ...(psk && PSK_SERVER) },
    client: { ...both, ...(psk && PSK_CLIENT) },
  }
}

const CASES: Case[] = [
  ...[
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_CCM_SHA256',
    'TLS_AES_128_CCM_8_SHA256',
  ].map((ciphers) => ({ name: ciphers, server: { ciphers }, client: { ciphers, minVersion: 'TLSv1.3' as const } })),
  ...SUITES.map((suite) => conversation(suite, 'TLSv1.2')),
  ...OLD_SUITES.flatMap((suite) => (['TLSv1', 'TLSv1.1', 'TLSv1.2'] as const).map((version) => conversation(suite, version))),
  ...['AES128-SHA', 'ECDHE-RSA-CAMELLIA128-SHA256', 'ECDHE-RSA-AES256-SHA384'].map((suite) =>
    conversation(suite, 'TLSv1.2', NO_ENCRYPT_THEN_MAC),
  ),
  ...['AES128-SHA', 'CAMELLIA256-SHA'].map((suite) => conversation(suite, 'TLSv1', NO_ENCRYPT_THEN_MAC)),
]

test("every suite of Node's own TLS, both directions byte for byte", async (t) => {
  const wrong: string[] = []
  for (const { name, server, client } of CASES) {
    const recording = await record({ turns: TURNS, server, client })
    const listener = new Listener(recording.keyLog)
    const heads = listener.play(recording.chunks)
    const found = difference(heads, recording.sent, recording.answered)
    if (found !== null) wrong.push(`${name}: ${found}`)
    const facts = heads.connection.tls
    if (facts?.cipherSuite !== recording.cipher) wrong.push(`${name}: ${facts?.cipherSuite} should be ${recording.cipher}`)
    if (facts?.reason !== null || !facts.decrypted) wrong.push(`${name}: ${facts?.reason}`)
  }
  t.deepEqual(wrong, [])
})
