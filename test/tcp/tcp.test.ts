import test from 'ava'
import type { Segment } from '../../src/net/segment.ts'
import { MAX_HELD, PATIENCE, PIECE } from '../../src/tcp/reassembly.ts'
import { random } from '../capture/building.ts'
import { FIN, Hearing, hear, RST, SYN, Talk } from './talking.ts'

/** Bare acknowledgments, as they pass while something is waited for. */
function pass(talk: Talk, count: number, ack: number): Segment[] {
  return Array.from({ length: count }, () => talk.server({ at: 0, ack }))
}

test('a connection: both directions in capture order, who is who, when and where', (t) => {
  const talk = new Talk()
  const segments = [
    ...talk.handshake(),
    talk.client({ at: 0, text: 'GET ' }),
    talk.client({ at: 4, text: '/a', fragments: [7, 9] }),
    talk.server({ at: 0, text: 'HTTP', ack: 6 }),
    talk.client({ at: 6, text: 'GET /b', ack: 4 }),
    talk.server({ at: 4, flags: FIN, text: '200', ack: 12 }),
    talk.client({ at: 12, flags: FIN, ack: 8, input: 1 }),
    talk.server({ at: 8, ack: 13 }),
  ]
  const { heard, events } = hear(segments)
  t.deepEqual(events, ['C:GET /a', 'S:HTTP', 'C:GET /b', 'S:200', 'S:end fin', 'C:end fin'])
  t.like(heard[0]?.connection, { id: 0, input: 0, client: '10.0.0.1:40000', server: '10.0.0.2:80', damage: [] })
  t.is(heard[0]?.connection.startTime, segments[3]?.time)
  t.deepEqual(heard[0]?.marks[1], { input: 0, frames: [7, 9], time: segments[4]?.time as number })
  t.is(heard.length, 1)
})

test('connections are numbered as they are recognised; IPv6 has brackets', (t) => {
  const [a, b] = [new Talk({ port: 1, family: 6 }), new Talk({ port: 2 })]
  const segments = [...a.handshake(), ...b.handshake(), b.client({ text: 'GET b' }), a.client({ text: 'GET a' })]
  const { heard } = hear(segments)
  t.deepEqual(
    heard.map(({ connection, client }) => [connection.id, connection.client, client]),
    [
      [0, '10.0.0.1:2', 'GET b'],
      [1, '[2001:db8::1]:1', 'GET a'],
    ],
  )
})

test('the sender of the SYN is the client whoever speaks first; without a SYN the recogniser says who is', (t) => {
  const talk = new Talk()
  for (const [segments, client] of [
    [[...talk.handshake(), talk.server({ text: 'HTTP' })], '10.0.0.1:40000'],
    [[talk.server({ flags: SYN, at: -1 }), talk.client({ text: 'GET' })], '10.0.0.1:40000'],
    [[talk.server({ text: 'HTTP' })], '10.0.0.1:40000'],
    [[talk.server({ text: 'GET' })], '10.0.0.2:80'],
  ] as const)
    t.is(hear(segments).heard[0]?.connection.client, client)
})

test('recognition: split octets are put together, and a flow that nobody wants is not asked about again', (t) => {
  const talk = new Talk()
  const split = hear([...talk.handshake(), ...[...'GET /'].map((letter, at) => talk.client({ at, text: letter }))])
  t.deepEqual([...new Set(split.asked)], ['start:G', 'start:GE', 'start:GET'])
  t.deepEqual(split.events, ['C:GET /', 'C:end capture', 'S:end capture'])
  const other = hear([
    ...talk.handshake(),
    talk.client({ text: 'SSH-2.0' }),
    talk.server({ text: 'GET' }),
    talk.client({ at: 7, text: 'GET' }),
  ])
  t.deepEqual(other.asked, ['start:SSH-2.0'])
  t.is(other.heard.length, 0)
  t.is(other.layer.flows, 1)
  const undecided = hear(
    [...talk.handshake(), ...Array.from({ length: 50 }, (_, at) => talk.client({ at: at * 100, text: 'x'.repeat(100) }))],
    {
      recognise: (_, fromStart) => (fromStart ? 'more' : 'ignore'),
    },
  )
  t.is(undecided.heard.length, 0)
  t.true(undecided.asked.every((text) => text.length < 4300))
})

