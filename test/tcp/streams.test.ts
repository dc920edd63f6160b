import test from 'ava'
import fc from 'fast-check'
import { newSegment } from '../../src/net/segment.ts'
import { endpoint } from '../../src/tcp/endpoint.ts'
import { FIN, type Heard, Hearing, Talk } from './talking.ts'

/** A stream, where it is cut, how far segments stray from their place, which reach back over the one before, and which come twice. */
const cutStream = fc.record({
  stream: fc.uint8Array({ minLength: 2, maxLength: 4000 }),
  cuts: fc.array(fc.nat(), { minLength: 1, maxLength: 120 }),
  strays: fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 40 }),
  overlaps: fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 40 }),
  twice: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
  initial: fc.oneof(
    fc.nat({ max: 0xffff_ffff }),
    fc.nat({ max: 5000 }).map((before) => 0xffff_ffff - before),
  ),
  family: fc.constantFrom(4, 6),
})

interface Piece {
  readonly from: number
  readonly to: number
}

function cut(length: number, cuts: readonly number[]): Piece[] {
  const places = [...new Set([0, length, ...cuts.map((place) => place % length)])].sort((a, b) => a - b)
  return places.slice(1).map((to, index) => ({ from: places[index] as number, to }))
}

function shuffle(all: readonly Piece[], strays: readonly number[]): Piece[] {
  return all
    .map((piece, index) => ({ piece, place: index + (strays[index % strays.length] as number) }))
    .sort((a, b) => a.place - b.place)
    .map(({ piece }) => piece)
}

/** What was heard when these pieces of the stream are captured, between a handshake and a FIN. */
function heardOf(stream: Uint8Array, pieces: readonly Piece[], initial: number, family: 4 | 6): Heard | undefined {
  const talk = new Talk({ isn: [initial, 7], family })
  const segments = pieces.map(({ from, to }) => talk.client({ at: from, bytes: stream.subarray(from, to) }))
  const fin = talk.client({ at: stream.length, flags: FIN })
  return new Hearing({ recognise: () => 'client' }).play([...talk.handshake(), ...segments, fin]).heard[0]
}

const latin1 = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes)
const gapsOf = ({ events }: Heard) => events.filter((event) => event.startsWith('C:gap '))

test('RFC 9293 3.4, 3.10: a stream cut, reordered, repeated and overlapped comes out once and in order', (t) => {
  fc.assert(
    fc.property(cutStream, ({ stream, cuts, strays, overlaps, twice, initial, family }) => {
      const pieces = cut(stream.length, cuts).flatMap(({ from, to }, index) => {
        const piece = { from: Math.max(0, from - (overlaps[index % overlaps.length] as number)), to }
        return twice[index % twice.length] === true ? [piece, piece] : [piece]
      })
      const heard = heardOf(stream, shuffle(pieces, strays), initial, family)
      return (
        heard?.client === latin1(stream) &&
        gapsOf(heard).length === 0 &&
        heard.events.includes('C:end fin') &&
        heard.connection.damage.length === 0
      )
    }),
    { numRuns: 300 },
  )
  t.pass()
})

test('a segment that was not captured is exactly one gap of its length, where it belongs', (t) => {
  fc.assert(
    fc.property(cutStream, fc.nat(), ({ stream, cuts, strays, initial, family }, choice) => {
      const all = cut(stream.length, [1, ...cuts])
      const lost = all[choice % all.length] as Piece
      const captured = shuffle(
        all.filter((piece) => piece !== lost),
        strays,
      )
      const heard = heardOf(stream, captured, initial, family)
      if (heard === undefined) return false
      const [damage, ...others] = heard.connection.damage
      const gap = `C:gap ${lost.to - lost.from}`
      const before = heard.events.slice(0, heard.events.indexOf(gap)).filter((event) => event.startsWith('C:'))
      return (
        gapsOf(heard).join() === gap &&
        before.map((event) => event.slice(2)).join('') === latin1(stream.subarray(0, lost.from)) &&
        heard.client === latin1(stream.subarray(0, lost.from)) + latin1(stream.subarray(lost.to)) &&
        damage?.kind === 'gap' &&
        damage.count === 1 &&
        others.length === 0
      )
    }),
    { numRuns: 300 },
  )
  t.pass()
})

const endpoints: readonly (readonly [family: 4 | 6, words: readonly number[], text: string])[] = [
  [4, [0], '0.0.0.0:9'],
  [4, [-256], '255.255.255.0:9'],
  [6, [0, 0, 0, 0], '[::]:9'],
  [6, [0, 0, 0, 1], '[::1]:9'],
  [6, [0x20010db8, 0, 0, 0], '[2001:db8::]:9'],
  // 4.2.2: one group of zeros is not shortened.
  [6, [0x20010db8, 1, 0x10001, 0x10001], '[2001:db8:0:1:1:1:1:1]:9'],
  // 4.2.3: the longest run, of equal ones the first.
  [6, [0x20010000, 1, 0, 1], '[2001:0:0:1::1]:9'],
  [6, [0x20010db8, 0, 0x10000, 1], '[2001:db8::1:0:0:1]:9'],
  // 4.1 and 4.3: no leading zeros, lower case.
  [6, [-0x1800000, 0, 0xabcdef, 0x0a0b0c0d], '[fe80::ab:cdef:a0b:c0d]:9'],
]
test('endpoints are text as RFC 5952 4 wants it', (t) => {
  for (const [family, words, text] of endpoints) {
    const segment = newSegment()
    segment.family = family
    segment.address.set(words, 4)
    segment.destinationPort = 9
    t.is(endpoint(segment, 'destination'), text)
  }
})
