import test from 'ava'
import fc from 'fast-check'
import { DnsWatch } from '../src/dns/watch.ts'
import type { BodyPolicy, HttpExchange } from '../src/http/exchange.ts'
import type { Segment } from '../src/net/segment.ts'
import { Protocols } from '../src/protocols.ts'
import type { Connection, StreamPair, StreamSink } from '../src/tcp/connection.ts'
import { TcpLayer } from '../src/tcp/tcp.ts'
import { TlsLayer } from '../src/tls/tls-layer.ts'
import { octets } from './capture/building.ts'
import { octets as latin1 } from './http/conversation.ts'
import { FIN, RST, Talk } from './tcp/talking.ts'

/** Content that nobody keeps is passed over by numbers; what is said about its message must be what it is when every octet is shown. */

const NOTHING: BodyPolicy = { request: () => 0, response: () => 0 }

interface Read {
  readonly exchanges: readonly HttpExchange[]
  readonly connections: readonly Connection[]
  /** Octets that were shown to the protocols. */
  readonly shown: number
}

function read(segments: readonly Segment[], skips: boolean, policy = NOTHING): Read {
  const exchanges: HttpExchange[] = []
  const connections: Connection[] = []
  const protocols = new Protocols(new TlsLayer(), new DnsWatch(), policy, { write: (one) => void exchanges.push(one), end() {} })
  let shown = 0
  const watch = (sink: StreamSink): StreamSink => ({
    data(bytes, start, end, mark) {
      shown += end - start
      sink.data(bytes, start, end, mark)
    },
    gap: (missing, mark) => sink.gap(missing, mark),
    end: (how, time) => sink.end(how, time),
    skipper: () => (skips ? (sink.skipper?.() ?? null) : null),
  })
  const watchBoth = (pair: StreamPair): StreamPair => ({
    fromClient: watch(pair.fromClient),
    fromServer: watch(pair.fromServer),
    get finished() {
      return pair.finished === true
    },
  })
  const layer = new TcpLayer(
    {
      recognise: (bytes, start, end, fromStart) => protocols.recognise(bytes, start, end, fromStart),
      open(connection) {
        connections.push(connection)
        return watchBoth(protocols.open(connection))
      },
    },
    () => connections.length,
  )
  for (const segment of segments) layer.write(segment)
  layer.end()
  return { exchanges, connections, shown }
}

interface Message {
  readonly framing: 'length' | 'chunked'
  readonly sizes: readonly number[]
}

const message = fc.record<Message>({
  framing: fc.constantFrom('length', 'chunked'),
  sizes: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }),
})

/** A message with content that looks like nothing else. */
function write(startLine: string, { framing, sizes }: Message): Uint8Array {
  const content = (size: number) => 'x'.repeat(size)
  if (framing === 'length') {
    const all = content(sizes.reduce((sum, size) => sum + size, 0))
    return latin1(`${startLine}\r\nHost: a\r\nContent-Length: ${all.length}\r\n\r\n${all}`)
  }
  const chunks = sizes.map((size) => `${size.toString(16)};a=b\r\n${content(size)}\r\n`)
  return latin1(`${startLine}\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\nTrailer: 1\r\n\r\n`)
}

/** What befalls one segment. */
const fate = fc.constantFrom<Fate[]>(
  'comes',
  'comes',
  'comes',
  'comes',
  'comes',
  'comes',
  'is lost',
  'comes twice',
  'comes late',
  'is cut',
  'is larger',
  'is a fragment',
)

type Fate = 'comes' | 'is lost' | 'comes twice' | 'comes late' | 'is cut' | 'is larger' | 'is a fragment'

interface Story {
  readonly requests: readonly Message[]
  readonly responses: readonly Message[]
  /** Another response follows that lasts until the connection closes. */
  readonly untilClose: boolean
  /** Octets of a segment, at most; and what each has, modulo that. */
  readonly largest: number
  readonly sizes: readonly number[]
  readonly fates: readonly Fate[]
  readonly hurts: boolean
  readonly isn: number
  readonly handshake: boolean
  readonly end: 'fin' | 'rst' | 'capture' | 'rst within' | 'fin within'
}

const story = fc.record<Story>({
  requests: fc.array(message, { minLength: 1, maxLength: 4 }),
  responses: fc.array(message, { minLength: 1, maxLength: 4 }),
  untilClose: fc.boolean(),
  largest: fc.constantFrom(7, 60, 400, 1500),
  sizes: fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
  fates: fc.array(fate, { minLength: 1, maxLength: 60 }),
  hurts: fc.boolean(),
  isn: fc.constantFrom(1000, 0x7fff_ff00, 0xffff_ff00),
  handshake: fc.boolean(),
  end: fc.constantFrom('fin', 'rst', 'capture', 'rst within', 'fin within'),
})