test('a pair that is finished is left alone', (t) => {
  const talk = new Talk()
  const { heard, layer } = hear(
    [...talk.handshake(), talk.client({ text: 'GET /' }), talk.client({ at: 5, text: 'more' }), talk.server({ text: 'HTTP' })],
    { finishedAfter: 'C:GET /' },
  )
  t.deepEqual(heard[0]?.events, ['C:GET /'])
  t.is(layer.flows, 1)
})

const TEXT = 'GET /one two three four five six seven eight nine ten eleven twelve\r\n'

test('one stream cut into segments every way is put together the same', (t) => {
  const next = random(2024)
  const isns = [0, 1000, 0x7fffffff - 30, 0xffffffff - 30, 0xffffffff - 1]
  for (let round = 0; round < 1500; round++) {
    const talk = new Talk({ isn: [isns[round % isns.length] as number, 77] })
    const pieces: Segment[] = []
    const largest = 1 + next(20)
    for (let at = 0; at < TEXT.length; ) {
      const length = Math.min(TEXT.length - at, 1 + next(largest))
      // Some begin earlier and end later than they need to, some come twice.
      const [from, to] = [Math.max(0, at - next(4) * next(4)), Math.min(TEXT.length, at + length + next(4) * next(4))]
      const said = { at: from, text: TEXT.slice(from, to) }
      pieces.push(talk.client(said))
      if (next(5) === 0) pieces.push(talk.client(said))
      at += length
    }
    if (round % 3 === 0) pieces.reverse()
    else if (round % 3 === 1) shuffle(pieces, next)
    const fin = talk.client({ at: TEXT.length, flags: FIN })
    const segments = [...talk.handshake(), ...(round % 2 === 0 ? [...pieces, fin] : [fin, ...pieces])]
    const { heard, events } = hear(segments)
    if (
      heard[0]?.client !== TEXT ||
      events.includes('gap') ||
      !events.includes('C:end fin') ||
      heard[0].connection.damage.length > 0
    )
      t.fail(
        `round ${round}: ${JSON.stringify(events)} of ${JSON.stringify(pieces.map(({ sequence, payloadLength }) => [sequence, payloadLength]))}`,
      )
  }
  t.pass()
})

function shuffle<T>(list: T[], next: (below: number) => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = next(i + 1)
    const item = list[i] as T
    list[i] = list[j] as T
    list[j] = item
  }
}

test('a gap is declared late: when it was acknowledged and 64 more segments have passed, not before', (t) => {
  const talk = new Talk()
  const begin = [...talk.handshake(), talk.client({ text: 'GET ' }), talk.client({ at: 9, text: 'rest' })]
  const missing = talk.client({ at: 4, text: '/path' })
  const late = hear([...begin, ...pass(talk, PATIENCE - 2, 13), missing])
  t.deepEqual(late.events, ['C:GET /pathrest', 'C:end capture', 'S:end capture'])
  const given = new Hearing().play([...begin, ...pass(talk, PATIENCE, 13)], false)
  t.deepEqual(given.events, ['C:GET ', 'C:gap 5', 'C:rest'])
  given.play([missing])
  t.deepEqual(given.events.slice(0, 3), ['C:GET ', 'C:gap 5', 'C:rest'])
  t.deepEqual(
    given.heard[0]?.connection.damage.map(({ layer, kind, count, firstFrame }) => [layer, kind, count, firstFrame]),
    [['tcp', 'gap', 1, begin.at(-1)?.frame as number]],
  )
  // Octets that the other side has not got may still be sent again.
  t.deepEqual(new Hearing().play([...begin, ...pass(talk, 500, 4)], false).events, ['C:GET '])
})

