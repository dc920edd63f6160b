import { execFileSync, spawn } from 'node:child_process'
import { constants, createPrivateKey, privateDecrypt } from 'node:crypto'
import { once } from 'node:events'
import type * as tls from 'node:tls'
import test from 'ava'
import { KeyDoctor, MAX_LISTED } from '../../src/tls/key-doctor.ts'
import { MAX_SESSIONS, SessionCache } from '../../src/tls/sessions.ts'
import { MAX_RSA_KEYS } from '../../src/tls/tls-layer.ts'
import { RSA } from './certificates.ts'
import { connectionOf, difference, Listener, push } from './playing.ts'
import { type Chunk, join, Peer, type Recording, record, text } from './recording.ts'
import { hex } from './sealing.ts'

/** SSL_OP_NO_EXTENDED_MASTER_SECRET, SSL_OP_NO_ENCRYPT_THEN_MAC of OpenSSL 3. */
const NO_EMS = 1
const NO_ETM = 1 << 19

function keyed(ciphers: string, version: tls.SecureVersion, secureOptions = 0): Pick<tls.SecureContextOptions, 'ciphers'> {
  return {
    ciphers: `${ciphers}:@SECLEVEL=0`,
    minVersion: version,
    maxVersion: version,
    secureOptions,
  } as tls.SecureContextOptions
}

/** Two conversations, the second resuming the session of the first. */
async function resume(version: tls.SecureVersion, secureOptions: number): Promise<[Recording, Recording]> {
  const peer = await Peer.listen({ server: { ...keyed('ECDHE-RSA-AES128-GCM-SHA256', version, secureOptions) } })
  const options = { ...keyed('ECDHE-RSA-AES128-GCM-SHA256', version, secureOptions) }
  const first = await peer.converse(options)
  const second = await peer.converse({ ...options, ...(first.session !== null && { session: Buffer.from(first.session) }) })
  peer.close()
  return [first, second]
}

for (const [how, secureOptions] of [
  ['by ticket (RFC 5077)', 0],
  ['by session id (RFC 5246 F.1.4)', constants.SSL_OP_NO_TICKET],
] as const)
  test(`TLS 1.2 resumption ${how} reuses the master secret of the full handshake`, async (t) => {
    const [first, second] = await resume('TLSv1.2', secureOptions)
    const listener = new Listener(first.keyLog)
    t.is(difference(listener.play(first.chunks), first.sent, first.answered), null)
    const heads = listener.play(second.chunks)
    t.is(difference(heads, second.sent, second.answered), null)
    t.is(heads.connection.tls?.secrets, 'resumed')
    t.true(listener.handshakes[1]?.resumed)

    const alone = new Listener()
    const lost = alone.play(second.chunks)
    t.is(lost.client.text, '')
    t.regex(lost.connection.tls?.reason ?? '', /resumes a session whose own handshake gave no secret/)
    t.like(alone.layer.doctor.list()[0], { cause: 'no-secret', resumed: true, missing: ['CLIENT_RANDOM'] })
  })

test('TLS 1.3 resumption needs the lines of its own handshake', async (t) => {
  const [first, second] = await resume('TLSv1.3', 0)
  const listener = new Listener(first.keyLog + second.keyLog)
  t.is(difference(listener.play(first.chunks), first.sent, first.answered), null)
  t.is(difference(listener.play(second.chunks), second.sent, second.answered), null)
  t.deepEqual(
    listener.handshakes.map(({ resumed }) => resumed),
    [false, true],
  )
})

const RSA_SUITES = [
  ['AES128-GCM-SHA256', 'TLSv1.2', 0],
  ['AES128-GCM-SHA256', 'TLSv1.2', NO_EMS],
  ['AES256-GCM-SHA384', 'TLSv1.2', 0],
  ['AES256-SHA', 'TLSv1.2', NO_ETM],
  ['AES128-SHA', 'TLSv1', 0],
  ['CAMELLIA256-SHA', 'TLSv1.1', NO_EMS],
] as const

