import http2 from 'node:http2'
import zlib from 'node:zlib'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { Body, HttpExchange, HttpRequest, HttpResponse } from '../../src/http/exchange.ts'
import type { Piece, Read, Recording, Scenario, Seen, Side } from './http2-recording.ts'
import { joined, pseudo, read, record, recut, regular, seeded, text } from './http2-recording.ts'

const JWS = JSON.stringify({ protected: 'eyJhbGciOiJFUzI1NiJ9', payload: '', signature: 'A'.repeat(86) })
const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM, PADDING_STRATEGY_MAX } = http2.constants

/** Answers with the request's body, in slices, and names it in a field. */
const echo: Scenario['respond'] = (stream, headers, body) => {
  stream.respond({ ':status': 200, 'content-type': 'text/plain', 'replay-nonce': `nonce-of-${headers[':path']}` })
  for (let at = 0; at < body.length; at += 700) stream.write(body.subarray(at, at + 700))
  stream.end()
}

function post(path: string, more: http2.OutgoingHttpHeaders = {}): http2.OutgoingHttpHeaders {
  return { ':method': 'POST', ':path': path, 'content-type': 'application/jose+json', 'user-agent': 'test/1', ...more }
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'methods and bodies': {
    respond(stream, headers, body) {
      const path = headers[':path']
      if (headers[':method'] === 'CONNECT') {
        stream.respond({ ':status': 200 })
        stream.end(body)
      } else if (path === '/empty') stream.respond({ ':status': 204 }, { endStream: true })
      else if (path === '/same') stream.respond({ ':status': 304, etag: '"1"' }, { endStream: true })
      else {
        const length = `{"got":${body.length}}`.length
        stream.respond({ ':status': path === '/new' ? 201 : 200, 'content-length': length, 'replay-nonce': `n-${path}` })
        stream.end(headers[':method'] === 'HEAD' ? undefined : `{"got":${body.length}}`)
      }
    },
    async run(_session, ask) {
      await ask({ ':path': '/directory?x=1', 'user-agent': 'test/1', cookie: ['a=1', 'b=2'] }, [], () => {}, { endStream: true })
      await ask({ ':path': '/nonce', ':method': 'HEAD' }, [], () => {}, { endStream: true })
      await ask(post('/new'), [JWS])
      await ask(post('/new', { 'content-length': String(JWS.length) }), [JWS.slice(0, 9), JWS.slice(9)])
      await ask({ ':path': '/empty' })
      await ask({ ':path': '/same' })
      await ask({ ':method': 'CONNECT', ':authority': 'ca.example:443' }, ['through the tunnel'])
      await ask({ ':method': 'OPTIONS', ':path': '*' })
    },
  },
  'interleaved streams': {
    respond: echo,
    async run(_session, ask) {
      const bodies = Array.from({ length: 12 }, (_, n) => Array.from({ length: 5 }, (_, i) => `${n}.${i} `.repeat(40 + n)))
      await Promise.all(bodies.map((body, n) => ask(post(`/order/${n}`, { 'x-number': String(n % 5) }), body)))
    },
  },
  'trailers and interim responses': {
    respond(stream, _headers, body) {
      stream.additionalHeaders({ ':status': 100 })
      stream.additionalHeaders({ ':status': 103, link: '</a>; rel="index"' })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(body.length), 'x-more': 'yes' }))
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.end(body)
    },
    async run(_session, ask) {
      const trail = (stream: http2.ClientHttp2Stream): void => {
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-request-sum': '1' }))
      }
      await ask(post('/one'), ['body of one'], trail, { waitForTrailers: true })
      await ask(post('/two'), ['body ', 'of two'], trail, { waitForTrailers: true })
    },
  },
  'pushed streams': {
    respond(stream) {
      stream.pushStream({ ':path': '/pushed.css', accept: 'text/css' }, (_error, pushed) => {
        pushed.respond({ ':status': 200, 'content-type': 'text/css' })
        pushed.end('a{}')
        stream.respond({ ':status': 200 })
        stream.end('<link>')
      })
    },
    async run(_session, ask) {
      await ask({ ':path': '/page' })
      await ask({ ':path': '/page' })
    },
  },
  'padding and priority': {
    server: { paddingStrategy: PADDING_STRATEGY_MAX },
    client: { paddingStrategy: PADDING_STRATEGY_MAX },
    respond: echo,
    async run(_session, ask) {
      await ask(post('/padded'), [JWS, JWS], () => {}, { weight: 200, exclusive: true })
      await ask(post('/padded'), ['x'])
      await Promise.all([ask(post('/padded/1'), [JWS, JWS]), ask(post('/padded/2'), [JWS, JWS])])
    },
  },
  'field blocks that need CONTINUATION': {
    server: { settings: { maxHeaderListSize: 1 << 20 }, maxSendHeaderBlockLength: 1 << 20 },
    client: { settings: { maxHeaderListSize: 1 << 20 }, maxSendHeaderBlockLength: 1 << 20 },
    respond(stream, headers) {
      stream.respond({ ':status': 200, 'x-echo': `${headers['x-large']}`.split('').reverse().join(''), 'x-after': '1' })
      stream.end('ok')
    },
    async run(_session, ask) {
      const random = seeded(7)
      const large = (length: number): string => Array.from({ length }, () => String.fromCharCode(33 + random(90))).join('')
      await ask(post('/large', { 'x-large': large(20_000) }), [JWS])
      await Promise.all([
        ask(post('/large', { 'x-large': large(50_000) }), [JWS]),
        ask(post('/large', { 'x-large': '1' }), [JWS]),
      ])
      await ask(post('/large', { 'x-large': '1' }), [JWS])
    },
  },
  'table sizes that change': {
    server: { settings: { headerTableSize: 0 } },
    client: { settings: { headerTableSize: 16384 } },
    respond: echo,
    async run(session, ask) {
      for (const size of [64, 65536, 0, 4096]) {
        for (let n = 0; n < 3; n++) await ask(post(`/size/${size}/${n}`, { 'x-filler': 'f'.repeat(100 * n) }), ['x'])
        session.settings({ headerTableSize: size })
      }
      await ask(post('/size/last'), ['x'])
    },
  },
  'content codings': {
    respond(stream, headers) {
      const coding = `${headers['accept-encoding']}`
      const compress = coding === 'gzip' ? zlib.gzipSync : coding === 'br' ? zlib.brotliCompressSync : zlib.deflateSync
      const content = compress(JWS.repeat(20))
      stream.respond({ ':status': 200, 'content-encoding': coding })
      stream.end(content)
    },
    async run(_session, ask) {
      for (const coding of ['gzip', 'br', 'deflate']) await ask({ ':path': '/', 'accept-encoding': coding })
    },
  },
  'bodies larger than the window': {
    respond: echo,
    async run(_session, ask) {
      await ask(post('/large'), [Buffer.alloc(200_000, 'abcdefg'), Buffer.alloc(100_000, 'hij')])
    },
  },
}

