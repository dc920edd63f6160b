import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { Field } from '../../src/http/http2/hpack.ts'
import { HpackDecoder, MAX_FIELD_SECTION, MAX_STRING, MAX_TABLE_SIZE } from '../../src/http/http2/hpack.ts'
import { decodeHuffman } from '../../src/http/http2/hpack-huffman.ts'
import { seeded } from './http2-recording.ts'

function octets(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

function decode(decoder: HpackDecoder, hex: string): ReturnType<HpackDecoder['decode']> {
  // Not at the beginning of its memory, as a block never is.
  const bytes = octets(`ffff ${hex} ffff`)
  return decoder.decode(bytes, 2, bytes.length - 2)
}

/** Fields and table entries are written "name: value". */
function lines(fields: readonly Field[]): string[] {
  return fields.map(([name, value]) => `${name}: ${value}`)
}

interface Step {
  readonly wire: string
  readonly fields: readonly string[]
  readonly table: readonly string[]
  readonly size: number
}

type Meaning = Omit<Step, 'wire'>

const REQUESTS: readonly Meaning[] = [
  {
    fields: [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
    table: [':authority: www.example.com'],
    size: 57,
  },
  {
    fields: [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
    table: ['cache-control: no-cache', ':authority: www.example.com'],
    size: 110,
  },
  {
    fields: [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
    table: ['custom-key: custom-value', 'cache-control: no-cache', ':authority: www.example.com'],
    size: 164,
  },
]

const [DATE_21, DATE_22] = ['date: Mon, 21 Oct 2013 20:13:21 GMT', 'date: Mon, 21 Oct 2013 20:13:22 GMT']
const COOKIE = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const LOCATION = 'location: https://www.example.com'
const RESPONSES: readonly Meaning[] = [
  {
    fields: [':status: 302', 'cache-control: private', DATE_21, LOCATION],
    table: [LOCATION, DATE_21, 'cache-control: private', ':status: 302'],
    size: 222,
  },
  {
    fields: [':status: 307', 'cache-control: private', DATE_21, LOCATION],
    table: [':status: 307', LOCATION, DATE_21, 'cache-control: private'],
    size: 222,
  },
  {
    fields: [':status: 200', 'cache-control: private', DATE_22, LOCATION, 'content-encoding: gzip', COOKIE],
    table: [COOKIE, 'content-encoding: gzip', DATE_22],
    size: 215,
  },
]

/** Examples of one section share a decoder; those of C.2 have one each. */
const EXAMPLES: readonly { section: string; tableSize: number; steps: readonly Step[] }[] = [
  {
    section: 'C.2.1 literal field with indexing',
    tableSize: 4096,
    steps: [
      {
        wire: '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
        fields: ['custom-key: custom-header'],
        table: ['custom-key: custom-header'],
        size: 55,
      },
    ],
  },
  {
    section: 'C.2.2 literal field without indexing',
    tableSize: 4096,
    steps: [{ wire: '040c 2f73 616d 706c 652f 7061 7468', fields: [':path: /sample/path'], table: [], size: 0 }],
  },
  {
    section: 'C.2.3 literal field never indexed',
    tableSize: 4096,
    steps: [{ wire: '1008 7061 7373 776f 7264 0673 6563 7265 74', fields: ['password: secret'], table: [], size: 0 }],
  },
  {
    section: 'C.2.4 indexed field',
    tableSize: 4096,
    steps: [{ wire: '82', fields: [':method: GET'], table: [], size: 0 }],
  },
  {
    section: 'C.3 requests without Huffman coding',
    tableSize: 4096,
    steps: withWires(REQUESTS, [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ]),
  },
  {
    section: 'C.4 requests with Huffman coding',
    tableSize: 4096,
    steps: withWires(REQUESTS, [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ]),
  },
  {
    section: 'C.5 responses without Huffman coding, with eviction',
    tableSize: 256,
    steps: withWires(RESPONSES, [
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '4803 3330 37c1 c0bf',
      '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
    ]),
  },
  {
    section: 'C.6 responses with Huffman coding, with eviction',
    tableSize: 256,
    steps: withWires(RESPONSES, [
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
      '4883 640e ffc1 c0bf',
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    ]),
  },
]

function withWires(steps: readonly Meaning[], wires: readonly string[]): Step[] {
  return steps.map((step, index) => ({ ...step, wire: wires[index] ?? '' }))
}

for (const { section, tableSize, steps } of EXAMPLES)
  test(`RFC 7541 ${section}`, (t) => {
    const decoder = new HpackDecoder()
    decoder.limit = tableSize
    // A table of another size than 4096 is set at the beginning (RFC 7541 4.2).
    if (tableSize !== 4096) decode(decoder, '3fe1 01')
    for (const { wire, fields, table, size } of steps) {
      const block = decode(decoder, wire)
      t.is(block.problem, null)
      t.deepEqual(lines(block.fields), fields)
      t.deepEqual(lines(decoder.entries()), table)
      t.is(decoder.size, size)
    }
  })

test('RFC 7541 C.1 integers: 10 and 1337 in a prefix of 5 bits, 42 in one of 7', (t) => {
  const decoder = new HpackDecoder()
  for (const [wire, value] of [
    ['2a', 10],
    ['3f9a0a', 1337],
  ] as const) {
    decoder.limit = value
    t.is(decode(decoder, wire).problem, null)
    decoder.limit = value - 1
    t.is(decode(decoder, wire).problem?.detail, 'a field block sets a table size above SETTINGS_HEADER_TABLE_SIZE')
  }
  t.deepEqual(lines(decode(new HpackDecoder(), 'aa').fields), ['if-range: '])
})

/** RFC 7541 Appendix B: code and its length in bits, of octets 0 to 255 and EOS. */
const CODES = `
  1ff8/13 7fffd8/23 fffffe2/28 fffffe3/28 fffffe4/28 fffffe5/28 fffffe6/28 fffffe7/28
  fffffe8/28 ffffea/24 3ffffffc/30 fffffe9/28 fffffea/28 3ffffffd/30 fffffeb/28 fffffec/28
  fffffed/28 fffffee/28 fffffef/28 ffffff0/28 ffffff1/28 ffffff2/28 3ffffffe/30 ffffff3/28
  ffffff4/28 ffffff5/28 ffffff6/28 ffffff7/28 ffffff8/28 ffffff9/28 ffffffa/28 ffffffb/28
  14/6 3f8/10 3f9/10 ffa/12 1ff9/13 15/6 f8/8 7fa/11
  3fa/10 3fb/10 f9/8 7fb/11 fa/8 16/6 17/6 18/6
  0/5 1/5 2/5 19/6 1a/6 1b/6 1c/6 1d/6
  1e/6 1f/6 5c/7 fb/8 7ffc/15 20/6 ffb/12 3fc/10
  1ffa/13 21/6 5d/7 5e/7 5f/7 60/7 61/7 62/7
  63/7 64/7 65/7 66/7 67/7 68/7 69/7 6a/7
  6b/7 6c/7 6d/7 6e/7 6f/7 70/7 71/7 72/7
  fc/8 73/7 fd/8 1ffb/13 7fff0/19 1ffc/13 3ffc/14 22/6
  7ffd/15 3/5 23/6 4/5 24/6 5/5 25/6 26/6
  27/6 6/5 74/7 75/7 28/6 29/6 2a/6 7/5
  2b/6 76/7 2c/6 8/5 9/5 2d/6 77/7 78/7
  79/7 7a/7 7b/7 7ffe/15 7fc/11 3ffd/14 1ffd/13 ffffffc/28
  fffe6/20 3fffd2/22 fffe7/20 fffe8/20 3fffd3/22 3fffd4/22 3fffd5/22 7fffd9/23
  3fffd6/22 7fffda/23 7fffdb/23 7fffdc/23 7fffdd/23 7fffde/23 ffffeb/24 7fffdf/23
  ffffec/24 ffffed/24 3fffd7/22 7fffe0/23 ffffee/24 7fffe1/23 7fffe2/23 7fffe3/23
  7fffe4/23 1fffdc/21 3fffd8/22 7fffe5/23 3fffd9/22 7fffe6/23 7fffe7/23 ffffef/24
  3fffda/22 1fffdd/21 fffe9/20 3fffdb/22 3fffdc/22 7fffe8/23 7fffe9/23 1fffde/21
  7fffea/23 3fffdd/22 3fffde/22 fffff0/24 1fffdf/21 3fffdf/22 7fffeb/23 7fffec/23
  1fffe0/21 1fffe1/21 3fffe0/22 1fffe2/21 7fffed/23 3fffe1/22 7fffee/23 7fffef/23
  fffea/20 3fffe2/22 3fffe3/22 3fffe4/22 7ffff0/23 3fffe5/22 3fffe6/22 7ffff1/23
  3ffffe0/26 3ffffe1/26 fffeb/20 7fff1/19 3fffe7/22 7ffff2/23 3fffe8/22 1ffffec/25
  3ffffe2/26 3ffffe3/26 3ffffe4/26 7ffffde/27 7ffffdf/27 3ffffe5/26 fffff1/24 1ffffed/25
  7fff2/19 1fffe3/21 3ffffe6/26 7ffffe0/27 7ffffe1/27 3ffffe7/26 7ffffe2/27 fffff2/24
  1fffe4/21 1fffe5/21 3ffffe8/26 3ffffe9/26 ffffffd/28 7ffffe3/27 7ffffe4/27 7ffffe5/27
  fffec/20 fffff3/24 fffed/20 1fffe6/21 3fffe9/22 1fffe7/21 1fffe8/21 7ffff3/23
  3fffea/22 3fffeb/22 1ffffee/25 1ffffef/25 fffff4/24 fffff5/24 3ffffea/26 7ffff4/23
  3ffffeb/26 7ffffe6/27 3ffffec/26 3ffffed/26 7ffffe7/27 7ffffe8/27 7ffffe9/27 7ffffea/27
  7ffffeb/27 ffffffe/28 7ffffec/27 7ffffed/27 7ffffee/27 7ffffef/27 7fffff0/27 3ffffee/26
  3fffffff/30
`
  .trim()
  .split(/\s+/)
  .map((text) => text.split('/'))

function encodeHuffman(symbols: readonly number[], padding = '1'): Uint8Array {
  let bits = ''
  for (const symbol of symbols) {
    const [code = '', length = ''] = CODES[symbol] ?? []
    bits += Number.parseInt(code, 16).toString(2).padStart(Number(length), '0')
  }
  while (bits.length % 8 !== 0) bits += padding
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (octet) => Number.parseInt(octet, 2))
}

function huffmanText(bytes: Uint8Array): string | null {
  return decodeHuffman(bytes, 0, bytes.length)
}

test('RFC 7541 Appendix B: every octet alone, beside every other, and many at once', (t) => {
  const all = Array.from({ length: 256 }, (_, octet) => octet)
  const text = (symbols: readonly number[]): string => String.fromCharCode(...symbols)
  t.is(CODES.length, 257)
  for (const first of all) {
    t.is(huffmanText(encodeHuffman([first])), text([first]))
    for (const second of all) {
      const got = huffmanText(encodeHuffman([first, second]))
      if (got !== text([first, second])) t.fail(`octets ${first}, ${second}: ${got}`)
    }
  }
  const random = seeded(3)
  for (let round = 0; round < 300; round++) {
    const symbols = Array.from({ length: round }, () => random(256))
    t.is(huffmanText(encodeHuffman(symbols)), text(symbols))
  }
})

test('RFC 7541 5.2: EOS within a string, padding of 8 bits or more and padding with zeros are refused', (t) => {
  t.is(huffmanText(encodeHuffman([97, 256, 97])), null)
  t.is(huffmanText(encodeHuffman([97], '0')), null)
  t.is(huffmanText(Uint8Array.of(...encodeHuffman([97]), 0xff)), null)
  t.is(huffmanText(Uint8Array.of(0xff)), null)
  t.is(huffmanText(new Uint8Array(0)), '')
})

const BROKEN: readonly [title: string, wire: string, kind: string, detail: string][] = [
  ['an index of 0', '80', 'malformed', 'a field block refers to a table entry that does not exist'],
  ['an index beyond the table', 'be', 'malformed', 'a field block refers to a table entry that does not exist'],
  ['a name beyond the table', '7f00 00', 'malformed', 'a field block refers to a table entry that does not exist'],
  ['an integer without end', 'ff', 'truncated', 'a field block ends within an integer'],
  ['an integer that never ends', `ff ${'80'.repeat(40)}`, 'malformed', 'a field block holds an integer that is too large'],
  ['an integer past 32 bits', 'ff ffff ffff 7f', 'malformed', 'a field block holds an integer that is too large'],
  ['a string that is not there', '40', 'truncated', 'a field block ends before a string'],
  ['a string that is cut', '4005 6162', 'truncated', 'a field block ends within a string'],
  ['a value that is cut', '4001 6105 62', 'truncated', 'a field block ends within a string'],
  ['a string of 512 MiB', '407f 81ff ffff 0f', 'malformed', 'a field block holds an integer that is too large'],
  ['a string of 1 MiB', '407f 81ff 3f', 'limit', `a field block holds a string of more than ${MAX_STRING} octets`],
  ['broken Huffman code', '4081 00', 'malformed', 'a field block holds a string whose Huffman code is broken'],
  ['a table above the limit', '3fe2 1f', 'malformed', 'a field block sets a table size above SETTINGS_HEADER_TABLE_SIZE'],
]

for (const [title, wire, kind, detail] of BROKEN)
  test(`a broken block keeps the fields before it and loses the table: ${title}`, (t) => {
    const decoder = new HpackDecoder()
    decode(decoder, '4001 6101 62')
    const { fields, problem } = decode(decoder, `82 ${wire}`.replace('be', 'bf'))
    t.deepEqual(lines(fields), [':method: GET'])
    t.deepEqual({ ...problem }, { kind, detail })
    t.deepEqual([decoder.lossy, decoder.entries().length], [true, 0])
    // What was inserted before cannot be told any more; what is inserted now can.
    t.deepEqual(lines(decode(decoder, 'be 4001 7801 79 be bf').fields), ['null: null', 'x: y', 'x: y', 'null: null'])
  })

test('lossy: a literal with an unknown name is known by its value and shifts later indices', (t) => {
  const decoder = new HpackDecoder()
  decoder.lose()
  t.deepEqual(lines(decode(decoder, '7f01 0176').fields), ['null: v'])
  t.deepEqual(lines(decode(decoder, '4001 6e01 77 be bf c0').fields), ['n: w', 'n: w', 'null: v', 'null: null'])
  t.true(decoder.lossy)
})

test('lossy ends when the entries that were seen fill the table, or when the encoder empties it', (t) => {
  const filled = new HpackDecoder()
  filled.lose()
  let rounds = 0
  while (filled.lossy && rounds < 1000) {
    decode(filled, '4001 6101 62')
    rounds++
  }
  t.is(rounds, Math.ceil((4096 - 32 + 1) / 34))
  t.is(decode(filled, 'ff ff 01').problem?.kind, 'malformed')

  const emptied = new HpackDecoder()
  emptied.lose()
  decode(emptied, '20')
  t.false(emptied.lossy)
  decode(emptied, '3fe1 1f')
  t.is(decode(emptied, 'be').problem?.kind, 'malformed')
})

test('lossy does not end by filling when the table may be larger than it is known to be', (t) => {
  const decoder = new HpackDecoder()
  decoder.limit = Number.POSITIVE_INFINITY
  decoder.lose()
  const value = 'v'.repeat(1000)
  const entry = `4001 61 7fe9 06 ${Buffer.from(value).toString('hex')}`
  for (let i = 0; i < 200; i++) decode(decoder, entry)
  t.true(decoder.lossy)
  t.true(decoder.size <= 64 * 1024)
  t.deepEqual(lines(decode(decoder, 'be').fields), [`a: ${value}`])
})

test('the table is bounded: of a larger one the oldest entries are unknown, never wrong', (t) => {
  const decoder = new HpackDecoder()
  decoder.limit = 2 ** 32 - 1
  t.is(decode(decoder, '3fe1ff ff7f').problem, null)
  const value = 'v'.repeat(100_000)
  const length = '7fa18c06'
  for (let i = 0; i < 12; i++) decode(decoder, `4001 ${(0x61 + i).toString(16)} ${length} ${Buffer.from(value).toString('hex')}`)
  t.true(decoder.size <= MAX_TABLE_SIZE)
  const [newest, , oldest] = decode(decoder, 'be bf c9').fields
  t.deepEqual([newest?.[0], oldest], ['l', [null, null]])
})

test('a field section is bounded: one octet may stand for a large entry', (t) => {
  const decoder = new HpackDecoder()
  const value = 'v'.repeat(4000)
  decode(decoder, `4001 61 7fa11e ${Buffer.from(value).toString('hex')}`)
  const { fields, problem } = decode(decoder, 'be'.repeat(5000))
  t.is(problem?.kind, 'limit')
  t.is(fields.length, Math.floor(MAX_FIELD_SECTION / 4033))
  t.false(decoder.lossy)
})

/** RFC 7541 2.3 and 4 in the plainest form. */
class ModelTable {
  entries: [string, string][] = []
  capacity = 4096

  insert(entry: [string, string]): void {
    this.entries.unshift(entry)
    this.evict()
  }

  evict(): void {
    while (this.size > this.capacity) this.entries.pop()
  }

  get size(): number {
    return this.entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
  }
}

function integer(value: number, prefix: number, flags: number): number[] {
  if (value < prefix) return [flags | value]
  const wire = [flags | prefix]
  let rest = value - prefix
  for (; rest >= 128; rest = Math.floor(rest / 128)) wire.push((rest % 128) | 128)
  return [...wire, rest]
}

function string(text: string, huffman: boolean): number[] {
  const plain = [...text].map((character) => character.charCodeAt(0))
  const coded = huffman ? encodeHuffman(plain) : plain
  return [...integer(coded.length, 127, huffman ? 128 : 0), ...coded]
}

/** A block of a random encoder, and what it means. */
function randomBlock(table: ModelTable, random: (bound: number) => number): { wire: number[]; fields: [string, string][] } {
  const wire: number[] = []
  const fields: [string, string][] = []
  if (random(20) === 0) {
    table.capacity = random(3) === 0 ? 0 : random(4097)
    table.evict()
    wire.push(...integer(table.capacity, 31, 32))
  }
  for (let i = random(8); i >= 0; i--) {
    const { entries } = table
    const index = random(Math.max(1, entries.length))
    const known = entries[index]
    if (known !== undefined && random(3) > 0) {
      wire.push(...integer(62 + index, 127, 128))
      fields.push(known)
      continue
    }
    const isNameKnown = known !== undefined && random(2) === 0
    const field: [string, string] = [isNameKnown ? known[0] : `name-${random(30)}`, `${random(1000)}`.repeat(random(40))]
    const indexed = random(4) > 0
    const [prefix, flags] = indexed ? [63, 64] : [15, random(2) * 16]
    wire.push(...integer(isNameKnown ? 62 + index : 0, prefix, flags))
    if (!isNameKnown) wire.push(...string(field[0], random(2) === 0))
    wire.push(...string(field[1], random(2) === 0))
    fields.push(field)
    if (indexed) table.insert(field)
  }
  return { wire, fields }
}

test('any encoder: fields and table are those of a plain model, and after a loss each field is right or unknown', (t) => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seeded(seed)
    const table = new ModelTable()
    const whole = new HpackDecoder()
    const late = new HpackDecoder()
    const joined = random(60)
    let known = 0
    let unknown = 0
    for (let round = 0; round < 120; round++) {
      const { wire, fields } = randomBlock(table, random)
      const bytes = Uint8Array.from(wire)
      const block = whole.decode(bytes, 0, bytes.length)
      if (!same(block.fields, fields) || block.problem !== null || whole.size !== table.size)
        return t.fail(`seed ${seed}, block ${round}`)
      if (round === joined) late.lose()
      if (round <= joined) continue
      const guess = late.decode(bytes, 0, bytes.length)
      t.is(guess.problem, null)
      t.is(guess.fields.length, fields.length)
      for (const [i, [name, value]] of guess.fields.entries()) {
        if ((name !== null && name !== fields[i]?.[0]) || (value !== null && value !== fields[i]?.[1]))
          return t.fail(`seed ${seed}, block ${round}: ${name}: ${value}, not ${fields[i]}`)
        if (name === null || value === null) unknown++
        else known++
      }
    }
    t.deepEqual(whole.entries(), table.entries)
    t.true(known > unknown, `seed ${seed}: ${known} known, ${unknown} unknown`)
  }
})

function same(a: readonly Field[], b: readonly Field[]): boolean {
  return a.length === b.length && a.every(([name, value], i) => name === b[i]?.[0] && value === b[i]?.[1])
}

test('random octets never throw, and a problem always says the table is lost', (t) => {
  const random = seeded(9)
  const decoder = new HpackDecoder()
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: random(40) }, () => random(256))
    const { problem } = decoder.decode(bytes, 0, bytes.length)
    if (problem !== null && problem.kind !== 'limit' && !decoder.lossy) t.fail(Buffer.from(bytes).toString('hex'))
  }
  t.pass()
})

interface Story {
  readonly cases: readonly { wire: string; headers: readonly Record<string, string>[]; header_table_size?: number }[]
}

const corpora = process.env.ACMESCOPE_CORPORA

;(corpora === undefined ? test.skip : test)('hpack-test-case: all blocks of all stories', (t) => {
  const folder = join(corpora ?? '', 'hpack')
  let stories = 0
  let blocks = 0
  for (const encoder of readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory()))
    for (const name of readdirSync(join(folder, encoder))) {
      stories++
      blocks += assertStory(t, JSON.parse(readFileSync(join(folder, encoder, name), 'utf8')), `${encoder}/${name}`)
    }
  t.deepEqual([stories, blocks], [56, 448])
})

function assertStory(t: ExecutionContext, { cases }: Story, name: string): number {
  const decoder = new HpackDecoder()
  for (const { wire, headers, header_table_size } of cases) {
    if (header_table_size !== undefined) decoder.limit = header_table_size
    const { fields, problem } = decode(decoder, wire)
    t.is(problem, null, name)
    t.deepEqual(
      fields,
      headers.flatMap((header) => Object.entries(header)),
      name,
    )
  }
  return cases.length
}
