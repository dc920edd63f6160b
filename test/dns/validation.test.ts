import test from 'ava'
import dns from 'dns-packet'
import { ACME_BODIES, AcmeCollector, MAX_REDIRECTED } from '../../src/acme/recognise.ts'
import { HandshakeWatch, MAX_HANDSHAKES, NO_SIDE_TRAFFIC, settleSide } from '../../src/acme/side-evidence.ts'
import { readLookUps } from '../../src/dns/lookups.ts'
import { DnsWatch, MAX_HELD, MAX_MESSAGES, MAX_OCTETS } from '../../src/dns/watch.ts'
import { newSegment } from '../../src/net/segment.ts'
import { newConnection, Session } from '../support/session.ts'
import { fetched, redirected, shookHands } from '../support/validation.ts'

const NAME = '_acme-challenge.www.example'
const MARK = { input: 0, frames: [3], time: 5 }

function answer(name = NAME, data: string | string[] = 'value', type: 'query' | 'response' = 'response'): Uint8Array {
  const answers = type === 'query' ? [] : [{ type: 'TXT' as const, name, data }]
  return new Uint8Array(dns.encode({ type, id: 7, questions: [{ type: 'TXT', name }], answers }))
}

function datagrams(...messages: Uint8Array[]): DnsWatch {
  const watch = new DnsWatch()
  for (const octets of messages) watch.datagram({ ...newSegment(), frame: 4, time: 9 }, octets, 0, octets.length)
  return watch
}

/** RFC 1035 4.2.2. */
function framed(...messages: Uint8Array[]): Uint8Array {
  return Buffer.concat(messages.flatMap((octets) => [Buffer.from([octets.length >> 8, octets.length & 255]), octets]))
}

test('RFC 8555 8.4: questions for validation names and their answers are kept, everything else is not', async (t) => {
  const kept = [NAME, '_ACME-Challenge.WWW.example', `_ujmmovf2vn55tgye.${NAME}`, '_acme-challenge.*.www.example']
  const passedOver = ['www.example', 'acme-challenge.www.example', `a.b.${NAME}`, '_acme-challenges.example']
  for (const name of kept) t.is(datagrams(answer(name)).messages.length, 1, name)
  for (const name of passedOver) t.is(datagrams(answer(name)).messages.length, 0, name)
  t.is(datagrams(answer(NAME, 'x', 'query')).messages.length, 1)
  t.is(datagrams(answer().subarray(0, 20), new Uint8Array(40)).messages.length, 0)
  const [lookUp] = await readLookUps(datagrams(answer('_ACME-Challenge.WWW.example', ['val', 'ue'])).messages)
  t.like(lookUp, {
    question: NAME,
    type: 'TXT',
    isAnswer: true,
    rcode: 'NOERROR',
    texts: [{ name: NAME, value: 'value' }],
    frames: [4],
    time: 9,
  })
})

test('a message that was cut, or is no DNS behind its question, is left out', async (t) => {
  const whole = answer()
  for (let end = whole.length - 1; end > 44; end--)
    t.deepEqual(await readLookUps(datagrams(whole.subarray(0, end)).messages), [], String(end))
  t.deepEqual(await readLookUps([]), [])
})

test('RFC 1035 4.2.2: over TCP, in pieces of any size', async (t) => {
  const stream = framed(answer(), answer('www.example'), answer(NAME, 'second'))
  for (const size of [1, 2, 3, 17, stream.length]) {
    const watch = new DnsWatch()
    const pair = watch.open(newConnection(0))
    for (let at = 0; at < stream.length; at += size)
      pair.fromServer.data(stream, at, Math.min(at + size, stream.length), { ...MARK, frames: [at] })
    pair.fromServer.end('fin', 0)
    const texts = (await readLookUps(watch.messages)).map((lookUp) => lookUp.texts[0]?.value)
    t.deepEqual(texts, ['value', 'second'], `${size} octets at a time`)
  }
})

