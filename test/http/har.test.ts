import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import { CaptureError } from '../../src/capture/reader.ts'
import type { Body, HttpExchange } from '../../src/http/exchange.ts'
import { recognisesHar } from '../../src/http/har/har.ts'
import { HarSplitter, MAX_ENTRY } from '../../src/http/har/splitter.ts'
import { cutsOf, numbers, showBody } from './conversation.ts'
import { entry, type HarReading, har, readHar } from './har-reading.ts'

const details = ({ damage }: HarReading): string[] => damage.map(({ detail }) => detail)
const bodyDetails = (body: Body | undefined): string[] => body?.damage.map(({ detail }) => detail) ?? []
const utf8 = (body: Body | undefined): string => Buffer.from(body?.bytes ?? []).toString()

const TWO = [entry({}, { url: 'https://a/1' }), entry({}, { url: 'https://a/2' })]
const LOG = '"version":"1.2","creator":{"name":"t","version":"1"}'
const ENTRIES = TWO.map((one) => JSON.stringify(one)).join(' , ')

/** Texts of HARs, and the URLs that must come out of them. */
const STRUCTURES: readonly (readonly [string, string | Uint8Array, readonly string[], readonly string[]])[] = [
  ['one line', har(TWO), ['https://a/1', 'https://a/2'], []],
  ['indented', JSON.stringify(JSON.parse(har(TWO)), null, 2), ['https://a/1', 'https://a/2'], []],
  ['a byte order mark and white space', `\ufeff \r\n\t${har(TWO)}\n \n`, ['https://a/1', 'https://a/2'], []],
  ['UTF-16LE, as PowerShell redirects', Buffer.from(`\ufeff${har(TWO)}`, 'utf16le'), ['https://a/1', 'https://a/2'], []],
  ['UTF-16BE', Buffer.from(`\ufeff${har(TWO)}`, 'utf16le').swap16(), ['https://a/1', 'https://a/2'], []],
  ['no entries', har([]), [], []],
  [
    'log.entries first, members after it',
    `{"log":{"entries":[${ENTRIES}],${LOG}},"x":[1,{"y":2}]}`,
    ['https://a/1', 'https://a/2'],
    [],
  ],
  [
    'the words "log" and "entries" where they mean nothing',
    `{"entries":[{}],"a":{"log":{"entries":[{}]}},"b":"\\"log\\":{\\"entries\\":[","log":{"x":{"entries":[{}]},"pages":[{"entries":[]}],${LOG},"entries":[${ENTRIES}]}}`,
    ['https://a/1', 'https://a/2'],
    [],
  ],
  [
    'strings with brackets, quotes and backslashes',
    har([
      entry({ comment: '}]"\\' }, { url: 'https://a/1' }),
      entry({ comment: `${'\\'.repeat(99)}"]}`, x: ['[{', '\\\\"'] }, { url: 'https://a/2' }),
    ]),
    ['https://a/1', 'https://a/2'],
    [],
  ],
  [
    'a long string',
    har([entry({ comment: `${'x'.repeat(500)}\\"${'y'.repeat(200)}"` }, { url: 'https://a/1' })]),
    ['https://a/1'],
    [],
  ],
  [
    'members of log that are no objects',
    `{"log":{"a":1,"b":null ,"c":-1e5,"d":"s",${LOG},"entries":[${ENTRIES}]}}`,
    ['https://a/1', 'https://a/2'],
    [],
  ],
  [
    'elements that are no entries',
    `{"log":{${LOG},"entries":[null,7,"x",[],${ENTRIES},true]}}`,
    ['https://a/1', 'https://a/2'],
    ['an entry that is no JSON object'],
  ],
  [
    'an element that is no JSON',
    `{"log":{${LOG},"entries":[{"a":tru},${ENTRIES}]}}`,
    ['https://a/1', 'https://a/2'],
    ['an entry that is no JSON object'],
  ],
  ['cut within an entry', har(TWO).slice(0, -120), ['https://a/1'], ['the file ends within an entry']],
  ['cut between entries', `{"log":{${LOG},"entries":[${JSON.stringify(TWO[0])},`, ['https://a/1'], ['the file ends within log']],
  ['cut behind the entries', har(TWO).slice(0, -1), ['https://a/1', 'https://a/2'], ['the file ends within log']],
  ['something behind the end', `${har(TWO)} {}`, ['https://a/1', 'https://a/2'], ['something after the end of the JSON']],
  ['a comma too many', `{"log":{${LOG},"entries":[${ENTRIES},],}}`, ['https://a/1', 'https://a/2'], []],
  [
    'entries closed by a brace',
    `{"log":{${LOG},"entries":[${ENTRIES}}}`,
    ['https://a/1', 'https://a/2'],
    ['an array that is closed by a brace'],
  ],
]

