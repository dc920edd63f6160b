import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { analyze } from '../src/analyze.ts'
import type { Report } from '../src/report/report.ts'

/** The program as it is shipped: bin/acmescope.js with the bundle that the build made. */
function acmescope(args: readonly string[], input?: Uint8Array, program = 'bin/acmescope.js') {
  const env = { ...process.env, SSLKEYLOGFILE: '', NO_COLOR: '1' }
  const run = spawnSync(process.execPath, [program, ...args], { input, env, maxBuffer: 1 << 28 })
  return { status: run.status, stdout: run.stdout.toString(), stderr: run.stderr.toString() }
}

const scratch = mkdtempSync(join(tmpdir(), 'acmescope-'))
const sample = (name: string) => `samples/${name}`
const STORY = sample('story-broken-server.pcap')

test('the bundle reports what the library reports, certificates, decryption and DNS included', async (t) => {
  const names: readonly [string, string | null][] = [
    ['honest-certbot.pcap', 'honest-certbot.keys'],
    ['wrong-bindings.pcap', 'wrong-bindings.keys'],
    ['embedded-secrets.pcapng', null],
    ['wildcard-dns01.pcap', 'wildcard-dns01.keys'],
  ]
  for (const [name, keys] of names) {
    const run = acmescope([
      sample(name),
      ...(keys === null ? [] : ['--keylog', sample(keys)]),
      '--format',
      'json',
      '--fail-on',
      'never',
    ])
    t.is(run.status, 0, run.stderr)
    const library = await analyze([sample(name)], { keyLogs: keys === null ? [] : [sample(keys)] })
    t.deepEqual(JSON.parse(run.stdout), JSON.parse(JSON.stringify(library)))
  }
})

test('the bundle is read as ASCII, and through a symbolic link; without what V8 compiled for it the output is the same', (t) => {
  t.true(readFileSync('dist/cli/main.cjs').every((octet) => octet < 0x80))
  const shipped = join(scratch, 'shipped')
  cpSync('bin', join(shipped, 'bin'), { recursive: true })
  cpSync('dist/cli', join(shipped, 'dist/cli'), { recursive: true })
  rmSync(join(shipped, 'dist/cli/help.cache'))
  const cache = readFileSync('dist/cli/analyze.cache')
  writeFileSync(join(shipped, 'dist/cli/analyze.cache'), cache.subarray(0, 1000))
  const link = join(scratch, 'link')
  symlinkSync(join(shipped, 'bin/acmescope.js'), link)
  for (const args of [['--help'], [STORY, '--format', 'markdown', '--no-redact']]) {
    const [whole, without] = [acmescope(args), acmescope(args, undefined, link)]
    t.not(whole.stdout, '')
    t.deepEqual(without, whole)
  }
})

/** What has to survive a change of container: everything of a request but where it was captured. */
function essence(report: Report) {
  return report.requests.map(
    ({ method, url, resource, protected: header, payload, checks, compliant, findings, response, account }) => ({
      method,
      url,
      resource,
      header,
      payload,
      checks,
      compliant,
      findings: findings.map(({ rule, severity, party }) => `${rule} ${severity} ${party}`),
      status: response?.status ?? null,
      account,
    }),
  )
}

for (const [name, keys] of [
  ['honest-certbot.pcap', 'honest-certbot.keys'],
  ['story-client-sends-jwk.pcap', 'story-client-sends-jwk.keys'],
  ['wrong-bindings.pcap', 'wrong-bindings.keys'],
  ['damaged-certbot.pcap', 'damaged-certbot.keys'],
  ['honest-lego.har', null],
] as const)
  test(`${name}: written as HAR and analysed again it gives the same requests, checks and findings`, async (t) => {
    const har = join(scratch, `${name}.har`)
    const keyLogs = keys === null ? [] : [sample(keys)]
    const run = acmescope(['har', sample(name), ...keyLogs.flatMap((path) => ['--keylog', path]), '--no-redact', '-o', har])
    t.is(run.status, 0, run.stderr)
    t.true(existsSync(har))
    const [first, second] = [await analyze([sample(name)], { keyLogs }), await analyze([har])]
    const withoutCapture = (report: Report) =>
      essence(report).map((request) => ({
        ...request,
        findings: request.findings.filter((finding) => !finding.endsWith(' capture')),
      }))
    t.deepEqual(withoutCapture(second), withoutCapture(first))
    t.is(second.summary.verdict, first.summary.verdict)
    t.deepEqual(
      second.diagnoses.map(({ id, party }) => ({ id, party })),
      first.diagnoses.map(({ id, party }) => ({ id, party })),
    )
  })

test('a stream, a file, bytes, and a capture split over two files are the same timeline', async (t) => {
  const bytes = readFileSync(STORY)
  const whole = essence(await analyze([STORY]))
  const piped = acmescope(['-', '--format', 'json', '--fail-on', 'never'], bytes)
  t.deepEqual(essence(JSON.parse(piped.stdout) as Report), whole)
  t.deepEqual(essence(await analyze([bytes])), whole)
  const chunks = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7))
  t.deepEqual(essence(await analyze([chunks])), whole)

  // After the 20th packet, in the middle of a connection.
  let cut = 24
  for (let packet = 0; packet < 20; packet++) cut += 16 + bytes.readUInt32LE(cut + 8)
  const folder = join(scratch, 'split')
  mkdirSync(folder)
  writeFileSync(join(folder, 'b.pcap'), bytes.subarray(0, cut))
  writeFileSync(join(folder, 'a.pcap'), Buffer.concat([bytes.subarray(0, 24), bytes.subarray(cut)]))
  writeFileSync(join(folder, 'notes.txt'), 'no capture')
  t.deepEqual(essence(await analyze([folder])), whole)
})

