import test from 'ava'
import type { BodyPolicy, HttpRequest, HttpResponse } from '../../src/http/exchange.ts'
import { MAX_FIELD_BLOCK } from '../../src/http/http2/frame-reader.ts'
import { MAX_STREAMS, openHttp2 } from '../../src/http/http2/http2.ts'
import { recogniseHttp2, recogniseHttp2Midway } from '../../src/http/http2/recognise.ts'
import type { Recognition } from '../../src/tcp/connection.ts'
import type { Piece } from './http2-recording.ts'
import { KEEP_ALL, read, text } from './http2-recording.ts'

const JWS = JSON.stringify({ protected: 'eyJhbGciOiJFUzI1NiJ9', payload: '', signature: 'A'.repeat(86) })

/** Frames by hand: a payload is octets or text. */
function frame(type: number, flags: number, streamId: number, ...payload: (number | string | Uint8Array)[]): Buffer {
  const octets = Buffer.concat(
    payload.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(typeof part === 'number' ? [part] : part),
    ),
  )
  const header = Buffer.alloc(9)
  header.writeUIntBE(octets.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, octets])
}

const [DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, CONTINUATION] = [0, 1, 2, 3, 4, 5, 6, 7, 9]
const [END_STREAM, END_HEADERS, PADDED, ACK] = [1, 4, 8, 1]
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** Indexed fields of the static table (RFC 7541 Appendix A). */
const [GET, POST, HTTPS, OK] = ['\x82', '\x83', '\x87', '\x88']
/** Index 62: the newest entry of the dynamic table. */
const NEWEST = '\xbe'

/** A literal field: inserted into the table, or not. */
function literal(name: string, value: string, insert = false): string {
  const chars = (text: string): string => String.fromCharCode(text.length) + text
  return `${insert ? '@' : '\0'}${chars(name)}${chars(value)}`
}

const PATH = literal(':path', '/a')
const AUTHORITY = literal(':authority', 'ca.example')
const ASKED = `${POST}${HTTPS}${PATH}${AUTHORITY}`

function client(...parts: Uint8Array[]): Piece {
  return { side: 'client', bytes: Buffer.concat(parts) }
}

function server(...parts: Uint8Array[]): Piece {
  return { side: 'server', bytes: Buffer.concat(parts) }
}

/** The same after octets that were not captured. */
function after(missing: number | null, piece: Piece): Piece {
  return { ...piece, missing }
}

const HELLO = [
  client(PREFACE, frame(SETTINGS, 0, 0)),
  server(frame(SETTINGS, 0, 0), frame(SETTINGS, ACK, 0)),
  client(frame(SETTINGS, ACK, 0)),
]

function damageOf(message: HttpRequest | HttpResponse | null | undefined): string[] {
  return (message?.damage ?? []).map(({ kind, detail }) => `${kind}: ${detail}`)
}

function bodyDamageOf(message: HttpRequest | HttpResponse | null | undefined): string[] {
  return (message?.body.damage ?? []).map(({ kind, detail }) => `${kind}: ${detail}`)
}

const UNKNOWN_FIELDS = 'gap: header fields that refer to HPACK table entries that were not captured'

test('Content-Length tells whether a gap has hit a body', (t) => {
  for (const [declared, expected] of [
    ['8', ['firstres', true, []]],
    ['9', ['first', false, ['gap: a part of a body may be missing']]],
    [null, ['first', false, ['gap: a part of a body may be missing']]],
  ] as const) {
    const length = declared === null ? '' : literal('content-length', declared)
    const { exchanges } = read([
      ...HELLO,
      client(frame(HEADERS, END_HEADERS, 1, ASKED, length), frame(DATA, 0, 1, 'first')),
      after(null, client(frame(DATA, END_STREAM, 1, 'res'))),
      server(frame(HEADERS, END_HEADERS | END_STREAM, 1, OK)),
    ])
    const body = exchanges[0]?.request?.body
    t.is(exchanges.length, 1)
    t.deepEqual([text(body?.bytes ?? null), body?.complete, bodyDamageOf(exchanges[0]?.request)], [...expected], `${declared}`)
    t.deepEqual([body?.size, exchanges[0]?.request?.damage], [declared === '8' ? 8 : null, []])
  }
})