for (const [title, source, urls, damage] of STRUCTURES)
  test(`structure: ${title}`, async (t) => {
    for (const piece of [undefined, () => 1, cutsOf(title.length)]) {
      const reading = await readHar(source, piece === undefined ? {} : { piece })
      t.deepEqual(
        reading.exchanges.map(({ request }) => request?.url),
        urls,
      )
      t.deepEqual(details(reading), damage)
      t.is(reading.facts.version, '1.2')
      t.is(reading.facts.creator, reading.facts.creator === 'tool 7' ? 'tool 7' : 't 1')
    }
  })

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['empty', '', 'not a HAR: it ends before log.entries'],
  ['text', 'hello', 'not a HAR: not a JSON object'],
  ['an array', '[]', 'not a HAR: not a JSON object'],
  ['JSON without log', '{"a":{"entries":[{}]}}', 'not a HAR: the JSON has no log.entries'],
  ['log without entries', '{"log":{"version":"1.2","entries":{}}}', 'not a HAR: the JSON has no log.entries'],
  ['log that is no object', '{"log":[{"entries":[]}]}', 'not a HAR: the JSON has no log.entries'],
  ['cut before log.entries', '{"log":{"version":"1.2","ent', 'not a HAR: it ends before log.entries'],
  ['a member without a name', '{"log":{x:1}}', 'not a HAR: a member without a name'],
  ['a member without a value', '{"log":{"x":}}', 'not a HAR: a member without a value'],
]

for (const [title, source, message] of REFUSED)
  test(`refused: ${title}`, async (t) => {
    for (const piece of [undefined, () => 1])
      await t.throwsAsync(readHar(source, piece === undefined ? {} : { piece }), { instanceOf: CaptureError, message })
  })

test('a HAR is recognised by its first octets', (t) => {
  for (const head of ['{', '\ufeff{', ' \r\n\t{"log"']) t.true(recognisesHar(Buffer.from(head)))
  t.true(recognisesHar(Buffer.from('\ufeff {', 'utf16le')))
  for (const head of ['', '[', 'x{', '\u00d4\u00c3\u00b2\u00a1']) t.false(recognisesHar(Buffer.from(head)))
})

test('an entry that is too large is passed over, and the next one is read', (t) => {
  const seen: string[] = []
  const splitter = new HarSplitter({
    entry: (bytes, start, end) => void seen.push(Buffer.from(bytes.subarray(start, end)).toString()),
    entryTooLarge: () => void seen.push('too large'),
    member: () => {},
  })
  const write = (part: string): void => splitter.write(Buffer.from(part))
  write('{"log":{"entries":[{"a":"')
  const million = Buffer.alloc(1 << 20, 120)
  for (let i = 0; i <= MAX_ENTRY >> 20; i++) splitter.write(million)
  write('"},{"b":1}]}}')
  t.deepEqual(seen, ['too large', '{"b":1}'])
  t.true(splitter.over)
})

