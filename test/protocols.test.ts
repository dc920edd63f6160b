import test from 'ava'
import { DnsWatch } from '../src/dns/watch.ts'
import type { HttpExchange } from '../src/http/exchange.ts'
import { Protocols } from '../src/protocols.ts'
import type { Connection } from '../src/tcp/connection.ts'
import { TcpLayer } from '../src/tcp/tcp.ts'
import { TlsLayer } from '../src/tls/tls-layer.ts'
import { BIG, octets } from './capture/building.ts'
import { octets as latin1 } from './http/conversation.ts'
import { FIN, Talk } from './tcp/talking.ts'

type Turn = readonly [who: 'client' | 'server', ...parts: (string | Uint8Array)[]]

interface Understood {
  /** "GET http://a/ 200", null for what was not captured. */
  readonly exchanges: string[]
  readonly connections: Connection[]
  readonly dnsMessages: number
  readonly flows: number
}

/** What is made of a conversation whose turns are sent in segments of at most `size` octets, between unusual ports. Strings are latin1. */
function understand(turns: readonly Turn[], size = 1000, { server = 31_337, handshake = true } = {}): Understood {
  const exchanges: HttpExchange[] = []
  const connections: Connection[] = []
  const dns = new DnsWatch()
  const tls = new TlsLayer()
  const policy = { request: () => 1000, response: () => 1000 }
  const protocols = new Protocols(tls, dns, policy, { write: (exchange) => void exchanges.push(exchange), end: () => {} })
  const layer = new TcpLayer(
    {
      recognise: (bytes, start, end, fromStart) => protocols.recognise(bytes, start, end, fromStart),
      open(connection) {
        connections.push(connection)
        return protocols.open(connection)
      },
    },
    () => connections.length,
  )
  const talk = new Talk({ port: 50_001 })
  const sent = { client: 0, server: 0 }
  const segments = handshake ? talk.handshake() : []
  for (const [who, ...parts] of turns) {
    const bytes = octets(...parts.map((part) => (typeof part === 'string' ? latin1(part) : part)))
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size)
      segments.push(talk[who]({ at: sent[who], bytes: piece, ack: sent[who === 'client' ? 'server' : 'client'] }))
      sent[who] += piece.length
    }
  }
  for (const who of ['client', 'server'] as const)
    segments.push(talk[who]({ at: sent[who], flags: FIN, ack: sent[who === 'client' ? 'server' : 'client'] }))
  for (const segment of segments) {
    if (segment.sourcePort === 80) segment.sourcePort = server
    else segment.destinationPort = server
    layer.write(segment)
  }
  tls.endInput()
  layer.end()
  return {
    exchanges: exchanges.map(({ request, response }) => `${request?.method} ${request?.url} ${response?.status}`),
    connections,
    dnsMessages: dns.messages.length,
    flows: layer.flows,
  }
}

const hex = (text: string) => octets(text)
const GET: Turn = ['client', 'GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n']
const OK: Turn = ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi']
const A = 'GET http://a.example/a 200'

/** RFC 9113 4.1. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
  return octets('00', BIG.u16(payload.length), Uint8Array.of(type, flags), BIG.u32(stream), payload)
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const SETTINGS = frame(4, 0, 0, hex(''))
/** RFC 7541 Appendix A: 2 GET, 6 http, 4 path "/", 1 authority; 8 status 200. */
const HEADERS = frame(1, 5, 1, octets('828684 41 09', latin1('a.example')))
const STATUS = frame(1, 5, 1, hex('88'))

/** RFC 8446 4.1.2 with server_name (RFC 6066 3) and supported_versions. */
function clientHello(name: string): Uint8Array {
  const host = octets('00', BIG.u16(name.length), latin1(name))
  const serverName = octets('0000', BIG.u16(host.length + 2), BIG.u16(host.length), host)
  const extensions = octets(serverName, '002b 0003 02 0304')
  const body = octets('0303', new Uint8Array(32).fill(7), '00 0002 1301 01 00', BIG.u16(extensions.length), extensions)
  return octets('16 0301', BIG.u16(body.length + 4), '01 00', BIG.u16(body.length), body)
}

/** RFC 1928: no authentication, a name, granted; or with name and password (RFC 1929). */
const socks: readonly Turn[] = [
  ['client', hex('05 01 00')],
  ['server', hex('05 00')],
  ['client', hex('05 01 00 03 09'), 'a.example', hex('0050')],
  ['server', hex('05 00 00 01 c6336402 0050')],
]
const socksWithPassword: readonly Turn[] = [
  ['client', hex('05 02 00 02')],
  ['server', hex('05 02')],
  ['client', hex('01 01 75 02 7077')],
  ['server', hex('01 00')],
  ['client', hex('05 01 00 04 20010db8 00000000 00000000 00000001 0050')],
  ['server', hex('05 00 00 04 20010db8 00000000 00000000 00000001 0050')],
]
const proxy2 = (rest: string) => octets('0d0a0d0a000d0a515549540a', rest)

