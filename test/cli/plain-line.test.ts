import test from 'ava'
import fc from 'fast-check'
import { COMMANDS } from '../../src/cli/commands.ts'
import { UsageError } from '../../src/cli/errors.ts'
import { parseArguments } from '../../src/cli/parser.ts'
import { readPlainLine } from '../../src/cli/plain-line.ts'

const ALIASES = ['o', 'h']

/** What the parser makes of it, without the second names that it adds; null where it complains or prints. */
function parsed(argv: readonly string[]) {
  try {
    const invocation = parseArguments(argv, 100)
    if ('print' in invocation) return null
    const options = Object.entries(invocation.options).filter(([name]) => !ALIASES.includes(name))
    return { ...invocation, options: Object.fromEntries(options) }
  } catch (error) {
    if (error instanceof UsageError) return null
    throw error
  }
}

const OPTIONS = COMMANDS.flatMap(({ options }) => options.flatMap((group) => group.options))
const WORDS = [
  'a.pcap',
  '-',
  '--',
  '7',
  '1.50',
  '0x10',
  'a=b',
  "'quoted'",
  '"',
  '',
  'true',
  'false',
  'ü',
  'x y',
  '__proto__',
  '-1',
  '--no',
  '-ox',
]
const PIECES = [
  ...WORDS,
  ...COMMANDS.map(({ name }) => name),
  ...OPTIONS.flatMap(({ name, alias }) => [`--${name}`, `--${name}=${name}`, ...(alias === undefined ? [] : [`-${alias}`])]),
]

test('a plain line is read as the parser reads it', (t) => {
  let plain = 0
  const value = fc.constantFrom(...WORDS)
  const option = fc.constantFrom(...OPTIONS)
  const piece = fc.oneof(
    fc.constantFrom(...PIECES).map((one) => [one]),
    fc.tuple(option, value).map(([{ name, takes }, word]) => (takes === 'switch' ? [`--${name}`] : [`--${name}`, word])),
    value.map((word) => [word]),
  )
  const line = fc
    .tuple(fc.constantFrom('analyze', 'a.pcap', ...COMMANDS.map(({ name }) => name)), fc.array(piece, { maxLength: 6 }))
    .map(([first, pieces]) => [first, ...pieces.flat()])
  fc.assert(
    fc.property(
      fc.oneof(
        line,
        fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.flat()),
      ),
      (argv) => {
        const own = readPlainLine(argv)
        if (own === null) return
        plain++
        t.deepEqual({ ...own, options: { ...own.options } }, parsed(argv) as typeof own, JSON.stringify(argv))
      },
    ),
    { numRuns: 500 },
  )
  t.true(plain > 50, `${plain} of the lines were plain`)
})

test('a usual command line needs no parser', (t) => {
  const line = ['har', 'a.pcap', '--keylog', 'a.keys', '--keylog=b.keys', '--acme-only', '-o', 'a.har']
  t.deepEqual(readPlainLine(line), {
    command: 'har',
    words: ['a.pcap'],
    options: { keylog: ['a.keys', 'b.keys'], 'acme-only': true, output: 'a.har' },
  })
  for (const odd of ['--help', '--quiet=false', '--nonsense', '-h', '--keylog', '--output='])
    t.is(readPlainLine(['a.pcap', odd]), null, odd)
})