test('faults that the validator finds are damage of the file, counted, and the entries are read', async (t) => {
  const broken = entry({ time: 'x' }, { headers: [{ name: 'a' }, { name: 'b' }] })
  const reading = await readHar(har([TWO[0], broken, broken]))
  t.is(reading.exchanges.length, 3)
  t.deepEqual(reading.damage, [
    { layer: 'har', kind: 'malformed', detail: 'entry.time should be number', count: 2, firstFrame: 1 },
    {
      layer: 'har',
      kind: 'malformed',
      detail: "entry.request.headers[] should have required property 'value'",
      count: 4,
      firstFrame: 1,
    },
  ])
})

test('log without version and creator, browser with both', async (t) => {
  const reading = await readHar(JSON.stringify({ log: { browser: { name: 'b', version: '2' }, entries: [] } }))
  t.deepEqual(reading.facts, { version: null, creator: null, browser: 'b 2' })
  t.deepEqual(details(reading), ['log has no version', 'log has no creator'])
})

async function readOne(one: unknown, options = {}): Promise<HttpExchange> {
  const { exchanges } = await readHar(har([one]), options)
  return exchanges[0] as HttpExchange
}

test('what an exchange says', async (t) => {
  const one = entry(
    { _acme: { resource: 'newNonce' }, _streamId: 5, startedDateTime: '2024-03-01T12:00:00.123456+02:00', connection: '9' },
    {
      method: 'HEAD',
      url: 'https://ca.example/nonce?x=1#y',
      headers: [
        { name: ':authority', value: 'q' },
        { name: 'Accept', value: '*/*' },
      ],
    },
    { status: '204', statusText: 'No', httpVersion: 'h3' },
  )
  const exchange = await readOne(one)
  t.is(exchange.input, 2)
  t.is(exchange.entry, 0)
  t.is(exchange.streamId, 5)
  t.deepEqual(exchange.har?._acme, { resource: 'newNonce' })
  const { request, response } = exchange
  t.is(request?.method, 'HEAD')
  t.is(request?.url, 'https://ca.example/nonce?x=1#y')
  t.is(request?.target, '/nonce?x=1')
  t.deepEqual(request?.headers, [['Accept', '*/*']])
  t.is(request?.httpVersion, '2')
  t.is(response?.httpVersion, '3')
  t.is(response?.status, 204)
  t.is(response?.statusText, 'No')
  t.deepEqual(request?.frames, [])
  const start = Date.UTC(2024, 2, 1, 10) * 1000 + 123456
  t.deepEqual(
    [request?.time, request?.endTime, response?.time, response?.endTime],
    [start, start + 2000, start + 7000, start + 12000],
  )
})

const TIMES: readonly (readonly [unknown, number | null])[] = [
  ['2024-03-01T10:00:00Z', 0],
  ['2024-03-01T10:00:00.5Z', 500_000],
  ['2024-03-01T10:00:00.1234567Z', 123_456],
  ['2024-03-01T10:00:00.000-01:30', 5400e6],
  ['2024-03-01T10:00:00+0100', -3600e6],
  ['20240301T100000Z', 0],
  ['2024-03-01T10:00:00', 0],
  ['yesterday', null],
  [17, null],
]

test('startedDateTime in the forms that exporters write; without one an entry keeps its place', async (t) => {
  const noon = Date.UTC(2024, 2, 1, 10) * 1000
  for (const [startedDateTime, offset] of TIMES) {
    const reading = await readHar(har([entry({ startedDateTime: '2024-03-01T09:00:00Z' }), entry({ startedDateTime })]))
    t.is(reading.exchanges[1]?.request?.time, noon + (offset ?? -3600e6), String(startedDateTime))
    t.is(details(reading).includes('an entry without a time, which takes that of the entry before it'), offset === null)
  }
})

const VERSIONS: readonly (readonly [unknown, string])[] = [
  ['HTTP/1.1', '1.1'],
  ['http/1.0', '1.0'],
  ['HTTP/2', '2'],
  ['http/2.0', '2'],
  ['h2', '2'],
  ['h3-29', '3'],
  ['unknown', 'unknown'],
  ['', ''],
  [undefined, ''],
]