const CONNECT: readonly Turn[] = [
  ['client', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n'],
  ['server', 'HTTP/1.1 200 Connection established\r\n\r\n'],
]
const CONNECTED = 'CONNECT http://a.example:443 200'

interface Expected {
  readonly exchanges: readonly string[]
  readonly client?: string
  readonly http?: Connection['http']
  readonly serverName?: string
  readonly dns?: number
}

const conversations: readonly (readonly [title: string, turns: readonly Turn[], expected: Expected])[] = [
  ['HTTP/1', [GET, OK, GET, OK], { exchanges: [A, A], http: '1.1' }],
  ['HTTP/1 behind empty lines (RFC 9112 2.2)', [['client', '\r\n', GET[1] as string], OK], { exchanges: [A], http: '1.1' }],
  ['HTTP/1, an answer before any request', [['server', 'HTTP/1.1 408 Too late\r\nContent-Length: 0\r\n\r\n']], { exchanges: ['undefined undefined 408'] }],
  ['HTTP/2 with prior knowledge (RFC 9113 3.3)', [['client', PREFACE, SETTINGS, HEADERS], ['server', SETTINGS, STATUS]], { exchanges: ['GET http://a.example/ 200'], http: 'h2' }],
  ['HTTP/2, the server speaks first', [['server', SETTINGS], ['client', PREFACE, SETTINGS, HEADERS], ['server', STATUS]], { exchanges: ['GET http://a.example/ 200'], http: 'h2' }],
  ['HTTP/2 after an upgrade (RFC 7540 3.2)', [['client', 'GET /a HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n'], ['server', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', SETTINGS, STATUS], ['client', PREFACE, SETTINGS]], { exchanges: [A], http: 'h2' }],
  ['TLS', [['client', clientHello('a.example')]], { exchanges: [], serverName: 'a.example' }],
  ['CONNECT, then TLS (RFC 9110 9.3.6)', [...CONNECT, ['client', clientHello('b.example')]], { exchanges: [CONNECTED], serverName: 'b.example' }],
  ['CONNECT, then HTTP', [...CONNECT, GET, OK], { exchanges: [CONNECTED, A] }],
  ['CONNECT, then another protocol', [...CONNECT, ['server', 'SSH-2.0-x\r\n'], ['client', 'SSH-2.0-y\r\n'], GET, OK], { exchanges: [CONNECTED] }],
  ['SOCKS 5 (RFC 1928)', [...socks, GET, OK], { exchanges: [A] }],
  ['SOCKS 5 with a password (RFC 1929)', [...socksWithPassword, GET, OK], { exchanges: [A] }],
  ['SOCKS 5, then TLS', [...socks, ['client', clientHello('a.example')]], { exchanges: [], serverName: 'a.example' }],
  ['PROXY protocol 1', [['client', 'PROXY TCP4 203.0.113.9 198.51.100.1 4711 80\r\n', GET[1] as string], OK], { exchanges: [A], client: '203.0.113.9:4711' }],
  ['PROXY protocol 1 that does not tell', [['client', 'PROXY UNKNOWN\r\n', GET[1] as string], OK], { exchanges: [A] }],
  ['PROXY protocol 2, IPv4', [['client', proxy2('21 11 000c cb007109 c6336401 1267 0050'), GET[1] as string], OK], { exchanges: [A], client: '203.0.113.9:4711' }],
  ['PROXY protocol 2, IPv6 with more behind the addresses', [['client', proxy2('21 21 0028 20010db8000000000000000000000009 20010db8000000000000000000000001 1267 0050 04 0001 00'), GET[1] as string], OK], { exchanges: [A], client: '[2001:db8::9]:4711' }],
  ['PROXY protocol 2 of a health check', [['client', proxy2('20 00 0000'), GET[1] as string], OK], { exchanges: [A] }],
  ['PROXY protocol 1, then TLS', [['client', 'PROXY TCP6 2001:db8::9 2001:db8::1 4711 443\r\n', clientHello('a.example')]], { exchanges: [], client: '[2001:db8::9]:4711', serverName: 'a.example' }],
  ['DNS about a validation name (RFC 1035 4.2.2)', [['client', hex('002b'), hex('0001 0100 0001 0000 0000 0000 0f'), '_acme-challenge', hex('01'), 'a', hex('07'), 'example', hex('00 0010 0001')]], { exchanges: [], dns: 1 }],
] // biome-ignore format: a table

for (const [title, turns, expected] of conversations)
  test(`told by its first octets, on any port and in segments of any size: ${title}`, (t) => {
    for (const size of [1, 2, 3, 7, 1000]) {
      if (expected.dns !== undefined && size < 30) continue
      const { exchanges, connections, dnsMessages } = understand(turns, size)
      t.deepEqual(exchanges, expected.exchanges, `segments of ${size}`)
      t.is(connections.length, 1)
      t.is(connections[0]?.client, expected.client ?? '10.0.0.1:50001')
      t.is(connections[0]?.server, '10.0.0.2:31337')
      if (expected.http !== undefined) t.is(connections[0]?.http, expected.http)
      t.is(connections[0]?.tls?.serverName, expected.serverName)
      t.is(dnsMessages, expected.dns ?? 0)
    }
  })

test('a connection that was joined late, where a preface begins: it is taken off all the same', (t) => {
  const preface = 'PROXY TCP4 203.0.113.9 198.51.100.1 4711 80\r\n'
  for (const turns of [
    [['client', preface, GET[1] as string], OK],
    [['client', preface], GET, OK],
  ] as Turn[][]) {
    const { exchanges, connections } = understand(turns, 1000, { handshake: false })
    t.deepEqual(exchanges, [A])
    t.is(connections[0]?.client, '203.0.113.9:4711')
  }
  t.deepEqual(understand([['client', preface]], 1000, { handshake: false }).exchanges, [])
})

test('prefaces and tunnels within each other are opened to a depth, not without end', (t) => {
  const behind = (count: number) => understand([['client', 'PROXY UNKNOWN\r\n'.repeat(count), GET[1] as string], OK], 100_000)
  t.deepEqual(behind(8).exchanges, [A])
  t.deepEqual(behind(5000).exchanges, [])
  const tunnels = understand(Array.from({ length: 2000 }, () => CONNECT).flat())
  t.deepEqual(tunnels.exchanges, Array(9).fill(CONNECTED))
})

test('a server has no preface', (t) => {
  t.deepEqual(understand([['server', 'PROXY UNKNOWN\r\n'], GET, OK]).exchanges, [A])
})

const strangers: readonly (readonly [title: string, turns: readonly Turn[]])[] = [
  ['SSH', [['server', 'SSH-2.0-OpenSSH\r\n'], ['client', 'SSH-2.0-OpenSSH\r\n']]],
  ['SMTP, the server speaks first', [['server', '220 mail.example ESMTP\r\n'], ['client', 'EHLO a\r\n'], GET]],
  ['nearly a method', [['client', 'GETTY /a HTTP/1.1\r\n\r\n']]],
  ['nearly a preface', [['client', 'PRI * HTTP/3.0\r\n\r\n']]],
  ['nearly the PROXY protocol', [['client', 'PROXIES\r\n', GET[1] as string]]],
  ['nearly SOCKS', [['client', hex('05 00'), GET[1] as string]]],
  ['nearly TLS', [['client', hex('16 0901 0100 01')]]],
  ['DNS about another name', [['client', hex('001d 0001 0100 0001 0000 0000 0000 03'), 'www', hex('07'), 'example', hex('00 0010 0001')]]],
] // biome-ignore format: a table

for (const [title, turns] of strangers)
  test(`nobody wants it: ${title}`, (t) => {
    for (const size of [1, 5, 1000]) {
      const { exchanges, connections, dnsMessages, flows } = understand(turns, size)
      t.deepEqual(exchanges, [], `segments of ${size}`)
      t.is(connections.length, 0, `segments of ${size}`)
      t.is(dnsMessages, 0)
      t.true(flows <= 1)
    }
  })

test('without a handshake: what begins like HTTP says who is the client', (t) => {
  const fill: Turn[] = Array.from({ length: 5 }, () => [GET, OK]).flat()
  const { exchanges, connections } = understand(fill, 1000, { server: 8000, handshake: false })
  t.deepEqual(exchanges, [A, A, A, A, A])
  t.is(connections[0]?.client, '10.0.0.1:50001')
  const answerFirst = understand([OK, GET, OK, ...fill], 1000, { server: 60_000, handshake: false })
  t.is(answerFirst.connections[0]?.client, '10.0.0.1:50001')
  t.deepEqual(answerFirst.exchanges.slice(-6), [A, A, A, A, A, A])
})