for (const [ciphers, version, options] of RSA_SUITES)
  test(`RSA key exchange with the server's private key: ${ciphers} in ${version}, options ${options}`, async (t) => {
    const both = keyed(ciphers, version, options)
    const recording = await record({ server: both, client: both })
    const listener = new Listener()
    t.deepEqual(listener.layer.addPrivateKeys(`a note\n${RSA.cert}\n${RSA.key}\n`), [])
    const heads = listener.play(recording.chunks)
    t.is(difference(heads, recording.sent, recording.answered), null)
    t.is(heads.connection.tls?.secrets, 'private-key')

    const encrypted = encryptedPremaster(recording.chunks)
    const key = createPrivateKey(RSA.key)
    const block = new Uint8Array(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encrypted))
    const premaster = hex(block.subarray(block.length - 48))
    const random = recording.keyLog.split(' ')[1] ?? ''
    for (const line of [`RSA ${hex(encrypted.subarray(0, 8))} ${premaster}`, `PMS_CLIENT_RANDOM ${random} ${premaster}`])
      t.is(difference(new Listener(line).play(recording.chunks), recording.sent, recording.answered), null)
  })

/** The ciphertext in ClientKeyExchange. */
function encryptedPremaster(chunks: readonly Chunk[]): Uint8Array {
  const said = join(chunks.filter(({ fromClient }) => fromClient).map(({ bytes }) => bytes))
  for (let at = 0; at < said.length; at += 5 + (((said[at + 3] as number) << 8) | (said[at + 4] as number)))
    if (said[at] === 22 && said[at + 5] === 16) return said.subarray(at + 11, at + 11 + 256)
  throw new Error('no ClientKeyExchange')
}

test('private keys that do not help are said not to', async (t) => {
  const listener = new Listener()
  t.deepEqual(listener.layer.addPrivateKeys('nothing'), ['no private key in PEM form was found'])
  t.regex(
    listener.layer.addPrivateKeys('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----')[0] ?? '',
    /cannot be read/,
  )
  t.deepEqual(listener.layer.addPrivateKeys(`${RSA.key}\n`.repeat(MAX_RSA_KEYS + 1)), [
    `only the first ${MAX_RSA_KEYS} private keys are used`,
  ])
  const both = keyed('ECDHE-RSA-AES128-GCM-SHA256', 'TLSv1.2')
  const recording = await record({ server: both, client: both })
  const heads = listener.play(recording.chunks)
  t.regex(heads.connection.tls?.reason ?? '', /an RSA private key does not help with TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256/)
})

test('renegotiation of TLS 1.2 (RFC 5246 7.4.1.1, RFC 5746) goes on with the keys of the second handshake', async (t) => {
  const both = keyed('ECDHE-RSA-AES128-GCM-SHA256', 'TLSv1.2')
  const recording = await record({
    server: both,
    client: both,
    turns: [text('before'), text('after'), text('again')],
    between: async (client, _server, turn) => {
      if (turn === 2) return
      const done = new Promise((resolve) => {
        client.renegotiate({}, resolve)
      })
      await done
    },
  })
  const listener = new Listener(recording.keyLog)
  t.is(difference(listener.play(recording.chunks), recording.sent, recording.answered), null)
  t.is(listener.handshakes.length, 1)
})

test('client certificates: TLS 1.2 and 1.3', async (t) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const recording = await record({
      server: { requestCert: true, rejectUnauthorized: false, minVersion: version, maxVersion: version },
      client: { ...RSA },
    })
    const listener = new Listener(recording.keyLog)
    t.is(difference(listener.play(recording.chunks), recording.sent, recording.answered), null)
    t.is(listener.handshakes[0]?.certificates.length, 1)
  }
})

test('HelloRetryRequest: the server knows none of the key shares', async (t) => {
  const recording = await record({ server: { ecdhCurve: 'secp384r1' }, client: { ecdhCurve: 'X25519:secp384r1' } })
  const retries = recording.chunks.filter(({ fromClient, bytes }) => fromClient && bytes[0] === 22)
  t.is(retries.length, 1)
  t.is(difference(new Listener(recording.keyLog).play(recording.chunks), recording.sent, recording.answered), null)
})

const OPENSSL = process.env.OPENSSL ?? 'openssl'

function hasOpenssl(): boolean {
  try {
    return execFileSync(OPENSSL, ['version']).toString().startsWith('OpenSSL 3')
  } catch {
    return false
  }
}

const withOpenssl = hasOpenssl() ? test : test.skip

