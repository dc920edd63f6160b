import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { analyze } from '../../src/analyze.ts'
import { render } from '../../src/index.ts'
import type { Report } from '../../src/report/report.ts'
import { REPORT_SCHEMA } from '../../src/report/schema.ts'
import { file } from './holding.ts'

const STORY = 'samples/story-client-sends-jwk'
const FILES = ['--kubernetes', `${STORY}.objects.yaml`, '--log', `${STORY}.log`]

/** The program as it is shipped. */
function acmescope(...args: readonly string[]) {
  const env = { ...process.env, SSLKEYLOGFILE: '', NO_COLOR: '1' }
  const run = spawnSync(process.execPath, ['bin/acmescope.js', ...args], { env, maxBuffer: 1 << 28 })
  return { status: run.status, stdout: run.stdout.toString(), stderr: run.stderr.toString() }
}

const story = (more: object = {}) =>
  analyze([`${STORY}.pcap`], {
    keyLogs: [`${STORY}.keys`],
    kubernetes: [`${STORY}.objects.yaml`],
    logs: [`${STORY}.log`],
    ...more,
  })

test('the shipped story with its objects and its log, through the program', (t) => {
  const run = acmescope(`${STORY}.pcap`, '--keylog', `${STORY}.keys`, ...FILES, '--format', 'json')
  t.is(run.status, 1, run.stderr)
  const report = JSON.parse(run.stdout) as Report
  const validate = new Ajv2020({ strict: false }).compile(REPORT_SCHEMA)
  t.true(validate(report), JSON.stringify(validate.errors?.slice(0, 3)))
  t.is(report.diagnoses[0]?.id, 'diag-kid-omitted-after-registration')
  t.regex(
    report.diagnoses[0]?.explanation ?? '',
    /status\.acme\.uri of ClusterIssuer corp-ca is stored, yet requests 5, 6 and 7 carried jwk instead of kid/,
  )
  t.deepEqual(
    report.kubernetes?.objects.map(({ kind, name, state, requests }) => [kind, name, state, requests]),
    [
      ['ClusterIssuer', 'corp-ca', 'Ready=True', [1, 3, 5, 6, 7]],
      ['Certificate', 'web-tls', 'Ready=False', [5, 6, 7]],
      ['CertificateRequest', 'web-tls-1', 'Ready=False', [7]],
      ['Order', 'web-tls-1-2910478310', 'errored', [5, 6, 7]],
    ],
  )
  t.deepEqual(report.log?.counts, { matched: 9, failures: 4, failuresWithoutTraffic: 1, failuresOutside: 0 })
  t.deepEqual(
    report.log?.lines
      .filter(({ severity }) => severity === 'error')
      .map(({ line, requests, matchedBy }) => [line, requests, matchedBy]),
    [
      [6, [5], 'problem'],
      [8, [6], 'problem'],
      [10, [7], 'problem'],
      [11, [], null],
    ],
  )
})

test('evidence changes neither verdict nor findings', async (t) => {
  const [without, within] = [await story({ kubernetes: [], logs: [] }), await story()]
  t.is(without.kubernetes, null)
  t.is(without.log, null)
  t.deepEqual(within.summary, without.summary)
  t.deepEqual(within.requests, without.requests)
  t.deepEqual(
    within.diagnoses.map(({ id, party, confidence, severity }) => ({ id, party, confidence, severity })),
    without.diagnoses.map(({ id, party, confidence, severity }) => ({ id, party, confidence, severity })),
  )
})

const SECTIONS = /What Kubernetes knew[\s\S]*(?=\nThe client is at fault)/

for (const width of [80, 160])
  test(`the sections at ${width} columns`, async (t) => {
    const text = render(await story(), 'text', { width })
    t.snapshot(SECTIONS.exec(text)?.[0])
    for (const line of text.split('\n')) t.true(line.length <= width, line)
  })

test('the sections in full, in Markdown, in NDJSON', async (t) => {
  const report = await story()
  t.snapshot(SECTIONS.exec(render(report, 'text', { width: 120, verbose: true }))?.[0])
  t.regex(render(report, 'markdown'), /What Kubernetes knew[\s\S]*status\.acme\.uri[\s\S]*What the client logged/)
  const types = render(report, 'ndjson')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type)
  t.true(types.includes('kubernetes') && types.includes('log'))
})

