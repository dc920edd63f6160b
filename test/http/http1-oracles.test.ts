import { readFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import test from 'ava'
import type { HttpExchange } from '../../src/http/exchange.ts'
import { ChunkedReader } from '../../src/http/http1/chunked.ts'
import { openHttp1 } from '../../src/http/http1/http1.ts'
import { StartLineSearch } from '../../src/http/http1/search.ts'
import { SectionReader } from '../../src/http/http1/section.ts'
import { OctetBuffer } from '../../src/http/octet-buffer.ts'
import type { Mark } from '../../src/tcp/connection.ts'
import type { Step } from './conversation.ts'
import { cutsOf, KEEP_ALL, newConnection, numbers, octets, play, show, showDamage, text } from './conversation.ts'
import { FRAMING, LOSSES, SYNTAX } from './http1-cases.ts'

const corpora = process.env.ACMESCOPE_CORPORA

interface Vector {
  readonly title: string
  readonly meta: { readonly type: string }
  readonly input_base64: string
  readonly log: string
}

interface Logged {
  method: string
  url: string
  version: string
  status: string
  headers: [string, string][]
  body: string
  headComplete: boolean
  complete: boolean
}

/** Why a vector is read otherwise than llhttp reads it, by its number in the file. */
const DIFFERENT: Readonly<Record<number, string>> = {
  5: 'white space before a colon is no part of the field name, and is named as damage',
  8: 'refused by llhttp; Transfer-Encoding: identity means nothing, so Content-Length counts',
  15: 'refused by llhttp; the CR within a line is named as damage',
  16: 'llhttp runs leniently here: LF is optional for it, not for RFC 9112',
  18: 'MKCOLA is a token, and so a method (RFC 9110 9.1)',
  19: 'refused by llhttp; a line that is no field line is left out and named as damage',
  21: 'refused by llhttp; a folded line is part of the value before it (RFC 9112 5.2)',
  22: 'refused by llhttp; RFC 9110 5.5 lets a recipient keep control characters other than CR, LF and NUL',
  24: 'refused by llhttp; RFC 9110 5.5 lets a recipient keep control characters other than CR, LF and NUL',
  29: 'RTSP is not HTTP',
  38: 'a request line without version is HTTP/0.9',
  45: 'refused by llhttp; Transfer-Encoding: identity means nothing, so Content-Length counts',
  46: 'refused by llhttp; a body whose end cannot be told is kept as far as it goes and named as damage',
  48: 'refused by llhttp; a body whose end cannot be told is kept as far as it goes and named as damage',
  49: 'refused by llhttp; a body whose end cannot be told is kept as far as it goes and named as damage',
  56: 'without its request the first response may answer HEAD, so what looks like the next response is one',
  63: 'refused by llhttp; the version is named as damage and the message read',
  64: 'refused by llhttp; the status line is named as damage and the message read',
  65: 'refused by llhttp; the CR within a line is named as damage',
  66: 'refused by llhttp; the version is named as damage and the message read',
  74: 'ICE is not HTTP',
  80: 'refused by llhttp; white space after a chunk size is bad but can mean nothing else',
  82: 'refused by llhttp; an extension without a name is an extension that is not known',
}

/** llhttp escapes tabs and the like in its log, but neither quotes nor backslashes. */
function unescapeLog(logged: string): string {
  return logged.replace(/\\([tfr])/g, (_, letter) => ({ t: '\t', f: '\f', r: '\r' })[letter as 't' | 'f' | 'r'])
}

function readLog(log: string): Logged[] {
  const messages: Logged[] = []
  let afterName = false
  for (const line of log.split('\n')) {
    if (line.endsWith(' message begin'))
      messages.push({ method: '', url: '', version: '', status: '', headers: [], body: '', headComplete: false, complete: false })
    const message = messages.at(-1)
    if (message === undefined) continue
    if (line.endsWith(' message complete')) message.complete = true
    if (line.includes(' headers complete ')) message.headComplete = true
    const [, span = '', quoted, lineEnd] = /span\[(\w+)\]=(?:"(.*)"|(cr|lf))$/.exec(line) ?? []
    const value = lineEnd === undefined ? unescapeLog(quoted ?? '') : lineEnd === 'cr' ? '\r' : '\n'
    if (span === 'method' || span === 'url' || span === 'version' || span === 'status' || span === 'body') message[span] += value
    if (span === 'header_field') {
      if (!afterName) message.headers.push(['', ''])
      afterName = true
    } else if (span === 'header_value') afterName = false
    const header = message.headers.at(-1)
    if (header !== undefined && span.startsWith('header_')) header[span === 'header_field' ? 0 : 1] += value
  }
  for (const message of messages) {
    message.status = message.status.trim()
    message.headers = message.headers.map(([name, value]) => [name, value.trim().replace(/\s+/g, ' ')])
  }
  return messages
}

function readByUs(vector: Vector): Logged[] {
  const side = vector.meta.type.startsWith('request') ? 'client' : 'server'
  const { exchanges } = play([[side, new Uint8Array(Buffer.from(vector.input_base64, 'base64'))]])
  return exchanges.map(({ request, response }) => {
    const message = side === 'client' ? request : response
    return {
      method: request?.method ?? '',
      url: request?.target ?? '',
      version: message?.httpVersion ?? '',
      status: response?.statusText.trim() ?? '',
      headers: message?.headers.map(([name, value]) => [name, value.replace(/\s+/g, ' ')]) ?? [],
      body: text(message?.body.bytes ?? new Uint8Array(0)),
      headComplete: true,
      complete: message?.body.complete ?? false,
    }
  })
}

/** Whether both mean the same. llhttp calls a body until close incomplete until the connection is closed, as we close it. */
function agree(ours: readonly Logged[], theirs: readonly Logged[]): boolean {
  // Of a start line that no line end completes we make nothing.
  const comparable = theirs.filter((message, i) => message.headComplete || i < ours.length || message.headers.length > 0)
  return (
    ours.length === comparable.length &&
    comparable.every((message, i) => {
      const our = ours[i] as Logged
      return (
        JSON.stringify({ ...our, headComplete: message.headComplete, complete: our.complete && message.complete }) ===
        JSON.stringify(message)
      )
    })
  )
}

;(corpora === undefined ? test.skip : test)('llhttp: every vector means the same, or there is a reason', (t) => {
  const vectors: Vector[] = JSON.parse(readFileSync(`${corpora}/http1-vectors/llhttp.json`, 'utf8'))
  t.true(vectors.length >= 84)
  const differing = vectors.flatMap((vector, i) => (agree(readByUs(vector), readLog(vector.log)) ? [] : [i]))
  t.deepEqual(differing, Object.keys(DIFFERENT).map(Number))
})

interface Spoken {
  readonly method: string
  readonly url: string
  readonly sent: string
  readonly status: number
  readonly received: string
}

/** A server that answers by path, with what node:http has to offer in framing. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (request.url === '/hints') response.writeEarlyHints({ link: '</style.css>; rel=preload' })
  if (request.url === '/none') response.writeHead(204).end()
  else if (request.url === '/unchanged') response.writeHead(304).end()
  else if (request.url === '/close') {
    response.useChunkedEncodingByDefault = false
    response.writeHead(200, { connection: 'close' })
    response.write('until ')
    response.end('close')
  } else if (request.url === '/chunked') {
    response.writeHead(200, { trailer: 'x-sum' })
    response.write('first ')
    response.write('second')
    response.addTrailers({ 'x-sum': '1' })
    response.end()
  } else response.writeHead(201, { 'content-length': 4 }).end('done')
}

const REQUESTS: readonly (readonly [string, string, readonly string[], http.OutgoingHttpHeaders])[] = [
  ['GET', '/', [], {}],
  ['HEAD', '/', [], {}],
  ['POST', '/', ['one', 'two'], { 'content-length': 6 }],
  ['POST', '/chunked', ['one', 'two', 'x'.repeat(70_000)], {}],
  ['PUT', '/hints', ['z'], { expect: '100-continue', 'content-length': 1 }],
  ['GET', '/none', [], {}],
  ['GET', '/unchanged', [], {}],
  ['DELETE', '/chunked', [], {}],
  ['GET', '/close', [], {}],
]

/** What node:http says was spoken, and the octets of both directions in order. */
async function record(): Promise<{ spoken: Spoken[]; steps: Step[] }> {
  const bodies: string[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      bodies.push(body)
      answer(request, response)
    })
  })
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  const steps: Step[] = []
  const relay = net.createServer((client) => {
    const upstream = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
    client.on('data', (chunk) => {
      steps.push(['client', new Uint8Array(chunk)])
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      steps.push(['server', new Uint8Array(chunk)])
      client.write(chunk)
    })
    client.on('end', () => upstream.end())
    upstream.on('end', () => client.end())
  })
  await new Promise<void>((done) => void relay.listen(0, '127.0.0.1', done))
  const { port } = relay.address() as net.AddressInfo
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const spoken: Spoken[] = []
  for (const [method, path, parts, headers] of REQUESTS)
    spoken.push(
      await new Promise((done, fail) => {
        const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
          let received = ''
          response.on('data', (chunk) => {
            received += chunk
          })
          response.on('end', () => {
            const url = `http://127.0.0.1:${port}${path}`
            done({ method, url, sent: bodies.at(-1) ?? '', status: response.statusCode ?? 0, received })
          })
        })
        request.on('error', fail)
        for (const part of parts) request.write(part)
        request.end()
      }),
    )
  agent.destroy()
  relay.close()
  server.close()
  return { spoken, steps }
}