test('a gap within HEADERS keeps the fields before it; later references to the table are unknown until it fills again', (t) => {
  const block = Buffer.from(`${ASKED}${literal('x-a', 'one', true)}`, 'latin1')
  const headers = frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
  const kept = headers.length - 5
  const { exchanges } = read([
    ...HELLO,
    client(headers.subarray(0, kept)),
    after(5, client(frame(HEADERS, END_HEADERS | END_STREAM, 3, GET, HTTPS, PATH, NEWEST))),
    client(frame(HEADERS, END_HEADERS | END_STREAM, 5, ASKED, literal('x-b', 'two', true))),
    client(frame(HEADERS, END_HEADERS | END_STREAM, 7, ASKED, NEWEST, '\xbf')),
  ])
  const [first, second, third, fourth] = exchanges.map(({ request }) => request)
  t.deepEqual(
    [first?.url, first?.headers, damageOf(first)],
    ['https://ca.example/a', [], ['gap: a part of a field block was not captured']],
  )
  t.true(first?.body.complete)
  t.deepEqual([second?.method, second?.target, damageOf(second)], ['GET', '/a', [UNKNOWN_FIELDS, 'gap: :authority is unknown']])
  t.deepEqual([third?.headers, damageOf(third)], [[['x-b', 'two']], []])
  t.deepEqual([fourth?.headers, damageOf(fourth)], [[['x-b', 'two']], [UNKNOWN_FIELDS]])
})

test('what is unknown is left empty, never invented; the name that TLS was asked for stands in for the authority', (t) => {
  const late = [
    after(null, client(frame(HEADERS, END_HEADERS, 9, '\xc1\xc0', HTTPS, NEWEST), frame(DATA, END_STREAM, 9, JWS))),
    after(null, server(frame(HEADERS, END_HEADERS, 9, NEWEST, literal('replay-nonce', 'n')), frame(DATA, END_STREAM, 9, '{}'))),
  ]
  const tls = {
    version: null,
    cipherSuite: null,
    serverName: 'ca.example',
    alpn: 'h2',
    decrypted: true,
    secrets: null,
    reason: null,
  }
  for (const [port, host] of [
    ['443', 'ca.example'],
    ['14000', 'ca.example:14000'],
  ]) {
    const connection = {
      id: 0,
      input: 0,
      client: null,
      server: `192.0.2.7:${port}`,
      startTime: 0,
      tls,
      http: null,
      requests: 0,
      damage: [],
    }
    const { request, response } = read(late, { connection }).exchanges[0] ?? {}
    t.deepEqual([request?.method, request?.target, request?.url], ['', '', `https://${host}`])
    t.deepEqual(damageOf(request), [
      UNKNOWN_FIELDS,
      'gap: :method is unknown',
      'gap: :path is unknown',
      'gap: :authority is unknown',
    ])
    t.deepEqual([text(request?.body.bytes ?? null), request?.body.complete], [JWS, true])
    t.deepEqual([response?.status, response?.headers], [0, [['replay-nonce', 'n']]])
    t.deepEqual(damageOf(response), [UNKNOWN_FIELDS, 'gap: :status is unknown'])
    t.deepEqual([text(response?.body.bytes ?? null), response?.body.complete], ['{}', true])
  }
})

test('content whose head was lost is kept and marked', (t) => {
  const { exchanges, connection } = read([
    after(null, client(frame(DATA, 0, 9, 'ent '), frame(DATA, END_STREAM, 9, 'body'), frame(PING, 0, 0, '12345678'))),
    after(null, server(frame(HEADERS, END_HEADERS | END_STREAM, 9, OK))),
  ])
  const request = exchanges[0]?.request
  t.deepEqual([text(request?.body.bytes ?? null), request?.body.complete, request?.body.size], ['ent body', false, null])
  t.deepEqual(
    [damageOf(request), bodyDamageOf(request)],
    [['gap: the header fields were not captured'], ['gap: the beginning of a body may be missing']],
  )
  t.is(connection.requests, 1)
})