test('over TCP nothing is made up behind a gap or a message that is too long', (t) => {
  const watch = new DnsWatch()
  const { fromServer } = watch.open(newConnection(0))
  const stream = framed(answer(), answer())
  fromServer.data(stream, 0, 10, MARK)
  fromServer.gap(5, MARK)
  fromServer.data(stream, 15, stream.length, MARK)
  t.deepEqual(watch.messages, [])

  const long = framed(answer(NAME, Array<string>(80).fill('x'.repeat(250))), answer())
  const { fromClient } = watch.open(newConnection(0))
  fromClient.data(long, 0, MAX_HELD + 1, MARK)
  fromClient.data(long, MAX_HELD + 1, long.length, MARK)
  t.deepEqual(watch.messages, [])
})

test('a connection is recognised by its first message', (t) => {
  const watch = new DnsWatch()
  const ask = (octets: Uint8Array) => watch.recognise(octets, 0, octets.length)
  t.is(ask(framed(answer(NAME, 'x', 'query'))), 'client')
  t.is(ask(framed(answer())), 'server')
  t.is(ask(framed(answer()).subarray(0, 2)), 'more')
  t.is(ask(framed(answer('www.example'))), 'ignore')
  for (const text of ['GET / HTTP/1.1\r\n\r\n', 'SSH-2.0-x\r\n', '\x16\x03\x01\x02\x00\x01', 'x'])
    t.is(ask(Buffer.from(text.padEnd(60, '.'))), 'ignore', text)
})

test('what is kept is bounded', (t) => {
  const octets = answer()
  const many = datagrams(...Array<Uint8Array>(MAX_MESSAGES + 2).fill(octets))
  t.is(many.messages.length, MAX_MESSAGES)
  t.is(many.passedOver, 2)
  const long = answer(NAME, Array<string>(200).fill('x'.repeat(250)))
  const large = datagrams(...Array<Uint8Array>(Math.ceil(MAX_OCTETS / long.length) + 1).fill(long))
  t.true(large.messages.length * long.length <= MAX_OCTETS)
  t.true(large.passedOver > 0)
})

test('RFC 8737 3: handshakes that offer acme-tls/1 are kept, up to a bound', async (t) => {
  const session = new Session()
  shookHands(session)
  shookHands(session, { alpnOffered: ['h2'] })
  const [own, other] = session.side.handshakes
  const watch = new HandshakeWatch()
  if (own === undefined || other === undefined) return t.fail()
  watch.write(other)
  t.is(watch.handshakes.length, 0)
  for (let i = 0; i <= MAX_HANDSHAKES; i++) watch.write(own)
  t.is(watch.handshakes.length, MAX_HANDSHAKES)
  t.deepEqual(await settleSide(NO_SIDE_TRAFFIC, true), { lookUps: [], handshakes: [] })
})

test('RFC 8555 8.3: what a validator is redirected to is kept with its content, up to a bound', (t) => {
  const session = new Session()
  redirected(session, '/answer#part')
  fetched(session, 'content', { url: 'http://www.example/answer' })
  fetched(session, 'content', { url: 'http://www.example/other' })
  const [redirect, target, other] = session.exchanges
  if (redirect === undefined || target === undefined || other === undefined) return t.fail()
  const collector = new AcmeCollector()
  for (const exchange of session.exchanges) collector.write(exchange)
  t.deepEqual(collector.exchanges, [redirect, target])
  const head = (length: string) =>
    ({
      method: '',
      target: '',
      status: 200,
      headers: [
        ['Content-Type', 'text/plain'],
        ['Content-Length', length],
      ],
    }) as const
  t.true(ACME_BODIES.response(head('87'), null) > 87)
  t.is(ACME_BODIES.response(head('8700'), null), 0)

  const full = new AcmeCollector()
  for (let i = 0; i <= MAX_REDIRECTED; i++)
    full.write({
      ...redirect,
      response: redirect.response === null ? null : { ...redirect.response, headers: [['Location', `/${i}`]] },
    })
  const before = full.exchanges.length
  for (const i of [0, MAX_REDIRECTED])
    full.write({ ...target, request: target.request === null ? null : { ...target.request, url: `http://www.example/${i}` } })
  t.is(full.exchanges.length, before + 1)
})