test('httpVersion is normalised', async (t) => {
  for (const [httpVersion, expected] of VERSIONS) {
    const { request } = await readOne(entry({}, { httpVersion }, { httpVersion }))
    t.is(request?.httpVersion, expected)
  }
  const guessed = await readOne(
    entry({}, { httpVersion: undefined, headers: [{ name: ':authority', value: 'a' }] }, { httpVersion: undefined }),
  )
  t.is(guessed.request?.httpVersion, '2')
})

test('headers of other types than strings, as an object, joined lines, beyond latin1', async (t) => {
  const list = [
    { name: 'A', value: 1 },
    { name: 'B', value: { value: 'x' } },
    { name: 'C' },
    { value: 'nameless' },
    'text',
    { name: 'D', value: 'ü€' },
  ]
  const { request } = await readOne(entry({}, { headers: list }))
  t.deepEqual(request?.headers, [
    ['A', '1'],
    ['B', 'x'],
    ['C', ''],
    ['D', '\u00c3\u00bc\u00e2\u0082\u00ac'],
  ])
  const { response } = await readOne(entry({}, {}, { headers: { Link: ['<a>', '<b>'], 'Set-Cookie': 'a=1\nb=2', Age: 3 } }))
  t.deepEqual(response?.headers, [
    ['Link', '<a>'],
    ['Link', '<b>'],
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
    ['Age', '3'],
  ])
})

test('status 0 with something in the response is a response without a status', async (t) => {
  const { response } = await readOne(entry({}, {}, { status: 0 }))
  t.is(response?.status, 0)
  t.is(utf8(response?.body), '{}')
  t.deepEqual(
    response?.damage.map(({ detail }) => detail),
    ['a response without a status'],
  )
})

test('an entry without a response, and one with status 0, was not answered; pseudo-headers stand in for a URL', async (t) => {
  for (const response of [null, 'none', { status: 0 }, { status: 'x' }]) {
    const exchange = await readOne({ ...entry(), response })
    t.is(exchange.response, null)
    t.is(exchange.request?.method, 'GET')
  }
  const pseudo = [
    { name: ':authority', value: 'a.example' },
    { name: ':path', value: '/p' },
    { name: ':method', value: 'PUT' },
  ]
  const { request } = await readOne({ request: { headers: pseudo } })
  t.is(request?.url, 'https://a.example/p')
  t.is(request?.method, 'PUT')
  const nothing = await readHar(har([{}, { request: 7, response: null }]))
  t.is(nothing.exchanges.length, 0)
  t.is(nothing.entries, 2)
  t.true(details(nothing).includes('an entry with neither request nor response'))
})

const JWS = '{"protected":"eyJhbGciOiJFUzI1NiJ9","payload":"","signature":"AA="}'
const JOSE = 'application/jose+json'
const post = (postData: unknown, bodySize: unknown = JWS.length, headers: unknown[] = []): [object, object] => [
  { method: 'POST', postData, bodySize, headers },
  {},
]
const got = (content: unknown, more: object = {}): [object, object] => [{}, { content, bodySize: -1, ...more }]
const LENGTH = [{ name: 'content-length', value: '67' }]