test('field blocks that RFC 9113 6.10 forbids cost their own fields and the table', (t) => {
  const interrupted = [
    client(frame(HEADERS, END_STREAM, 1, ASKED)),
    client(frame(HEADERS, END_STREAM | END_HEADERS, 3, ASKED), frame(CONTINUATION, END_HEADERS, 1, literal('x-a', 'b', true))),
    client(frame(HEADERS, END_STREAM | END_HEADERS, 5, ASKED, NEWEST)),
  ]
  const [first, second, third] = read([...HELLO, ...interrupted]).exchanges.map(({ request }) => request)
  t.deepEqual([first?.target, damageOf(first)], ['/a', ['malformed: a field block that is interrupted by another frame']])
  t.deepEqual([second?.target, damageOf(second)], ['/a', []])
  t.deepEqual([third?.headers, damageOf(third)], [[], [UNKNOWN_FIELDS]])
})

test('HEADERS with padding and priority, padding that is too long, DATA of padding alone', (t) => {
  const { exchanges } = read([
    ...HELLO,
    client(frame(PRIORITY, 0, 1, 0, 0, 0, 3, 9)),
    client(frame(HEADERS, END_HEADERS | PADDED | 0x20, 1, 3, 0, 0, 0, 0, 200, ASKED, 'pad')),
    client(frame(DATA, PADDED, 1, 4, '1234'), frame(DATA, PADDED, 1, 2, 'body', '12'), frame(DATA, END_STREAM, 1)),
    client(frame(HEADERS, END_HEADERS | PADDED | END_STREAM, 3, 255, ASKED), frame(HEADERS, END_HEADERS, 5, ASKED)),
    client(frame(DATA, PADDED | END_STREAM, 5, 9, 'body')),
  ])
  const [good, headers, data] = exchanges.map(({ request }) => request)
  t.deepEqual([good?.url, text(good?.body.bytes ?? null), good?.body.size], ['https://ca.example/a', 'body', 4])
  t.is(damageOf(headers)[0], 'malformed: a field block that is interrupted by another frame')
  t.deepEqual([data?.body.complete, data?.body.size, bodyDamageOf(data).length], [false, null, 1])
})

test('messages that lack what RFC 9113 8.3 demands', (t) => {
  const { exchanges } = read([
    ...HELLO,
    client(frame(HEADERS, END_HEADERS | END_STREAM, 1, GET, HTTPS, literal('host', 'host.example'))),
    client(frame(HEADERS, END_HEADERS | END_STREAM, 3, GET, HTTPS, PATH, PATH)),
    server(frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(':status', '2xx'))),
    server(frame(HEADERS, END_HEADERS | END_STREAM, 3, literal('server', 'x'))),
  ])
  const [first, second] = exchanges
  t.deepEqual([first?.request?.url, damageOf(first?.request)], ['https://host.example', ['malformed: no :path']])
  t.deepEqual([first?.response?.status, damageOf(first?.response)], [0, ['malformed: a :status that is not a status code']])
  t.deepEqual([second?.request?.url, damageOf(second?.request)], ['https://127.0.0.1:80/a', ['malformed: more than one :path']])
  t.deepEqual([second?.response?.headers, damageOf(second?.response)], [[['server', 'x']], ['malformed: no :status']])
})

test('SETTINGS_HEADER_TABLE_SIZE binds the other side: a larger one at once, a smaller one after its ACK', (t) => {
  const size = (value: number): Buffer => Buffer.from([0, 1, 0, 0, value >> 8, value & 255])
  const resize = '\x3f\xe1\x3f' // to 8192
  const asked = [1, 3, 5, 7].map((id) => client(frame(HEADERS, END_HEADERS | END_STREAM, id, ASKED)))
  const answer = (id: number): Piece => server(frame(HEADERS, END_HEADERS | END_STREAM, id, resize, OK))
  const { exchanges } = read([
    ...HELLO,
    ...asked,
    answer(1),
    client(frame(SETTINGS, 0, 0, size(8192))),
    answer(3),
    client(frame(SETTINGS, 0, 0, size(4096))),
    answer(5),
    server(frame(SETTINGS, ACK, 0), frame(SETTINGS, ACK, 0)),
    answer(7),
  ])
  const refused = 'malformed: a field block sets a table size above SETTINGS_HEADER_TABLE_SIZE'
  t.deepEqual(
    exchanges.map(({ response }) => damageOf(response)[0]),
    [refused, undefined, undefined, refused],
  )
})

