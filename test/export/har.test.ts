import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import validator from 'har-validator/lib/async.js'
import { HarWriter } from '../../src/export/har.ts'
import type { HttpExchange, HttpMessage, HttpRequest } from '../../src/http/exchange.ts'
import { newConnection, octets, play } from '../http/conversation.ts'
import { entry, har, readHar } from '../http/har-reading.ts'
import { FRAMING, LOSSES, SYNTAX } from '../http/http1-cases.ts'

const CREATOR = { creator: { name: 'acmescope', version: '0' } }

function write(exchanges: readonly HttpExchange[], acme: readonly (object | undefined)[] = []): string {
  const chunks: string[] = []
  const writer = new HarWriter((chunk) => void chunks.push(chunk), CREATOR)
  exchanges.forEach((exchange, i) => void writer.write(exchange, acme[i]))
  writer.end()
  return chunks.join('')
}

/** What har-validator finds wrong with a HAR. */
function faultsOf(text: string): string[] {
  let faults: string[] = []
  validator.har(JSON.parse(text), (error) => {
    faults = error === null ? [] : error.errors.map(({ dataPath, message }) => `${dataPath} ${message}`)
  })
  return faults
}

type HarEntry = Record<string, Record<string, Record<string, unknown>>>

const entriesOf = (text: string): HarEntry[] => JSON.parse(text).log.entries

/** All of an exchange that a HAR can hold; "HTTP/2.0" is what many HARs call HTTP/2. */
function essence({ request, response, streamId }: HttpExchange): unknown {
  const message = (one: HttpMessage | null): unknown =>
    one === null
      ? null
      : {
          ...one,
          httpVersion: one.httpVersion.replace(/^2\.0$/, '2'),
          frames: [],
          endTime: 0,
          target: '',
          body: { ...one.body, bytes: one.body.bytes === null ? null : [...one.body.bytes] },
        }
  return { streamId, request: message(request), response: message(response), end: response?.endTime ?? request?.endTime }
}

test('RFC 9112 cases: written, valid, and read back the same', async (t) => {
  for (const { title, steps } of [...FRAMING, ...SYNTAX, ...LOSSES]) {
    const { exchanges } = play(steps, { piece: () => 9 })
    const text = write(exchanges)
    t.deepEqual(faultsOf(text), [], title)
    const again = await readHar(text)
    t.deepEqual(again.exchanges.map(essence), exchanges.map(essence), title)
    t.deepEqual(again.damage, [], title)
  }
})

const BYTES = Uint8Array.from({ length: 256 }, (_, i) => i)

function exchange(
  request: Partial<HttpRequest> = {},
  response: Partial<HttpMessage> = {},
  more: Partial<HttpExchange> = {},
): HttpExchange {
  const message = {
    httpVersion: '2',
    headers: [],
    trailers: [],
    body: { bytes: new Uint8Array(0), complete: true, size: 0, damage: [] },
    time: 1_700_000_000_123_456,
    endTime: 1_700_000_000_123_457,
    frames: [3, 5],
    damage: [],
  } as const
  return {
    input: 0,
    entry: null,
    connection: { ...newConnection(), server: '[2001:db8::1]:443' },
    streamId: 7,
    request: { ...message, method: 'POST', target: '/x', url: 'https://ca.example/x', ...request },
    response: {
      ...message,
      status: 201,
      statusText: '',
      interim: [],
      time: 1_700_000_000_200_000,
      endTime: 1_700_000_000_300_001,
      frames: [5, 8],
      ...response,
    },
    har: null,
    ...more,
  }
}

const complete = (bytes: Uint8Array): HttpMessage['body'] => ({ bytes, complete: true, size: bytes.length, damage: [] })
const typed = (mediaType: string): HttpMessage['headers'] => [['content-type', mediaType]]