test('node:http: a recorded connection is read as its two ends read it', async (t) => {
  const { spoken, steps } = await record()
  for (const piece of [undefined, cutsOf(1)]) {
    const outcome = play(steps, piece === undefined ? {} : { piece })
    const ours = outcome.exchanges.map(({ request, response }) => ({
      method: request?.method,
      url: request?.url,
      sent: Buffer.from(request?.body.bytes ?? []).toString(),
      status: response?.status,
      received: Buffer.from(response?.body.bytes ?? []).toString(),
    }))
    t.deepEqual(ours, spoken)
    t.deepEqual(showDamage(outcome), [])
    t.deepEqual(
      outcome.exchanges.map(({ response }) => response?.interim),
      REQUESTS.map(([, path]) => (path === '/hints' ? [100, 103] : [])),
    )
  }
})

/** Octets that the readers and the native searches look at while `action` runs. */
function countWork(action: () => void): number {
  let work = 0
  const restore: (() => void)[] = []
  const count = (owner: object, name: string, cost: (self: unknown, args: unknown[], result: unknown) => number): void => {
    const original = Reflect.get(owner, name) as (...args: unknown[]) => unknown
    const counting = function (this: unknown, ...args: unknown[]): unknown {
      const result = original.apply(this, args)
      work += cost(this, args, result)
      return result
    }
    Reflect.set(owner, name, counting)
    restore.push(() => Reflect.set(owner, name, original))
  }
  const consumed = (_: unknown, [, start]: unknown[], result: unknown): number => (result as number) - (start as number)
  for (const reader of [SectionReader, StartLineSearch, ChunkedReader]) count(reader.prototype, 'read', consumed)
  count(OctetBuffer.prototype, 'append', (_, [, start, end]) => (end as number) - (start as number))
  count(OctetBuffer.prototype, 'drop', (self) => (self as OctetBuffer).length)
  count(String.prototype, 'indexOf', (self, [, from], result) => {
    const end = (result as number) < 0 ? String(self).length : (result as number)
    return Math.max(0, end - ((from as number | undefined) ?? 0))
  })
  count(RegExp.prototype, 'exec', (_, [line]) => String(line).length)
  count(RegExp.prototype, 'test', (_, [line]) => String(line).length)
  try {
    action()
  } finally {
    for (const undo of restore) undo()
  }
  return work
}

