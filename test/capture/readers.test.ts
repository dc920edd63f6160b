import test from 'ava'
import { newFrame } from '../../src/capture/frame.ts'
import { OpenInput } from '../../src/capture/open-input.ts'
import { CaptureError } from '../../src/capture/reader.ts'
import { READERS } from '../../src/capture/readers.ts'
import { TickClock } from '../../src/capture/tick-clock.ts'
import { MAX_RECORD } from '../../src/capture/window.ts'
import type { DamageKind } from '../../src/core/damage.ts'
import {
  BIG,
  block,
  hex,
  inChunks,
  interfaceBlock,
  LITTLE,
  octets,
  option,
  packetBlock,
  pcapHeader,
  pcapRecord,
  random,
  readAll,
  section,
} from './building.ts'

const PACKET = octets('0102 0304 0506')
const text = (value: string) => new TextEncoder().encode(value)

test('draft-ietf-opsawg-pcap 4: both byte orders, micro- and nanoseconds, and the modified record header', async (t) => {
  const variants = [
    [0xa1b2c3d4, '', '1700000000.000123000'],
    [0xa1b23c4d, '', '1700000000.000000123'],
    [0xa1b2cd34, '00000007 0800 00 00', '1700000000.000123000'],
  ] as const
  for (const order of [LITTLE, BIG])
    for (const [magic, extra, time] of variants) {
      const options = { order, magic, extra, linkType: 113 }
      const file = octets(pcapHeader(options), pcapRecord(1_700_000_000, 123, PACKET, options, 99))
      const { packets, damage } = await readAll(file)
      t.deepEqual(packets, [{ number: 1, time, linkType: 113, on: 0, original: 99, bytes: PACKET }])
      t.deepEqual(damage, [])
    }
})

test('pcap: the link type is the lower half of its field, seconds are unsigned, no snap length is no limit', async (t) => {
  const file = octets(pcapHeader({ linkType: 0x34000001, snapLength: 0 }), pcapRecord(0xffffffff, 999_999, PACKET))
  const { packets, damage } = await readAll(file)
  t.is(packets[0]?.linkType, 1)
  t.is(packets[0]?.time, '4294967295.999999000')
  t.deepEqual(damage, [])
})

const good = pcapRecord(5, 0, PACKET)
const damaged: readonly (readonly [title: string, file: Uint8Array, packets: number, damage: RegExp, kind: DamageKind, frame: number])[] = [
  ['a cut record', octets(pcapHeader(), good, good.subarray(0, 20)), 1, /a record is cut off by the end of the file: 20 of 22 bytes/, 'truncated', 2],
  ['a cut record header', octets(pcapHeader(), good, good.subarray(0, 9)), 1, /a record header is cut off.*9 of 16/, 'truncated', 2],
  ['a length beyond the file', octets(pcapHeader(), good, '05000000 00000000 00100000 00100000 01'), 1, /17 of 4112 bytes/, 'truncated', 2],
  ['a length of 4 GiB', octets(pcapHeader(), good, '05000000 00000000 ffffffff 06000000', good), 1, /claims 4294967295 captured bytes/, 'limit', 2],
  ['a fraction of more than a second', octets(pcapHeader(), pcapRecord(5, 2_000_001, PACKET)), 1, /fraction of a second or more/, 'malformed', 1],
  ['a record beyond the snap length', octets(pcapHeader({ snapLength: 4 }), good), 1, /longer than the snap length/, 'malformed', 1],
  ['joined files', octets(pcapHeader(), good, pcapHeader({ order: BIG }), pcapRecord(6, 0, PACKET, { order: BIG })), 2, /second file header/, 'malformed', 2],
] // biome-ignore format: a table
for (const [title, file, packets, detail, kind, frame] of damaged)
  test(`pcap damage: ${title}`, async (t) => {
    for (const input of [file, inChunks(file, 5)]) {
      const read = await readAll(input)
      t.is(read.packets.length, packets)
      t.true(read.packets.every(({ bytes }) => hex(bytes) === hex(PACKET)))
      const [first] = read.damage
      t.regex(first?.detail ?? '', detail)
      t.is(first?.kind, kind)
      t.is(first?.firstFrame, frame)
    }
  })