test('a gap is declared when too much is held', (t) => {
  const talk = new Talk()
  const chunk = 'x'.repeat(16_384)
  const held = Array.from({ length: MAX_HELD / chunk.length + 1 }, (_, at) =>
    talk.client({ at: 9 + at * chunk.length, text: chunk }),
  )
  const octets = new Hearing().play([...talk.handshake(), talk.client({ text: 'GET ' }), ...held], false)
  t.is(octets.heard[0]?.events[1], 'C:gap 5')
  t.is(octets.heard[0]?.client.length, 4 + held.length * chunk.length)
  const small = Array.from({ length: Math.floor(MAX_HELD / (PIECE + 1)) + 1 }, (_, at) =>
    talk.client({ at: 9 + at * 2, text: 'x' }),
  )
  const pieces = new Hearing().play([...talk.handshake(), talk.client({ text: 'GET ' }), ...small], false)
  t.deepEqual(pieces.heard[0]?.events, ['C:GET ', 'C:gap 5', 'C:x'])
})

test('all connections together hold a bounded number of octets; who holds the longest gives up', (t) => {
  const chunk = new Uint8Array(65_000)
  const hearing = new Hearing()
  for (let port = 1; port <= 70; port++) {
    const talk = new Talk({ port })
    const held = Array.from({ length: 15 }, (_, at) => talk.client({ at: 9 + at * chunk.length, bytes: chunk }))
    hearing.play([...talk.handshake(), talk.client({ text: 'GET ' }), ...held], false)
  }
  const gaps = hearing.heard.map(({ events }) => events.includes('C:gap 5'))
  t.true(gaps[0])
  t.false(gaps[69])
  t.true(gaps.filter((gap) => gap).length < 10)
})

test('at the end of a capture what is held goes out with its gaps, in capture order', (t) => {
  const talk = new Talk()
  const { events } = hear([
    ...talk.handshake(),
    talk.client({ text: 'GET ' }),
    talk.server({ at: 4, text: '200', ack: 4 }),
    talk.client({ at: 9, text: 'GET /b' }),
    talk.server({ at: 12, text: '404', ack: 15 }),
    talk.client({ at: 15, ack: 20 }),
  ])
  t.deepEqual(events, [
    'C:GET ',
    'S:gap 4',
    'S:200',
    'C:gap 5',
    'C:GET /b',
    'S:gap 5',
    'S:404',
    'C:end capture',
    'S:gap 5',
    'S:end capture',
  ])
})

test('a segment that the snap length cut gives what it has, then a gap', (t) => {
  const talk = new Talk()
  const { events } = hear([
    ...talk.handshake(),
    talk.client({ text: 'GET /', missing: 10 }),
    talk.client({ at: 15, text: 'next' }),
    talk.client({ at: 25, text: 'held', missing: 2 }),
    talk.client({ at: 19, text: 'before' }),
    talk.client({ at: 31, text: 'last', flags: FIN }),
  ])
  t.deepEqual(events, ['C:GET /', 'C:gap 10', 'C:nextbeforeheld', 'C:gap 2', 'C:last', 'C:end fin', 'S:end capture'])
})

test('retransmissions, keep-alive probes and duplicates of another interface say nothing new', (t) => {
  const talk = new Talk()
  const said = { text: 'GET /abc' }
  const { events, heard } = hear([
    ...talk.handshake().flatMap((segment) => [segment, segment]),
    talk.client(said),
    talk.client(said),
    talk.client({ at: 4, text: '/abcdef' }),
    talk.client({ at: 10, text: '\0' }),
    talk.client({ at: 10 }),
    talk.client({ at: 11, text: '!', flags: FIN }),
    talk.client({ at: 11, text: '!', flags: FIN }),
  ])
  t.deepEqual(events, ['C:GET /abcdef!', 'C:end fin', 'S:end capture'])
  t.deepEqual(heard[0]?.connection.damage, [])
})

