import test from 'ava'
import { Listener, push } from './playing.ts'
import { type Chunk, join, text } from './recording.ts'
import {
  CLIENT_RANDOM,
  clientHello,
  EARLY_DATA,
  extension,
  fromClient,
  fromServer,
  hex,
  message,
  PRE_SHARED_KEY,
  protocols,
  record,
  SELECTS_13,
  SERVER_RANDOM,
  Session,
  SUPPORTS_13,
  serverHello,
  serverName,
  u8s,
} from './sealing.ts'

const KEY_UPDATE = message(24, u8s(1))
const CLOSE = u8s(1, 0)

test('RFC 8446 4.6.3: KeyUpdate in both directions, again and again', (t) => {
  const session = new Session()
  const chunks = session.handshake()
  let [said, answered] = ['', '']
  for (let i = 0; i < 5; i++) {
    chunks.push(session.said(`question ${i}`), session.answered(`answer ${i}`))
    chunks.push(fromClient(session.client.seal(22, KEY_UPDATE)))
    session.client.update()
    if (i % 2 === 0) {
      chunks.push(fromServer(session.server.seal(22, KEY_UPDATE)))
      session.server.update()
    }
    said += `question ${i}`
    answered += `answer ${i}`
  }
  const heads = new Listener(session.keyLog()).play(chunks)
  t.is(heads.client.text, said)
  t.is(heads.server.text, answered)
})

test('RFC 8446 4.6, 5.1: post-handshake messages over many records, a KeyUpdate behind them', (t) => {
  const session = new Session()
  const messages = join([message(4, new Uint8Array(700)), message(4, new Uint8Array(3)), KEY_UPDATE])
  const chunks = session.handshake()
  for (let at = 0; at < messages.length; at += 97)
    chunks.push(fromServer(session.server.seal(22, messages.subarray(at, at + 97))))
  session.server.update()
  chunks.push(session.answered('after'))
  t.is(new Listener(session.keyLog()).play(chunks).server.text, 'after')
})

test('RFC 8446 5.4, D.4: padding is taken off, compatibility ChangeCipherSpec records are passed over', (t) => {
  const session = new Session()
  const ccs = record(20, u8s(1))
  const [hello, answer, flight, finished] = session.handshake() as [Chunk, Chunk, Chunk, Chunk]
  const chunks = [hello, answer, fromServer(ccs), flight, fromClient(ccs), finished]
  chunks.push(fromClient(session.client.seal(23, text('padded'), 300)), fromClient(ccs))
  chunks.push(fromClient(session.client.seal(23, u8s(), 20)), fromClient(session.client.seal(23, text(' twice'), 1)))
  const heads = new Listener(session.keyLog()).play(chunks)
  t.is(heads.client.text, 'padded twice')
  t.deepEqual(heads.connection.damage, [])
})

interface Early {
  readonly name: string
  readonly server: readonly Uint8Array[]
  readonly encryptedExtensions: Uint8Array
  readonly retry: boolean
  readonly client: string
}

const ACCEPTS = u8s(0, 4, 0, 42, 0, 0)
const EARLY: Early[] = [
  { name: 'accepted', server: [SELECTS_13, PRE_SHARED_KEY], encryptedExtensions: ACCEPTS, retry: false, client: 'early late' },
  {
    name: 'rejected by EncryptedExtensions',
    server: [SELECTS_13, PRE_SHARED_KEY],
    encryptedExtensions: u8s(0, 0),
    retry: false,
    client: 'late',
  },
  { name: 'rejected with the session', server: [SELECTS_13], encryptedExtensions: u8s(0, 0), retry: false, client: 'late' },
  { name: 'rejected by a HelloRetryRequest', server: [SELECTS_13], encryptedExtensions: u8s(0, 0), retry: true, client: 'late' },
]
const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')