test('pcap: a record larger than is held is passed over, and what follows is read', async (t) => {
  const size = MAX_RECORD + 1
  const head = octets(pcapHeader(), '05000000 00000000', LITTLE.u32(size), LITTLE.u32(size))
  const file = new Uint8Array(head.length + size + good.length)
  file.set(head)
  file.set(good, head.length + size)
  const { packets, damage } = await readAll(file)
  t.deepEqual(
    packets.map(({ number }) => number),
    [2],
  )
  t.is(damage[0]?.kind, 'limit')
})

const refused: readonly (readonly [title: string, file: Uint8Array, message: RegExp])[] = [
  ['a cut file header', pcapHeader().subarray(0, 20), /pcap file header is cut off: 20 of 24 bytes/],
  ['a version that is not known', octets('d4c3b2a1 0300 0100', new Uint8Array(16)), /pcap version 3\.1 is not supported/],
  ['a cut section header', section(LITTLE).subarray(0, 20), /section header is cut off: 20 bytes/],
  ['a section without byte-order magic', octets('0a0d0d0a 1c000000 00000000', new Uint8Array(16)), /no byte-order magic/],
  ['a section of version 2', block(BIG, 0x0a0d0d0a, '1a2b3c4d 0002 0000', 'ffffffffffffffff'), /pcapng version 2\.0/],
  ['a section of length 8', octets('0a0d0d0a 00000008 1a2b3c4d 0001 0000', new Uint8Array(12)), /claims a length of 8/],
]
for (const [title, file, message] of refused)
  test(`not read at all: ${title}`, async (t) => {
    for (const input of [file, inChunks(file, 3)]) {
      const error = await t.throwsAsync(async () => readAll(input), { instanceOf: CaptureError })
      t.regex(error?.message ?? '', message)
      t.notRegex(error?.message ?? '', /\n/)
    }
  })

test('pcapng: sections of both byte orders, interfaces counted over the file, every kind of packet block', async (t) => {
  const file = octets(
    ...[LITTLE, BIG].flatMap((order) => [
      section(order),
      interfaceBlock(order, 113, 0),
      interfaceBlock(order, 1, 4),
      packetBlock(order, 0, 1_700_000_000_000_001n, PACKET),
      block(order, 0x0000_0bad, order.u32(4711), 'aabb'),
      block(
        order,
        2,
        order.u16(1),
        order.u16(7),
        order.u32(0),
        order.u32(3_000_000),
        order.u32(4),
        order.u32(60),
        PACKET.subarray(0, 4),
      ),
      block(order, 0x0000_9999, 'ffff'),
      block(order, 3, order.u32(6), PACKET),
    ]),
  )
  const { packets, damage } = await readAll(file)
  const expected = [0, 2].flatMap((base) => [
    { number: base * 2 + 1, time: '1700000000.000001000', linkType: 113, on: base, original: 6, bytes: PACKET },
    { number: base * 2 + 3, time: '3.000000000', linkType: 1, on: base + 1, original: 60, bytes: PACKET.subarray(0, 4) },
    { number: base * 2 + 4, time: '3.000000000', linkType: 113, on: base, original: 6, bytes: PACKET },
  ])
  t.deepEqual(packets, expected)
  t.deepEqual(
    damage.map(({ kind, detail, count, firstFrame }) => [kind, detail, count, firstFrame]),
    [['unsupported', 'packets without a time take that of the packet before', 2, 4]],
  )
})

test('pcapng 4.4: a Simple Packet Block is as long as block, original length and snap length allow', async (t) => {
  const file = octets(section(LITTLE), interfaceBlock(LITTLE, 1, 4), block(LITTLE, 3, LITTLE.u32(6), PACKET))
  const { packets } = await readAll(file)
  t.is(hex(packets[0]?.bytes ?? octets()), '01020304')
})

