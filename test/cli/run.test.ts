import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import test from 'ava'
import { run } from '../../src/cli/main.ts'
import type { Report } from '../../src/report/report.ts'
import { VERSION } from '../../src/report/version.ts'
import * as reports from '../report/reports.ts'
import { CaptureError, type Ran, Sheet, type Stub, stubIo } from './stub.ts'

const folder = mkdtempSync(join(tmpdir(), 'acmescope-cli-'))
const at = (name: string): string => join(folder, name)
const capture = at('a.pcap')
const second = at('b.pcap')
const keys = at('keys.log')
const short = at('short.key')
for (const path of [capture, second, keys]) writeFileSync(path, path)
writeFileSync(short, '0123456789')
test.after.always(() => rmSync(folder, { recursive: true, force: true }))

async function acmescope(argv: readonly string[], stub: Stub = {}): Promise<Ran> {
  const { io, ran } = stubIo(stub)
  const status = await run(argv, io)
  return { status, stdout: ran.stdout, stderr: ran.stderr, called: ran.called }
}

const warned = reports.report('none', {
  requests: [reports.request(1, { findings: [reports.finding({ severity: 'warning', party: 'server' })] })],
})
const noted = reports.report('none', {
  requests: [reports.request(1, { findings: [reports.finding({ severity: 'error', party: 'capture' })] })],
})
const undecided = reports.report('undetermined', {
  requests: [
    reports.request(1, { compliant: null, unknown: [{ check: 'signature', code: 'U-KEY', reason: 'no key is known\u001b[2J' }] }),
  ],
})
const diagnosed = reports.report('server', { requests: [reports.request(5)], diagnoses: [reports.diagnosis()] })
const mild = reports.report('server', { requests: [reports.request(5)], diagnoses: [reports.diagnosis({ severity: 'warning' })] })

for (const [title, report, args, expected] of [
  ['nothing found', reports.honestHar(), [], 0],
  ['an error', reports.serverStory(), [], 1],
  ['an error, --fail-on never', reports.serverStory(), ['--fail-on', 'never'], 0],
  ['a warning', warned, [], 0],
  ['a warning, --fail-on warning', warned, ['--fail-on', 'warning'], 1],
  ['limits of the capture never count', noted, ['--fail-on', 'warning'], 0],
  ['a diagnosis counts', diagnosed, [], 1],
  ['a diagnosis counts with its own severity', mild, [], 0],
  ['a mild diagnosis, --fail-on warning', mild, ['--fail-on=warning'], 1],
  ['no request could be judged', undecided, [], 3],
  ['no request could be judged, --fail-on never', undecided, ['--fail-on', 'never'], 3],
  ['no request at all', reports.report('undetermined', { connections: [] }), [], 3],
  ['a filter does not change the status', reports.serverStory(), ['--resource', 'directory'], 1],
] as const satisfies readonly (readonly [string, Report, readonly string[], number])[]) {
  test(`exit status: ${title}: ${expected}`, async (t) => {
    const { status, stdout, stderr } = await acmescope([capture, ...args], { report })
    t.is(status, expected)
    t.regex(stdout, /ACME requests?: /)
    t.is(stderr === '', expected !== 3)
  })
}

