import { deflateSync, gzipSync } from 'node:zlib'
import test from 'ava'
import type { BodyPolicy, HttpExchange } from '../../src/http/exchange.ts'
import { MAX_FIELDS, MAX_HEAD } from '../../src/http/http1/head.ts'
import type { TunnelOpener } from '../../src/http/http1/http1.ts'
import { openHttp1 } from '../../src/http/http1/http1.ts'
import { MAX_FRAMES } from '../../src/http/http1/message.ts'
import { MAX_EARLY, MAX_PENDING } from '../../src/http/http1/pairing.ts'
import { MAX_PARKED } from '../../src/http/http1/park.ts'
import { recogniseHttp1 } from '../../src/http/http1/recognise.ts'
import { MAX_START_LINE } from '../../src/http/http1/search.ts'
import type { Mark, Recognition, StreamSink } from '../../src/tcp/connection.ts'
import type { Step } from './conversation.ts'
import { cutsOf, KEEP_ALL, newConnection, octets, play, show, showDamage, text } from './conversation.ts'
import { FRAMING, LOSSES, SYNTAX } from './http1-cases.ts'

for (const { title, steps, exchanges, damage = [] } of [...FRAMING, ...SYNTAX, ...LOSSES]) {
  const ways: [string, (() => number) | undefined][] = [
    ['in one piece', undefined],
    ['octet by octet', () => 1],
    ['in random pieces', cutsOf(title.length)],
  ]
  for (const [way, piece] of ways)
    test(`${title}: ${way}`, (t) => {
      const outcome = play(steps, piece === undefined ? {} : { piece })
      t.deepEqual(outcome.exchanges.map(show), exchanges)
      t.deepEqual(showDamage(outcome).sort(), [...damage].sort())
    })
}