test('pcapng: if_tsresol of powers of 10 and 2, if_tsoffset', async (t) => {
  const cases: readonly (readonly [resolution: number, offset: bigint, ticks: bigint, time: string])[] = [
    [9, 0n, 1_700_000_000_123_456_789n, '1700000000.123456789'],
    [0, 0n, 1_700_000_000n, '1700000000.000000000'],
    [0x80 | 10, -5n, 1024n * 10n + 512n, '5.500000000'],
    [12, 1000n, 7_000_000_000_001_999n, '8000.000000001'],
    [0x80 | 63, 0n, 3n << 62n, '1.500000000'],
    [6, 0n, (1n << 64n) - 1n, '18446744073709.551615000'],
  ]
  for (const [resolution, offset, ticks, time] of cases) {
    const options = octets(option(BIG, 9, octets(Uint8Array.of(resolution))), option(BIG, 14, BIG.i64(offset)))
    const file = octets(section(BIG), interfaceBlock(BIG, 1, 0, options), packetBlock(BIG, 0, ticks, PACKET))
    t.is((await readAll(file)).packets[0]?.time, time)
  }
})

test('times of every resolution are those of 64-bit arithmetic', (t) => {
  const next = random(99)
  const frame = newFrame(0)
  for (let resolution = 0; resolution < 256; resolution++) {
    const clock = new TickClock(resolution, 0)
    const ticks = (resolution & 0x80 ? 2n : 10n) ** BigInt(resolution & 0x7f)
    for (let round = 0; round < 40; round++) {
      const high = next(2 ** 32) >>> next(32)
      const low = next(2 ** 32)
      clock.set(frame, high, low)
      const all = (BigInt(high) << 32n) | BigInt(low)
      if (frame.seconds !== Number(all / ticks) || BigInt(frame.nanoseconds) !== ((all % ticks) * 1_000_000_000n) / ticks)
        t.fail(`resolution ${resolution}, ${high} ${low}: ${frame.seconds}.${frame.nanoseconds}`)
    }
  }
  t.pass()
})

test('pcapng: comments, names and secrets are kept, early, late and empty ones', async (t) => {
  const secrets = (type: number, data: string) => block(LITTLE, 10, LITTLE.u32(type), LITTLE.u32(data.length), text(data))
  const names = octets(
    LITTLE.u16(1), LITTLE.u16(13), 'c0000207', text('a.test\0b\0'), '000000',
    LITTLE.u16(2), LITTLE.u16(19), '20010db8 00000000 00000000 00000001', text('c\0'), '00',
    '00000000',
  ) // biome-ignore format: rows of a record
  const file = octets(
    section(LITTLE, option(LITTLE, 1, text('of the section'))),
    secrets(0x544c534b, ''),
    interfaceBlock(LITTLE, 1, 0, option(LITTLE, 1, text('of the interface'))),
    secrets(0x544c534b, 'CLIENT_RANDOM 00 11\n'),
    packetBlock(LITTLE, 0, 1n, PACKET, octets(option(LITTLE, 2, octets('01000000')), option(LITTLE, 1, text('of the packet')))),
    block(LITTLE, 4, names),
    secrets(0x57474b4c, 'key'),
  )
  const { input, damage } = await readAll(file)
  t.deepEqual(damage, [])
  t.deepEqual(input.facts.comments, [
    { frame: null, text: 'of the section' },
    { frame: null, text: 'of the interface' },
    { frame: 1, text: 'of the packet' },
  ])
  t.deepEqual(
    [...input.facts.names],
    [
      ['192.0.2.7', ['a.test', 'b']],
      ['2001:db8::1', ['c']],
    ],
  )
  t.deepEqual(
    input.facts.secrets.map(({ type, data }) => [type, new TextDecoder().decode(data)]),
    [
      [0x544c534b, ''],
      [0x544c534b, 'CLIENT_RANDOM 00 11\n'],
      [0x57474b4c, 'key'],
    ],
  )
})