test('a redacted report hides the names that objects and logs bring', async (t) => {
  const run = acmescope(
    `${STORY}.pcap`,
    '--keylog',
    `${STORY}.keys`,
    ...FILES,
    '--redact',
    '--format',
    'json',
    '--fail-on',
    'never',
  )
  t.is(run.status, 0, run.stderr)
  for (const name of [
    'corp-ca',
    'corp-dev',
    'web-tls',
    '"shop"',
    '2910478310',
    '11255c36cf2fe8f6',
    'objects.yaml"',
    'jwk.log',
    'ops@',
  ])
    t.false(run.stdout.replace(/objects-\w+\.yaml|log-\w+\.log/g, '').includes(name), name)
  const clear = (await story()).kubernetes
  const hidden = (JSON.parse(run.stdout) as Report).kubernetes
  t.deepEqual(
    hidden?.objects.map(({ kind, requests, comparisons }) => [
      kind,
      requests,
      comparisons.map(({ field, outcome }) => [field, outcome]),
    ]),
    clear?.objects.map(({ kind, requests, comparisons }) => [
      kind,
      requests,
      comparisons.map(({ field, outcome }) => [field, outcome]),
    ]),
  )
})

test('text from objects and logs cannot move the cursor or break a line', async (t) => {
  const evil = '\u001b[2J\r\n\u202eevil\u0000'
  const order = {
    apiVersion: 'acme.cert-manager.io/v1',
    kind: 'Order',
    metadata: { name: `web${evil}`, namespace: evil },
    spec: { dnsNames: ['web.corp-dev.test', evil] },
    status: { state: evil, reason: `Failed: ${evil}`, url: `https://ca.example/${evil}` },
  }
  const issuer = {
    apiVersion: 'cert-manager.io/v1',
    kind: 'ClusterIssuer',
    metadata: { name: evil },
    spec: { acme: { server: 'https://acme.corp-dev.test:15001/dir', email: `${evil}@x` } },
    status: { acme: { uri: `https://acme.corp-dev.test:15001/${evil}` } },
  }
  const kubernetes = [file(JSON.stringify({ items: [order, issuer, { ...order, kind: evil }] }), 'json')]
  const logs = [file(JSON.stringify({ ts: 1, msg: `failed ${evil}`, err: evil, caller: evil, level: 'error' }), 'log')]
  const report = await story({ kubernetes, logs })
  for (const verbose of [false, true]) {
    const text = render(report, 'text', { width: 100, verbose })
    t.regex(text, /evil/)
    t.notRegex(text, /[\u0000-\u0009\u000b-\u001f\u202e]/)
  }
})

test('what cannot be read: one line and exit status 2, before the capture is read', (t) => {
  const none = file('hello', 'txt')
  const cases: readonly [string[], RegExp][] = [
    [['--kubernetes', 'missing.yaml'], /missing\.yaml: no such file/],
    [['--kubernetes', none], /holds no Kubernetes object/],
    [['--kubernetes', 'samples'], /is a folder/],
    [['--log', none], /no line of it is a record/],
    [['--log', `${STORY}.pcap`], /no line of it is a record/],
    [['--kubernetes', `${STORY}.pcap`], /NUL/],
    [['-o', `${STORY}.log`, '--format', 'text', '--log', `${STORY}.log`], /is an input and is not overwritten/],
  ]
  const before = readFileSync(`${STORY}.log`)
  for (const [args, says] of cases) {
    const { status, stdout, stderr } = acmescope(`${STORY}.pcap`, ...args)
    t.is(status, 2, stderr)
    t.is(stdout, '')
    t.regex(stderr, says)
    t.is(stderr.trimEnd().split('\n').length, 1, stderr)
  }
  t.deepEqual(readFileSync(`${STORY}.log`), before)
  t.regex(acmescope('har', `${STORY}.pcap`, ...FILES).stderr, /unknown option --kubernetes/)
})