test('the upgrade from HTTP/1.1 (RFC 7540 3.2): stream 1 answers its request', (t) => {
  const { request } = read([...HELLO, client(frame(HEADERS, END_HEADERS | END_STREAM, 1, ASKED))]).exchanges[0] ?? {}
  if (request === undefined || request === null) return t.fail()
  // HEADER_TABLE_SIZE of 8192.
  const upgraded: HttpRequest = { ...request, httpVersion: '1.1', headers: [['HTTP2-Settings', 'AAEAACAA']] }
  const { exchanges, connection } = read(
    [
      server(frame(SETTINGS, 0, 0)),
      client(PREFACE, frame(SETTINGS, 0, 0), frame(HEADERS, END_HEADERS | END_STREAM, 3, ASKED)),
      server(frame(HEADERS, END_HEADERS, 1, '\x3f\xe1\x3f', OK), frame(DATA, END_STREAM, 1, 'one')),
      server(frame(HEADERS, END_HEADERS, 3, OK), frame(DATA, END_STREAM, 3, 'three')),
    ],
    { upgraded },
  )
  t.deepEqual(
    exchanges.map(({ streamId, response }) => [streamId, damageOf(response), text(response?.body.bytes ?? null)]),
    [
      [1, [], 'one'],
      [3, [], 'three'],
    ],
  )
  t.is(exchanges[0]?.request, upgraded)
  t.is(connection.requests, 1)
  const sink = { write: () => {}, end: () => {} }
  t.deepEqual(
    [{ upgraded }, {}].map((more) => openHttp2({ connection, scheme: 'http', policy: KEEP_ALL, sink, ...more }).answersRequest),
    [true, false],
  )
})

test('a response that ends before its request waits for it, or for the reset (RFC 9113 8.1)', (t) => {
  const early = [
    ...HELLO,
    client(frame(HEADERS, END_HEADERS, 1, ASKED), frame(DATA, 0, 1, 'half')),
    server(frame(HEADERS, END_HEADERS | END_STREAM, 1, '\x8c')),
  ]
  const completed = read([...early, client(frame(DATA, END_STREAM, 1, ' and half'))]).exchanges[0]
  t.deepEqual([text(completed?.request?.body.bytes ?? null), completed?.request?.body.complete], ['half and half', true])
  const noMore = server(frame(RST_STREAM, 0, 1, 0, 0, 0, 0))
  const stopped = read([...early, noMore]).exchanges[0]
  t.deepEqual(bodyDamageOf(stopped?.request), ['truncated: the server reset the stream: NO_ERROR'])
  t.is(stopped?.response?.status, 400)
  const underWay = read([...early, noMore, client(frame(DATA, END_STREAM, 1, ' and half'))]).exchanges
  t.is(underWay.length, 1)
  t.deepEqual([text(underWay[0]?.request?.body.bytes ?? null), underWay[0]?.request?.body.complete], ['half and half', true])
})

test('what comes after a reset opens no stream again', (t) => {
  const { exchanges } = read([
    ...HELLO,
    client(frame(HEADERS, END_HEADERS | END_STREAM, 1, ASKED), frame(RST_STREAM, 0, 1, 0, 0, 0, 8)),
    server(frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, END_STREAM, 1, 'late')),
    client(frame(HEADERS, END_HEADERS | END_STREAM, 1, ASKED)),
  ])
  t.deepEqual(
    exchanges.map(({ streamId, response }) => [streamId, response]),
    [[1, null]],
  )
})

test('GOAWAY with an error, frames where they do not belong and octets that are no frames are damage of the connection', (t) => {
  const { exchanges, connection } = read([
    ...HELLO,
    client(frame(HEADERS, END_HEADERS | END_STREAM, 2, ASKED), frame(PUSH_PROMISE, END_HEADERS, 1, 0, 0, 0, 2, ASKED)),
    server(frame(PUSH_PROMISE, END_HEADERS, 1, 0, 0, 0, 3, ASKED)),
    client(frame(DATA, 0, 0, 'x'), Buffer.alloc(3000, 'no frame ')),
    client(frame(HEADERS, END_HEADERS | END_STREAM, 1, ASKED)),
    server(frame(GOAWAY, 0, 0, 0, 0, 0, 1, 0, 0, 0, 11, 'too many')),
    server(frame(GOAWAY, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)),
  ])
  t.deepEqual(
    exchanges.map(({ streamId }) => streamId),
    [1],
  )
  t.deepEqual(
    connection.damage.map(({ kind, detail, count }) => [kind, detail, count]),
    [
      ['malformed', 'HEADERS of a client on a stream of the server', 1],
      ['malformed', 'PUSH_PROMISE that opens no stream of the server', 2],
      ['malformed', 'an HTTP/2 frame on a stream where its type does not belong', 1],
      ['truncated', 'the server gave up the connection: ENHANCE_YOUR_CALM', 1],
    ],
  )
})