/** Media type, body, and whether it is written as text. */
const MEDIA: readonly (readonly [string, Uint8Array, boolean])[] = [
  ['application/json', octets('{"a":1}'), true],
  ['application/jose+json', octets('{}'), true],
  ['application/problem+json; charset=utf-8', octets('{}'), true],
  ['application/pem-certificate-chain', octets('-----BEGIN'), true],
  ['TEXT/HTML', new TextEncoder().encode('h\ufeffé€\u2028"\\\n'), true],
  ['text/plain', new TextEncoder().encode('\ufeffwith a mark \ufffd'), true],
  ['text/plain', BYTES, false],
  ['application/json', Uint8Array.of(0xc3), false],
  ['application/pkix-cert', octets('abc'), false],
  ['application/jsonx', octets('abc'), false],
  ['', octets('abc'), false],
]

for (const [mediaType, bytes, asText] of MEDIA)
  test(`a body of type "${mediaType}", ${bytes.length} octets, is written ${asText ? 'as text' : 'in base64'}`, async (t) => {
    const headers = mediaType === '' ? [] : typed(mediaType)
    const one = exchange({ headers, body: complete(bytes) }, { headers, body: complete(bytes) })
    const text = write([one])
    t.deepEqual(faultsOf(text), [])
    const [written] = entriesOf(text)
    t.is(written?.response?.content?.encoding, asText ? undefined : 'base64')
    t.is(written?.request?.postData?._encoding, asText ? undefined : 'base64')
    t.deepEqual((await readHar(text)).exchanges.map(essence), [essence(one)])
  })

test('an incomplete body says so', async (t) => {
  const damage = [{ layer: 'tcp', kind: 'gap', detail: 'lost', count: 2, firstFrame: 4 }] as const
  const bodies = [
    { bytes: octets('ab'), complete: false, size: 9, damage },
    { bytes: null, complete: false, size: 9, damage: [] },
    { bytes: null, complete: false, size: null, damage },
    { bytes: new Uint8Array(0), complete: false, size: null, damage: [] },
  ]
  const all = bodies.map((body) => exchange({ body }, { body, damage }))
  const text = write(all)
  t.deepEqual(faultsOf(text), [])
  const [first, second] = entriesOf(text)
  t.deepEqual(first?.request?.postData?._damage, damage as unknown)
  t.deepEqual(second?.response?.content, { size: 9, mimeType: 'x-unknown', _damage: [] })
  t.deepEqual((await readHar(text)).exchanges.map(essence), all.map(essence))
})

test('times are kept to the microsecond', async (t) => {
  const one = exchange()
  const [written] = entriesOf(write([one]))
  t.is(written?.startedDateTime as unknown, '2023-11-14T22:13:20.123456Z')
  t.deepEqual(written?.timings as unknown, { send: 0.001, wait: 76.543, receive: 100.001 })
  const { exchanges } = await readHar(write([one]))
  t.is(exchanges[0]?.request?.endTime, one.request?.endTime)
  t.is(exchanges[0]?.response?.time, one.response?.time)
  t.is(exchanges[0]?.response?.endTime, one.response?.endTime)
})

test('fields beyond HAR: frames, stream, connection, judgement', (t) => {
  const [written] = entriesOf(write([exchange()], [{ resource: 'newOrder' }])) as unknown as Record<string, unknown>[]
  t.deepEqual(written?._frames, [3, 5, 8])
  t.is(written?._stream, 7)
  t.is(written?._streamId, 7)
  t.is(written?._connection, '192.0.2.1:4000 -> [2001:db8::1]:443')
  t.deepEqual(written?._acme, { resource: 'newOrder' })
  t.is(written?.serverIPAddress, '2001:db8::1')
  t.is(written?.connection, '7')
  const [bare] = entriesOf(write([exchange({}, {}, { connection: null, streamId: null })])) as unknown as Record<
    string,
    unknown
  >[]
  t.deepEqual(Object.keys(bare ?? {}), ['startedDateTime', 'time', 'request', 'response', 'cache', 'timings', '_frames'])
})