for (const { name, server, encryptedExtensions, retry, client } of EARLY)
  test(`RFC 8446 4.2.10: 0-RTT data, ${name}`, (t) => {
    const session = new Session()
    const accepted = client.startsWith('early')
    const hello = clientHello([SUPPORTS_13, EARLY_DATA, PRE_SHARED_KEY])
    const chunks = [
      fromClient(record(22, hello)),
      fromClient(record(20, u8s(1))),
      fromClient(session.early.seal(23, text('early '))),
    ]
    if (retry) {
      chunks.push(fromServer(record(22, serverHello([SELECTS_13], 0x1301, RETRY_RANDOM))), fromServer(record(20, u8s(1))))
      chunks.push(fromClient(session.early.seal(23, text('more of it '))))
      chunks.push(fromClient(record(22, clientHello([SUPPORTS_13, PRE_SHARED_KEY]))))
    }
    chunks.push(fromServer(record(22, serverHello(server))))
    if (accepted) chunks.push(fromClient(session.early.seal(22, message(5, u8s()))))
    const flight = join([message(8, encryptedExtensions), message(20, new Uint8Array(32))])
    chunks.push(fromServer(session.serverHandshake.seal(22, flight)))
    chunks.push(fromClient(session.clientHandshake.seal(22, message(20, new Uint8Array(32)))))
    chunks.push(session.said('late'), session.answered('ok'))
    const heads = new Listener(session.keyLog()).play(chunks)
    t.is(heads.client.text, client)
    t.is(heads.server.text, 'ok')
    t.deepEqual(heads.client.gaps, [])
    t.deepEqual(heads.connection.damage, [])
    t.is(heads.connection.tls?.reason, null)
  })

test('accepted 0-RTT data without its secret leaves a gap in front', (t) => {
  const session = new Session()
  const chunks = [
    fromClient(record(22, clientHello([SUPPORTS_13, EARLY_DATA, PRE_SHARED_KEY]))),
    fromClient(session.early.seal(23, text('early '))),
    fromServer(record(22, serverHello([SELECTS_13, PRE_SHARED_KEY]))),
    fromServer(session.serverHandshake.seal(22, join([message(8, ACCEPTS), message(20, new Uint8Array(32))]))),
    fromClient(session.early.seal(22, message(5, u8s()))),
    fromClient(session.clientHandshake.seal(22, message(20, new Uint8Array(32)))),
    session.said('late'),
  ]
  const heads = new Listener(session.keyLog('clientHandshake', 'serverHandshake', 'client', 'server')).play(chunks)
  t.is(heads.client.text, 'late')
  t.deepEqual(heads.client.gaps, [null])
})

test('without the handshake secrets the data is read all the same', (t) => {
  const session = new Session()
  const listener = new Listener(session.keyLog('client', 'server'))
  const heads = listener.play([...session.handshake(), session.said('question'), session.answered('answer')])
  t.is(heads.client.text, 'question')
  t.is(heads.server.text, 'answer')
  t.is(heads.connection.tls?.reason, null)
  t.is(listener.handshakes[0]?.alpnKnown, false)
})

test("one direction's secret alone opens that direction, and the report says which line is missing", (t) => {
  const session = new Session()
  const listener = new Listener(session.keyLog('clientHandshake', 'serverHandshake', 'client'))
  const heads = listener.play([...session.handshake(), session.said('question'), session.answered('answer'), session.said('!')])
  t.is(heads.client.text, 'question!')
  t.is(heads.server.text, '')
  t.deepEqual(heads.server.gaps, [null])
  t.true(heads.connection.tls?.decrypted)
  t.regex(heads.connection.tls?.reason ?? '', /no SERVER_TRAFFIC_SECRET_0 line for client random 000102/)
  t.like(listener.layer.doctor.list()[0], { cause: 'partial', missing: ['SERVER_TRAFFIC_SECRET_0'], inKeyLog: true })
})