const recordings = new Map<string, Recording>()

test.before(async () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) recordings.set(name, await record(scenario))
})

function recorded(name: string): Recording {
  const recording = recordings.get(name)
  if (recording === undefined) throw new Error(`no scenario ${name}`)
  return recording
}

/** The content that Node saw coded. */
function plain(seen: Seen): Buffer {
  const coding = pseudo(seen.headers, 'content-encoding')
  if (coding === 'gzip') return zlib.gunzipSync(seen.body)
  if (coding === 'br') return zlib.brotliDecompressSync(seen.body)
  return coding === 'deflate' ? zlib.inflateSync(seen.body) : seen.body
}

function assertSame(t: ExecutionContext, recording: Recording, { exchanges, connection }: Read, how: string): void {
  const ids = exchanges.map(({ streamId }) => streamId ?? 0)
  t.deepEqual(
    ids.toSorted((a, b) => a - b),
    [...recording.streams.keys()].toSorted((a, b) => a - b),
    how,
  )
  for (const { streamId, request, response } of exchanges) {
    const seen = recording.streams.get(streamId ?? 0)
    const where = `${how}, stream ${streamId}`
    if (seen === undefined || seen.response === null || request === null || response === null) {
      t.fail(where)
      return
    }
    const asked = seen.request.headers
    const method = pseudo(asked, ':method')
    const authority = pseudo(asked, ':authority')
    t.is(request.method, method ?? '', where)
    t.is(request.target, pseudo(asked, ':path') ?? authority ?? '', where)
    t.is(request.url, `http://${authority}${method === 'CONNECT' || request.target === '*' ? '' : request.target}`, where)
    t.is(response.status, Number(pseudo(seen.response.headers, ':status')), where)
    assertMessage(t, request, seen.request, where)
    assertMessage(t, response, seen.response, where)
  }
  t.is(connection.http, 'h2')
  t.is(connection.requests, recording.streams.size)
  t.deepEqual(connection.damage, [])
}