function tell({ requests, responses, untilClose, largest, sizes, fates, hurts, isn, handshake, end }: Story): Segment[] {
  const talk = new Talk({ isn: [isn, isn + 77] })
  const asked = octets(...requests.map((one, n) => write(`POST /${n} HTTP/1.1`, one)))
  const answered = octets(
    ...responses.map((one) => write('HTTP/1.1 200 OK', one)),
    ...(untilClose ? [latin1(`HTTP/1.1 200 OK\r\n\r\n${'y'.repeat(5000)}`)] : []),
  )
  const segments = handshake ? talk.handshake() : []
  let count = 0
  const late: Segment[] = []
  const send = (who: 'client' | 'server', all: Uint8Array, other: number) => {
    for (let at = 0; at < all.length; count++) {
      const length = Math.min(all.length - at, 1 + ((sizes[count % sizes.length] as number) % largest))
      const befalls = hurts && count > 3 ? fates[count % fates.length] : 'comes'
      const larger = befalls === 'is larger' ? Math.min(at, 9) : 0
      const isCut = befalls === 'is cut'
      const segment = talk[who]({
        at: at - larger,
        bytes: all.subarray(at - larger, isCut ? at : at + length),
        ...(isCut && { missing: length }),
        ...(befalls === 'is a fragment' && { fragments: [1_000_000 + count, 1_000_001 + count] }),
        ack: other,
      })
      at += length
      if (befalls === 'comes late') late.push(segment)
      else if (befalls !== 'is lost') segments.push(segment)
      if (befalls === 'comes twice') segments.push({ ...segment, frame: segment.frame + 500_000 })
      if (count % 3 === 0) segments.push(talk[who === 'client' ? 'server' : 'client']({ at: other, ack: at }))
      if (count % 5 === 4) segments.push(...late.splice(0))
    }
  }
  send('client', asked, 0)
  send('server', answered, asked.length)
  segments.push(...late)
  const middle = Math.floor(segments.length / 2)
  if (end === 'fin')
    segments.push(
      talk.client({ at: asked.length, flags: FIN, ack: answered.length }),
      talk.server({ at: answered.length, flags: FIN, ack: asked.length + 1 }),
    )
  else if (end === 'rst') segments.push(talk.client({ at: asked.length, flags: RST, ack: answered.length }))
  else if (end === 'rst within')
    segments.splice(middle, 0, { ...(segments[middle] as Segment), flags: RST, end: 3, payloadLength: 0 })
  else if (end === 'fin within') segments[middle] = { ...(segments[middle] as Segment), flags: FIN | 16 }
  return segments
}

test('messages, their frames, sizes, times and damage do not depend on whether content is skipped', (t) => {
  let [skipped, all] = [0, 0]
  fc.assert(
    fc.property(story, (told) => {
      const segments = tell(told)
      const shown = read(segments, false)
      const passed = read(segments, true)
      t.deepEqual(passed.exchanges, shown.exchanges)
      t.deepEqual(passed.connections, shown.connections)
      skipped += shown.shown - passed.shown
      all += shown.shown
    }),
    { numRuns: 80 },
  )
  t.true(skipped > all / 4, `${skipped} of ${all} octets were skipped`)
})

const LONG = write('HTTP/1.1 200 OK', { framing: 'length', sizes: [10_000] })
const HEAD = LONG.length - 10_000

/** A request, and its answer in segments of 100 octets. */
function download(talk: Talk): Segment[] {
  const request = talk.client({ text: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' })
  const answer: Segment[] = []
  for (let at = 0; at < LONG.length; at += 100) answer.push(talk.server({ at, bytes: LONG.subarray(at, at + 100), ack: 27 }))
  return [...talk.handshake(), request, ...answer]
}

test('all of a long body is skipped but its beginning and its end; kept content is shown', (t) => {
  const segments = download(new Talk())
  const { shown, exchanges } = read(segments, true)
  t.true(shown < 27 + 300)
  t.is(exchanges[0]?.response?.body.size, 10_000)
  t.is(exchanges[0]?.response?.frames.length, Math.ceil(LONG.length / 100))
  t.is(exchanges[0]?.response?.endTime, segments.at(-1)?.time)
  t.is(read(segments, true, { request: () => 0, response: () => 1 << 20 }).shown, 27 + LONG.length)
  // A prefix is kept: what follows it is skipped.
  t.true(read(segments, true, { request: () => 0, response: () => 1000 }).shown < 27 + HEAD + 1300)
})

test('octets of skipped content that were captured otherwise again are nobody’s concern; of what was shown they are damage', (t) => {
  const talk = new Talk()
  const segments = download(talk)
  const again = (at: number) => talk.server({ at, text: 'z'.repeat(100), ack: 27 })
  t.deepEqual(read([...segments.slice(0, 40), again(2000), ...segments.slice(40)], true).connections[0]?.damage, [])
  const early = read([...segments.slice(0, 5), again(0), ...segments.slice(5)], true)
  t.like(early.connections[0]?.damage, [{ kind: 'conflict' }])
})

test('what is lost at the end of skipped content is named after the packet before it', (t) => {
  const talk = new Talk()
  const segments = download(talk).slice(0, 50)
  const { connections } = read([...segments, talk.client({ at: 27, ack: 9000 })], true)
  t.like(connections[0]?.damage, [{ layer: 'tcp', kind: 'gap', firstFrame: segments.at(-1)?.frame }])
})
