import test from 'ava'
import type { Connection, StreamPair } from '../../src/tcp/connection.ts'
import { MAX_PREFACE, openPreface, type Preface, recognisePreface } from '../../src/tls/prefaces.ts'
import { connectionOf, Heard, push } from './playing.ts'
import { join, text } from './recording.ts'

const PROXY2 = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
const GREETING = [5, 2, 0, 2]
const CONNECT_NAME = [5, 1, 0, 3, 7, ...text('ca.test'), 1, 0xbb]
const REPLY = [5, 0, 0, 1, 10, 0, 0, 9, 0x9c, 0x40]

interface Row {
  readonly name: string
  readonly client: readonly number[]
  readonly server?: readonly number[]
  readonly preface: Preface
}

const ROWS: Row[] = [
  {
    name: 'PROXY TCP4',
    client: [...text('PROXY TCP4 192.0.2.1 198.51.100.7 40000 443\r\n')],
    preface: { kind: 'PROXY protocol 1', client: '192.0.2.1:40000', target: '198.51.100.7:443' },
  },
  {
    name: 'PROXY TCP6',
    client: [...text('PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n')],
    preface: { kind: 'PROXY protocol 1', client: '[2001:db8::1]:40000', target: '[2001:db8::2]:443' },
  },
  {
    name: 'PROXY UNKNOWN',
    client: [...text('PROXY UNKNOWN\r\n')],
    preface: { kind: 'PROXY protocol 1', client: null, target: null },
  },
  {
    name: 'version 2, IPv4, with a TLV behind the addresses',
    client: [...PROXY2, 0x21, 0x11, 0, 17, 192, 0, 2, 1, 198, 51, 100, 7, 0x9c, 0x40, 1, 0xbb, 1, 0, 2, 0x68, 0x32],
    preface: { kind: 'PROXY protocol 2', client: '192.0.2.1:40000', target: '198.51.100.7:443' },
  },
  {
    name: 'version 2, IPv6',
    client: [
      ...[...PROXY2, 0x21, 0x21, 0, 36, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      ...[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x9c, 0x40, 1, 0xbb],
    ],
    preface: { kind: 'PROXY protocol 2', client: '[2001:db8::1]:40000', target: '[fe80::1:0:2]:443' },
  },
  {
    name: 'version 2, LOCAL',
    client: [...PROXY2, 0x20, 0x00, 0, 0],
    preface: { kind: 'PROXY protocol 2', client: null, target: null },
  },
  {
    name: 'SOCKS 5 to a name',
    client: [...GREETING, ...CONNECT_NAME],
    server: [5, 0, ...REPLY],
    preface: { kind: 'SOCKS 5', client: null, target: 'ca.test:443' },
  },
  {
    name: 'SOCKS 5 with user name and password, to an address',
    client: [...GREETING, 1, 2, 0x6d, 0x65, 3, 1, 2, 3, 5, 1, 0, 1, 203, 0, 113, 5, 0x1f, 0x90],
    server: [5, 2, 1, 0, ...REPLY],
    preface: { kind: 'SOCKS 5', client: null, target: '203.0.113.5:8080' },
  },
]

interface Played {
  readonly connection: Connection
  readonly client: Heard
  readonly server: Heard
  readonly prefaces: Preface[]
  readonly pair: StreamPair
}

function open(): Played {
  const connection = connectionOf(0)
  const [client, server, prefaces]: [Heard, Heard, Preface[]] = [new Heard(), new Heard(), []]
  const inner = { fromClient: client, fromServer: server }
  const pair = openPreface(
    connection,
    () => inner,
    (_, preface) => prefaces.push(preface),
  )
  return { connection, client, server, prefaces, pair }
}

const MARK = { input: 0, frames: [1], time: 0 }

for (const { name, client, server = [], preface } of ROWS)
  test(`${name} is taken off, cut anywhere`, (t) => {
    const [said, answered] = [join([Uint8Array.from(client), text('hello')]), join([Uint8Array.from(server), text('there')])]
    for (let cut = 1; cut <= Math.max(said.length, answered.length); cut++) {
      const played = open()
      for (const part of [said.subarray(0, cut), said.subarray(cut)]) push(played.pair, true, part, MARK)
      for (const part of [answered.subarray(0, cut), answered.subarray(cut)]) push(played.pair, false, part, MARK)
      played.pair.fromClient.end('fin', 0)
      t.is(played.client.text, 'hello')
      t.is(played.server.text, 'there')
      t.is(played.client.ended, 'fin')
      t.deepEqual(played.prefaces, [preface])
      t.is(played.connection.client, preface.client ?? '10.0.0.1:40000')
    }
  })

test('prefaces are recognised, and told from what is none', (t) => {
  const answer = (octets: Iterable<number>) => {
    const bytes = Uint8Array.from(octets)
    return recognisePreface(bytes, 0, bytes.length)
  }
  t.is(answer(text('PROXY TCP4 1')), 'client')
  t.is(answer(text('PRO')), 'more')
  t.is(answer(text('PROPFIND / HTTP/1.1')), 'ignore')
  t.is(answer(PROXY2), 'client')
  t.is(answer(PROXY2.slice(0, 5)), 'more')
  t.is(answer([0x0d, 0x0a, 0x0d, 0x0a, 0x47]), 'ignore')
  t.is(answer(GREETING), 'client')
  t.is(answer([5, 3, 0]), 'more')
  t.is(answer([5, 1, 0, 0, 0]), 'ignore')
  t.is(answer([5, 0]), 'ignore')
  t.is(answer([5, 2, 0x20, 0x20]), 'ignore')
})

test('a preface that is none, or lost in part, stops nothing', (t) => {
  const broken = open()
  push(broken.pair, true, text(`PROXY ${'x'.repeat(200)}`), MARK)
  t.true(broken.pair.finished)
  const endless = open()
  push(endless.pair, true, Uint8Array.from([...PROXY2, 0x21, 0x11, 0xff, 0xff]), MARK)
  t.false(endless.pair.finished)
  push(endless.pair, true, new Uint8Array(MAX_PREFACE), MARK)
  t.true(endless.pair.finished)
  const late = open()
  push(late.pair, true, text('PROXY TC'), MARK)
  late.pair.fromClient.gap(100, MARK)
  push(late.pair, true, text('GET /'), MARK)
  t.deepEqual(late.client.gaps, [100])
  t.is(late.client.text, 'GET /')
})
