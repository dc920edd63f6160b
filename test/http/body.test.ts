import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import test from 'ava'
import type { RawBody } from '../../src/http/body.ts'
import { finishBody, MAX_CODINGS } from '../../src/http/body.ts'
import type { Body } from '../../src/http/exchange.ts'
import { MAX_ZSTD_WINDOW } from '../../src/platform/zstd.ts'
import { numbers, octets, text } from './conversation.ts'

const PROBLEM = '{"type":"urn:ietf:params:acme:error:badNonce","detail":"JWS has an invalid anti-replay nonce"}\n'.repeat(40)

/** PROBLEM as the zstd command writes it: with its size and checksum, without checksum, without size. */
const ZSTD: readonly string[] = [
  'KLUv/QRovQIAooUSEZB9hJA8kNAka27JY20gowgcoM+wP9ZmCcTzA4Px9YRhfrj/AkpGFBHh48bEEG1NetirYqm1rTS5vlz59mtxuMEybRZFtLqx4AECAHYWg0dsCuoMl4/Tkw==',
  'KLUv/QBI1QIA8sUTGJApbSgZkWxORDKEfUkiV69meeyo0m4+n4CGryTKSn7SqQA3XwbPF4mVL+SJKhgGNh/8nnHAVxIRzA+mSPXsjnJDjuuTIfbQUhU2X0rWjAEAn51FP0QB',
  'KLUv/QRY1QIAokUTGICpbdiDKDvdMh730rZ2mplpaYhgG2GAhcZibd2kZID23oqaJ1Ztb+oHGxACh2f0neWOS7JIUF5ARsyJechRnfMTGjoVlxGHl2n1KQICAHYWg0dsCuoMl4/Tkw==',
]

const bytesOf = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer)
const zstd = (index: number): Uint8Array => bytesOf(Buffer.from(ZSTD[index] as string, 'base64'))

function finish(content: Uint8Array, codings: readonly string[], raw: Partial<RawBody> = {}): Body {
  return finishBody(content, { whole: true, size: content.length, keep: 1 << 20, codings, damage: [], frame: 4, ...raw })
}

const kinds = (body: Body): string[] => body.damage.map(({ kind }) => kind)

const WHOLE: readonly (readonly [string, readonly string[], Uint8Array])[] = [
  ['no coding', [], octets(PROBLEM)],
  ['identity', ['identity'], octets(PROBLEM)],
  ['gzip', ['gzip'], gzipSync(PROBLEM)],
  ['x-gzip', ['x-gzip'], gzipSync(PROBLEM)],
  ['gzip in two members', ['gzip'], Buffer.concat([gzipSync(PROBLEM.slice(0, 90)), gzipSync(PROBLEM.slice(90))])],
  ['deflate, RFC 9110 8.4.1.2', ['deflate'], deflateSync(PROBLEM)],
  ['deflate without its wrapper', ['deflate'], deflateRawSync(PROBLEM)],
  ['br, RFC 7932', ['br'], brotliCompressSync(PROBLEM)],
  ['zstd with checksum, RFC 8878', ['zstd'], zstd(0)],
  ['zstd without checksum', ['zstd'], zstd(1)],
  ['zstd without content size', ['zstd'], zstd(2)],
  ['two codings, the last undone first', ['br', 'gzip'], gzipSync(brotliCompressSync(PROBLEM))],
]

for (const [title, codings, content] of WHOLE)
  test(`${title}: the whole content`, (t) => {
    const body = finish(bytesOf(content), codings)
    t.is(text(body.bytes as Uint8Array), PROBLEM)
    t.true(body.complete)
    t.is(body.size, content.length)
    t.deepEqual(body.damage, [])
  })

test('RFC 8878 3.1: several frames and skippable ones', (t) => {
  const skippable = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
  const content = Uint8Array.from([...zstd(0), ...skippable, ...zstd(1)])
  t.is(text(finish(content, ['zstd']).bytes as Uint8Array), PROBLEM + PROBLEM)
})

test('RFC 8878 3.1.1.2: raw and run-length blocks', (t) => {
  // biome-ignore format: a frame with its fields in rows
  const content = Uint8Array.of(
    0x28, 0xb5, 0x2f, 0xfd, 0x20, 7, // magic, single segment of 7 octets
    3 << 3, 0, 0, 97, 98, 99,        // raw: abc
    (4 << 3) | 2 | 1, 0, 0, 122,     // run of 4, last
  )
  t.is(text(finish(content, ['zstd']).bytes as Uint8Array), 'abczzzz')
})

const CODERS: readonly (readonly [string, (content: string) => Uint8Array])[] = [
  ['gzip', (content) => gzipSync(content)],
  ['deflate', (content) => deflateSync(content)],
  ['br', (content) => brotliCompressSync(content)],
]

const noise = numbers(5)
const RANDOM = Array.from({ length: 60_000 }, () => String.fromCharCode(97 + Math.floor(noise() * 26))).join('')