test('octets that differ in a second copy are damage; those handed on, then those captured first, stand', (t) => {
  const talk = new Talk()
  const delivered = hear([...talk.handshake(), talk.client({ text: 'GET /abc' }), talk.client({ at: 4, text: '/xyzdef' })])
  t.deepEqual(delivered.events[0], 'C:GET /abcdef')
  const held = hear([
    ...talk.handshake(),
    talk.client({ text: 'GET ' }),
    talk.client({ at: 8, text: '8888' }),
    talk.client({ at: 6, text: '666666666' }),
    talk.client({ at: 4, text: '444444' }),
  ])
  t.deepEqual(held.events[0], 'C:GET 44668888666')
  for (const [hearing, frames] of [
    [delivered, 1],
    [held, 2],
  ] as const)
    t.deepEqual(
      hearing.heard[0]?.connection.damage.map(({ layer, kind, count }) => [layer, kind, count]),
      [['tcp', 'conflict', frames]],
    )
})

test('joined late: each direction begins with a gap of unknown length, at the lowest of its first segments', (t) => {
  const talk = new Talk()
  const { events } = hear([
    talk.client({ at: 500, text: 'tail of a body' }),
    talk.server({ at: 900, ack: 514 }),
    talk.client({ at: 600, text: 'GET /b' }),
    talk.client({ at: 590, text: '/a HTTP/1.' }),
    talk.server({ at: 900, text: 'HTTP/1.1', ack: 606 }),
    talk.client({ at: 606, text: ' and on' }),
  ])
  t.deepEqual(events.slice(0, 5), ['C:gap null', 'C:GET /b', 'S:gap null', 'S:HTTP/1.1', 'C: and on'])
})

test('joined late: segments are looked at until one is recognised, and others leave nothing behind', (t) => {
  const talk = new Talk()
  const hearing = new Hearing().play(
    [talk.client({ at: 10, text: 'body' }), talk.server({ at: 20, text: 'body' }), talk.client({ at: 14, ack: 9 })],
    false,
  )
  t.is(hearing.layer.flows, 0)
  t.deepEqual(hearing.asked, ['middle:body', 'middle:body'])
  hearing.play([talk.server({ at: 30, text: 'HTTP' })])
  t.deepEqual(hearing.events, ['S:gap null', 'S:HTTP', 'C:end capture', 'S:end capture'])
})

test('joined late: a message that begins in two segments is recognised, something else is forgotten again', (t) => {
  const talk = new Talk()
  const { events } = hear([talk.client({ at: 10, text: 'GE' }), talk.client({ at: 12, text: 'T /' })])
  t.deepEqual(events.slice(0, 2), ['C:gap null', 'C:GET /'])
  const many = Array.from({ length: 20 }, (_, at) =>
    talk.client(at === 0 ? { at: 0, text: 'GE' } : { at: at * 3 - 1, text: 'abc' }),
  )
  const hearing = new Hearing().play(many, false)
  t.is(hearing.layer.flows, 0)
  t.is(hearing.heard.length, 0)
})

test('the first segment is missing: it is waited for, then there is a gap', (t) => {
  const talk = new Talk()
  const first = talk.client({ text: 'GET /first ' })
  const second = talk.client({ at: 11, text: 'GET /second' })
  t.deepEqual(hear([...talk.handshake(), second, first]).events[0], 'C:GET /first GET /second')
  const { events, asked } = hear([...talk.handshake(), second])
  t.deepEqual(events.slice(0, 2), ['C:gap 11', 'C:GET /second'])
  t.deepEqual(asked, ['middle:GET /second'])
})

test('only one direction captured', (t) => {
  const talk = new Talk()
  const { events } = hear([
    talk.client({ flags: SYN, at: -1, ack: null }),
    talk.client({ text: 'GET /', ack: 0 }),
    talk.client({ at: 5, flags: FIN, ack: 400 }),
  ])
  t.deepEqual(
    events.filter((event) => event.startsWith('C')),
    ['C:GET /', 'C:end fin'],
  )
  t.deepEqual(
    events.filter((event) => event.startsWith('S')),
    ['S:end capture'],
  )
})