test('frames and times are those of the octets of each message', (t) => {
  const request = 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd'
  const { exchanges } = play([
    ['client', request.slice(0, 10)],
    ['client', request.slice(10, 50)],
    ['client', `${request.slice(50)}GET /a HTTP/1.1\r\n`],
    ['client', 'Host: h\r\n\r\n'],
    ['server', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n'],
    ['server', 'xHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'],
  ])
  const seen = exchanges.map(({ request: asked, response: answer }) => [
    asked?.frames, asked?.time, asked?.endTime, answer?.frames, answer?.time, answer?.endTime,
  ]) // biome-ignore format: a row of what was seen
  t.deepEqual(seen, [
    [[1, 2, 3], 1000, 3000, [6, 7], 6000, 7000],
    [[3, 4], 3000, 4000, [7], 7000, 7000],
  ])
})

test('captured out of order: times tell which request a response answers', (t) => {
  const exchanges: HttpExchange[] = []
  const sink = { write: (exchange: HttpExchange) => void exchanges.push(exchange), end: () => {} }
  const { fromClient, fromServer } = openHttp1({ connection: newConnection(), scheme: 'http', policy: KEEP_ALL, sink })
  const say = (side: StreamSink, part: string, time: number): void =>
    side.data(octets(part), 0, part.length, { input: 0, frames: [time], time })
  say(fromServer, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst', 20)
  say(fromClient, 'GET /1 HTTP/1.1\r\nHost: h\r\n\r\n', 10)
  say(fromServer, 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n', 40)
  say(fromClient, 'HEAD /2 HTTP/1.1\r\nHost: h\r\n\r\n', 30)
  say(fromClient, 'GET /3 HTTP/1.1\r\nHost: h\r\n\r\n', 50)
  say(fromClient, 'GET /4 HTTP/1.1\r\nHost: h\r\n\r\n', 70)
  say(fromServer, 'HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nthird', 60)
  say(fromServer, 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n', 65)
  fromClient.end('fin', 90)
  fromServer.end('fin', 90)
  t.deepEqual(exchanges.map(show), [
    'GET http://h/1 "" -> 200 "first"',
    'HEAD http://h/2 "" -> 200 ""',
    'GET http://h/3 "" -> 201 "third"',
    '- -> 408 ""',
    'GET http://h/4 "" -> -',
  ])
})

test('responses that wait for their requests are bounded', (t) => {
  const { exchanges } = play([['server', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'.repeat(MAX_EARLY + 3)]])
  t.is(exchanges.length, MAX_EARLY + 3)
})

test('frames are those of the first input only, ascending, and bounded', (t) => {
  const exchanges: HttpExchange[] = []
  const sink = { write: (exchange: HttpExchange) => void exchanges.push(exchange), end: () => {} }
  const { fromClient, fromServer } = openHttp1({ connection: newConnection(), scheme: 'http', policy: KEEP_ALL, sink })
  const send = (part: string, mark: Mark): void => fromClient.data(octets(part), 0, part.length, mark)
  send('POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n', { input: 1, frames: [7, 9], time: 5 })
  send('a', { input: 0, frames: [1], time: 6 })
  send('b', { input: 1, frames: [8], time: 7 })
  for (let frame = 10; frame < 9008; frame++) send('c', { input: 1, frames: [frame], time: frame })
  fromClient.end('fin', 1e6)
  fromServer.end('fin', 1e6)
  const frames = exchanges[0]?.request?.frames ?? []
  t.is(exchanges[0]?.input, 1)
  t.deepEqual(frames.slice(0, 5), [7, 8, 9, 10, 11])
  t.is(frames.length, MAX_FRAMES)
  t.is(frames.at(-1), 9007)
  t.is(exchanges[0]?.request?.endTime, 9007)
  t.true(exchanges[0]?.request?.body.complete)
})

test('versions, request counts and damage are noted on the connection', (t) => {
  const both = play([
    ['client', 'GET /a HTTP/1.0\r\n\r\n'],
    ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['client', 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n\u0000\u0001\u0002'],
  ])
  t.is(both.connection.http, '1.1')
  t.is(both.connection.requests, 2)
  t.deepEqual(both.connection.damage, [
    { layer: 'http', kind: 'malformed', detail: 'octets that are no HTTP/1 message', count: 1, firstFrame: 3 },
  ])
  t.is(play([['client', 'GET /a HTTP/1.0\r\n\r\n']]).connection.http, '1.0')
})

test('the scheme of the connection is that of the URL', (t) => {
  const { exchanges } = play([['client', 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n']], { scheme: 'https' })
  t.is(exchanges[0]?.request?.url, 'https://h/a')
})

test('the policy decides by the heads how much of a body is kept', (t) => {
  const asked: unknown[] = []
  const policy: BodyPolicy = {
    request: (head) => {
      asked.push([head.method, head.target, head.headers.length])
      return 0
    },
    response: (head, request) => {
      asked.push([head.status, request?.target])
      return 3
    },
  }
  const { exchanges } = play(
    [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd'],
      ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n'],
    ],
    { policy },
  )
  t.deepEqual(asked, [
    ['POST', '/x', 2],
    [200, '/x'],
  ])
  t.deepEqual(exchanges[0]?.request?.body, { bytes: null, complete: false, size: 4, damage: [] })
  const body = exchanges[0]?.response?.body
  t.deepEqual(body?.bytes, octets('abc'))
  t.is(body?.size, 4)
  t.false(body?.complete)
  t.deepEqual(
    body?.damage.map(({ kind }) => kind),
    ['limit'],
  )
})

test('trailers and interim answers are kept apart from the head', (t) => {
  const { exchanges } = play([
    ['client', 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'],
    [
      'server',
      'HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n0\r\nA: 1\r\nB: 2\r\n\r\n',
    ],
  ])
  const response = exchanges[0]?.response
  t.deepEqual(response?.headers, [
    ['Transfer-Encoding', 'chunked'],
    ['Trailer', 'A'],
  ])
  t.deepEqual(response?.trailers, [
    ['A', '1'],
    ['B', '2'],
  ])
  t.deepEqual(response?.interim, [103])
  t.is(response?.statusText, 'Fine')
})

test('RFC 9112 7: a transfer coding under chunked is undone, then the content coding', (t) => {
  const inner = gzipSync('the content')
  const outer = deflateSync(inner)
  const { exchanges } = play([
    ['client', 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['server', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: deflate, chunked\r\n\r\n'],
    ['server', `${outer.length.toString(16)}\r\n`],
    ['server', new Uint8Array(outer)],
    ['server', '\r\n0\r\n\r\n'],
  ])
  t.deepEqual(exchanges.map(show), ['GET http://h/a "" -> 200 "the content"'])
})

const CONNECT = 'CONNECT ca.example:443 HTTP/1.1\r\nHost: ca.example:443\r\n\r\n'

interface Recorded {
  readonly opened: string[]
  readonly octets: { client: string; server: string }
  readonly ends: string[]
  readonly onTunnel: TunnelOpener
}

function recordTunnel(answersRequest = false): Recorded {
  const seen = { client: '', server: '' }
  const ends: string[] = []
  const opened: string[] = []
  const stream = (side: 'client' | 'server'): StreamSink => ({
    data: (bytes, start, end) => {
      seen[side] += text(bytes.subarray(start, end))
    },
    gap: (missing) => {
      seen[side] += `<${missing}>`
    },
    end: (how) => void ends.push(`${side} ${how}`),
  })
  const onTunnel: TunnelOpener = (kind, request, response) => {
    opened.push(`${kind} ${request?.method ?? '-'} ${request?.url ?? '-'} ${response.status}`)
    return { fromClient: stream('client'), fromServer: stream('server'), answersRequest }
  }
  return { opened, octets: seen, ends, onTunnel }
}

test('RFC 9110 9.3.6: after a 2xx to CONNECT both directions are the tunnel', (t) => {
  for (const piece of [undefined, () => 1]) {
    const tunnel = recordTunnel()
    const steps: Step[] = [
      ['client', CONNECT],
      ['server', 'HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\nserver'],
      ['client', 'GET / HTTP/1.1\r\n\r\n'],
      ['server gap', 3],
      ['server', '!'],
      ['client ends', 'rst'],
    ]
    const outcome = play(steps, { onTunnel: tunnel.onTunnel, ...(piece === undefined ? {} : { piece }) })
    t.deepEqual(outcome.exchanges.map(show), ['CONNECT http://ca.example:443 "" -> 200 ""'])
    t.deepEqual(tunnel.opened, ['connect CONNECT http://ca.example:443 200'])
    t.deepEqual(tunnel.octets, { client: 'GET / HTTP/1.1\r\n\r\n', server: 'server<3>!' })
    t.deepEqual(tunnel.ends, ['client rst', 'server fin'])
    t.deepEqual(showDamage(outcome), [])
  }
})

test('octets sent before the answer to CONNECT wait for it: a tunnel takes them, a refusal makes them requests', (t) => {
  const tunnel = recordTunnel()
  play(
    [
      ['client', `${CONNECT}hello`],
      ['client ends', 'fin'],
      ['server', 'HTTP/1.1 200 OK\r\n\r\n'],
    ],
    { onTunnel: tunnel.onTunnel },
  )
  t.deepEqual(tunnel.octets, { client: 'hello', server: '' })
  t.deepEqual(tunnel.ends, ['client fin', 'server fin'])
  const refused = play([
    ['client', `${CONNECT}GET /a HTTP/1.1\r\nHost: h\r\n\r\n`],
    [
      'server',
      'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    ],
  ])
  t.deepEqual(refused.exchanges.map(show), ['CONNECT http://ca.example:443 "" -> 407 ""', 'GET http://h/a "" -> 200 "hi"'])
  const unanswered = play([['client', `${CONNECT}GET /a HTTP/1.1\r\nHost: h\r\n\r\n`]])
  t.deepEqual(unanswered.exchanges.map(show), ['CONNECT http://ca.example:443 "" -> -', 'GET http://h/a "" -> -'])
})

test('a request that shows an earlier one to have made a tunnel is the last that is read', (t) => {
  const post = 'POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi'
  for (const get of [
    'GET /a HTTP/1.1\r\nHost: h\r\n\r\nrest',
    'POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n',
  ]) {
    const { exchanges } = play([
      ['client gap', null],
      ['client', post],
      ['server gap', null],
      ['server', 'HTTP/1.1 101 Switching Protocols\r\n\r\nPO'],
      ['client', get],
    ])
    t.is(exchanges.map(show)[0], 'POST http://h/b "hi" -> 101 ""')
  }
})

test('octets parked behind CONNECT are bounded', (t) => {
  const { exchanges, connection } = play([['client', CONNECT + 'x'.repeat(MAX_PARKED + 1)]])
  t.deepEqual(exchanges.map(show), ['CONNECT http://ca.example:443 "" -> -'])
  t.is(connection.damage[0]?.detail, 'octets that are no HTTP/1 message')
})

const UPGRADE = 'POST /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}'
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n'

test('RFC 9110 7.8: after 101 both directions are the new protocol; h2c answers the request itself', (t) => {
  for (const answersRequest of [false, true]) {
    const tunnel = recordTunnel(answersRequest)
    const { exchanges } = play(
      [
        ['client', `${UPGRADE}PRI`],
        ['server', `${SWITCHING}frames`],
      ],
      { onTunnel: tunnel.onTunnel },
    )
    t.deepEqual(exchanges.map(show), answersRequest ? [] : ['POST http://h/x "{}" -> 101 ""'])
    t.deepEqual(tunnel.opened, ['upgrade POST http://h/x 101'])
    t.deepEqual(tunnel.octets, { client: 'PRI', server: 'frames' })
  }
})

test('an upgrade that is not taken goes on as HTTP/1.1', (t) => {
  const { exchanges } = play([
    ['client', UPGRADE.slice(0, -1)],
    ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
    ['client', '}GET /a HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nho'],
  ])
  t.deepEqual(exchanges.map(show), ['POST http://h/x "{}" -> 200 "hi"', 'GET http://h/a "" -> 200 "ho"'])
})

test('a tunnel ends what was under way, and says when nothing more is wanted', (t) => {
  const ends = play([
    ['client', UPGRADE.replace('Content-Length: 2', 'Content-Length: 20')],
    ['server', SWITCHING],
  ])
  t.deepEqual(ends.exchanges.map(show), ['POST http://h/x "{}"... -> 101 ""'])
  const seen: HttpExchange[] = []
  const sink = { write: (exchange: HttpExchange) => void seen.push(exchange), end: () => {} }
  for (const inner of [undefined, false, true]) {
    const stream: StreamSink = { data: () => {}, gap: () => {}, end: () => {} }
    const onTunnel = inner === undefined ? {} : { onTunnel: () => ({ fromClient: stream, fromServer: stream, finished: inner }) }
    const pair = openHttp1({ connection: newConnection(), scheme: 'http', policy: KEEP_ALL, sink, ...onTunnel })
    const say = (side: StreamSink, part: string): void =>
      side.data(octets(part), 0, part.length, { input: 0, frames: [1], time: 1 })
    say(pair.fromClient, CONNECT)
    t.false(pair.finished)
    say(pair.fromServer, 'HTTP/1.1 200 OK\r\n\r\n')
    t.is(pair.finished, inner !== false)
  }
  t.is(seen.length, 3)
})

test('without a handler a tunnel is passed over; 101 without its request opens one too', (t) => {
  const passed = play([
    ['client', CONNECT],
    ['server', 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 500 No\r\n\r\n'],
    ['client', 'GET / HTTP/1.1\r\n\r\n'],
  ])
  t.deepEqual(passed.exchanges.map(show), ['CONNECT http://ca.example:443 "" -> 200 ""'])
  const tunnel = recordTunnel()
  const { exchanges } = play(
    [
      ['server', `${SWITCHING}x`],
      ['client', 'y'],
    ],
    { onTunnel: tunnel.onTunnel },
  )
  t.deepEqual(exchanges.map(show), ['- -> 101 ""'])
  t.deepEqual(tunnel.octets, { client: 'y', server: 'x' })
})

test('limits: the octets of a head, its lines, waiting requests, a line while searching', (t) => {
  const long = play([
    ['client', `GET /a HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(MAX_HEAD)}\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n`],
  ])
  t.deepEqual(long.exchanges.map(show), ['GET http://h/a missing -> -', 'GET http://h/b "" -> -'])
  t.true(showDamage(long).includes(`a head of more than ${MAX_HEAD} octets`))

  const lines = play([['client', `POST /a HTTP/1.1\r\nHost: h\r\n${'A: 1\r\n'.repeat(MAX_FIELDS)}\r\n`]])
  t.is(lines.exchanges[0]?.request?.headers.length, MAX_FIELDS)
  t.deepEqual(showDamage(lines), [`more than ${MAX_FIELDS} field lines`])

  const waiting = play([['client', 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(MAX_PENDING + 2)]])
  t.is(waiting.exchanges.length, MAX_PENDING + 2)

  const line = 'y'.repeat(MAX_START_LINE * 3)
  const found = play([
    ['server gap', null],
    ['server', `${line}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi`],
  ])
  t.deepEqual(found.exchanges.map(show), ['- -> 200 "hi"'])
})

test('a method longer than any, or octets that are no token, are told at once to be no request', (t) => {
  for (const start of ['A'.repeat(80), '\u0016\u0003\u0001\u0002', 'GET'.padEnd(90, 'X')]) {
    const { exchanges, connection } = play([['client', `${start}\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n`]])
    t.deepEqual(exchanges.map(show), ['GET http://h/a "" -> -'])
    t.is(connection.damage[0]?.detail, 'octets that are no HTTP/1 message')
  }
})

const RECOGNITIONS: readonly (readonly [string, Recognition])[] = [
  ['GET / HTTP/1.1\r\n', 'client'],
  ['POST /', 'client'],
  ['PROPFIND ', 'client'],
  ['PROPFIN', 'more'],
  ['PROPPATC ', 'ignore'],
  ['HTTP/1.1 200 OK', 'server'],
  ['HTTP/1', 'more'],
  ['H', 'more'],
  ['HEAD', 'more'],
  ['HTTP/2 ', 'ignore'],
  ['', 'more'],
  ['\r\n', 'more'],
  ['\r\n\r\nGET /', 'client'],
  ['\r\n\r\n\r\nGET /', 'ignore'],
  ['get / HTTP/1.1', 'ignore'],
  ['PRI * HTTP/2.0\r\n', 'ignore'],
  ['\u0016\u0003\u0001', 'ignore'],
]

test('recognition by the first octets', (t) => {
  for (const [start, expected] of RECOGNITIONS) {
    const bytes = octets(`..${start}GET HTTP/1.1`)
    t.is(recogniseHttp1(bytes, 2, 2 + start.length), expected, JSON.stringify(start))
  }
})