for (const [coding, encode] of CODERS) {
  test(`${coding} that ends early: the readable prefix`, (t) => {
    const content = bytesOf(encode(RANDOM))
    const body = finish(content.subarray(0, content.length >> 1), [coding])
    t.false(body.complete)
    t.deepEqual(kinds(body), ['truncated'])
    t.true((body.bytes?.length ?? 0) > 10_000)
    t.true(RANDOM.startsWith(text(body.bytes as Uint8Array)))
  })

  test(`${coding} of which the capture lost the rest: that is said once`, (t) => {
    const content = bytesOf(encode(RANDOM))
    const lost = { layer: 'http', kind: 'gap', detail: 'lost', count: 1, firstFrame: 1 } as const
    const body = finish(content.subarray(0, 30_000), [coding], { whole: false, damage: [lost], size: content.length })
    t.false(body.complete)
    t.deepEqual(body.damage, [lost])
    t.true(RANDOM.startsWith(text(body.bytes as Uint8Array)))
    t.true((body.bytes?.length ?? 0) > 10_000)
  })

  test(`${coding} with a fault in it: the prefix before the fault`, (t) => {
    const content = bytesOf(encode(RANDOM))
    content.fill(0xff, content.length >> 1, (content.length >> 1) + 40)
    const body = finish(content, [coding])
    t.false(body.complete)
    // What brotli makes of wrong bits may as well look like content without its end.
    t.true(coding === 'br' ? ['malformed', 'truncated'].includes(kinds(body)[0] as string) : kinds(body)[0] === 'malformed')
    t.true((body.bytes?.length ?? 0) > 1000)
    t.is(text((body.bytes as Uint8Array).subarray(0, 1000)), RANDOM.slice(0, 1000))
  })

  test(`${coding} that expands without end stops at the bound`, (t) => {
    const content = bytesOf(encode('\0'.repeat(8_000_000)))
    const body = finish(content, [coding], { keep: 100_000 })
    t.false(body.complete)
    t.deepEqual(kinds(body), ['limit'])
    t.true((body.bytes?.length ?? 0) <= 100_000)
  })
}

test('gzip with a wrong checksum: all of it, not complete', (t) => {
  const content = bytesOf(gzipSync(PROBLEM))
  content[content.length - 6] = (content[content.length - 6] as number) ^ 1
  const body = finish(content, ['gzip'])
  t.is(text(body.bytes as Uint8Array), PROBLEM)
  t.deepEqual(kinds(body), ['malformed'])
  t.false(body.complete)
})

test('zstd: ends early, corrupt, expands, claims a large window', (t) => {
  const cut = finish(zstd(0).subarray(0, 60), ['zstd'])
  t.deepEqual(kinds(cut), ['truncated'])
  const corrupt = zstd(0)
  corrupt.fill(0xff, 20, 60)
  t.deepEqual(kinds(finish(corrupt, ['zstd'])), ['malformed'])
  // Runs of 128 KiB, 4 octets each: 64 MiB in 2 KiB.
  const runs = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68]
  for (let i = 0; i < 512; i++) runs.push(2, 0, 16, 0)
  const bomb = finish(Uint8Array.from(runs), ['zstd'], { keep: 300_000 })
  t.deepEqual(kinds(bomb), ['limit'])
  t.is(bomb.bytes?.length, 300_000)
  const window = finish(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 1, 0, 0), ['zstd'])
  t.deepEqual(window.damage[0]?.detail, `a zstd window larger than ${MAX_ZSTD_WINDOW} octets`)
})

test('a coding that cannot be undone leaves the octets and says so', (t) => {
  for (const [codings, kind] of [
    [['compress'], 'unsupported'],
    [['__proto__'], 'unsupported'],
    [['gzip'], 'malformed'],
    [['br'], 'malformed'],
    [['zstd'], 'malformed'],
    [new Array(MAX_CODINGS + 1).fill('gzip'), 'limit'],
  ] as const) {
    const body = finish(octets('plain {text}'), codings)
    t.is(text(body.bytes as Uint8Array), 'plain {text}', codings.join())
    t.false(body.complete)
    t.deepEqual(kinds(body), [kind], codings.join())
    t.is(body.damage[0]?.firstFrame, 4)
  }
})

test('RFC 9110 8.4: content without octets has nothing to decode', (t) => {
  t.deepEqual(finish(new Uint8Array(0), ['gzip']), { bytes: new Uint8Array(0), complete: true, size: 0, damage: [] })
})

test('a body longer than what is kept is a prefix', (t) => {
  const body = finish(octets('abc'), [], { size: 9, keep: 3 })
  t.false(body.complete)
  t.deepEqual(kinds(body), ['limit'])
})

test('random octets never throw', (t) => {
  const next = numbers(3)
  for (let round = 0; round < 400; round++) {
    const coding = ['gzip', 'deflate', 'br', 'zstd'][round % 4] as string
    const starts = [gzipSync(PROBLEM), deflateSync(PROBLEM), brotliCompressSync(PROBLEM), zstd(round % 3)]
    const content = bytesOf(starts[round % 4] as Uint8Array)
    for (let i = 0; i < 3; i++) content[Math.floor(next() * content.length)] = Math.floor(next() * 256)
    const body = finish(content, [coding], { keep: 10_000 })
    t.true((body.bytes?.length ?? 0) <= 10_000)
    t.is(body.complete, body.damage.length === 0)
  }
})