test('exit status 3: reason and remedy on stderr, escaped; the report is still written', async (t) => {
  const { stdout, stderr } = await acmescope([capture], { report: undecided })
  t.regex(stderr, /^acmescope: no ACME request could be judged: .*no key is known\\x1b\[2J \(U-KEY\)\n {11}.*--account-key/)
  t.regex(stdout, /^No ACME request could be judged/)
})

for (const [title, argv, expected] of [
  ['an option with a typo', [capture, '--keylgo', 'x'], /^acmescope: unknown option --keylgo; did you mean --keylog\?\n$/],
  ['an option of another command', [capture, '--acme-only'], /unknown option --acme-only/],
  ['a camel-case option', [capture, '--tlsKey', 'x'], /unknown option --tlsKey; did you mean --tls-key\?/],
  ['an option without its value', [capture, '--keylog'], /option --keylog needs a value/],
  ['an empty value', [capture, '--keylog='], /--keylog has an empty value/],
  ['an option twice', [capture, '--format', 'json', '--format', 'text'], /--format is given 2 times/],
  [
    'a format that there is not',
    [capture, '--format', 'yaml'],
    /--format yaml: must be text, json, ndjson, markdown, html, sarif, junit, github or gitlab\n$/,
  ],
  ['a format with a typo', [capture, '--format', 'jsn'], /did you mean json\?/],
  ['a severity with a typo', [capture, '--fail-on', 'warn'], /--fail-on warn: .* did you mean warning\?/],
  ['a resource with a typo', [capture, '--resource', 'neworder'], /--resource neworder: .* did you mean newOrder\?/],
  ['a port that is none', [capture, '--port', '70000'], /--port 70000: must be a number/],
  ['a time that is none', [capture, '--since', 'yesterday'], /--since yesterday: must be an ISO 8601 time/],
  ['a date that is none', [capture, '--until', '2026-13-01'], /--until 2026-13-01/],
  ['no capture', [], /no capture is named; for example/],
  ['no capture, but options', ['--quiet'], /no capture is named/],
  ['no such capture', [at('none.pcap')], /none\.pcap: no such file or folder\n$/],
  ['a command with a typo', ['rulse'], /^acmescope: rulse: no such file or folder; did you mean acmescope rules\?\n$/],
  ['a word that is no command', ['convert', 'x.har'], /^acmescope: convert: no such file or folder\n$/],
  ['an option before the command', ['--quiet', 'schema'], /schema: no such file or folder; a command comes before its options/],
  ['standard input twice', ['-', '-'], /standard input can be read once only/],
  ['no such key log', [capture, '--keylog', at('none.log')], /none\.log: no such file/],
  ['a folder as key log', [capture, '--keylog', folder], /is a folder, not a file/],
  ['an EAB key without a file', [capture, '--eab-key', 'kid'], /--eab-key kid: must be KID=FILE/],
  [
    'an output of unknown format',
    [capture, '-o', at('report.dat')],
    /the ending names no format \(\.txt \.json \.ndjson \.md \.html \.htm \.sarif \.sarif\.json \.xml\); add --format/,
  ],
  ['an output in no folder', [capture, '-o', at('none/report.json')], /the folder .*none does not exist/],
  ['an output twice', [capture, '-o', at('x.json'), '-o', `${folder}/./x.json`], /is named as an output twice/],
  ['a folder as output', [capture, '-o', folder, '--format', 'json'], /is a folder/],
  ['both colours', [capture, '--color', '--no-color'], /exclude each other/],
  ['a category that is none', [capture, '--redact', '--keep', 'hosts'], /--keep hosts: must be host, .* did you mean host\?/],
  ['a secret to keep', [capture, '--redact', '--keep', 'cookie'], /--keep cookie: must be/],
  [
    'something to keep where nothing is redacted',
    [capture, '--keep', 'host'],
    /^acmescope: --keep: nothing that is written is redacted; add --redact\n$/,
  ],
  [
    'a pseudonym key that is short',
    [capture, '--redact', '--pseudonym-key', short],
    /--pseudonym-key .*: must have 16 octets at least/,
  ],
  ['a pseudonym key that is not there', [capture, '--redact', '--pseudonym-key', at('none')], /none: no such file/],
  ['both redactions', [capture, '--redact', '--no-redact'], /exclude each other/],
  ['har without a file', ['har', capture, '--no-redact'], /name the file to write with -o/],
  ['redact without a file', ['redact', capture], /^acmescope: redact: name the file to write with -o safe\.har\n$/],
  ['redact that would hide nothing', ['redact', capture, '-o', at('x.har'), '--no-redact'], /unknown option --no-redact/],
  ['extract without a file', ['extract', capture, '--request', '1'], /extract: name the file to write with -o/],
  ['extract without a request', ['extract', capture, '-o', at('x.pcapng')], /name the request by its number .* --request 7/],
  ['extract of no number', ['extract', capture, '-o', at('x.pcapng'), '--request', 'x'], /--request x: must be the number/],
  [
    'extract of two captures',
    ['extract', capture, second, '-o', at('x.pcapng'), '--request', '1'],
    /takes one capture that is a file/,
  ],
  ['extract of a folder', ['extract', folder, '-o', at('x.pcapng'), '--request', '1'], /takes one capture that is a file/],
  ['har with a format', ['har', capture, '--format', 'json'], /unknown option --format/],
  ['an unknown rule', ['rules', 'kid-requird'], /^acmescope: no rule kid-requird; did you mean kid-required\?\n$/],
  ['an unknown rule without a neighbour', ['rules', 'zzz'], /no rule zzz; acmescope rules lists them/],
  ['two rules', ['rules', 'a', 'b'], /unexpected argument b/],
  ['rules in a format they do not have', ['rules', '--format', 'ndjson'], /must be text or json/],
  ['schema with a word', ['schema', 'x'], /unexpected argument x/],
] as const) {
  test(`usage error: ${title}`, async (t) => {
    const { status, stdout, stderr, called } = await acmescope(argv)
    t.is(status, 2)
    t.is(stdout, '')
    t.regex(stderr, expected)
    t.is(stderr.split('\n').length, 2, 'one line')
    t.is(called, undefined, 'nothing is read')
  })
}

test('usage errors escape what they quote', async (t) => {
  const { status, stderr } = await acmescope(['\u001b[31m\n.pcap'])
  t.is(status, 2)
  t.regex(stderr, /^acmescope: \\x1b\[31m\\n\.pcap: no such file/)
})

test('a terminal as standard input is no capture', async (t) => {
  const { status, stderr } = await acmescope(['-'], { stdinIsTerminal: true })
  t.is(status, 2)
  t.regex(stderr, /standard input is a terminal/)
})

for (const [title, failure, argv, expected] of [
  ['not a capture', new CaptureError('a.pcap: it begins with 50 4b'), [capture], 'acmescope: a.pcap: it begins with 50 4b\n'],
  ['a name with controls', new CaptureError('\u001b[2J: is empty'), [capture], 'acmescope: \\x1b[2J: is empty\n'],
  [
    'a file that went away',
    Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', syscall: 'open', path: 'x.pcap' }),
    [capture],
    'acmescope: x.pcap: no such file or folder\n',
  ],
] as const) {
  test(`unreadable input: ${title}: one line, exit 2`, async (t) => {
    const { status, stdout, stderr } = await acmescope(argv, { failure })
    t.is(status, 2)
    t.is(stdout, '')
    t.is(stderr, expected)
  })
}

test('internal error: one line that says where to report it, exit 70; the stack with --verbose', async (t) => {
  const quiet = await acmescope([capture], { failure: new TypeError('x is not a function') })
  t.is(quiet.status, 70)
  t.regex(quiet.stderr, /^acmescope: internal error: x is not a function; please report it at .*\n$/)
  const verbose = await acmescope([capture, '--verbose'], { failure: new TypeError('x is not a function') })
  t.is(verbose.status, 70)
  t.regex(verbose.stderr, /\n +at .*run\.test/)
})

test('an error that nothing caught is an internal error too', async (t) => {
  const { io, ran, crash, exits } = stubIo({})
  await run([capture], io)
  crash(new RangeError('out of range'))
  t.deepEqual(exits, [70])
  t.regex(ran.stderr, /^acmescope: internal error: out of range; please report it at /)
})

test('a capture that may not be read', async (t) => {
  const path = at('secret.pcap')
  writeFileSync(path, '')
  chmodSync(path, 0)
  const { status, stderr } = await acmescope([path])
  if (process.getuid?.() === 0) t.is(status, 1, 'root may read everything')
  else {
    t.is(status, 2)
    t.regex(stderr, /secret\.pcap: permission denied/)
  }
})

test('options reach the analysis', async (t) => {
  const { called } = await acmescope([
    ...['analyze', capture, '-', second, '--keylog', keys, `--keylog=${second}`, '--tls-key', keys, '--account-key', keys],
    ...['--eab-key', `a=b==${keys}`, '--no-verify', '--cross-check', '--hash'],
  ])
  t.deepEqual(called?.inputs, [capture, '-', second])
  t.like(called?.options, {
    keyLogs: [keys, second],
    tlsKeys: [keys],
    accountKeys: [keys],
    eabKeys: { 'a=b=': keys },
    verify: false,
    crossCheck: true,
    hash: true,
  })
  t.like((await acmescope([capture])).called?.options, { keyLogs: [], verify: true, crossCheck: false, hash: false })
})

test('words after -- are captures, whatever they look like', async (t) => {
  const { status, stderr } = await acmescope(['--quiet', '--', '-x.pcap'])
  t.is(status, 2)
  t.regex(stderr, /-x\.pcap: no such file/)
})

test('$SSLKEYLOGFILE is the key log when it is readable and none is named', async (t) => {
  const using = async (path: string, ...argv: string[]) =>
    (await acmescope([capture, ...argv], { env: { SSLKEYLOGFILE: path } })).called?.options.keyLogs
  t.deepEqual(await using(keys), [keys])
  t.deepEqual(await using(keys, '--keylog', second), [second])
  t.deepEqual(await using(at('none.log')), [])
  t.deepEqual(await using(folder), [])
  t.deepEqual(await using(''), [])
})

test('--format json and ndjson go to stdout', async (t) => {
  const { stdout } = await acmescope([capture, '--format', 'json'])
  t.deepEqual(JSON.parse(stdout), reports.serverStory())
  const lines = (await acmescope([capture, '--format=ndjson'])).stdout.trimEnd().split('\n')
  t.is((JSON.parse(lines.at(-1) ?? '') as { type: string }).type, 'summary')
})

test('-o writes by ending, and nothing goes to stdout then', async (t) => {
  const [text, json, odd] = [at('r.txt'), at('r.JSON'), at('r.report')]
  const both = await acmescope([capture, '-o', text, '--output', json], { env: { FORCE_COLOR: '1' } })
  t.is(both.status, 1)
  t.is(both.stdout, '')
  t.regex(readFileSync(text, 'utf8'), /^The server is at fault[^\u001b]*$/)
  t.deepEqual(JSON.parse(readFileSync(json, 'utf8')), reports.serverStory())
  const other = await acmescope([capture, '-o', odd, '--format', 'ndjson'])
  t.is(other.stdout, '', 'the format is for the file')
  t.regex(readFileSync(odd, 'utf8'), /^\{"type":"config"/)
  const screen = await acmescope([capture, '-o', json, '--format', 'text'])
  t.regex(screen.stdout, /^The server is at fault/)
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
    'no temporary file is left',
  )
})

test('-o replaces an older report through a symbolic link, keeping the link', async (t) => {
  const [target, link] = [at('old.json'), at('link.json')]
  writeFileSync(target, 'old', { mode: 0o600 })
  symlinkSync(target, link)
  t.is((await acmescope([capture, '-o', link])).status, 1)
  t.regex(readFileSync(target, 'utf8'), /^\{/)
  t.is(readFileSync(link, 'utf8'), readFileSync(target, 'utf8'))
})

test('an output never overwrites an input or a key, by whatever name', async (t) => {
  const inputs = at('inputs')
  mkdirSync(inputs)
  const inside = join(inputs, 'c.har')
  writeFileSync(inside, 'c')
  const [symbolic, hard] = [at('symbolic.json'), at('hard.json')]
  symlinkSync(capture, symbolic)
  linkSync(capture, hard)
  const refuse = async (argv: readonly string[], kept: string, env: Record<string, string> = {}) => {
    const before = readFileSync(kept, 'utf8')
    const { status, stderr, called } = await acmescope(argv, { env })
    t.is(status, 2, argv.join(' '))
    t.regex(stderr, /not overwritten/)
    t.is(called, undefined)
    t.is(readFileSync(kept, 'utf8'), before)
  }
  await refuse([capture, '-o', capture, '--format', 'json'], capture)
  await refuse([capture, '-o', `${folder}/../${folder.split('/').at(-1)}/a.pcap`, '--format', 'json'], capture)
  await refuse([capture, '-o', symbolic], capture)
  await refuse([capture, '-o', hard], capture)
  await refuse([second, capture, '-o', at('ok.json'), '-o', symbolic], capture)
  await refuse([capture, '--keylog', keys, '-o', keys, '--format', 'text'], keys)
  await refuse([capture, '-o', keys, '--format', 'text'], keys, { SSLKEYLOGFILE: keys })
  await refuse([capture, '--tls-key', keys, '-o', keys, '--format', 'text'], keys)
  await refuse([capture, '--account-key', keys, '-o', keys, '--format', 'text'], keys)
  await refuse([capture, '--eab-key', `k=${keys}`, '-o', keys, '--format', 'text'], keys)
  await refuse(['har', capture, '--no-redact', '-o', capture], capture)
  await refuse(['har', inputs, '--no-redact', '-o', inside], inside)
  t.false(existsSync(at('ok.json')))
})

test('a report that cannot be finished leaves nothing behind', async (t) => {
  const path = at('broken.json')
  const report = reports.serverStory()
  Object.defineProperty(report.requests[3], 'payload', {
    enumerable: true,
    get: () => {
      throw new Error('unreadable')
    },
  })
  t.is((await acmescope([capture, '-o', path], { report })).status, 70)
  t.false(existsSync(path))
  t.deepEqual(
    readdirSync(folder).filter((name) => name.includes('broken')),
    [],
  )
})

test('har: written whole, 0; no exchange, 3 and nothing written', async (t) => {
  const path = at('out.har')
  const argv = ['har', capture, '--no-redact', '--acme-only', '-o', path]
  const written = await acmescope(argv)
  t.is(written.status, 0)
  t.is(written.stdout, '')
  t.is(readFileSync(path, 'utf8'), '{"log":{}}')
  t.like(written.called?.options, { acmeOnly: true, verify: true })
  rmSync(path)
  const empty = await acmescope(argv, { har: [] })
  t.is(empty.status, 3)
  t.regex(empty.stderr, /no ACME exchange was found, and .*out\.har was not written/)
  t.false(existsSync(path))
  const failed = await acmescope(argv, { failure: new CaptureError('a.pcap: is empty') })
  t.is(failed.status, 2)
  t.deepEqual(
    readdirSync(folder).filter((name) => name.includes('out.har')),
    [],
  )
})

test('filters: what is shown shrinks, what is counted does not', async (t) => {
  const { stdout } = await acmescope([
    ...[capture, '--only-failing', '--resource', 'newOrder', '--resource', 'order', '--host', 'ca.example'],
    ...['--until', '2026-01-02T04:04:06+01:00', '--format', 'json'],
  ])
  const report = JSON.parse(stdout) as Report
  t.deepEqual(
    report.requests.map(({ id }) => id),
    [5, 6],
  )
  t.is(report.summary.requests, 9)
  t.regex((await acmescope([capture, '--only-failing'])).stdout, /Shown: 3 of 10 requests/)
})

for (const [given, shown] of [
  [
    ['--since', '2026-01-02T03:04:07.123457Z'],
    [8, 9],
  ],
  [
    ['--since', '2026-01-02 03:04:08'],
    [8, 9],
  ],
  [
    ['--since', '2026-01-02'],
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  ],
  [
    ['--until', '2026-01-02'],
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  ],
  [['--until', '2026-01-01'], []],
  [
    ['--until', '2026-01-02T03:04:02Z'],
    [1, 2],
  ],
  [
    ['--until', '2026-01-02T03:04:02'],
    [1, 2],
  ],
  [['--since', '2026-01-02T05:04:08.5+0200'], [9]],
] as const) {
  test(`filters: ${given.join(' ')}`, async (t) => {
    const { stdout, stderr } = await acmescope([capture, ...given, '--format', 'json'])
    t.deepEqual(
      (JSON.parse(stdout || stderr) as Report).requests.map(({ id }) => id),
      [...shown],
    )
  })
}

for (const [title, argv, env, isTTY, coloured] of [
  ['a pipe', [], {}, false, false],
  ['a terminal', [], {}, true, true],
  ['a dumb terminal', [], { TERM: 'dumb' }, true, false],
  ['NO_COLOR', [], { NO_COLOR: '1' }, true, false],
  ['NO_COLOR, but empty', [], { NO_COLOR: '' }, true, true],
  ['FORCE_COLOR on a pipe', [], { FORCE_COLOR: '1' }, false, true],
  ['FORCE_COLOR=0 on a terminal', [], { FORCE_COLOR: '0' }, true, false],
  ['FORCE_COLOR before NO_COLOR, as Node does', [], { FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
  ['--color on a pipe', ['--color'], { NO_COLOR: '1' }, false, true],
  ['--no-color on a terminal', ['--no-color'], { FORCE_COLOR: '1' }, true, false],
] as const) {
  test(`colour: ${title}: ${coloured}`, async (t) => {
    const stdout = new Sheet()
    stdout.isTTY = isTTY
    await acmescope([capture, ...argv], { env, stdout })
    t.is(stdout.text.includes('\u001b['), coloured)
  })
}

test('marks: ASCII in a locale without UTF-8', async (t) => {
  t.regex((await acmescope([capture], { env: { LANG: 'C' } })).stdout, /^[\n -~]*$/)
  t.regex((await acmescope([capture], { env: { LANG: 'C', LC_ALL: 'de_DE.utf8' } })).stdout, /✓/)
  t.regex((await acmescope([capture], { env: { LC_CTYPE: 'C' } })).stdout, /^[\n -~]*$/)
})

test('width: of the terminal, else COLUMNS', async (t) => {
  const longest = (text: string) => Math.max(...text.split('\n').map(({ length }) => length))
  const stdout = new Sheet()
  stdout.isTTY = true
  stdout.columns = 90
  await acmescope([capture, '--no-color'], { stdout, env: { COLUMNS: '140' } })
  t.true(longest(stdout.text) <= 90)
  t.true(longest((await acmescope([capture], { env: { COLUMNS: '140' } })).stdout) > 100)
})

test('--quiet: verdict and counts', async (t) => {
  const { stdout, status } = await acmescope([capture, '--quiet'])
  t.is(status, 1)
  t.regex(stdout, /^The server is at fault/)
  t.notRegex(stdout, /Findings|Requests/)
})

test('a job of GitHub Actions: annotations on standard error, redacted; the report alone on standard output', async (t) => {
  const env = { GITHUB_ACTIONS: 'true' }
  const plain = await acmescope([capture], { env: {} })
  const open = await acmescope([capture, '--no-redact'], { env })
  t.is(open.stdout, plain.stdout)
  t.regex(open.stderr, /^::error file=issue-123\.pcapng,title=The server is at fault.*\n::error /)
  t.is(plain.stderr, '')
  const shared = await acmescope([capture], { env })
  t.regex(shared.stderr, /^::error file=capture-\w+\.pcapng,title=The server is at fault/)
  t.is(shared.stdout, plain.stdout)
  t.is((await acmescope([capture, '--no-redact', '--quiet'], { env })).stderr, '')
  const asked = await acmescope([capture, '--no-redact', '--format', 'github'], { env })
  t.is(asked.stderr, '')
  t.is(asked.stdout, open.stderr)
})

test('--help begins with examples, has what is built and not what is not', async (t) => {
  for (const argv of [['--help'], ['-h'], ['har', '--help'], ['rules', '--help'], ['schema', '--help']]) {
    const { status, stdout, stderr } = await acmescope(argv)
    t.is(status, 0)
    t.is(stderr, '')
    t.regex(stdout, /^Examples:\n {2}acmescope /)
  }
  const { stdout } = await acmescope(['--help'])
  for (const name of [
    'keylog',
    'tls-key',
    'account-key',
    'eab-key',
    'kubernetes',
    'log',
    'format',
    'output',
    'no-redact',
    'fail-on',
    'host',
    'port',
  ])
    t.true(stdout.includes(`--${name} `), name)
  for (const name of [
    'since',
    'until',
    'resource',
    'only-failing',
    'no-verify',
    'cross-check',
    'hash',
    'quiet',
    'verbose',
    'color',
    'no-color',
  ])
    t.true(stdout.includes(`--${name} `), name)
  t.snapshot(stdout)
})

test('--version', async (t) => {
  for (const argv of [['--version'], ['analyze', '--version']]) {
    const { status, stdout } = await acmescope(argv)
    t.is(status, 0)
    t.is(stdout, `${VERSION}\n`)
  }
})

test('rules: the list, a page, JSON', async (t) => {
  t.snapshot((await acmescope(['rules'])).stdout)
  t.snapshot((await acmescope(['rules', 'kid-required'])).stdout)
  t.regex((await acmescope(['rules', 'diag-lookup-failed'])).stdout, /Account look-up failed/)
  const all = JSON.parse((await acmescope(['rules', '--format', 'json'])).stdout) as object[]
  t.is(all.length, 2)
  t.like(JSON.parse((await acmescope(['rules', 'kid-required', '--format', 'json'])).stdout) as object, {
    id: 'kid-required',
    explains: { types: ['malformed'], details: ['No Key ID'] },
  })
})

test('schema: JSON Schema on stdout', async (t) => {
  const { status, stdout } = await acmescope(['schema'])
  t.is(status, 0)
  t.like(JSON.parse(stdout) as object, { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' })
})

test('Ctrl-C while a stream is read ends the input and reports; a second one exits 130', async (t) => {
  const { io, ran, interrupt, exits } = stubIo({ live: true })
  const status = run(['-'], io)
  while (ran.called === undefined) await new Promise((resolve) => setImmediate(resolve))
  interrupt()
  t.is(await status, 1)
  t.regex(ran.stdout, /^The server is at fault/)
  t.deepEqual(exits, [])
  interrupt()
  t.deepEqual(exits, [], "after the analysis Ctrl-C is nobody else's")

  const twice = stubIo({
    onAnalysis: () => {
      twice.interrupt()
      twice.interrupt()
    },
  })
  await run(['-'], twice.io)
  t.deepEqual(twice.exits, [130])
})

test('Ctrl-C keeps its usual meaning while files are read', async (t) => {
  const { io, interrupt, exits, ran } = stubIo({ onAnalysis: () => interrupt() })
  await run([capture], io)
  t.deepEqual(exits, [])
  t.is(ran.called?.options.signal, undefined)
})

test('progress: on a terminal, for big inputs, and cleared', async (t) => {
  const onAnalysis: Stub['onAnalysis'] = (options) => {
    options.onProgress?.(100_000_000, 400_000_000)
    options.onProgress?.(200_000_000, 400_000_000)
  }
  const watch = async (argv: readonly string[], isTTY: boolean, small = false) => {
    const stderr = new Sheet()
    stderr.isTTY = isTTY
    await acmescope(argv, { stderr, onAnalysis: small ? (options) => options.onProgress?.(1000, 2000) : onAnalysis })
    return stderr.text
  }
  const text = await watch([capture], true)
  t.regex(text, /reading #+\.+ {2}50% of 400 MB, .*\/s, .* left/)
  t.true(text.endsWith('\r\u001b[2K'))
  t.is(await watch([capture], false), '')
  t.is(await watch([capture, '--quiet'], true), '')
  t.is(await watch([capture], true, true), '')
})

/** Takes `bytes` octets and then fails as a closed pipe, or a full disk, does. */
class Failing extends Writable {
  readonly #code: string
  #left: number
  constructor(code: string, bytes: number) {
    super({ highWaterMark: 16 })
    this.#code = code
    this.#left = bytes
  }
  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error) => void): void {
    this.#left -= chunk.length
    if (this.#left > 0) setImmediate(callback)
    else callback(Object.assign(new Error(this.#code), { code: this.#code, syscall: 'write' }))
  }
}

test('a reader that goes away ends the writing, with the right status and without a word', async (t) => {
  for (const bytes of [0, 100, 1_000_000]) {
    const { io, ran } = stubIo({ stdout: new Failing('EPIPE', bytes) })
    t.is(await run([capture], io), 1)
    t.is(ran.stderr, '')
  }
})

test('an output that cannot be written: one line, exit 2', async (t) => {
  const { io, ran } = stubIo({ stdout: new Failing('ENOSPC', 100) })
  t.is(await run([capture], io), 2)
  t.is(ran.stderr, 'acmescope: standard output cannot be written: no space left\n')
})
