import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { configSchema } from '../../src/cli/config-schema.ts'
import { run } from '../../src/cli/main.ts'
import { DIAGNOSES } from '../../src/diagnosis/diagnose.ts'
import { RULES } from '../../src/rules/rules.ts'
import { type Ran, type Stub, stubIo } from './stub.ts'

const root = mkdtempSync(join(tmpdir(), 'acmescope-config-'))
test.after.always(() => rmSync(root, { recursive: true, force: true }))
const capture = join(root, 'a.pcap')
writeFileSync(capture, 'x')

/** A folder with a configuration, and an empty folder two levels below it. */
function project(name: string, config: string): { above: string; below: string; file: string } {
  const above = join(root, name)
  const below = join(above, 'logs', 'today')
  mkdirSync(below, { recursive: true })
  const file = join(above, 'acmescope.config.json')
  writeFileSync(file, config)
  return { above, below, file }
}

async function acmescope(argv: readonly string[], folder: string, stub: Stub = {}): Promise<Ran> {
  const { io, ran } = stubIo({ ...stub, folder })
  const status = await run(argv, io)
  return { status, stdout: ran.stdout, stderr: ran.stderr, called: ran.called }
}

const OFF = '{ "$schema": "x", "rules": { "kid-required": "off" } }'

test('the file is found in the working directory and above it, and is named as seen from there', async (t) => {
  const { above, below } = project('found', OFF)
  for (const [folder, name] of [
    [above, 'acmescope.config.json'],
    [below, '../../acmescope.config.json'],
  ] as const) {
    const { called, stderr } = await acmescope([capture], folder)
    t.is(stderr, '')
    t.deepEqual(called?.options.config, { file: name, fromFile: { 'kid-required': 'off' }, fromOptions: {} })
  }
})

test('the nearest file counts', async (t) => {
  const { below } = project('nearest', OFF)
  writeFileSync(join(below, 'acmescope.config.json'), '\ufeff{}')
  t.deepEqual((await acmescope([capture], below)).called?.options.config, {
    file: 'acmescope.config.json',
    fromFile: {},
    fromOptions: {},
  })
})

test('--no-config looks for none, --config names another, --rule goes beside either', async (t) => {
  const { below, file } = project('named', OFF)
  const none = await acmescope([capture, '--no-config'], below)
  t.deepEqual(none.called?.options.config, { file: null, fromFile: {}, fromOptions: {} })
  const other = join(root, 'other.json')
  writeFileSync(other, '{ "rules": { "diag-lookup-failed": "warning" } }')
  const named = await acmescope([capture, '--config', other, '--rule', 'kid-required=info'], below)
  t.deepEqual(named.called?.options.config, {
    file: other,
    fromFile: { 'diag-lookup-failed': 'warning' },
    fromOptions: { 'kid-required': 'info' },
  })
  t.is((await acmescope([capture, '--config', file], root)).status, 1)
})

test('a configuration is not overwritten', async (t) => {
  const { above, file } = project('kept', OFF)
  const { status, stderr } = await acmescope([capture, '-o', file, '--format', 'text'], above)
  t.is(status, 2)
  t.regex(stderr, /is an input and is not overwritten/)
  t.is(readFileSync(file, 'utf8'), OFF)
})

for (const [title, argv, config, expected] of [
  [
    'a rule that is none',
    ['--rule', 'kid-requird=off'],
    '{}',
    /--rule kid-requird=off: no rule kid-requird; did you mean kid-required\?/,
  ],
  ['a rule like no other', ['--rule', 'xyzzy=off'], '{}', /no rule xyzzy; acmescope rules lists them/],
  [
    'a level that is none',
    ['--rule', 'kid-required=warn'],
    '{}',
    /a level is off, info, warning or error; did you mean warning\?/,
  ],
  ['no level', ['--rule', 'kid-required'], '{}', /must be ID=off, ID=info, ID=warning or ID=error/],
  ['two levels', ['--rule', 'kid-required=off=on'], '{}', /must be ID=off/],
  ['both', ['--config', 'x', '--no-config'], '{}', /--config and --no-config exclude each other/],
  ['no such file', ['--config', join(root, 'none.json')], '{}', /none\.json: no such file/],
  ['a folder', ['--config', root], '{}', /is a folder, not a file/],
  ['no JSON', [], '{ rules: }', /acmescope\.config\.json: is not JSON/],
  ['no object', [], '[]', /must be a JSON object/],
  ['an unknown member', [], '{ "rule": {} }', /unknown member rule; did you mean rules\?/],
  ['rules of another type', [], '{ "rules": [] }', /rules must be an object of levels by rule id/],
  [
    'an unknown rule in the file',
    [],
    '{ "rules": { "kid-requird": "off" } }',
    /no rule kid-requird; did you mean kid-required\?/,
  ],
  [
    'an unknown level in the file',
    [],
    '{ "rules": { "kid-required": 0 } }',
    /kid-required: a level is off, info, warning or error\n/,
  ],
  ['a file too large', [], ' '.repeat(1_100_000), /too large for a configuration file/],
] as const)
  test(`usage: ${title}`, async (t) => {
    const { above } = project(`usage-${title.replaceAll(' ', '-')}`, config)
    const { status, stderr, stdout, called } = await acmescope([capture, ...argv], above)
    t.is(status, 2)
    t.is(stdout, '')
    t.is(called, undefined)
    t.regex(stderr, expected)
    t.is(stderr.trimEnd().split('\n').length, 1)
  })

test('schema config: accepts what the command accepts, and offers every id', async (t) => {
  const schema = configSchema([...RULES, ...DIAGNOSES.map(({ kind }) => kind)])
  const validate = new Ajv2020({ allErrors: true, strict: true }).compile(schema)
  t.true(validate(JSON.parse(OFF)))
  t.true(validate({ rules: Object.fromEntries(RULES.map(({ id }) => [id, 'warning'])) }))
  t.false(validate({ rules: { nothing: 'off' } }))
  t.false(validate({ rules: { 'kid-required': 'loud' } }))
  t.false(validate({ rule: {} }))
  const { status, stdout } = await acmescope(['schema', 'config'], root)
  t.is(status, 0)
  t.is((JSON.parse(stdout) as { type: string }).type, 'object')
  t.is((await acmescope(['schema', 'confg'], root)).status, 2)
  t.is((await acmescope(['schema', 'config', 'more'], root)).status, 2)
})