/** Where exporters put bodies; the body that is read; damage to it. */
const BODIES: readonly (readonly [string, [object, object], string, string[]])[] = [
  ['postData.text', post({ mimeType: JOSE, text: JWS }), JSON.stringify(JWS), []],
  ['postData that is a string', post(JWS), JSON.stringify(JWS), []],
  ['postData in base64', post({ mimeType: JOSE, text: btoa(JWS), encoding: 'base64' }), JSON.stringify(JWS), []],
  [
    'the body as the name of one parameter',
    post({ mimeType: JOSE, params: [{ name: JWS, value: '' }] }),
    JSON.stringify(JWS),
    [],
  ],
  [
    'the body as the value of one parameter',
    post({ mimeType: JOSE, text: '', params: [{ name: '', value: JWS }] }),
    JSON.stringify(JWS),
    [],
  ],
  ['the body cut at "="', post({ mimeType: JOSE, params: [{ name: JWS.slice(0, -3), value: '"}' }] }), JSON.stringify(JWS), []],
  [
    'a form in parameters',
    post(
      {
        mimeType: 'application/x-www-form-urlencoded; charset=utf-8',
        params: [
          { name: 'a b', value: '1' },
          { name: 'c', value: '&' },
        ],
      },
      -1,
    ),
    '"a+b=1&c=%26"...',
    ['a form that was put together from its parameters'],
  ],
  [
    'a multipart body in parameters',
    post({ mimeType: 'multipart/form-data', params: [{ name: 'a', value: '1' }] }),
    'missing',
    ['a multipart body given as parameters'],
  ],
  ['text in Unicode', post({ mimeType: 'text/plain', text: 'ü' }, 2), '"\u00c3\u00bc"', []],
  ['no postData, but octets counted', post(undefined), 'missing', ['the HAR has no body for this message']],
  ['no postData, but Content-Length', post(undefined, -1, LENGTH), 'missing', ['the HAR has no body for this message']],
  ['no postData, nothing counted', post(undefined, 0), '""', []],
  ['no postData, nothing known', post(undefined, -1), 'missing', ['the HAR has no body for this message']],
  [
    'empty text, octets counted',
    post({ mimeType: JOSE, text: '', params: [] }),
    'missing',
    ['the HAR has no body for this message'],
  ],
  ['empty text, nothing counted', post({ mimeType: JOSE, text: '' }, 0), '""', []],
  ['GET without postData', [{ method: 'GET', bodySize: -1 }, {}], '""', []],
  ['fewer octets than counted', post({ mimeType: JOSE, text: 'ab' }, 9), '"ab"...', ['a body shorter than its size says']],
  [
    'counted octets of a coding',
    post({ mimeType: JOSE, text: 'ab' }, 9, [{ name: 'Content-Encoding', value: 'gzip' }]),
    '"ab"',
    [],
  ],
  ['a file beside the HAR', post({ mimeType: JOSE, text: '', _file: 'b1.json' }, 8), '"attached"', []],
  [
    'a file that is not there',
    post({ mimeType: JOSE, _file: 'b2.json' }),
    'missing',
    ['the file of an attached body cannot be read'],
  ],
  ['a file elsewhere', post({ mimeType: JOSE, _file: '../b1.json' }), 'missing', ['an attached body whose file name is a path']],
  [
    'a file in a folder',
    post({ mimeType: JOSE, _file: 'a\\b1.json' }),
    'missing',
    ['an attached body whose file name is a path'],
  ],
]

const CONTENTS: typeof BODIES = [
  ['content.text', got({ size: 2, mimeType: 'x', text: '{}' }), '"{}"', []],
  ['content in base64', got({ size: 3, mimeType: 'x', text: 'AP+A', encoding: 'base64' }), '"\\u0000\u00ff\u0080"', []],
  ['base64 in lines', got({ size: 3, mimeType: 'x', text: 'AP\r\n+A', encoding: 'base64' }), '"\\u0000\u00ff\u0080"', []],
  [
    'broken base64',
    got({ size: 3, mimeType: 'x', text: 'AP!+A', encoding: 'base64' }),
    '"\\u0000\u00ff\u0080"...',
    ['base64 with characters that are none'],
  ],
  ['no text, octets counted', got({ size: 3, mimeType: 'x' }), 'missing', ['the HAR has no body for this message']],
  ['no text, nothing counted', got({ size: 0, mimeType: 'x' }), '""', []],
  [
    'no text, Content-Length',
    got({ size: 0, mimeType: 'x' }, { headers: LENGTH }),
    'missing',
    ['the HAR has no body for this message'],
  ],
  ['no content', got(undefined), 'missing', ['the HAR has no body for this message']],
  ['no content after 204', got(undefined, { status: 204 }), '""', []],
  ['HEAD', [{ method: 'HEAD' }, { content: { size: 99, mimeType: 'x' }, headers: LENGTH }], '""', []],
  ['what a cache gave for 304', got({ size: 2, mimeType: 'x', text: 'ok' }, { status: 304 }), '"ok"', []],
  ['text cut short', got({ size: 9, mimeType: 'x', text: 'ok' }), '"ok"...', ['a body shorter than its size says']],
  [
    'chunks counted with their framing',
    got({ size: 9, mimeType: 'x', text: 'ok' }, { headers: [{ name: 'Transfer-Encoding', value: 'chunked' }] }),
    '"ok"',
    [],
  ],
  [
    'octets that were no text',
    got({ size: 2, mimeType: 'x', text: '\ufffdx' }),
    '"\u00ef\u00bf\u00bdx"...',
    ['a body with octets that the exporter could not write as text'],
  ],
  ['U+FFFD that was sent', got({ size: 4, mimeType: 'x', text: '\ufffdx' }), '"\u00ef\u00bf\u00bdx"', []],
  ['a file beside the HAR', got({ size: 8, mimeType: 'x', _file: 'b1.json' }), '"attached"', []],
]