test('a request without answer has status 0, a response without request says so', async (t) => {
  const unasked = exchange({}, {}, { request: null })
  const text = write([exchange({}, {}, { response: null }), unasked])
  t.deepEqual(faultsOf(text), [])
  const [first, second] = entriesOf(text)
  t.is(first?.response?.status as unknown, 0)
  t.is(second?.request?.method as unknown, '')
  t.is(second?.request?.url as unknown, 'http://[2001:db8::1]:443/')
  t.regex(JSON.stringify(second?.request?._damage), /the request was not captured/)
  const again = await readHar(text)
  t.is(again.exchanges[0]?.response, null)
  t.is(again.exchanges[1]?.request, null)
  t.is(again.exchanges[1]?.response?.time, unasked.response?.time)
})

test('what HAR cannot hold as it is: URLs that are none, octets in headers, odd versions', async (t) => {
  for (const url of ['', 'no scheme', 'http://h/a b', 'http://h/\udc00 x']) {
    const one = exchange({ url, headers: [['x', '\u00ff\u0000']], httpVersion: 'odd' })
    const text = write([one])
    t.deepEqual(faultsOf(text), [], url)
    const again = await readHar(text)
    t.is(again.exchanges[0]?.request?.url, url)
    if (url === 'http://h/a b') t.is(entriesOf(text)[0]?.request?.url as unknown, 'http://h/a%20b')
    t.deepEqual(again.exchanges[0]?.request?.headers, [['x', '\u00ff\u0000']])
    t.is(again.exchanges[0]?.request?.httpVersion, 'odd')
  }
})

test('HTTP/2 messages whose pseudo-header fields were lost stay what they are', async (t) => {
  const damage = [{ layer: 'http', kind: 'gap', detail: ':method is unknown', count: 1, firstFrame: 4 }] as const
  const one = exchange({ method: '', damage })
  const lost = { ...one, response: one.response === null ? null : { ...one.response, status: 0, damage } }
  const text = write([lost])
  t.deepEqual(faultsOf(text), [])
  t.deepEqual((await readHar(text)).exchanges.map(essence), [essence(lost)])
})

test('queryString lists the query', (t) => {
  const [written] = entriesOf(write([exchange({ url: 'https://h/a?b=1&c&d=%20#f?x' })]))
  t.deepEqual(written?.request?.queryString as unknown, [
    { name: 'b', value: '1' },
    { name: 'c', value: '' },
    { name: 'd', value: ' ' },
  ])
})

test('a HAR without exchanges is valid; entries leave as they come', (t) => {
  t.deepEqual(faultsOf(write([])), [])
  const chunks: string[] = []
  const writer = new HarWriter((chunk) => void chunks.push(chunk), CREATOR)
  for (let i = 1; i <= 3; i++) {
    writer.write(exchange())
    t.is(chunks.length, i)
  }
})

test('a HAR read, written and read again is the same', async (t) => {
  const first = await readHar(har([entry({ connection: '4', serverIPAddress: '192.0.2.9' }), entry({}, {}, { status: 0 })]))
  const second = await readHar(write(first.exchanges))
  t.deepEqual(second.exchanges.map(essence), first.exchanges.map(essence))
  t.is(second.connections[0]?.server, '192.0.2.9:443')
})

const corpora = process.env.ACMESCOPE_CORPORA

;(corpora === undefined ? test.skip : test)('public HARs: written, valid, and read back the same', async (t) => {
  const folder = `${corpora}/har/captures`
  let count = 0
  for (const name of readdirSync(folder)) {
    const first = await readHar(readFileSync(`${folder}/${name}`)).catch(() => null)
    if (first === null) continue
    const text = write(first.exchanges)
    t.deepEqual(faultsOf(text), [], name)
    t.deepEqual((await readHar(text)).exchanges.map(essence), first.exchanges.map(essence), name)
    count += first.exchanges.length
  }
  t.true(count > 260)
})
