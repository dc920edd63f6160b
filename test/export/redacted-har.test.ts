import { existsSync, readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import { analyze, exportHar } from '../../src/analyze.ts'
import { HIDE_ALL } from '../../src/report/redact.ts'
import { leaksOf, privateValues } from '../support/leaks.ts'
import { harFaults, newAccusations, redactedHar, shapes } from '../support/redacted-har.ts'

const samples = readdirSync('samples').filter((name) => /\.(pcap|pcapng|har)$/.test(name))

for (const name of samples)
  test(`${name}: a redacted HAR has the same requests, gives nothing away and accuses nobody anew`, async (t) => {
    const keys = `samples/${name.replace(/\.\w+$/, '.keys')}`
    const keyLogs = existsSync(keys) ? [keys] : []
    const original = await analyze([`samples/${name}`], { keyLogs })
    const { text, again } = await redactedHar(`samples/${name}`, keyLogs)
    t.deepEqual(harFaults(text), [])
    t.deepEqual(leaksOf(text, privateValues(original)), [])
    t.deepEqual(shapes(again), shapes(original))
    t.deepEqual(newAccusations(original, again), [])
    // what cannot be checked any more says so
    for (const request of again.requests)
      for (const [check, value] of Object.entries(request.checks))
        if (value === 'unknown')
          t.true(
            request.unknown.some((one) => one.check === check),
            `${request.id} ${check}`,
          )
    // what was found before is quoted
    t.deepEqual(
      again.requests.map(({ beforeRedaction }) => beforeRedaction),
      original.requests.map(({ compliant, checks, findings }) => ({
        compliant,
        checks,
        findings: findings.map(({ rule, severity, party }) => ({ rule, severity, party })),
      })),
    )
  })

type Marked = { log: { entries: { _redacted?: string; _acme?: Record<string, unknown> }[] } }

const octets = (har: unknown) => new TextEncoder().encode(typeof har === 'string' ? har : JSON.stringify(har))

test('a program that drops the marks of a redacted HAR makes nobody guilty', async (t) => {
  for (const [name, keys] of [
    ['honest-lego.har', []],
    ['honest-certbot.pcap', ['samples/honest-certbot.keys']],
    ['story-broken-server.pcap', []],
  ] as const) {
    const original = await analyze([`samples/${name}`], { keyLogs: keys })
    const har = JSON.parse((await redactedHar(`samples/${name}`, keys)).text) as Marked
    for (const entry of har.log.entries) {
      delete entry._redacted
      delete entry._acme
    }
    const again = await analyze([octets(har)])
    t.deepEqual(newAccusations(original, again), [], name)
    t.true(again.requests.every(({ beforeRedaction }) => beforeRedaction === null))
  }
})

test('what a redacted HAR says of itself is quoted as far as it is known words, and never adopted', async (t) => {
  const { text, again } = await redactedHar('samples/story-broken-server.pcap', [])
  const forged = JSON.parse(text) as Marked
  for (const { _acme } of forged.log.entries)
    if (_acme !== undefined) {
      _acme.compliant = false
      _acme.findings = [
        { rule: 'kid-required', severity: 'error', party: 'client', message: 'forged' },
        { rule: 'no-such-rule', severity: 'error', party: 'client' },
        { rule: 'kid-required', severity: 'fatal', party: 'client' },
      ]
    }
  const read = await analyze([octets(forged)])
  const own = (report: typeof read) => report.requests.map(({ beforeRedaction: _, ...request }) => request)
  t.deepEqual(own(read), own(again))
  t.deepEqual(read.summary, again.summary)
  t.deepEqual(read.diagnoses, again.diagnoses)
  for (const { beforeRedaction } of read.requests)
    t.deepEqual(beforeRedaction?.findings, [{ rule: 'kid-required', severity: 'error', party: 'client' }])
  t.notRegex(JSON.stringify(read), /forged|no-such-rule/)
})

test('values of differently redacted captures of one CA are not compared', async (t) => {
  const options = { key: null, keep: ['host', 'address', 'url'] } as const
  const original = await analyze(['samples/honest-lego.har'])
  const [one, two] = [
    await redactedHar('samples/honest-lego.har', [], options),
    await redactedHar('samples/honest-lego.har', [], options),
  ]
  const asIs = await analyze(['samples/honest-lego.har', octets(one.text)])
  const both = await analyze([octets(one.text), octets(two.text)])
  for (const report of [asIs, both]) {
    t.is(report.requests.length, 2 * original.requests.length)
    const errors = report.requests.flatMap(({ findings }) =>
      findings.filter(({ severity, party }) => severity === 'error' && party !== 'capture'),
    )
    t.deepEqual(errors, [])
    t.false(report.requests.some(({ compliant }) => compliant === false))
  }
})

test('written again as it is, a redacted HAR stays one', async (t) => {
  const first = await redactedHar('samples/story-broken-server.pcap', [])
  const pieces: string[] = []
  await exportHar([octets(first.text)], {}, (piece) => void pieces.push(piece))
  const again = await analyze([octets(pieces.join(''))])
  t.deepEqual(
    again.requests.map(({ checks, beforeRedaction }) => ({ checks, beforeRedaction })),
    first.again.requests.map(({ checks, beforeRedaction }) => ({ checks, beforeRedaction })),
  )
})

type Heads = {
  log: { entries: { request: { method: string; headers: { name: string; value: string }[]; postData?: { mimeType: string } } }[] }
}

test('fields whose values cannot be shown are still there', async (t) => {
  const har = JSON.parse(readFileSync('samples/honest-lego.har', 'utf8')) as Heads
  for (const { request } of har.log.entries) {
    if (request.method !== 'POST') continue
    if (request.postData !== undefined) request.postData.mimeType = 'application/jose+json; profile="tenant-7"'
    request.headers = request.headers
      .filter(({ name }) => !/^(?:content-type|accept-language)$/i.test(name))
      .concat(
        { name: 'Content-Type', value: 'application/jose+json; profile="tenant-7"' },
        { name: 'Accept-Language', value: 'x_tenant!7' },
      )
  }
  const input = octets(har)
  const original = await analyze([input])
  const pieces: string[] = []
  await exportHar([input], { redaction: HIDE_ALL }, (piece) => void pieces.push(piece))
  const text = pieces.join('')
  t.false(/tenant/.test(text))
  t.regex(text, /application\/jose\+json; parameter=/)
  t.deepEqual(newAccusations(original, await analyze([octets(text)])), [])
})