for (const [side, table] of [
  ['request', BODIES],
  ['response', CONTENTS],
] as const)
  for (const [title, [request, response], expected, damage] of table)
    test(`${side} body: ${title}`, async (t) => {
      const attached = { 'b1.json': Buffer.from('attached') }
      const exchange = await readOne(entry({}, request as Record<string, unknown>, response as Record<string, unknown>), {
        attached,
      })
      const body = exchange[side]?.body as Body
      t.is(showBody(body), expected)
      t.deepEqual(bodyDetails(body), damage)
      t.true(body.damage.every(({ firstFrame, layer }) => firstFrame === 0 && layer === 'har'))
    })

test('the policy decides how much of a body is kept', async (t) => {
  const policy = { request: () => 0, response: () => 3 }
  const one = entry(
    {},
    { method: 'POST', postData: { mimeType: JOSE, text: JWS }, bodySize: 67 },
    { content: { size: 5, mimeType: 'x', text: 'abcde' } },
  )
  const { request, response } = await readOne(one, { policy })
  t.deepEqual(request?.body, { bytes: null, complete: false, size: 67, damage: [] })
  t.is(showBody(response?.body as Body), '"abc"...')
  t.deepEqual(
    response?.body.damage.map(({ kind }) => kind),
    ['limit'],
  )
})

test('connections: one for each id and server address, numbered by the caller', async (t) => {
  const at = (connection: unknown, address?: string, more: object = {}): unknown =>
    entry({ connection, serverIPAddress: address, ...more })
  const { exchanges, connections } = await readHar(
    har([
      at('7', '192.0.2.1'), at('7', '192.0.2.1'), at('7', '192.0.2.2'), at(undefined), at(undefined, '[2001:db8::1]', { _serverPort: 8443 }),
      at('9', '', { _connection: '10.0.0.1:5 -> 10.0.0.2:443', _securityDetails: { protocol: 'TLS 1.3' } }),
    ]),
  ) // biome-ignore format: one entry after the other
  t.deepEqual(
    exchanges.map(({ connection }) => connection?.id),
    [40, 40, 41, undefined, 42, 43],
  )
  t.deepEqual(
    connections.map(({ client, server }) => [client, server]),
    [
      [null, '192.0.2.1:443'],
      [null, '192.0.2.2:443'],
      [null, '[2001:db8::1]:8443'],
      ['10.0.0.1:5', '10.0.0.2:443'],
    ],
  )
  t.deepEqual(connections.map(({ requests, http, input }) => [requests, http, input])[0], [2, 'h2', 2])
  t.is(connections[3]?.tls?.version, 'TLSv1.3')
})