function assertMessage(t: ExecutionContext, message: HttpRequest | HttpResponse, seen: Seen, where: string): void {
  t.deepEqual(message.headers, regular(seen.headers), where)
  t.deepEqual(message.trailers, regular(seen.trailers), where)
  t.is(text(message.body.bytes), plain(seen).toString('latin1'), where)
  t.true(message.body.complete, where)
  t.is(message.body.size, seen.body.length, where)
  t.deepEqual([message.damage, message.body.damage, message.httpVersion], [[], [], '2'], where)
}

for (const name of Object.keys(SCENARIOS))
  test(`the exchanges that Node saw, however the octets are cut: ${name}`, (t) => {
    const recording = recorded(name)
    const { pieces } = recording
    assertSame(t, recording, read(pieces), 'as sent')
    assertSame(t, recording, read(joined(pieces)), 'whole')
    assertSame(t, recording, read(recut(pieces, 1, seeded(1))), 'octet by octet')
    for (const longest of [2, 9, 40, 1400, 20_000])
      assertSame(t, recording, read(recut(pieces, longest, seeded(longest))), `pieces of 1 to ${longest} octets`)
  })

test('a client that speaks last in the capture still has its request with the response', (t) => {
  const recording = recorded('interleaved streams')
  assertSame(t, recording, read(joined(recording.pieces).reverse()), 'server first')
})

test('interim responses are listed, pushed requests are marked by an even stream', (t) => {
  const interim = read(recorded('trailers and interim responses').pieces).exchanges
  t.deepEqual(
    interim.map(({ response }) => response?.interim),
    [
      [100, 103],
      [100, 103],
    ],
  )
  const pushed = read(recorded('pushed streams').pieces).exchanges.filter(({ streamId }) => (streamId ?? 1) % 2 === 0)
  t.deepEqual(
    pushed.map(({ request, response }) => [request?.target, response?.status]),
    [
      ['/pushed.css', 200],
      ['/pushed.css', 200],
    ],
  )
})

test('reset streams are written at once, with what was seen', async (t) => {
  const { pieces } = await record({
    respond(stream, headers) {
      if (headers[':path'] === '/refused') stream.close(NGHTTP2_REFUSED_STREAM)
      else {
        stream.respond({ ':status': 200 })
        stream.write('first')
      }
    },
    async run(_session, ask) {
      await ask(post('/refused'), [JWS])
      await ask({ ':path': '/cancelled' }, [], (stream) => {
        stream.once('data', () => stream.close(NGHTTP2_CANCEL))
      })
    },
  })
  for (const cut of [pieces, recut(pieces, 1, seeded(1))]) {
    const { exchanges, connection } = read(cut)
    const [refused, cancelled] = exchanges
    t.is(exchanges.length, 2)
    t.deepEqual([refused?.request?.target, refused?.response, refused?.request?.damage], ['/refused', null, []])
    t.is(text(refused?.request?.body.bytes ?? null), JWS)
    t.deepEqual(
      connection.damage.map(({ kind, detail }) => [kind, detail]),
      [['truncated', 'the server reset the stream: REFUSED_STREAM, before a response']],
    )
    const body = cancelled?.response?.body
    t.deepEqual([text(body?.bytes ?? null), body?.complete, body?.size], ['first', false, null])
    t.deepEqual(
      body?.damage.map(({ detail }) => detail),
      ['the client reset the stream: CANCEL'],
    )
  }
})