test('a client that sends something else after the preface was expected', (t) => {
  const { exchanges, connection } = read([
    client(Buffer.from('PRI * HTTP/2.0 is not here')),
    server(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
  ])
  t.deepEqual(exchanges, [])
  t.deepEqual(
    connection.damage.map(({ kind, detail }) => [kind, detail]),
    [['malformed', 'no HTTP/2 connection preface']],
  )
})

test('how a message was cut off', (t) => {
  const pieces = [
    ...HELLO,
    client(frame(HEADERS, END_HEADERS, 1, ASKED), frame(DATA, 0, 1, 'half')),
    client(frame(HEADERS, 0, 3, ASKED)),
  ]
  for (const [how, words] of [
    ['fin', 'the connection was closed'],
    ['rst', 'the connection was reset'],
    ['capture', 'the capture ended'],
  ] as const) {
    const [first, second] = read(pieces, {}, how).exchanges.map(({ request }) => request)
    t.deepEqual([bodyDamageOf(first), text(first?.body.bytes ?? null)], [[`truncated: ${words} within a message`], 'half'])
    t.deepEqual([second?.target, damageOf(second)], ['/a', ['truncated: the connection ends within a field block']])
  }
})

test('the policy sees the heads and says how much content is kept', (t) => {
  const asked: string[] = []
  const policy: BodyPolicy = {
    request(head) {
      asked.push(`${head.method} ${head.target} ${head.headers.length}`)
      return 3
    },
    response(head, request) {
      asked.push(`${head.status} to ${request?.target}`)
      return 0
    },
  }
  const { exchanges } = read(
    [
      ...HELLO,
      client(frame(HEADERS, END_HEADERS, 1, ASKED), frame(DATA, 0, 1, 'ab'), frame(DATA, END_STREAM, 1, 'cdef')),
      server(frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, END_STREAM, 1, 'answer')),
    ],
    { policy },
  )
  const { request, response } = exchanges[0] ?? {}
  t.deepEqual(asked, ['POST /a 0', '200 to /a'])
  t.deepEqual([text(request?.body.bytes ?? null), request?.body.complete, request?.body.size], ['abc', false, 6])
  t.deepEqual([response?.body.bytes, response?.body.complete, response?.body.size, response?.body.damage], [null, false, 6, []])
})

test('limits: a field block, a flood of CONTINUATION, open streams, a frame of 16 MiB that does not matter', (t) => {
  const large = [client(frame(HEADERS, END_STREAM, 1, ASKED))]
  for (let i = 0; i < 20; i++)
    large.push(client(frame(CONTINUATION, i === 19 ? END_HEADERS : 0, 1, literal('x', 'y').repeat(3000))))
  const [cut] = read([...HELLO, ...large]).exchanges
  t.deepEqual(damageOf(cut?.request), [`limit: a field block of more than ${MAX_FIELD_BLOCK} octets`])
  t.is(cut?.request?.target, '/a')

  const flood = [client(frame(HEADERS, END_STREAM, 1, ASKED))]
  for (let i = 0; i < 6000; i++) flood.push(client(frame(CONTINUATION, 0, 1)))
  flood.push(client(frame(CONTINUATION, END_HEADERS, 1, literal('x-last', '1'))))
  const [flooded] = read([...HELLO, ...flood]).exchanges
  t.deepEqual(flooded?.request?.headers, [['x-last', '1']])
  t.true((flooded?.request?.frames.length ?? 0) <= 4096)

  const many = Array.from({ length: MAX_STREAMS + 10 }, (_, n) => client(frame(HEADERS, END_HEADERS, n * 2 + 1, ASKED)))
  const evicted = read([...HELLO, ...many, server(frame(HEADERS, END_HEADERS | END_STREAM, 1, OK))])
  t.is(evicted.exchanges.length, MAX_STREAMS + 10)
  t.deepEqual(
    [evicted.exchanges[0]?.streamId, bodyDamageOf(evicted.exchanges[0]?.request)],
    [1, [`limit: more than ${MAX_STREAMS} open streams`]],
  )
  t.deepEqual(
    evicted.connection.damage.map(({ kind, count }) => [kind, count]),
    [['limit', 256]],
  )

  const frameSize = Buffer.from([0, 5, 0, 255, 255, 255])
  const unknown = frame(0x42, 0, 0, Buffer.alloc(2 ** 24 - 1))
  const skipped = read([
    server(frame(SETTINGS, 0, 0, frameSize)),
    client(PREFACE, frame(SETTINGS, 0, 0), unknown, frame(HEADERS, 5, 1, ASKED)),
  ])
  t.deepEqual([skipped.exchanges[0]?.request?.target, skipped.connection.damage], ['/a', []])
  const refused = read([...HELLO, client(unknown), client(frame(HEADERS, 5, 1, ASKED))])
  t.is(refused.connection.damage[0]?.detail, 'an HTTP/2 frame longer than SETTINGS_MAX_FRAME_SIZE')
  t.is(refused.exchanges[0]?.request?.target, '/a')
})