test('octets that are no UTF-8 are damage of the entry', async (t) => {
  const [before, after] = har([entry({ comment: 'MARK' })]).split('MARK') as [string, string]
  const reading = await readHar(Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]))
  t.is(reading.exchanges.length, 1)
  t.deepEqual(details(reading), ['an entry that is not UTF-8'])
})

const corpora = process.env.ACMESCOPE_CORPORA
const withCorpora = corpora === undefined ? test.skip : test

interface Golden {
  readonly index: number
  readonly method: string
  readonly url: string
  readonly status: number | null
  readonly request_body: { readonly sha256: string } | null
  readonly response_body: { readonly sha256: string } | null
  readonly sure: boolean
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const EMPTY_HASH = sha256(new Uint8Array(0))

withCorpora('public HARs: method, URL, status and bodies are those of the reference', async (t) => {
  const folder = `${corpora}/har`
  const names = readdirSync(`${folder}/captures`).filter((name) => name.endsWith('.har'))
  let sure = 0
  for (const name of names) {
    const golden: { exchanges: Golden[]; invalid?: boolean } = JSON.parse(readFileSync(`${folder}/golden/${name}.json`, 'utf8'))
    const bytes = readFileSync(`${folder}/captures/${name}`)
    if (golden.invalid === true) {
      await t.throwsAsync(readHar(bytes), { instanceOf: CaptureError }, name)
      continue
    }
    const { exchanges } = await readHar(bytes, {
      piece: cutsOf(name.length),
      policy: { request: () => 1 << 26, response: () => 1 << 26 },
    })
    t.is(exchanges.length, golden.exchanges.length, name)
    golden.exchanges.forEach((expected, i) => {
      const { request, response, entry: index } = exchanges[i] as HttpExchange
      const place = `${name} ${i}`
      t.is(index, expected.index, place)
      t.is(request?.method, expected.method, place)
      t.is(request?.url, expected.url, place)
      t.is(response?.status ?? null, expected.status, place)
      if (!expected.sure) return
      sure++
      t.is(sha256(request?.body.bytes ?? new Uint8Array(0)), expected.request_body?.sha256 ?? EMPTY_HASH, place)
      t.is(sha256(response?.body.bytes ?? new Uint8Array(0)), expected.response_body?.sha256 ?? EMPTY_HASH, place)
    })
  }
  t.true(sure >= 248, `${sure} sure exchanges`)
})

withCorpora('JSON that is broken in every known way never throws anything but CaptureError', async (t) => {
  const folder = `${corpora}/malformed/json-as-har`
  t.true(existsSync(folder))
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(`${folder}/${name}`)
    const wrapped = Buffer.concat([Buffer.from('{"log":{"entries":['), bytes, Buffer.from(']}}')])
    for (const source of [bytes, wrapped]) {
      try {
        const { entries } = await readHar(source)
        t.true(entries >= 0)
      } catch (error) {
        t.true(error instanceof CaptureError, `${name} ${String(error)}`)
      }
    }
  }
})

test('mangled HARs never throw anything but CaptureError, and cuts never matter', async (t) => {
  const next = numbers(11)
  const source = Buffer.from(har([...TWO, entry({}, { postData: { mimeType: JOSE, text: JWS } })]))
  const see = async (bytes: Uint8Array, piece?: () => number): Promise<string> => {
    try {
      const reading = await readHar(bytes, piece === undefined ? {} : { piece })
      return JSON.stringify([
        reading.exchanges.map(({ request, response }) => [request?.url, utf8(request?.body), response?.status]),
        details(reading),
      ])
    } catch (error) {
      return error instanceof CaptureError ? error.message : String(t.fail(String(error)))
    }
  }
  for (let round = 0; round < 500; round++) {
    const bytes = new Uint8Array(source)
    for (let i = 0; i < 1 + next() * 5; i++)
      bytes[Math.floor(next() * bytes.length)] = '{}[]",:\\\0x'.charCodeAt(Math.floor(next() * 10))
    t.is(await see(bytes, cutsOf(round)), await see(bytes))
  }
})
