import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'

const scratch = mkdtempSync(join(tmpdir(), 'acmescope-follow-'))
const STORY = readFileSync('samples/story-broken-server.pcap')
const TLS = readFileSync('samples/story-broken-server-tls.pcap')
const KEYS = readFileSync('samples/story-broken-server-tls.keys')

/** Where the packet with this number (from 1) ends. */
function endOf(capture: Buffer, packet: number): number {
  let at = 24
  for (let count = 0; count < packet && at + 16 <= capture.length; count++) at += 16 + capture.readUInt32LE(at + 8)
  return at
}

class Live {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly ended: Promise<number | null>

  constructor(args: readonly string[]) {
    const env = { ...process.env, SSLKEYLOGFILE: '', NO_COLOR: '1', LC_ALL: 'C.UTF-8', GITHUB_ACTIONS: '' }
    this.child = spawn(process.execPath, ['bin/acmescope.js', ...args], { env })
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString()
    })
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString()
    })
    this.ended = new Promise((resolve) => this.child.on('close', resolve))
  }

  /** Until standard output says it; never when it does not. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout)) {
      if (this.child.exitCode !== null) throw new Error(`ended without ${pattern}: ${this.stdout}${this.stderr}`)
      await new Promise((resolve) => this.child.stdout?.once('data', resolve))
    }
  }
}

test('a file that grows: requests as they come, and the report after Ctrl-C', async (t) => {
  const path = join(scratch, 'growing.pcap')
  const part = endOf(STORY, 26)
  writeFileSync(path, STORY.subarray(0, 10))
  const live = new Live([path, '--follow'])
  await live.says(/not judged yet/)
  appendFileSync(path, STORY.subarray(10, part + 5))
  await live.says(/POST {2}newAccount {5}201 \(jwk\)/)
  t.notRegex(live.stdout, /newOrder/)
  appendFileSync(path, STORY.subarray(part + 5))
  await live.says(/(?:POST {2}newOrder {7}400 malformed "Request must contain either KID header field" \(kid\) .*\n[\s\S]*){3}/)
  t.notRegex(live.stdout, /at fault/)
  live.child.kill('SIGINT')
  t.is(await live.ended, 1)
  t.regex(live.stdout, /\n\nThe server is at fault/)
  t.is(live.stderr, '')
})

test('TLS whose key log grows beside the capture', async (t) => {
  const path = join(scratch, 'tls.pcap')
  const keys = join(scratch, 'tls.keys')
  writeFileSync(path, TLS.subarray(0, 24))
  writeFileSync(keys, '')
  const live = new Live([path, '--keylog', keys, '--follow', '--format', 'ndjson'])
  const part = endOf(TLS, 12)
  appendFileSync(path, TLS.subarray(24, part))
  appendFileSync(keys, KEYS)
  appendFileSync(path, TLS.subarray(part))
  await live.says(/(?:"newOrder".*\n[\s\S]*){3}/)
  live.child.kill('SIGINT')
  t.is(await live.ended, 1, live.stderr)
  const objects = live.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const seen = objects.filter(({ type }) => type === 'request-seen')
  const requests = objects.filter(({ type }) => type === 'request')
  t.is(seen.length, 7)
  t.true(seen.every(({ judged }) => judged === false))
  for (const name of ['method', 'url', 'resource', 'time', 'frames', 'streamId'])
    t.deepEqual(
      seen.map((one) => one[name]),
      requests.map((one) => one[name]),
      name,
    )
  t.deepEqual(
    seen.map(({ status }) => status),
    [200, 200, 201, 200, 400, 400, 400],
  )
  t.is(objects.at(-1)?.type, 'summary')
})

test('a pipe: its end is the end', async (t) => {
  const live = new Live(['-', '--follow', '--resource', 'newOrder'])
  const part = endOf(STORY, 40)
  live.child.stdin?.write(STORY.subarray(0, part))
  await live.says(/newOrder/)
  live.child.stdin?.end(STORY.subarray(part))
  t.is(await live.ended, 1)
  t.regex(live.stdout, /The server is at fault/)
  t.notRegex(live.stdout.split('\n\n')[0] ?? '', /newAccount/)
})

test('Ctrl-C ends a pipe that stays open', async (t) => {
  const live = new Live(['-', '--follow'])
  live.child.stdin?.write(STORY)
  await live.says(/(?:newOrder.*\n[\s\S]*){3}/)
  live.child.kill('SIGINT')
  t.is(await live.ended, 1)
  t.regex(live.stdout, /The server is at fault/)
})

test('a file that is replaced, removed or cut is read to where it went, and that is said', async (t) => {
  const rotated = join(scratch, 'rotated.pcap')
  const cut = join(scratch, 'cut.pcap')
  for (const [path, how, said] of [
    [
      rotated,
      () => {
        renameSync(rotated, `${rotated}.1`)
        writeFileSync(rotated, STORY.subarray(0, 24))
      },
      /another file took its name/,
    ],
    [cut, () => truncateSync(cut, 24), /became shorter/],
  ] as const) {
    writeFileSync(path, STORY)
    const live = new Live([path, '--follow'])
    await live.says(/(?:newOrder.*\n[\s\S]*){3}/)
    how()
    t.is(await live.ended, 1)
    t.regex(live.stdout.replace(/\s+/g, ' '), said)
    t.regex(live.stdout, /The server is at fault/)
  }
})

test('a HAR is read once; what cannot be followed is refused', async (t) => {
  const har = new Live(['samples/story-client-omits-kid.har', '--follow'])
  t.is(await har.ended, 1)
  t.regex(har.stdout, /newOrder {7}400 malformed .* \(neither kid nor jwk\)/)
  for (const [args, says] of [
    [['x.pcap', '--format', 'json'], /text or ndjson/],
    [['x.pcap', '-o', join(scratch, 'report.txt')], /--format text/],
    [['x.pcap', '--redact'], /--redact/],
    [['x.pcap', 'y.pcap'], /one capture/],
  ] as const) {
    const live = new Live([...args, '--follow'])
    t.is(await live.ended, 2)
    t.regex(live.stderr, says)
    t.is(live.stdout, '')
  }
})