const RECOGNISED: readonly [title: string, bytes: Uint8Array, recognition: Recognition][] = [
  ['the preface', PREFACE, 'client'],
  ['the preface and more', Buffer.concat([PREFACE, frame(SETTINGS, 0, 0)]), 'client'],
  ['half a preface', PREFACE.subarray(0, 9), 'more'],
  ['HTTP/1.1', Buffer.from('POST / HTTP/1.1\r\n'), 'ignore'],
  ['nothing', Buffer.alloc(0), 'more'],
  ['SETTINGS without settings', frame(SETTINGS, 0, 0), 'server'],
  ['SETTINGS with one', frame(SETTINGS, 0, 0, 0, 3, 0, 0, 0, 100), 'server'],
  ['half a frame header', frame(SETTINGS, 0, 0).subarray(0, 6), 'more'],
  ['SETTINGS with ACK', frame(SETTINGS, ACK, 0), 'ignore'],
  ['SETTINGS on a stream', frame(SETTINGS, 0, 1), 'ignore'],
  ['SETTINGS of 7 octets', frame(SETTINGS, 0, 0, '1234567'), 'ignore'],
  ['zeros', Buffer.alloc(40), 'ignore'],
  ['a TLS record', Buffer.from('1603010200010001fc0303', 'hex'), 'ignore'],
]

test('recognition by the first octets', (t) => {
  for (const [title, bytes, recognition] of RECOGNISED) {
    const padded = Buffer.concat([Buffer.from('PRI'), bytes, Buffer.from('\0\0')])
    t.is(recogniseHttp2(padded, 3, padded.length - 2), recognition, title)
  }
})

test('recognition of a connection that is joined late', (t) => {
  const asked = frame(HEADERS, 5, 9, ASKED)
  const answered = frame(HEADERS, END_HEADERS, 9, OK)
  for (const [title, bytes, recognition] of [
    ['a request', asked, 'client'],
    ['a request after other frames', Buffer.concat([frame(PING, 0, 0, '12345678'), asked]), 'client'],
    ['a request with priority and padding', frame(HEADERS, 0x2d, 9, 1, 0, 0, 0, 0, 1, ASKED, 'p'), 'client'],
    ['a response and content', Buffer.concat([answered, frame(DATA, END_STREAM, 9, 'x')]), 'server'],
    ['a status that is not in the table', frame(HEADERS, END_HEADERS, 9, '\x48\x03429'), 'server'],
    ['a block that begins with an unknown entry', frame(HEADERS, END_HEADERS, 9, NEWEST), 'ignore'],
    ['content alone', frame(DATA, 0, 9, 'x'), 'ignore'],
    ['a frame that another does not follow', Buffer.concat([asked, Buffer.from('not a frame header')]), 'ignore'],
    ['nothing', Buffer.alloc(0), 'ignore'],
  ] as const)
    t.is(recogniseHttp2Midway(bytes, 0, bytes.length), recognition, title)
})