test('no secret at all: facts, a row for the key doctor, and the flow is not wanted any more', (t) => {
  const session = new Session()
  const listener = new Listener(new Session(new Uint8Array(32).fill(9)).keyLog())
  const { heads, pair } = listener.open()
  const [hello, answer] = session.handshake() as [Chunk, Chunk]
  push(pair, true, hello.bytes, { input: 0, frames: [1], time: 1 })
  t.not(pair.finished, true)
  push(pair, false, answer.bytes, { input: 0, frames: [2], time: 2 })
  t.true(pair.finished)
  t.like(heads.connection.tls, {
    version: 'TLSv1.3',
    cipherSuite: 'TLS_AES_128_GCM_SHA256',
    serverName: 'ca.test',
    decrypted: false,
  })
  t.is(
    heads.connection.tls?.reason,
    `the key log has no CLIENT_TRAFFIC_SECRET_0 and SERVER_TRAFFIC_SECRET_0 lines for client random ${hex(CLIENT_RANDOM)}`,
  )
  t.like(listener.layer.doctor.list()[0], {
    cause: 'no-secret',
    clientRandom: hex(CLIENT_RANDOM),
    serverName: 'ca.test',
    inKeyLog: false,
  })
  t.like(listener.layer.doctor.counts()[0], { serverName: 'ca.test', cause: 'no-secret', count: 1 })
  t.like(listener.handshakes[0], { serverName: 'ca.test', alpnOffered: ['h2', 'http/1.1'], alpnKnown: false, frames: [1] })
})

test('a wrong secret is said to be wrong, and gives no text', (t) => {
  const session = new Session()
  const wrong = session
    .keyLog()
    .replaceAll(/ (\w)(\w+)\n/g, (_, first: string, rest: string) => ` ${first === 'a' ? 'b' : 'a'}${rest}\n`)
  const chunks = session.handshake()
  for (let i = 0; i < 40; i++) chunks.push(session.said('question'), session.answered('answer'))
  const listener = new Listener(wrong)
  const heads = listener.play(chunks)
  t.is(heads.client.text + heads.server.text, '')
  t.is(heads.alpn, undefined)
  t.false(heads.connection.tls?.decrypted)
  t.regex(heads.connection.tls?.reason ?? '', /does not fit/)
  t.is(listener.layer.doctor.list()[0]?.cause, 'wrong-secret')
})

test('alerts in words: in clear during the handshake, encrypted after it', (t) => {
  const refused = new Session()
  const [hello, answer] = refused.handshake() as [Chunk, Chunk]
  const inClear = new Listener(refused.keyLog()).play([hello, answer, fromClient(record(21, u8s(2, 48)))])
  t.is(inClear.connection.tls?.reason, "the client refused the server's certificate: unknown_ca")
  const encrypted = new Session()
  const listener = new Listener(encrypted.keyLog())
  listener.play([...encrypted.handshake(), fromServer(encrypted.server.seal(21, u8s(2, 120)))])
  t.deepEqual(
    listener.handshakes[0]?.alerts.map((alert) => alert.text),
    ['the server accepts none of the application protocols (ALPN) that the client offered: no_application_protocol'],
  )
  const old = new Listener()
  const heads = old.play([fromClient(record(22, clientHello([]))), fromServer(record(21, u8s(2, 70)))])
  t.is(heads.connection.tls?.reason, 'the server accepts none of the TLS versions that the client offered: protocol_version')
  t.is(old.layer.doctor.total, 0)
})

test('close_notify ends a direction: what follows is no data', (t) => {
  const session = new Session()
  const chunks = [...session.handshake(), session.said('all'), fromClient(session.client.seal(21, CLOSE)), session.said('more')]
  const heads = new Listener(session.keyLog()).play([...chunks, session.answered('yes')], 'capture')
  t.is(heads.client.text, 'all')
  t.is(heads.client.ended, 'fin')
  t.is(heads.server.ended, 'capture')
})

