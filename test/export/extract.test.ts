import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { analyze } from '../../src/analyze.ts'
import { writePcapng } from '../../src/export/pcapng-writer.ts'
import { extractRequest } from '../../src/extract.ts'
import type { Report } from '../../src/report/report.ts'
import { leaksOf, privateValues } from '../support/leaks.ts'
import { harFaults, newAccusations, shapes } from '../support/redacted-har.ts'

const scratch = mkdtempSync(join(tmpdir(), 'acmescope-extract-'))
const keysOf = (name: string) => [`samples/${name.replace(/\.\w+$/, '.keys')}`].filter((path) => existsSync(path))

function acmescope(...args: readonly string[]) {
  const env = { ...process.env, SSLKEYLOGFILE: '', NO_COLOR: '1' }
  const run = spawnSync(process.execPath, ['bin/acmescope.js', ...args], { env, maxBuffer: 1 << 28 })
  return { status: run.status, stdout: run.stdout.toString(), stderr: run.stderr.toString() }
}

/** What somebody did wrong, and the checks. */
function judged({ requests }: Report, url: string, time: string | null) {
  return requests
    .filter((request) => request.url === url && request.time === time)
    .map(({ checks, compliant, findings }) => ({
      checks,
      compliant,
      findings: findings
        .filter(({ party }) => party !== 'capture')
        .map(({ rule, severity, party, message }) => `${rule} ${severity} ${party} ${message.length > 0}`),
    }))
}

for (const [name, id] of [
  ['story-broken-server-tls.pcap', 5],
  ['story-client-sends-jwk.pcap', 7],
  ['embedded-secrets.pcapng', 4],
  ['wrong-bindings.pcap', 9],
  ['honest-certbot.pcap', 19],
  ['nat-any.pcap', 6],
  ['wildcard-dns01.pcap', 9],
  ['honest-lego.har', 8],
] as const)
  test(`${name}: request ${id} alone is judged the same, with its own secrets inside`, async (t) => {
    const path = `samples/${name}`
    const original = await analyze([path], { keyLogs: keysOf(name) })
    const wanted = original.requests[id - 1]
    const made = await extractRequest(path, id, { keyLogs: keysOf(name) })
    t.is(made.outcome, 'made')
    if (made.outcome !== 'made' || wanted === undefined) return
    const again = await analyze([made.bytes])
    t.deepEqual(judged(again, wanted.url, wanted.time), judged(original, wanted.url, wanted.time))
    t.true(made.requests <= original.requests.length)
    t.true(made.bytes.length < statSync(path).size * 1.5)
    // lines of key logs of other connections stay at home
    const inside = Buffer.from(made.bytes).toString('latin1')
    for (const keys of keysOf(name))
      for (const [, random] of readFileSync(keys, 'latin1').matchAll(/^[A-Z_0-9]+ ([0-9a-f]{64}) /gm))
        if (inside.includes(random as string)) t.true(inside.includes(Buffer.from(random as string, 'hex').toString('latin1')))
  })

test('a pcapng that was written is read by tshark and capinfos as what it is', (t) => {
  const packets = [1, 113].map((linkType, at) => ({
    linkType,
    seconds: 1_700_000_000 + at,
    nanoseconds: 123_456_789,
    bytes: Uint8Array.from({ length: 61 + at }, (_, i) => i),
    originalLength: 1500,
  }))
  const path = join(scratch, 'written.pcapng')
  writeFileSync(path, writePcapng(packets, 'CLIENT_RANDOM 00 11\n'))
  const run = spawnSync('tshark', [
    '-r',
    path,
    '-T',
    'fields',
    '-e',
    'frame.time_epoch',
    '-e',
    'frame.len',
    '-e',
    'frame.cap_len',
    '-e',
    'frame.encap_type',
  ])
  if (run.error !== undefined) {
    t.log('tshark is missing')
    t.pass()
    return
  }
  t.regex(run.stderr.toString().replace(/Running as.*\n/g, ''), /^$/)
  const rows = run.stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
  t.deepEqual(rows, [
    ['1700000000.123456789', '1500', '61', '1'],
    ['1700000001.123456789', '1500', '62', '25'],
  ])
})

test('the command: a file, or why there is none', async (t) => {
  const sample = 'samples/story-broken-server-tls.pcap'
  const keys = ['--keylog', 'samples/story-broken-server-tls.keys']
  const small = join(scratch, 'small.pcapng')
  const made = acmescope('extract', sample, ...keys, '--request', '5', '-o', small)
  t.is(made.status, 0, made.stderr)
  t.is((await analyze([small])).summary.verdict, 'server')
  const none = acmescope('extract', sample, ...keys, '--request', '99', '-o', join(scratch, 'none.pcapng'))
  t.is(none.status, 3)
  t.regex(none.stderr, /there is no request 99: the report has 7; .* was not written/)
  t.false(existsSync(join(scratch, 'none.pcapng')))
})

test('acmescope redact: the same requests, nobody accused anew, nothing given away; nothing is written over an input', async (t) => {
  for (const name of ['embedded-secrets.pcapng', 'honest-lego.har', 'story-client-sends-jwk.pcap']) {
    const safe = join(scratch, `${name}.safe.har`)
    const keys = keysOf(name).flatMap((path) => ['--keylog', path])
    const run = acmescope('redact', `samples/${name}`, ...keys, '-o', safe)
    t.is(run.status, 0, run.stderr)
    const text = readFileSync(safe, 'utf8')
    const original = await analyze([`samples/${name}`], { keyLogs: keysOf(name) })
    const again = await analyze([safe])
    t.deepEqual(harFaults(text), [])
    t.deepEqual(shapes(again), shapes(original))
    t.deepEqual(newAccusations(original, again), [])
    t.deepEqual(leaksOf(text, privateValues(original)), [])
    const log = (JSON.parse(text) as { log: { _redaction: Report['redaction'] } }).log
    t.is(log._redaction?.checked, 'before')
    t.true((log._redaction?.hidden.length ?? 0) > 3)
  }
  const none = acmescope('redact', 'samples/no-keys.pcap', '-o', join(scratch, 'none.har'))
  t.is(none.status, existsSync(join(scratch, 'none.har')) ? 0 : 3)
})
