import test from 'ava'
import type { MatchedLine } from '../../src/evidence/log/correlate.ts'
import { readLine } from '../../src/evidence/log/line.ts'
import { Key, Session } from '../support/session.ts'
import { held } from './holding.ts'

const DETAIL = 'Request must contain either KID header field'
const ERROR = `400 urn:ietf:params:acme:error:malformed: ${DETAIL}`
const LOCAL = { kind: 'local', month: 11, day: 27, micros: 65_068_123_456 }

/** Every form in which cert-manager has written the same record, oldest first. */
const FORMS: readonly [name: string, line: string, message: string][] = [
  [
    '0.11',
    `E1127 18:04:28.123456       1 sync.go:59] cert-manager/controller/orders "level"=0 "msg"="it failed" "error"="${ERROR}" `,
    'it failed',
  ],
  [
    '1.5',
    `E1127 18:04:28.123456       1 sync.go:59] cert-manager/controller/orders "msg"="it failed" "error"="${ERROR}" "key"="shop/web"`,
    'it failed',
  ],
  [
    '1.12',
    `E1127 18:04:28.123456       1 sync.go:59] "cert-manager/orders: it failed" err="${ERROR}" resource_name="web"`,
    'cert-manager/orders: it failed',
  ],
  ['1.14', `E1127 18:04:28.123456       1 sync.go:59] "it failed" err="${ERROR}" logger="cert-manager.controller"`, 'it failed'],
  [
    'of a pod',
    `[pod/cert-manager-7b/cert-manager-controller] E1127 18:04:28.123456       1 sync.go:59] "it failed" err="${ERROR}"`,
    'it failed',
  ],
]

for (const [name, line, message] of FORMS)
  test(`klog, ${name}`, (t) =>
    void t.deepEqual(readLine(line), { severity: 'error', time: LOCAL, source: 'sync.go:59', message, error: ERROR } as never))

test('klog without pairs, with escapes, with several lines, with a time in front', (t) => {
  t.is(readLine('I0829 00:40:47.854269       1 logger.go:38] Calling CreateOrder')?.message, 'Calling CreateOrder')
  t.is(
    readLine(String.raw`E1127 18:04:28.123456 1 a.go:1] "a \"b\"" err="Get \"https://ca.example/dir\": EOF\x00"`)?.error,
    'Get "https://ca.example/dir": EOF\0',
  )
  t.is(readLine('E1127 18:04:28.123456 1 a.go:1] "a" err=<\n\tfirst\n\tsecond\n > logger="x"')?.error, 'first\n\tsecond')
  t.deepEqual(readLine('2026-11-27T17:04:28.123456789Z I1127 18:04:28.123456       1 a.go:1] "a"')?.time, {
    kind: 'exact',
    time: Date.UTC(2026, 10, 27, 17, 4, 28) * 1000 + 123_456,
  })
})

test('JSON of Kubernetes components, of zap, and with times in words', (t) => {
  const time = Date.UTC(2026, 10, 27, 17, 4, 28) * 1000 + 123_400
  for (const ts of [time / 1000, time / 1e6, '2026-11-27T17:04:28.1234Z'])
    t.deepEqual(
      readLine(JSON.stringify({ ts, caller: 'acmeorders/sync.go:59', msg: 'it failed', logger: 'cert-manager', err: ERROR })),
      {
        severity: 'error',
        time: { kind: 'exact', time },
        source: 'acmeorders/sync.go:59',
        message: 'it failed',
        error: ERROR,
      },
    )
  t.is(readLine('{"ts":1,"msg":"m","v":2}')?.severity, 'info')
  t.is(readLine('{"level":"warn","ts":1,"msg":"m"}')?.severity, 'warning')
})

test('what is no record', (t) => {
  for (const line of ['', 'hello', '{"msg": 1}', '{"msg":', 'I1127 18:04 1 a.go:1] x', '[]', 'null', '{"ts":{},"message":[]}'])
    t.is(readLine(line), null, line)
})