test('a Decryption Secrets Block that comes late opens what waited, in the order of capture', (t) => {
  const session = new Session()
  const chunks = [
    ...session.handshake(),
    session.said('one'),
    session.answered('two'),
    session.said('three'),
    session.answered('four'),
  ]
  for (let late = 0; late < chunks.length; late++) {
    const order: string[] = []
    const listener = new Listener()
    listener.layer.beginInput(true)
    const { heads, pair } = listener.open()
    heads.client.data = (bytes, start, end) => order.push(new TextDecoder().decode(bytes.subarray(start, end)))
    heads.server.data = heads.client.data
    for (const [i, { fromClient: client, bytes }] of chunks.entries()) {
      push(pair, client, bytes, { input: 0, frames: [i], time: i })
      if (i === late) listener.layer.addSecretsBlock(text(session.keyLog()))
    }
    t.deepEqual(order, ['one', 'two', 'three', 'four'])
    pair.fromClient.end('fin', 9)
    pair.fromServer.end('fin', 9)
    t.is(heads.connection.tls?.secrets, 'dsb')
    t.is(heads.server.ended, 'fin')
  }
})

test('a block after the end of the connection still opens it; without one it is let go at the end of the input', (t) => {
  const session = new Session()
  for (const comes of [true, false]) {
    const listener = new Listener()
    listener.layer.beginInput(true)
    const heads = listener.play([...session.handshake(), session.said('question')])
    t.is(heads.client.text, '')
    if (comes) listener.layer.addSecretsBlock(text(session.keyLog()))
    listener.layer.endInput()
    t.is(heads.client.text, comes ? 'question' : '')
    t.is(heads.client.ended, comes ? 'fin' : null)
    t.is(listener.layer.doctor.total, comes ? 0 : 1)
    session.client.sequence = 0
    session.clientHandshake.sequence = 0
    session.serverHandshake.sequence = 0
  }
})

test('what a connection holds while it waits is bounded, and so is what all hold', (t) => {
  const big = new Uint8Array(16_000)
  const fill = (listener: Listener, random: number, records: number) => {
    const session = new Session(new Uint8Array(32).fill(random))
    const { heads, pair } = listener.open()
    const chunks = session.handshake()
    for (let i = 0; i < records; i++) chunks.push(fromServer(session.server.seal(23, big)))
    for (const [i, { fromClient: client, bytes }] of chunks.entries())
      push(pair, client, bytes, { input: 0, frames: [i], time: i })
    return { session, heads, pair }
  }
  const alone = new Listener()
  alone.layer.beginInput(true)
  const { pair, heads } = fill(alone, 1, 40)
  t.true(pair.finished)
  t.regex(heads.connection.tls?.reason ?? '', /no key log was given/)

  const many = new Listener()
  many.layer.beginInput(true)
  const all = Array.from({ length: 60 }, (_, i) => fill(many, i, 25))
  const given = all.filter((one) => one.pair.finished === true).length
  t.true(given > 15 && given < 45)
  t.true(all[0]?.pair.finished === true && all.at(-1)?.pair.finished !== true)
})

test('directions captured out of step: whoever needs the other hello waits for it', (t) => {
  const session = new Session()
  const chunks = [...session.handshake(), session.said('question'), session.answered('answer')]
  const [hello, answer, flight, finished, said, answered] = chunks as [Chunk, Chunk, Chunk, Chunk, Chunk, Chunk]
  for (const order of [
    [hello, finished, said, answer, flight, answered],
    [answer, flight, answered, hello, finished, said],
    [answer, hello, finished, flight, said, answered],
  ]) {
    const heads = new Listener(session.keyLog()).play(order)
    t.is(heads.client.text, 'question')
    t.is(heads.server.text, 'answer')
  }
})