const HEAD = 'GET /a HTTP/1.1\r\nHost: h\r\n'

/** Input that grows with its factor, made to be looked at again and again by a careless reader. */
const GROWING: readonly (readonly [string, 'client' | 'server', (factor: number) => string, (() => number) | undefined])[] = [
  ['a long head octet by octet', 'client', (n) => `${HEAD}X: ${'x'.repeat(n * 4000)}\r\n\r\n`, () => 1],
  ['lines without a colon', 'client', (n) => `${HEAD}${'x\n'.repeat(n * 4000)}\r\n`, undefined],
  ['lines of CR', 'client', (n) => `${HEAD}${'\r'.repeat(n * 4000)}x\r\n\r\n`, undefined],
  ['folded lines', 'client', (n) => `${HEAD}X: 1\r\n${' y\r\n'.repeat(n * 4000)}\r\n`, undefined],
  ['pipelined requests', 'client', (n) => `${HEAD}\r\n`.repeat(n * 100), () => 7],
  [
    'chunks of one octet',
    'server',
    (n) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(n * 500)}0\r\n\r\n`,
    () => 3,
  ],
  ['garbage without line ends', 'server', (n) => 'z'.repeat(n * 30_000), () => 100],
  ['garbage of status lines', 'server', (n) => `x\r\n${'HTTP/1.1 200 OK\r\n'.repeat(n * 500)}`, () => 50],
  ['a line of status lines', 'server', (n) => `x\r\n${'HTTP/1.1 200 '.repeat(n * 500)}\r\n`, undefined],
  ['garbage of methods', 'client', (n) => `{\r\n${'GET GET '.repeat(n * 500)}\r\n`, () => 50],
]

for (const [title, side, make, piece] of GROWING)
  test.serial(`work grows with the input, not with its square: ${title}`, (t) => {
    const once = countWork(() => play([[side, make(2)]], piece === undefined ? {} : { piece }))
    const twice = countWork(() => play([[side, make(4)]], piece === undefined ? {} : { piece }))
    t.true(once > 0)
    t.true(twice < once * 2.3, `${once} for one, ${twice} for two`)
  })

/** Mangles octets: flips, deletions, repetitions. */
function mangle(bytes: Uint8Array, next: () => number): Uint8Array {
  const out = [...bytes]
  for (let i = 0; i < 1 + next() * 4; i++) {
    const at = Math.floor(next() * out.length)
    const what = next()
    if (what < 0.5) out[at] = Math.floor(next() * 256)
    else if (what < 0.75) out.splice(at, 1 + Math.floor(next() * 10))
    else out.splice(at, 0, ...out.slice(Math.floor(next() * out.length)).slice(0, 30))
  }
  return Uint8Array.from(out)
}

test('mangled octets, gaps and early ends never throw, and cuts never matter', (t) => {
  const next = numbers(20)
  const cases = [...FRAMING, ...SYNTAX, ...LOSSES]
  for (let round = 0; round < 3000; round++) {
    const { steps, title } = cases[round % cases.length] as (typeof cases)[number]
    const mangled = steps.map(([what, value]): Step => {
      if (typeof value === 'string' && !what.endsWith('ends') && next() < 0.7)
        return [what as 'client', mangle(octets(value), next)]
      return [what, value] as Step
    })
    if (next() < 0.3)
      mangled.splice(Math.floor(next() * mangled.length), 0, ['server gap', next() < 0.5 ? null : Math.floor(next() * 9)])
    const whole = play(mangled)
    const cut = play(mangled, { piece: cutsOf(round), oneFrame: true })
    t.deepEqual(cut.exchanges.map(show), whole.exchanges.map(show), `${round} ${title}`)
    for (const { request, response } of whole.exchanges) {
      t.true(request !== null || response !== null)
      for (const body of [request?.body, response?.body]) if (body?.complete === true) t.deepEqual(body.damage, [])
    }
  }
})

test('random octets never throw', (t) => {
  const next = numbers(7)
  const words = [
    'HTTP/1.1 ',
    'GET ',
    ' HTTP/1.1\r\n',
    '\r\n',
    '\r\n\r\n',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    '5',
    '0',
    ':',
    ' ',
    '\0',
    'ÿ',
    '200',
  ]
  for (let round = 0; round < 3000; round++) {
    let stream = ''
    for (let i = 0; i < 30; i++) stream += words[Math.floor(next() * words.length)]
    const outcome = play(
      [
        ['client', stream],
        ['server', stream],
      ],
      { piece: cutsOf(round) },
    )
    t.true(outcome.exchanges.every(({ request, response }) => request !== null || response !== null))
  }
})

interface Lost {
  readonly side: 'client' | 'server'
  readonly bytes: Uint8Array | null
  readonly missing: number
  readonly mark: Mark
}

/** Segments of a conversation of numbered exchanges, some of them lost, each direction handed on later than it was captured. */
function lossy(next: () => number, loss: number): Lost[] {
  const events: { at: number; event: Lost }[] = []
  let time = 0
  const missing = { client: 0, server: 0 }
  const behind = { client: 0, server: 0 }
  const send = (side: 'client' | 'server', message: string): void => {
    const cut = Math.floor(next() * message.length)
    for (const part of [message.slice(0, cut), message.slice(cut)]) {
      time += 1 + Math.floor(next() * 50)
      if (part.length === 0) continue
      if (next() < loss) {
        missing[side] += part.length
        continue
      }
      behind[side] = Math.max(behind[side], time + Math.floor(next() ** 4 * 1500))
      const mark: Mark = { input: 0, frames: [time], time }
      events.push({ at: behind[side], event: { side, bytes: octets(part), missing: missing[side], mark } })
      missing[side] = 0
    }
  }
  for (let i = 0; i < 40; i++) {
    const method = next() < 0.2 ? 'HEAD' : 'POST'
    const body = `{"number":${i}}`
    send(
      'client',
      `${method} /${i} HTTP/1.1\r\nHost: h\r\n${method === 'HEAD' ? '\r\n' : `Content-Length: ${body.length}\r\n\r\n${body}`}`,
    )
    send('server', `HTTP/1.1 200 OK\r\nNumber: ${i}\r\nContent-Length: ${body.length}\r\n\r\n${method === 'HEAD' ? '' : body}`)
  }
  return events.sort((a, b) => a.at - b.at).map(({ event }) => event)
}

test('octets lost and directions out of step: no response is given to another request', (t) => {
  const next = numbers(42)
  let paired = 0
  for (let round = 0; round < 400; round++) {
    const exchanges: HttpExchange[] = []
    const sink = { write: (exchange: HttpExchange) => void exchanges.push(exchange), end: () => {} }
    const pair = openHttp1({ connection: newConnection(), scheme: 'http', policy: KEEP_ALL, sink })
    for (const { side, bytes, missing, mark } of lossy(next, [0, 0.02, 0.1, 0.3][round % 4] as number)) {
      const stream = side === 'client' ? pair.fromClient : pair.fromServer
      if (missing > 0) stream.gap(missing, mark)
      if (bytes !== null) stream.data(bytes, 0, bytes.length, mark)
    }
    pair.fromClient.end('capture', 1e6)
    pair.fromServer.end('capture', 1e6)
    for (const { request, response } of exchanges) {
      const number = response?.headers.find(([name]) => name === 'Number')?.[1]
      if (request === null || response === null || number === undefined) continue
      t.is(`/${number}`, request.target, `round ${round}`)
      paired++
    }
    if (round % 4 === 0) t.is(exchanges.filter(({ request, response }) => request !== null && response !== null).length, 40)
  }
  t.true(paired > 9000, `${paired} pairs`)
})