const start = octets(section(LITTLE), interfaceBlock(LITTLE, 1, 8))
const whole = packetBlock(LITTLE, 0, 1n, PACKET)
const withLengths = (first: number, second: number) => {
  const bytes = whole.slice()
  bytes.set(LITTLE.u32(first), 4)
  bytes.set(LITTLE.u32(second), bytes.length - 4)
  return bytes
}
const damagedBlocks: readonly (readonly [title: string, blocks: Uint8Array, numbers: readonly number[], damage: RegExp, kind: DamageKind])[] = [
  ['a cut block', octets(whole, whole.subarray(0, 30)), [1], /block of type 6 is cut off by the end of the file: 30 of 40 bytes/, 'truncated'],
  ['a cut block header', octets(whole, whole.subarray(0, 7)), [1], /block header is cut off.*7 of 12/, 'truncated'],
  ['a length of 0', octets(whole, withLengths(0, 0), whole), [1, 2], /claims a length of 0 bytes; reading goes on/, 'malformed'],
  ['a length of 4 GiB', octets(whole, withLengths(0xfffffffc, 40), whole), [1, 2], /claims a length of 4294967292/, 'malformed'],
  ['a length that is no multiple of four', octets(whole, withLengths(39, 39), whole), [1, 2], /length of 39/, 'malformed'],
  ['a wrong length behind', octets(whole, withLengths(40, 44), whole), [1, 2, 3], /two lengths of a block differ; the first is right/, 'malformed'],
  ['a wrong length before', octets(whole, withLengths(36, 40), whole), [1, 2], /two lengths of a block differ; reading goes on/, 'malformed'],
  ['rubbish between blocks', octets(whole, 'de ad be ef 00', whole), [1, 2], /reading goes on at the next whole block/, 'malformed'],
  ['an interface that was not described', octets(whole, packetBlock(LITTLE, 7, 1n, PACKET), whole), [1, 3], /interface that was not described/, 'malformed'],
  ['more captured than the block holds', octets(block(LITTLE, 6, new Uint8Array(12), LITTLE.u32(60), LITTLE.u32(60), PACKET), whole), [2], /more captured bytes than its block/, 'malformed'],
  ['a packet block without its header', octets(block(LITTLE, 6, new Uint8Array(8)), whole), [2], /shorter than its header/, 'malformed'],
  ['more than the snap length', packetBlock(LITTLE, 0, 1n, octets(PACKET, PACKET)), [1], /longer than the snap length/, 'malformed'],
  ['a section of version 3', octets(whole, block(LITTLE, 0x0a0d0d0a, '4d3c2b1a 0300 0000 ffffffffffffffff'), whole, start, whole), [1, 2], /section of pcapng version 3\.0 was passed over/, 'unsupported'],
  ['a section without byte-order magic', octets(whole, block(LITTLE, 0x0a0d0d0a, new Uint8Array(16)), start, whole), [1, 2], /no byte-order magic/, 'malformed'],
  ['secrets longer than their block', octets(block(LITTLE, 10, LITTLE.u32(1), LITTLE.u32(9), '00'), whole), [1], /a block of secrets ends before/, 'malformed'],
  ['a comment longer than its block', octets(packetBlock(LITTLE, 0, 1n, PACKET, octets('0100 ff00 6161 6161'))), [1], /options of a packet ends before/, 'malformed'],
] // biome-ignore format: a table
for (const [title, blocks, numbers, detail, kind] of damagedBlocks)
  test(`pcapng damage: ${title}`, async (t) => {
    const file = octets(start, blocks)
    for (const input of [file, inChunks(file, 5)]) {
      const { packets, damage } = await readAll(input)
      t.deepEqual(
        packets.map(({ number }) => number),
        numbers,
      )
      t.regex(damage[0]?.detail ?? '', detail)
      t.is(damage[0]?.kind, kind)
    }
  })