test('what cannot be decrypted is named', (t) => {
  const chunks = [
    fromClient(record(22, clientHello([serverName('old.test')]))),
    fromServer(record(22, join([serverHello([], 0x0005), message(14, u8s())]))),
    fromClient(record(20, u8s(1))),
    fromServer(record(20, u8s(1))),
  ]
  const rc4 = new Listener(`CLIENT_RANDOM ${hex(CLIENT_RANDOM)} ${'5a'.repeat(48)}`).play(chunks)
  t.is(rc4.connection.tls?.reason, 'cipher suite TLS_RSA_WITH_RC4_128_SHA cannot be decrypted by this program')
  const aegis = new Listener(new Session().keyLog()).play([
    fromClient(record(22, clientHello([SUPPORTS_13]))),
    fromServer(record(22, serverHello([SELECTS_13], 0x1306))),
  ])
  t.is(aegis.connection.tls?.reason, 'cipher suite TLS_AEGIS_256_SHA512 cannot be decrypted by this program')
  const challenge = join([u8s(1, 0, 2, 0, 3, 0, 0, 0, 16, 1, 0, 0x80), CLIENT_RANDOM.subarray(0, 16)])
  const ssl2 = new Listener().play([fromClient(join([u8s(0x80, challenge.length), challenge]))])
  t.is(ssl2.connection.tls?.reason, 'SSL 2.0 is not read by this program')
  const compressed = serverHello([], 0xc02f)
  compressed[4 + 2 + 32 + 1 + 2] = 1
  const deflate = new Listener(`CLIENT_RANDOM ${hex(CLIENT_RANDOM)} ${'5a'.repeat(48)}`).play([
    fromClient(record(22, clientHello([]))),
    fromServer(record(22, join([compressed, message(14, u8s())]))),
    fromClient(record(20, u8s(1))),
    fromServer(record(20, u8s(1))),
  ])
  t.is(deflate.connection.tls?.reason, 'TLS compression is not read by this program')
})

test('RFC 5246 E.2: a hello in the format of SSL 2.0 leads on to TLS', (t) => {
  const challenge = CLIENT_RANDOM.subarray(0, 16)
  const hello = join([u8s(1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 0x2f), challenge])
  const listener = new Listener()
  listener.play([
    fromClient(join([u8s(0x80, hello.length), hello])),
    fromServer(record(22, join([serverHello([], 0x002f, SERVER_RANDOM, 0x0301), message(14, u8s())]), 0x0301)),
    fromClient(record(20, u8s(1), 0x0301)),
    fromServer(record(20, u8s(1), 0x0301)),
  ])
  t.like(listener.handshakes[0], { version: 'TLSv1.0', clientRandom: `${'00'.repeat(16)}${hex(challenge)}` })
  t.is(listener.layer.doctor.list()[0]?.cause, 'no-secret')
})

test('tls-alpn-01 validation (RFC 8737): the handshake is handed out with its chain, TLS 1.2 in clear and TLS 1.3 decrypted', (t) => {
  const chain = [u8s(0x30, 1, 1), u8s(0x30, 2, 2, 2)]
  const list = (extra: Uint8Array) =>
    join(chain.flatMap((der) => [u8s(0, 0, der.length), der, extra]).filter((part) => part.length > 0))
  const sized = (bytes: Uint8Array) => join([u8s(0, 0, bytes.length), bytes])
  const offer = [serverName('example.org'), protocols('acme-tls/1')]
  const plain = new Listener()
  plain.play([
    fromClient(record(22, clientHello(offer))),
    fromServer(
      record(22, join([serverHello([protocols('acme-tls/1')], 0xc02f), message(11, sized(list(u8s()))), message(14, u8s())])),
    ),
    fromClient(record(20, u8s(1))),
    fromServer(record(20, u8s(1))),
  ])
  const session = new Session()
  const flight = [
    message(8, join([u8s(0, 17), protocols('acme-tls/1')])),
    message(11, join([u8s(0), sized(list(u8s(0, 0)))])),
    message(20, new Uint8Array(32)),
  ]
  const decrypted = new Listener(session.keyLog())
  decrypted.play([
    fromClient(record(22, clientHello([...offer, SUPPORTS_13]))),
    fromServer(record(22, serverHello([SELECTS_13]))),
    fromServer(session.serverHandshake.seal(22, join(flight))),
    fromClient(session.clientHandshake.seal(22, message(20, new Uint8Array(32)))),
    fromClient(session.client.seal(21, CLOSE)),
  ])
  for (const listener of [plain, decrypted]) {
    t.is(listener.handshakes.length, 1)
    t.like(listener.handshakes[0], {
      serverName: 'example.org',
      alpnOffered: ['acme-tls/1'],
      alpn: 'acme-tls/1',
      alpnKnown: true,
    })
    t.deepEqual(listener.handshakes[0]?.certificates.map(hex), chain.map(hex))
  }
})