test('inputs that cannot be read: one clear line, exit status 2', (t) => {
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(scratch, name), content)
    return join(scratch, name)
  }
  const empty = join(scratch, 'empty-folder')
  mkdirSync(empty)
  const cases: readonly [string, string, RegExp][] = [
    ['missing', join(scratch, 'missing.pcap'), /no such file/i],
    ['empty', file('empty.pcap', ''), /empty/],
    ['folder without a capture', empty, /no capture/],
    ['not a capture', file('text.pcap', 'hello, world'), /not a capture/],
    ['half a header', file('half.pcap', readFileSync(STORY).subarray(0, 13)), /header/],
    ['JSON that is no HAR', file('other.har', '{"hello": [1, 2]}'), /log\.entries|HAR/],
    ['broken JSON', file('broken.har', '{"log": nonsense'), /JSON|HAR/],
  ]
  for (const [name, path, says] of cases) {
    const { status, stdout, stderr } = acmescope([path])
    t.is(status, 2, `${name}: ${stderr}`)
    t.is(stdout, '', name)
    t.regex(stderr, says, name)
    t.is(stderr.trimEnd().split('\n').length, 1, `${name}: ${stderr}`)
  }
})

test('readable, but nothing to judge: exit status 3, and the report is written', (t) => {
  const unknownLink = Buffer.from(readFileSync(STORY))
  unknownLink.writeUInt32LE(189, 20)
  writeFileSync(join(scratch, 'usb.pcap'), unknownLink)
  const usb = acmescope([join(scratch, 'usb.pcap'), '--format', 'json'])
  t.is(usb.status, 3, usb.stderr)
  t.regex(usb.stdout, /link type 189 \(USB_LINUX\) is not supported/)
  const locked = acmescope([sample('no-keys.pcap'), '--format', 'json'])
  t.is(locked.status, 3)
  t.regex(locked.stderr, /could not be decrypted: .*CLIENT_TRAFFIC_SECRET_0/)
  t.is((JSON.parse(locked.stdout) as Report).summary.verdict, 'undetermined')
  // A record that claims 4 GiB takes no memory for them.
  const giant = Buffer.from(readFileSync(STORY).subarray(0, 40))
  giant.writeUInt32LE(0xffffffff, 32)
  writeFileSync(join(scratch, 'giant.pcap'), giant)
  const run = acmescope([join(scratch, 'giant.pcap'), '--format', 'json'])
  t.is(run.status, 3, run.stderr)
  t.regex(run.stdout, /"kind": "(malformed|truncated|limit)"/)
})

test('exit status 1 for errors found, 0 for an honest capture, and --fail-on moves the line', (t) => {
  t.is(acmescope([STORY]).status, 1)
  t.is(acmescope([STORY, '--fail-on', 'never']).status, 0)
  const honest = [sample('honest-certbot.pcap'), '--keylog', sample('honest-certbot.keys')]
  t.is(acmescope(honest).status, 0)
  t.is(acmescope([...honest, '--fail-on', 'warning']).status, 1)
})

test('an output never overwrites an input', (t) => {
  const copy = join(scratch, 'input.pcap')
  copyFileSync(STORY, copy)
  const run = acmescope([copy, '--format', 'json', '-o', copy])
  t.is(run.status, 2)
  t.deepEqual(readFileSync(copy), readFileSync(STORY))
})

test('--cross-check: the independent reader saw the same packets', (t) => {
  const run = acmescope([STORY, '--cross-check', '--format', 'json', '--fail-on', 'never'])
  t.deepEqual((JSON.parse(run.stdout) as Report).inputs[0]?.crossCheck, {
    reader: 'pcap-parser',
    packets: 45,
    agrees: true,
    reason: null,
  })
})

test('diff: exit status 0 without a difference that matters, 1 with one, 2 for wrong usage, 3 for nothing to compare', (t) => {
  const omits = sample('story-client-omits-kid.har')
  t.is(acmescope(['diff', omits, omits]).status, 0)
  const found = acmescope(['diff', sample('honest-lego.har'), omits, '--format', 'json'])
  t.is(found.status, 1)
  const { first, steps } = JSON.parse(found.stdout) as { first: number; steps: { step: number; role: string }[] }
  t.is(steps.find(({ step }) => step === first)?.role, 'newOrder')
  t.is(acmescope(['diff', omits]).status, 2)
  t.is(acmescope(['diff', omits, omits, omits]).status, 2)
  t.is(acmescope(['diff', omits, 'no-such-file']).status, 2)
  t.is(acmescope(['diff', omits, omits, '--format', 'html']).status, 2)
  const shared = acmescope(['diff', omits, omits, '--format', 'markdown'])
  t.is(shared.status, 0)
  t.notRegex(shared.stdout, /corp-dev/)
  t.regex(acmescope(['diff', omits, omits, '--format', 'markdown', '--no-redact']).stdout, /corp-dev/)
  const locked = acmescope(['diff', omits, sample('no-keys.pcap')])
  t.is(locked.status, 3)
  t.regex(locked.stderr, /no-keys\.pcap: no ACME request could be read/)
})