test('pcapng: what is kept beside the packets is bounded', async (t) => {
  const comment = octets(...Array.from({ length: 1001 }, () => option(LITTLE, 1, text('x'))))
  const many = octets(start, packetBlock(LITTLE, 0, 1n, PACKET, comment))
  const { input, damage, packets } = await readAll(many)
  t.is(input.facts.comments.length, 1000)
  t.is(damage[0]?.detail, 'more comments than are kept')
  t.is(packets.length, 1)
})

test('a record that needs a larger buffer gets it only as the input delivers', async (t) => {
  const large = new Uint8Array(3_000_000).map((_, at) => at)
  const file = octets(pcapHeader({ snapLength: 0 }), pcapRecord(1, 0, large), good)
  for (const input of [file, inChunks(file, 70_001)]) {
    const { packets, damage } = await readAll(input)
    t.deepEqual(packets[0]?.bytes, large)
    t.is(packets.length, 2)
    t.deepEqual(damage, [])
  }
})

const samples = {
  pcap: octets(pcapHeader(), ...Array.from({ length: 6 }, (_, at) => pcapRecord(at, at, new Uint8Array(at * 3)))),
  pcapng: octets(
    start,
    ...Array.from({ length: 6 }, (_, at) =>
      packetBlock(LITTLE, 0, BigInt(at), new Uint8Array(at), option(LITTLE, 1, text('hello'))),
    ),
    section(BIG),
    block(BIG, 10, BIG.u32(1), BIG.u32(3), 'aabbcc'),
    interfaceBlock(BIG, 1, 0),
    packetBlock(BIG, 0, 77n, PACKET),
  ),
}
for (const [name, file] of Object.entries(samples))
  test(`${name}: every prefix and many flipped bits are read without a fault, and nothing is silently lost`, async (t) => {
    const all = (await readAll(file)).packets.length
    for (let length = 0; length < file.length; length++) {
      const read = await attempt(file.slice(0, length))
      if (read !== null && read.packets > all) t.fail(`prefix ${length}: ${read.packets} packets`)
    }
    const next = random(7)
    for (let round = 0; round < 2000; round++) {
      const flipped = file.slice()
      for (let count = 1 + next(3); count > 0; count--) {
        const at = next(file.length)
        flipped[at] = (flipped[at] as number) ^ (1 << next(8))
      }
      const read = await attempt(flipped)
      if (read !== null && read.packets < all - 8 && read.damage === 0) t.fail(`round ${round}: ${hex(flipped)}`)
    }
    t.true(all >= 6)
  })

/** Null when the file is refused, which only the first bytes may cause. */
async function attempt(file: Uint8Array): Promise<{ packets: number; damage: number } | null> {
  try {
    const { packets, damage } = await readAll(file)
    return { packets: packets.length, damage: damage.length }
  } catch (error) {
    if (error instanceof CaptureError) return null
    throw error
  }
}

test('headers that each claim a block beyond what is in memory: all of it is damage, and the packet behind is found', async (t) => {
  const size = 1_000_000
  const hostile = new Uint8Array(size)
  for (let at = 0; at + 8 <= size; at += 8) hostile.set(octets(LITTLE.u32(6), LITTLE.u32(200_000)), at)
  const file = octets(start, hostile, packetBlock(LITTLE, 0, 5n, PACKET))
  const { packets, damage } = await readAll(inChunks(file, 65_536))
  t.is(packets.length, 1)
  t.true(damage.length > 0)
})

test('formats are told by magic numbers, one row each', (t) => {
  t.deepEqual(
    READERS.map(({ name }) => name),
    ['pcap', 'pcapng'],
  )
  for (const [file, name] of [
    [samples.pcap, 'pcap'],
    [samples.pcapng, 'pcapng'],
  ] as const)
    t.deepEqual(
      READERS.filter((format) => format.recognises(file)).map((format) => format.name),
      [name],
    )
  for (const other of ['', '7b', '89504e47', 'a1b2c3']) t.false(OpenInput.recognises(octets(other)))
  for (const other of ['1f8b08', '28b52ffd']) t.true(OpenInput.recognises(octets(other)))
})