test('handshake messages of any size are survived, the largest passed over', (t) => {
  const session = new Session()
  const huge = message(11, new Uint8Array(300 * 1024))
  const chunks = session.handshake().slice(0, 2)
  session.serverHandshake.sequence = 0
  for (let at = 0; at < huge.length; at += 16_000)
    chunks.push(fromServer(session.serverHandshake.seal(22, huge.subarray(at, at + 16_000))))
  chunks.push(fromServer(session.serverHandshake.seal(22, message(20, new Uint8Array(32)))), session.answered('still here'))
  const heads = new Listener(session.keyLog()).play(chunks)
  t.is(heads.server.text, 'still here')
  t.like(heads.connection.damage[0], {
    kind: 'limit',
    detail: 'a handshake message of type 11 and 307200 octets was passed over',
  })
})

test('hellos that break off or contradict themselves are damage, and what is there is used', (t) => {
  const whole = clientHello([serverName('ca.test'), SUPPORTS_13])
  const broken = new Listener().play([fromClient(record(22, message(1, whole.subarray(4, 30))))])
  t.like(broken.connection.damage[0], { layer: 'tls', kind: 'truncated', detail: 'a ClientHello breaks off', firstFrame: 1 })
  const odd = new Listener().play([fromClient(record(22, clientHello([extension(0, u8s(0xff)), protocols('h2')])))])
  t.deepEqual(odd.connection.damage, [])
  t.is(odd.connection.tls?.serverName, null)
})

test('hellos that a snap length cuts: the random finds the secrets, the suite tells the version', (t) => {
  const session = new Session()
  const listener = new Listener(session.keyLog())
  const { heads, pair } = listener.open()
  const mark = { input: 0, frames: [1], time: 1 }
  const [hello, answer, ...rest] = session.handshake() as [Chunk, Chunk, ...Chunk[]]
  for (const [client, { bytes }, kept] of [
    [true, hello, 70],
    [false, answer, 50],
  ] as const) {
    push(pair, client, bytes.subarray(0, kept), mark)
    ;(client ? pair.fromClient : pair.fromServer).gap(bytes.length - kept, mark)
  }
  for (const { fromClient: client, bytes } of [...rest, session.said('question'), session.answered('answer')])
    push(pair, client, bytes, mark)
  pair.fromClient.end('fin', 2)
  pair.fromServer.end('fin', 2)
  t.is(heads.client.text, 'question')
  t.is(heads.server.text, 'answer')
  t.like(heads.connection.tls, { version: 'TLSv1.3', serverName: 'ca.test', reason: null })
})

test('a record that was in the middle of nowhere is found again', (t) => {
  const session = new Session()
  const chunks = [
    ...session.handshake(),
    session.said('before '),
    fromClient(text('this is not TLS at all')),
    session.said('after'),
  ]
  const heads = new Listener(session.keyLog()).play(chunks)
  t.is(heads.client.text, 'before after')
  t.true(heads.connection.damage.some(({ kind }) => kind === 'malformed'))
})

test('the last record, cut off, is damage', (t) => {
  const session = new Session()
  const last = session.said('complete')
  const heads = new Listener(session.keyLog()).play([
    ...session.handshake(),
    session.said('whole '),
    fromClient(last.bytes.subarray(0, 20)),
  ])
  t.true(heads.connection.damage.some(({ kind }) => kind === 'truncated'))
})