/** Registered in request 3, newOrder refused in requests 4 to 6: 4, 14 and 24 seconds after the first of January 2026, 00:00 UTC. */
function refused(): Session {
  const key = new Key('log')
  const s = new Session()
  s.begin().register(key)
  for (const second of [4, 14, 24])
    s.post(
      key,
      'newOrder',
      { identifiers: [] },
      {
        time: Date.UTC(2026, 0, 1) * 1000 + second * 1e6,
        status: 400,
        problem: ['malformed', DETAIL],
      },
    )
  return s
}

/** A line of klog so many seconds after the session began, on a clock that is ahead of UTC by some hours. */
function klog(second: number, rest: string, hours = 0, severity = 'E'): string {
  const at = new Date(Date.UTC(2026, 0, 1) + (second + hours * 3600) * 1000)
  const [, month, day, clock] = /^\d+-(\d\d)-(\d\d)T(.*)Z$/.exec(at.toISOString()) ?? []
  return `${severity}${month}${day} ${clock}000       1 sync.go:59] ${rest}`
}

function told({ line, match }: MatchedLine): string {
  return `${line} ${match === null ? '-' : `${match.by} ${match.requests.map(({ id }) => id).join(' ')}`}`
}

const QUOTING = `"failed" err="${ERROR}"`

test('lines are matched by the problem they quote, by URL, by operation; each within its time', async (t) => {
  const { log } = await held(
    refused(),
    null,
    [
      klog(0.2, '"Calling Register" logger="acme"', 0, 'I'),
      klog(4.1, QUOTING),
      klog(14.1, QUOTING),
      klog(15, '"failed" err="Get \\"https://ca.example/newOrder\\": timeout"'),
      klog(24.2, '"failed to create Order resource" err="timeout"'),
      klog(20, '"Calling FetchCert"', 0, 'I'),
      klog(21, '"syncing item" key="shop/web"', 0, 'I'),
      klog(22, '"something else" err="of Kubernetes"'),
      klog(-3600, QUOTING),
      klog(300, QUOTING),
      klog(7200, QUOTING),
    ].join('\n'),
  )
  t.deepEqual(log?.lines.map(told), [
    '1 time 3',
    '2 problem 4',
    '3 problem 5',
    '4 url 5',
    '5 time 6',
    '8 -',
    '9 -',
    '10 problem 6',
    '11 -',
  ])
  t.deepEqual(
    log?.lines.filter(({ match }) => match === null).map(({ within }) => within),
    [true, false, false],
  )
  t.deepEqual(
    log?.files.map(({ lines, unread, clock }) => ({ lines, unread, clock })),
    [{ lines: 11, unread: 0, clock: { basis: 'aligned', offset: 0 } }],
  )
})

for (const hours of [-12, -8, -3.5, 0, 1, 5.75, 9, 14])
  test(`a clock ${hours} hours ahead of UTC is found, across the turn of the year`, async (t) => {
    const { log } = await held(
      refused(),
      null,
      [klog(4.1, QUOTING, hours), klog(14.1, QUOTING, hours), klog(24.1, QUOTING, hours)].join('\n'),
    )
    t.deepEqual(log?.files[0]?.clock, { basis: 'aligned', offset: hours * 3600 })
    t.deepEqual(log?.lines.map(told), ['1 problem 4', '2 problem 5', '3 problem 6'])
  })

test('without a line that tells the zone UTC is assumed; full times need no zone', async (t) => {
  const assumed = await held(refused(), null, klog(4.1, '"failed" err="x"'))
  t.deepEqual(assumed.log?.files[0]?.clock, { basis: 'assumed', offset: 0 })
  const ts = Date.UTC(2026, 0, 1) + 4100
  const stated = await held(refused(), null, JSON.stringify({ ts, msg: 'failed', err: ERROR }))
  t.deepEqual(stated.log?.files[0]?.clock, { basis: 'stated', offset: 0 })
  t.deepEqual(stated.log?.lines.map(told), ['1 problem 4'])
})

test('credentials that a log holds are not kept', async (t) => {
  const line = klog(4.1, '"request" err="Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln failed"')
  const { log } = await held(refused(), null, line)
  t.is(log?.lines[0]?.error, 'Authorization: Bearer … failed')
})