/** Frames of one side in order, found by the simplest reader that there can be. */
function frames(bytes: Uint8Array, side: Side): { type: number; flags: number; streamId: number; start: number; end: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const found = []
  for (let at = side === 'client' ? 24 : 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + (view.getUint32(at) >>> 8)
    found.push({ type: bytes[at + 3] ?? 0, flags: bytes[at + 4] ?? 0, streamId: view.getUint32(at + 5), start: at, end })
    at = end
  }
  return found
}

test('messages know the frames of the capture that carried them, and when', (t) => {
  for (const name of ['methods and bodies', 'interleaved streams', 'field blocks that need CONTINUATION']) {
    const pieces = recut(recorded(name).pieces, 30, seeded(3))
    const { exchanges } = read(pieces)
    for (const side of ['client', 'server'] as const) {
      const owners: number[] = []
      for (const [index, piece] of pieces.entries()) if (piece.side === side) for (const _ of piece.bytes) owners.push(index + 1)
      const [whole] = joined(pieces).filter((piece) => piece.side === side)
      if (whole === undefined) return t.fail()
      const carried = new Map<number, Set<number>>()
      for (const { type, streamId, start, end } of frames(whole.bytes, side))
        if (type === 0 || type === 1 || type === 9) {
          const set = carried.get(streamId) ?? new Set<number>()
          carried.set(streamId, set)
          for (const owner of owners.slice(start, end)) set.add(owner)
        }
      for (const { streamId, request, response } of exchanges) {
        const message = side === 'client' ? request : response
        const expected = [...(carried.get(streamId ?? 0) ?? [])]
        t.deepEqual(message?.frames, expected, `${name}, ${side}, stream ${streamId}`)
        t.deepEqual([message?.time, message?.endTime], [(expected[0] ?? 0) - 1, (expected.at(-1) ?? 0) - 1])
      }
    }
  }
})

/** Takes octets [from, to) of one side away. */
function withGap(pieces: readonly Piece[], side: Side, from: number, to: number, known: boolean): Piece[] {
  const rest: Piece[] = []
  let offset = 0
  let missing: number | null | undefined
  for (const piece of pieces) {
    if (piece.side !== side) {
      rest.push(piece)
      continue
    }
    const start = offset
    offset += piece.bytes.length
    if (start < from) rest.push({ side, bytes: piece.bytes.subarray(0, Math.max(0, from - start)) })
    if (start < to && offset >= to) missing = known ? to - from : null
    if (offset > to || (missing !== undefined && offset === to)) {
      const bytes = piece.bytes.subarray(Math.max(0, to - start))
      rest.push(missing === undefined ? { side, bytes } : { side, bytes, missing })
      missing = undefined
    }
  }
  return rest
}

/** Nothing that is said may be wrong: each value is the one that Node saw, or is missing and damage says so. */
function assertHonest(t: ExecutionContext, recording: Recording, { exchanges }: Read, how: string): void {
  const ids = new Set<number | null>()
  for (const { streamId, request, response } of exchanges) {
    const where = `${how}, stream ${streamId}`
    t.false(ids.has(streamId), `${where}: written twice`)
    ids.add(streamId)
    const seen = recording.streams.get(streamId ?? 0)
    if (seen === undefined || (request === null && response === null)) {
      t.fail(where)
      return
    }
    if (request !== null) {
      const { headers } = seen.request
      if (request.method !== '' || request.damage.length === 0) t.is(request.method, pseudo(headers, ':method') ?? '', where)
      if (request.target !== '' || request.damage.length === 0)
        t.is(request.target, pseudo(headers, ':path') ?? pseudo(headers, ':authority') ?? '', where)
      assertHonestMessage(t, request, seen.request, where)
    }
    if (response !== null && seen.response !== null) {
      const status = Number(pseudo(seen.response.headers, ':status'))
      if (response.status !== 0 || response.damage.length === 0) t.is(response.status, status, where)
      assertHonestMessage(t, response, seen.response, where)
    }
  }
}

