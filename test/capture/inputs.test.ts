import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { crossCheck } from '../../src/capture/cross-check.ts'
import { OpenInput } from '../../src/capture/open-input.ts'
import type { Input } from '../../src/capture/source.ts'
import { readTimeline } from '../../src/capture/timeline.ts'
import { filesIn, readSmallFile } from '../../src/platform/files.ts'
import {
  BIG,
  inChunks,
  interfaceBlock,
  octets,
  packetBlock,
  pcapHeader,
  pcapRecord,
  random,
  readAll,
  section,
} from './building.ts'

const folder = mkdtempSync(join(tmpdir(), 'acmescope-inputs-'))
test.after.always(() => rmSync(folder, { recursive: true }))

function save(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** A classic capture whose packets, one octet each, have these times. */
function pcapAt(mark: number, ...seconds: readonly number[]): Uint8Array {
  return octets(pcapHeader(), ...seconds.map((second) => pcapRecord(second, 0, Uint8Array.of(mark))))
}

async function timeline(...inputs: readonly Input[]): Promise<{ order: string[]; open: OpenInput[] }> {
  const open = await Promise.all(inputs.map((input, index) => OpenInput.open(input, index, `input ${index}`, false)))
  const order: string[] = []
  await readTimeline(
    open,
    {
      frame: (frame, input) => order.push(`${frame.seconds}${'abcdef'[input.index]}`),
      ended: (input) => order.push(`end of ${'abcdef'[input.index]}`),
    },
    () => null,
  )
  return { order, open }
}

test('several inputs are one timeline in packet-time order, the first input first', async (t) => {
  const [a, b, c] = [pcapAt(1, 1, 5, 5, 9), pcapAt(2, 2, 5, 3), pcapAt(3, 20)]
  const expected = ['1a', '2b', '5a', '5a', '5b', '3b', 'end of b', '9a', 'end of a', '20c', 'end of c']
  t.deepEqual((await timeline(a, b, c)).order, expected)
  t.deepEqual((await timeline(save('a.pcap', a), save('b.pcap', b), save('c.pcap', c))).order, expected)
  t.deepEqual((await timeline(inChunks(a, 7), save('b.pcap', b), [c])).order, expected)
})

test('an input is opened when its first packet is due, in whatever order inputs are named', async (t) => {
  const paths = [30, 10, 20].map((second) => save(`rotated-${second}.pcap`, pcapAt(second, second, second + 1)))
  const open = await Promise.all(paths.map((path, index) => OpenInput.open(path, index, path, false)))
  const begun: number[][] = []
  await readTimeline(open, { frame: () => begun.push(open.map(({ source }) => source.bytes)), ended: () => {} }, () => null)
  const size = 24 + 2 * 17
  t.deepEqual(begun, [
    [24 + 2 * 17, size, size],
    [size, size, size],
    [size, size, size],
    [size, size, size],
    [size, size, size],
    [size, size, size],
  ])
})

test('more files than may be open at once are read', async (t) => {
  const paths = Array.from({ length: 300 }, (_, at) => save(`many-${at}.pcap`, pcapAt(1, at)))
  const before = process.memoryUsage().arrayBuffers
  const { order } = await timeline(...paths)
  t.is(order.filter((entry) => !entry.startsWith('end')).length, 300)
  t.true(process.memoryUsage().arrayBuffers - before < 100 * 1024 * 1024)
})

const large = octets(pcapHeader(), ...Array.from({ length: 4000 }, (_, at) => pcapRecord(at, at, noise(at % 700))))

function noise(length: number): Uint8Array {
  const next = random(length + 1)
  return Uint8Array.from({ length }, () => next(256))
}

test('what is read is the same from a file, from bytes, and from chunks of any size', async (t) => {
  const expected = (await readAll(large)).packets
  t.is(expected.length, 4000)
  const path = save('large.pcap', large)
  t.deepEqual((await readAll(path)).packets, expected)
  for (const size of [1000, 65_536, 10_000_000]) t.deepEqual((await readAll(inChunks(large, size))).packets, expected)
  t.deepEqual((await readAll([large.subarray(0, 99), large.subarray(99)])).packets, expected)
})

test('facts of an input: format, bytes, packets, times, digest', async (t) => {
  const sha256 = createHash('sha256').update(large).digest('hex')
  const compressed = gzipSync(large)
  for (const [input, bytes, digest] of [
    [save('facts.pcap', large), large.length, sha256],
    [large, large.length, sha256],
    [inChunks(large, 5000), large.length, sha256],
    [save('facts.pcap.gz', compressed), compressed.length, createHash('sha256').update(compressed).digest('hex')],
  ] as const) {
    const { input: open } = await readAll(input)
    t.is(open.format, 'pcap')
    t.is(open.packets, 4000)
    t.is(open.firstTime, 0)
    t.is(open.lastTime, 3999 * 1e6 + 3999)
    t.is(open.source.bytes, bytes)
    t.is(open.source.sha256(), digest)
    t.deepEqual([...open.facts.linkTypes], [1])
  }
})

test('the digest is of the whole file even when reading stops before its end', async (t) => {
  const cut = octets(pcapHeader(), pcapRecord(1, 0, noise(9)), '00', new Uint8Array(8), 'ffffff03 ffffffff', new Uint8Array(5000))
  for (const input of [cut, save('stops.pcap', cut)]) {
    const { input: open } = await readAll(input)
    t.is(open.source.sha256(), createHash('sha256').update(cut).digest('hex'))
  }
})

const zstd = (bytes: Uint8Array, ...options: string[]) =>
  execFileSync('zstd', ['-q', '-c', ...options], { input: bytes, maxBuffer: 1e9 })
const hasZstd = (() => {
  try {
    return zstd(new Uint8Array(0)).length > 0
  } catch {
    return false
  }
})()

test('gzip: whole, cut and corrupt files give what was readable, and damage', async (t) => {
  const whole = gzipSync(large)
  const expected = (await readAll(large)).packets
  const read = await readAll(whole)
  t.deepEqual(read.packets, expected)
  t.deepEqual(read.damage, [])
  t.is(read.input.compression, 'gzip')
  for (const input of [inChunks(whole, 100), save('x.pcap.gz', whole)]) t.deepEqual((await readAll(input)).packets, expected)
  // Members one behind the other, and zeros as padding.
  const half = 24 + 17 * 50
  const parts = octets(gzipSync(large.subarray(0, half)), gzipSync(large.subarray(half)), new Uint8Array(600))
  t.deepEqual((await readAll(parts)).packets, expected)
  t.deepEqual((await readAll(parts)).damage, [])
  const cut = await readAll(whole.subarray(0, whole.length >> 1))
  t.true(cut.packets.length > 1500)
  t.deepEqual(cut.packets, expected.slice(0, cut.packets.length))
  t.deepEqual(
    cut.damage.map(({ kind }) => kind),
    ['truncated', 'truncated'],
  )
  const corrupt = octets(whole)
  corrupt[whole.length - 5] = (corrupt[whole.length - 5] as number) ^ 1
  const wrong = await readAll(corrupt)
  t.deepEqual(wrong.packets, expected)
  t.is(wrong.damage[0]?.detail, 'the gzip data does not fit its checksum')
  const broken = octets(whole.subarray(0, 1000), 'ffffffffffffffffffffffff', whole.subarray(1012))
  t.true((await readAll(broken)).damage.length > 0)
  t.is((await readAll(octets(whole, 'abcd'))).damage[0]?.detail, 'octets behind the gzip data were passed over')
})
;(hasZstd ? test : test.skip)('zstd: whole, cut and corrupt files give what was readable, and damage', async (t) => {
  const expected = (await readAll(large)).packets
  const half = 24 + 17 * 50
  const skippable = octets('502a4d18 05000000 0102030405')
  const wholes = [
    zstd(large),
    zstd(large, '-19', '--no-check'),
    octets(skippable, zstd(large.subarray(0, half)), skippable, zstd(large.subarray(half))),
  ]
  for (const whole of wholes)
    for (const input of [whole, inChunks(whole, 100), save('x.pcap.zst', whole)]) {
      const read = await readAll(input)
      t.deepEqual(read.packets, expected)
      t.deepEqual(read.damage, [])
      t.is(read.input.compression, 'zstd')
    }
  const [whole] = wholes as [Uint8Array]
  const cut = await readAll(whole.subarray(0, whole.length - 10))
  t.true(cut.packets.length > 1000)
  t.deepEqual(cut.packets, expected.slice(0, cut.packets.length))
  t.is(cut.damage[0]?.detail, 'the zstd data is cut off')
  // A window of 2 GiB is refused before anything is allocated for it.
  const greedy = await OpenInput.open(octets('28b52ffd 00 a8 000000', new Uint8Array(9)), 0, 'greedy', false)
  t.is(greedy.format, null)
})

test('compressed input: every prefix and many flipped bits are read without a fault', async (t) => {
  const small = octets(pcapHeader(), ...Array.from({ length: 9 }, (_, at) => pcapRecord(at, 0, noise(30))))
  const next = random(3)
  for (const whole of hasZstd ? [gzipSync(small), zstd(small)] : [gzipSync(small)]) {
    for (let length = 4; length < whole.length; length += 3) t.true((await count(whole.subarray(0, length))) <= 9)
    for (let round = 0; round < 150; round++) {
      const flipped = octets(whole)
      const at = 4 + next(flipped.length - 4)
      flipped[at] = (flipped[at] as number) ^ (1 << next(8))
      t.true((await count(flipped)) >= 0)
    }
  }
})

/** Packets of a capture; 0 when it is refused, which is no fault. */
async function count(bytes: Uint8Array): Promise<number> {
  const open = await OpenInput.open(bytes, 0, 'x', false).catch((error: Error) => {
    if (error.constructor.name !== 'CaptureError') throw error
    return null
  })
  return open?.format === 'pcap' ? (await readAll(bytes)).packets.length : 0
}

test('an input that is no capture is handed out as chunks, compressed or not, with its head', async (t) => {
  const har = new TextEncoder().encode(`\ufeff { "log": ${'[1, 2, 3], '.repeat(30_000)} }`)
  for (const input of [har, save('x.har', har), inChunks(har, 999), save('x.har.gz', gzipSync(har))]) {
    const open = await OpenInput.open(input, 0, 'har', false)
    t.is(open.format, null)
    t.deepEqual(open.head().subarray(0, 64), har.subarray(0, 64))
    const chunks: Uint8Array[] = []
    for await (const chunk of open.chunks()) chunks.push(chunk.slice())
    t.deepEqual(octets(...chunks), har)
    open.close()
  }
})

test('a stream that is stopped ends at once, even while it is silent', async (t) => {
  async function* silent() {
    yield pcapAt(1, 1, 2)
    await new Promise(() => {})
  }
  const open = await OpenInput.open(silent(), 0, 'stream', false)
  setTimeout(() => open.stop(), 50)
  const times: number[] = []
  await readTimeline([open], { frame: ({ seconds }) => times.push(seconds), ended: () => times.push(-1) }, () => null)
  t.deepEqual(times, [1, 2, -1])
  t.deepEqual(open.facts.damage.list(), [])
  t.is(open.source.sha256(), null)
})

test('progress: there is a pause between chunks of a stream and now and then within a file', async (t) => {
  let pauses = 0
  const file = octets(pcapHeader(), ...Array.from({ length: 70_000 }, () => pcapRecord(1, 0, new Uint8Array(0))))
  const open = await OpenInput.open(file, 0, 'file', false)
  await readTimeline([open], { frame: () => {}, ended: () => {} }, () => {
    pauses++
    return Promise.resolve()
  })
  t.is(open.packets, 70_000)
  t.is(pauses, 2)
})

test('cross-check: the package pcap-parser sees the same packets, or it is said why not', async (t) => {
  t.deepEqual(await crossCheck(save('checked.pcap', large)), { reader: 'pcap-parser', packets: 4000, agrees: true, reason: null })
  const big = octets(pcapHeader({ order: BIG }), pcapRecord(1, 2, noise(77), { order: BIG }, 99))
  t.like(await crossCheck(save('big.pcap', big)), { packets: 1, agrees: true })
  // It ends without a word where the last record is cut: both saw what was before.
  t.like(await crossCheck(save('cut.pcap', large.subarray(0, large.length - 1))), { packets: 3999, agrees: true })
  const lying = octets(pcapHeader(), pcapRecord(1, 0, noise(9)), '01000000 00000000 ffffff7f ffffff7f', noise(99))
  const lie = await crossCheck(save('lying.pcap', lying))
  t.like(lie, { agrees: false, packets: 1, reason: 'pcap-parser: a record claims 2147483647 captured bytes' })
  const joined = await crossCheck(save('joined.pcap', octets(pcapAt(1, 1), pcapAt(2, 2))))
  t.false(joined?.agrees)
  t.regex(joined?.reason ?? '', /the file is damaged, and each reader makes its own of that: 2 packets here, \d+ there/)
  t.is(await crossCheck(save('nano.pcap', octets(pcapHeader({ magic: 0xa1b23c4d })))), null)
  t.is(
    await crossCheck(save('x.pcapng', octets(section(BIG), interfaceBlock(BIG, 1, 0), packetBlock(BIG, 0, 1n, noise(1))))),
    null,
  )
})

test('a small file of any kind is read up to a limit', (t) => {
  const path = save('small', noise(100_000))
  t.deepEqual(readSmallFile(path, 100_000), noise(100_000))
  t.is(readSmallFile(path, 99_999), null)
  t.true((readSmallFile('/proc/self/status', 1_000_000)?.length ?? 0) > 100)
})

test('a folder is its files by name', (t) => {
  const path = mkdtempSync(join(folder, 'listed-'))
  for (const name of ['b', 'a', 'c']) writeFileSync(join(path, name), '')
  mkdtempSync(join(path, 'd-'))
  t.deepEqual(filesIn(path), [join(path, 'a'), join(path, 'b'), join(path, 'c')])
})

const corpora = process.env.ACMESCOPE_CORPORA
const inCorpora = corpora === undefined ? test.skip : test

inCorpora('pcapng corpus: every packet is what tshark reads, up to where it stops', async (t) => {
  const set = join(corpora as string, 'pcapng')
  let compared = 0
  for (const path of filesIn(join(set, 'captures'))) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const golden = JSON.parse(readFileSync(join(set, 'golden', `${name}.packets.json`), 'utf8'))
    const read = await readAll(path).catch((error: Error) => ({ packets: [], damage: [error.message] }))
    // What tshark lists without an interface are blocks that hold no packet; for an unstated time it says nothing.
    const expected = golden.packets.filter((packet: { interface: number | null }) => packet.interface !== null)
    if (golden.tshark_exit === 0) t.is(read.packets.length, expected.length, name)
    else t.true(read.packets.length >= expected.length && read.damage.length > 0, name)
    for (const [index, packet] of expected.entries()) {
      const ours = read.packets[index]
      const sha256 = createHash('sha256')
        .update(ours?.bytes ?? new Uint8Array(0))
        .digest('hex')
      t.deepEqual(
        [ours?.number, packet.time === '' ? '' : ours?.time, ours?.bytes.length, ours?.original, sha256],
        [packet.n, packet.time, packet.caplen, packet.len, packet.sha256],
        `${name} ${packet.n}`,
      )
      // In a file of several sections tshark counts interfaces in each.
      if (!name.includes('test202')) t.is(ours?.on, packet.interface)
      compared++
    }
  }
  t.true(compared > 760)
})

inCorpora('all corpora: classic captures are read alike by pcap-parser, or the difference is explained', async (t) => {
  let agreed = 0
  for (const set of ['http1', 'http2', 'malformed', 'pcapng', 'tls', 'tunnels-linktypes'])
    for (const path of filesIn(join(corpora as string, set, 'captures'))) {
      const checked = await crossCheck(path).catch((error: Error) => {
        t.is(error.constructor.name, 'CaptureError')
        return null
      })
      if (checked === null) continue
      if (checked.agrees) agreed++
      else t.regex(checked.reason ?? '', /^the file is damaged|^pcap-parser: a record claims/, path)
    }
  t.true(agreed > 370)
})