test('data on the SYN counts (RFC 7413); data on a reset does not (RFC 9293 3.5.3)', (t) => {
  const talk = new Talk()
  const { events } = hear([
    talk.client({ flags: SYN, at: -1, ack: null, text: 'GET /' }),
    talk.server({ flags: SYN, at: -1, ack: 5 }),
    talk.client({ at: 5, text: 'fast', ack: 0 }),
    talk.server({ flags: RST, text: 'connection refused', ack: 9 }),
  ])
  t.deepEqual(events, ['C:GET /fast', 'C:end rst', 'S:end rst'])
})

test('a connection goes on over inputs', (t) => {
  const talk = new Talk()
  const { heard, events } = hear([
    ...talk.handshake(),
    talk.client({ text: 'GET ' }),
    talk.client({ at: 4, text: '/', input: 1 }),
  ])
  t.is(events[0], 'C:GET /')
  t.deepEqual(
    heard[0]?.marks.map(({ input }) => input),
    [0, 1],
  )
})

test('ports used again: another SYN ends the old connection, a repeated one does not', (t) => {
  const [old, again] = [new Talk({ isn: [1, 2] }), new Talk({ isn: [900_000, 950_000] })]
  const repeated = hear([
    ...old.handshake(),
    ...old.handshake(),
    old.client({ text: 'GET a' }),
    ...old.handshake(),
    old.client({ at: 5, text: 'b' }),
  ])
  t.is(repeated.heard.length, 1)
  t.is(repeated.heard[0]?.client, 'GET ab')
  const first = [...old.handshake(), old.client({ text: 'GET a' })]
  const second = [...again.handshake(), again.client({ text: 'GET b' })]
  for (const [close, how] of [
    [[], 'capture'],
    [[old.client({ at: 5, flags: FIN }), old.server({ flags: FIN, ack: 6 })], 'fin'],
    [[old.server({ flags: RST, ack: 5 })], 'rst'],
  ] as const) {
    const { heard } = hear([...first, ...close, ...second])
    t.deepEqual(
      heard.map(({ client }) => client),
      ['GET a', 'GET b'],
    )
    t.true(heard[0]?.events.includes(`C:end ${how}`))
  }
  const ignored = hear([...old.handshake(), old.client({ text: 'SSH' }), ...second])
  t.is(ignored.heard[0]?.client, 'GET b')
})

test('segments captured behind the FIN or the reset that follows them are not lost', (t) => {
  const talk = new Talk()
  const begin = [...talk.handshake(), talk.client({ text: 'GET ' })]
  const late = talk.client({ at: 4, text: '/late' })
  for (const close of [
    [talk.client({ at: 9, flags: FIN }), talk.server({ flags: FIN, ack: 10 }), talk.client({ at: 10, ack: 1 })],
    [talk.client({ at: 9, flags: RST, ack: null })],
    [talk.server({ at: 0, flags: RST, ack: 9 })],
  ])
    t.is(hear([...begin, ...close, late]).heard[0]?.client, 'GET /late')
})

test('a closed connection with octets missing gives up a while after', (t) => {
  const talk = new Talk()
  const other = new Talk({ port: 9 })
  const begin = [
    ...talk.handshake(),
    talk.client({ text: 'GET ' }),
    talk.client({ at: 9, text: 'rest', flags: FIN }),
    talk.server({ flags: FIN, ack: 14 }),
  ]
  const hearing = new Hearing().play([...begin, ...pass(other, 200, 0)], false)
  t.deepEqual(hearing.events, ['C:GET ', 'S:end fin'])
  hearing.play(pass(other, 100, 0), false)
  t.deepEqual(hearing.events, ['C:GET ', 'S:end fin', 'C:gap 5', 'C:rest', 'C:end fin'])
  t.is(hearing.layer.flows, 0)
})

test('a reset far beside the stream, or one that its sender does not keep to, is none', (t) => {
  const talk = new Talk()
  const begin = [...talk.handshake(), talk.client({ text: 'GET ' })]
  for (const reset of [talk.client({ at: 500_000_000, flags: RST }), talk.client({ at: 4, flags: RST })]) {
    const more = Array.from({ length: 400 }, (_, at) => talk.client({ at: 4 + at, text: 'x' }))
    t.is(hear([...begin, reset, ...more]).heard[0]?.client.length, 404)
  }
})