function assertHonestMessage(t: ExecutionContext, message: HttpRequest | HttpResponse, seen: Seen, where: string): void {
  const fields = regular(seen.headers)
  if (message.damage.length === 0) t.deepEqual(message.headers, fields, where)
  let at = 0
  for (const [name, value] of message.headers) {
    while (at < fields.length && !(fields[at]?.[0] === name && fields[at]?.[1] === value)) at++
    t.true(at++ < fields.length, `${where}: ${name}: ${value}`)
  }
  assertHonestBody(t, message.body, seen, where)
}

function assertHonestBody(t: ExecutionContext, body: Body, seen: Seen, where: string): void {
  const expected = seen.body.toString('latin1')
  const got = text(body.bytes)
  if (body.complete) t.is(got, expected, where)
  else if (got !== null) {
    t.true(body.damage.length > 0, where)
    const isTail = body.damage.some(({ detail }) => detail === 'the beginning of a body may be missing')
    t.true(isTail ? expected.endsWith(got) : expected.startsWith(got), `${where}: ${got} of ${expected}`)
  }
  if (body.size !== null) t.is(body.size, seen.body.length, where)
}

function bytesOf(pieces: readonly Piece[], side: Side): Uint8Array {
  return joined(pieces).find((piece) => piece.side === side)?.bytes ?? new Uint8Array(0)
}

const GAP_SCENARIOS = [
  'methods and bodies',
  'interleaved streams',
  'trailers and interim responses',
  'padding and priority',
  'pushed streams',
]

test('a gap of known length within a DATA frame costs that body and nothing else', (t) => {
  for (const name of GAP_SCENARIOS) {
    const recording = recorded(name)
    const whole = read(recording.pieces)
    for (const side of ['client', 'server'] as const)
      for (const { type, flags, streamId, start, end } of frames(bytesOf(recording.pieces, side), side)) {
        if (type !== 0 || end - start < 11 || (flags & 8) !== 0) continue
        const got = read(withGap(recording.pieces, side, start + 10, end - 1, true))
        for (const exchange of got.exchanges) {
          const intact = whole.exchanges.find((other) => other.streamId === exchange.streamId)
          const where = `${name}, ${side}, stream ${exchange.streamId}, gap in stream ${streamId}`
          const hurt = side === 'client' ? exchange.request : exchange.response
          if (exchange.streamId === streamId) {
            t.deepEqual([hurt?.body.complete, hurt?.body.damage[0]?.kind, hurt?.damage], [false, 'gap', []], where)
            t.is(hurt?.body.size, (side === 'client' ? intact?.request : intact?.response)?.body.size, where)
          } else t.deepEqual(withoutPlace(exchange), intact && withoutPlace(intact), where)
        }
        t.is(got.exchanges.length, whole.exchanges.length)
        assertHonest(t, recording, got, name)
      }
  }
})

function withoutPlace(exchange: HttpExchange): unknown {
  const strip = (message: HttpRequest | HttpResponse | null): unknown => message && { ...message, frames: 0, time: 0, endTime: 0 }
  return { ...exchange, request: strip(exchange.request), response: strip(exchange.response), connection: null }
}

test('after any gap nothing is invented, and streams that lie outside of it have their bodies', (t) => {
  for (const name of GAP_SCENARIOS) {
    const recording = recorded(name)
    const random = seeded(11)
    for (let round = 0; round < 150; round++) {
      const side = random(2) === 0 ? 'client' : 'server'
      const bytes = bytesOf(recording.pieces, side)
      const from = random(bytes.length)
      const to = Math.min(bytes.length, from + 1 + random(round % 3 === 0 ? bytes.length : 300))
      const known = random(2) === 0
      const how = `${name}, ${side} lacks [${from}, ${to}), ${known ? 'known' : 'unknown'}`
      const pieces = withGap(recording.pieces, side, from, to, known)
      const got = read(round % 4 === 0 ? recutWithGap(pieces, 7, random) : pieces)
      assertHonest(t, recording, got, how)
      assertRecovered(t, recording, got, side, from, to, how)
    }
  }
})