withOpenssl('KeyUpdate as OpenSSL sends it, asked for and answered', async (t) => {
  const peer = await Peer.listen()
  const client = spawn(OPENSSL, ['s_client', '-connect', `127.0.0.1:${peer.port}`, '-tls1_3', '-quiet', '-no_ign_eof'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  // Both hellos, then the client's Finished; from there on each line makes a record.
  await peer.next()
  await peer.next()
  for (const line of ['one', 'K', 'two', 'k', 'three']) {
    const sent = peer.next()
    client.stdin.write(`${line}\n`)
    await sent
  }
  client.stdin.end()
  client.kill()
  await once(client, 'close')
  const { chunks, keyLog } = peer.take()
  peer.close()
  const heads = new Listener(keyLog).play(chunks)
  t.is(heads.client.text, 'one\ntwo\nthree\n')
  t.deepEqual(heads.connection.damage, [])
})

test('the conversation cut at every octet gives the same', async (t) => {
  const both = keyed('ECDHE-RSA-AES128-SHA256', 'TLSv1.2')
  for (const [step, options] of [
    [1, {}],
    [7, { server: both, client: both }],
  ] as const) {
    const recording = await record({ turns: [text('GET /directory'), text('x'.repeat(100))], ...options })
    const total = recording.chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)
    const listener = new Listener(recording.keyLog)
    for (let cut = 0; cut < total; cut += step) {
      let before = 0
      const cutChunks = recording.chunks.flatMap(({ fromClient, bytes }) => {
        const at = cut - before
        before += bytes.length
        if (at <= 0 || at >= bytes.length) return [{ fromClient, bytes }]
        return [
          { fromClient, bytes: bytes.subarray(0, at) },
          { fromClient, bytes: bytes.subarray(at) },
        ]
      })
      const heads = listener.play(cutChunks)
      if (difference(heads, recording.sent, recording.answered) !== null) t.fail(`cut at ${cut}`)
    }
    t.true(total > 1000)
  }
})

test('records are marked with the frames that carried them, at the time of the last', (t) => {
  t.plan(2)
  return record({ turns: [text('one question')] }).then((recording) => {
    const listener = new Listener(recording.keyLog)
    const { heads, pair } = listener.open()
    const last = recording.chunks.findLastIndex(({ fromClient }) => fromClient)
    for (const [i, { fromClient, bytes }] of recording.chunks.entries()) {
      if (i > last) break
      for (let at = 0; at < bytes.length; at += 7) {
        const mark = { input: 2, frames: [i * 1000 + at / 7 + 1], time: i * 1000 + at / 7 + 1 }
        push(pair, fromClient, bytes.subarray(at, at + 7), mark)
      }
    }
    const [mark] = heads.client.marks
    t.true((mark?.frames.length ?? 0) > 3)
    t.is(mark?.time, mark?.frames.at(-1))
  })
})

test('sessions and undecrypted connections are kept up to a bound', (t) => {
  const sessions = new SessionCache()
  const id = (i: number) => Uint8Array.of(1, i >> 16, i >> 8, i)
  for (let i = 0; i <= MAX_SESSIONS; i++) sessions.remember(id(i), Uint8Array.of(i))
  t.is(sessions.find(id(0)), null)
  t.deepEqual(sessions.find(id(1)), Uint8Array.of(1))
  sessions.remember(new Uint8Array(0), Uint8Array.of(1))
  t.is(sessions.find(new Uint8Array(0)), null)

  const doctor = new KeyDoctor()
  const facts = {
    version: 'TLSv1.3',
    cipherSuite: null,
    clientRandom: null,
    missing: [],
    inKeyLog: false,
    resumed: false,
    reason: '',
  }
  for (let i = 0; i < MAX_LISTED + 500; i++)
    doctor.add({
      ...facts,
      connection: connectionOf(i),
      cause: 'no-secret',
      serverName: i % 2 === 0 ? 'ca.test' : `host${i}.test`,
    })
  t.is(doctor.total, MAX_LISTED + 500)
  t.is(doctor.list().length, MAX_LISTED)
  t.like(doctor.counts()[0], { serverName: 'ca.test', count: (MAX_LISTED + 500) / 2 })
  t.true(doctor.counts().length <= MAX_LISTED)
})