test('late duplicates of a connection that ended are no new one', (t) => {
  const talk = new Talk()
  const segments = [
    ...talk.handshake(),
    talk.client({ text: 'GET /' }),
    talk.server({ text: 'HTTP', ack: 5 }),
    talk.server({ at: 4, flags: FIN, ack: 5 }),
    talk.client({ at: 5, flags: FIN, ack: 5 }),
    talk.server({ at: 5, ack: 6 }),
  ]
  t.is(hear([...segments, ...segments.slice(3)]).heard.length, 1)
})

test('octets lost before a FIN, or that the other side acknowledged, are a gap at the end', (t) => {
  const talk = new Talk()
  const begin = [...talk.handshake(), talk.client({ text: 'GET /' })]
  const fin = hear([...begin, talk.client({ at: 9, flags: FIN })])
  t.deepEqual(
    fin.events.filter((event) => event.startsWith('C')),
    ['C:GET /', 'C:gap 4', 'C:end fin'],
  )
  const acknowledged = hear([...begin, talk.server({ ack: 9 })])
  t.deepEqual(
    acknowledged.events.filter((event) => event.startsWith('C')),
    ['C:GET /', 'C:gap 4', 'C:end capture'],
  )
  const finItself = hear([...begin, talk.server({ ack: 6 })])
  t.deepEqual(
    finItself.events.filter((event) => event.startsWith('C')),
    ['C:GET /', 'C:end capture'],
  )
})

test('memory follows live flows: a bare ACK, FIN or reset makes none, and a close removes one', (t) => {
  const hearing = new Hearing()
  const talk = new Talk()
  hearing.play(
    [
      talk.client({ at: 9 }),
      talk.client({ at: 9, flags: FIN }),
      talk.client({ at: 9, flags: RST }),
      talk.client({ at: 9, flags: RST, text: 'GET' }),
    ],
    false,
  )
  t.is(hearing.layer.flows, 0)
  const closes = [
    (one: Talk) => [one.client({ flags: FIN })],
    (one: Talk) => [one.server({ flags: RST })],
    (one: Talk) => [one.client({ text: 'SSH' }), one.server({ flags: FIN })],
    (one: Talk) => [one.client({ text: 'SSH', flags: FIN })],
    (one: Talk) => [one.client({ text: 'GET', flags: FIN }), one.server({ flags: FIN })],
  ]
  for (const [index, close] of closes.entries()) {
    const one = new Talk({ port: 100 + index, family: index % 2 === 0 ? 4 : 6 })
    hearing.play([...one.handshake(), ...close(one)], false)
    t.is(hearing.layer.flows, 0, `close ${index}`)
  }
})

test('random segments: no fault, every stream ends once, and octets and gaps add up', (t) => {
  const next = random(77)
  for (let round = 0; round < 1500; round++) {
    const talks = [
      new Talk({ port: 1, isn: [0xfffffff0, 5] }),
      new Talk({ port: 2, isn: [next(2 ** 31), next(2 ** 31)], family: 6 }),
    ]
    const hearing = new Hearing({
      recognise: (_, fromStart) => (['client', 'server', 'more', fromStart ? 'ignore' : 'more'] as const)[next(4)] as 'more',
    })
    for (let count = 5 + next(150); count > 0; count--) {
      const talk = talks[next(2)] as Talk
      const flags = next(12) === 0 ? next(8) : 0
      const said = {
        flags,
        at: next(60) - 5 + (next(40) === 0 ? next(2 ** 31) : 0),
        text: 'x'.repeat(next(12)),
        missing: next(6) === 0 ? next(9) : 0,
        ack: next(70),
      }
      hearing.layer.write(next(2) === 0 ? talk.client(said) : talk.server(said))
    }
    hearing.layer.end()
    for (const { events } of hearing.heard)
      for (const side of ['C', 'S'])
        if (events.filter((event) => event.startsWith(`${side}:end`)).length !== 1) t.fail(`round ${round}: ${events.join(' ')}`)
  }
  t.pass()
})