function recutWithGap(pieces: readonly Piece[], longest: number, random: (bound: number) => number): Piece[] {
  return pieces.flatMap(({ side, bytes, missing }) => {
    const cut = recut([{ side, bytes }], longest, random)
    const [first = { side, bytes }, ...rest] = cut
    return missing === undefined ? cut : [{ ...first, missing }, ...rest]
  })
}

/** Streams of which every frame lies before the gap, or begins behind it, are found, and their bodies are whole. */
function assertRecovered(
  t: ExecutionContext,
  recording: Recording,
  { exchanges }: Read,
  side: Side,
  from: number,
  to: number,
  how: string,
): void {
  const all = frames(bytesOf(recording.pieces, side), side).filter(({ type }) => type === 0 || type === 1 || type === 9)
  for (const [streamId, seen] of recording.streams) {
    const own = all.filter((frame) => frame.streamId === streamId)
    if (own.length === 0 || !(own.every(({ end }) => end <= from) || own.every(({ start }) => start >= to))) continue
    const found = exchanges.find((exchange) => exchange.streamId === streamId)
    const message = side === 'client' ? found?.request : found?.response
    const truth = side === 'client' ? seen.request : seen.response
    t.is(text(message?.body.bytes ?? null), truth?.body.toString('latin1') ?? null, `${how}, stream ${streamId}`)
    t.true(message?.body.complete, `${how}, stream ${streamId}`)
  }
}

test('a connection that is joined late: nothing is invented, later streams have their bodies, refilled tables tell all again', (t) => {
  for (const name of GAP_SCENARIOS) {
    const recording = recorded(name)
    const random = seeded(5)
    const client = bytesOf(recording.pieces, 'client')
    const server = bytesOf(recording.pieces, 'server')
    for (let round = 0; round < 100; round++) {
      const skip = { client: random(client.length), server: random(server.length) }
      const how = `${name}, joined at ${skip.client} and ${skip.server}`
      const pieces = withGap(withGap(recording.pieces, 'client', 0, skip.client, false), 'server', 0, skip.server, false)
      const got = read([
        { side: 'client', bytes: new Uint8Array(0), missing: null },
        { side: 'server', bytes: new Uint8Array(0), missing: null },
        ...pieces,
      ])
      assertHonest(t, recording, got, how)
      assertRecovered(t, recording, got, 'client', 0, skip.client, how)
      assertRecovered(t, recording, got, 'server', 0, skip.server, how)
    }
  }
})

test('octets that were garbled never throw, and each exchange has a message', (t) => {
  const random = seeded(21)
  for (const name of [...GAP_SCENARIOS, 'table sizes that change'])
    for (let round = 0; round < 150; round++) {
      const pieces = recorded(name).pieces.map(({ side, bytes }) => {
        const garbled = Uint8Array.from(bytes)
        if (garbled.length > 0) for (let i = random(4); i > 0; i--) garbled[random(garbled.length)] = random(256)
        return { side, bytes: garbled }
      })
      const { exchanges } = read(round % 2 === 0 ? pieces : recut(pieces, 30, random))
      t.true(exchanges.every(({ request, response }) => request !== null || response !== null))
    }
  const greeting = recorded('methods and bodies').pieces.slice(0, 2)
  for (let round = 0; round < 300; round++) {
    const noise = Array.from({ length: 20 }, (): Piece => {
      const bytes = Uint8Array.from({ length: random(60) }, () => (random(3) === 0 ? random(256) : random(6)))
      const side = random(2) === 0 ? 'client' : 'server'
      return random(6) === 0 ? { side, bytes, missing: random(3) === 0 ? null : random(50) } : { side, bytes }
    })
    t.notThrows(() => read([...greeting, ...noise]))
  }
})
