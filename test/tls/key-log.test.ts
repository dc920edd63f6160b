import test from 'ava'
import { KeyLogScanner } from '../../src/tls/key-log.ts'
import { SECRET, type SecretKind, SecretStore } from '../../src/tls/secrets.ts'
import { text } from './recording.ts'
import { hex } from './sealing.ts'

const R = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const S = 'f00112233445566778899aabbccddeeff00112233445566778899aabbccddee1'
const S48 = `${S}0123456789abcdef0123456789abcdef`

interface Row {
  readonly name: string
  readonly log: string
  /** Key, kind and secret that must be found afterwards. */
  readonly found?: readonly (readonly [key: string, kind: SecretKind, secret: string])[]
  readonly broken?: number
}

const ALL_13 = (log: string): Row['found'] => [
  ...(
    [
      ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', SECRET.clientHandshake],
      ['SERVER_HANDSHAKE_TRAFFIC_SECRET', SECRET.serverHandshake],
      ['CLIENT_TRAFFIC_SECRET_0', SECRET.clientTraffic],
      ['SERVER_TRAFFIC_SECRET_0', SECRET.serverTraffic],
      ['CLIENT_EARLY_TRAFFIC_SECRET', SECRET.clientEarly],
    ] as const
  )
    .filter(([label]) => log.includes(label))
    .map(([, kind]) => [R, kind, S] as const),
]

const FIVE =
  `CLIENT_EARLY_TRAFFIC_SECRET ${R} ${S}\nCLIENT_HANDSHAKE_TRAFFIC_SECRET ${R} ${S}\nSERVER_HANDSHAKE_TRAFFIC_SECRET ${R} ${S}\n` +
  `CLIENT_TRAFFIC_SECRET_0 ${R} ${S}\nSERVER_TRAFFIC_SECRET_0 ${R} ${S}\n`

const ROWS: Row[] = [
  { name: 'RFC 9850 2: labels of TLS 1.3', log: FIVE, found: ALL_13(FIVE) ?? [] },
  { name: 'RFC 9850 2.2: TLS 1.2', log: `CLIENT_RANDOM ${R} ${S48}\n`, found: [[R, SECRET.master, S48]] },
  { name: 'SHA-384 secrets', log: `CLIENT_TRAFFIC_SECRET_0 ${R} ${S48}\n`, found: [[R, SECRET.clientTraffic, S48]] },
  { name: 'upper case', log: `CLIENT_RANDOM ${R.toUpperCase()} ${S48.toUpperCase()}\n`, found: [[R, SECRET.master, S48]] },
  { name: 'CR LF', log: `# made by hand\r\nCLIENT_RANDOM ${R} ${S48}\r\n`, found: [[R, SECRET.master, S48]] },
  { name: 'no line end at the end', log: `CLIENT_RANDOM ${R} ${S48}`, found: [[R, SECRET.master, S48]] },
  { name: 'a comment', log: `# CLIENT_RANDOM ${R} ${S48}\n` },
  { name: 'wolfSSL leaves _0 out', log: `SERVER_TRAFFIC_SECRET ${R} ${S}\n`, found: [[R, SECRET.serverTraffic, S]] },
  {
    name: 'unknown labels',
    log: `EXPORTER_SECRET ${R} ${S}\nCLIENT_TRAFFIC_SECRET_1 ${R} ${S}\nQUIC_CLIENT_TRAFFIC_SECRET_0 ${R} ${S}\nECH_SECRET ${R} ${S}\n`,
  },
  { name: 'RSA', log: `RSA 0123456789abcdef ${S48}\n`, found: [['0123456789abcdef', SECRET.rsaPremaster, S48]] },
  {
    name: 'RSA Session-ID and Master-Key',
    log: `RSA Session-ID:${R} Master-Key:${S48}\n`,
    found: [[R, SECRET.sessionMaster, S48]],
  },
  { name: 'PMS_CLIENT_RANDOM', log: `PMS_CLIENT_RANDOM ${R} ${S}\n`, found: [[R, SECRET.premaster, S]] },
  {
    name: 'syslog, several in one line (HAProxy)',
    log: `<134>Nov 25 02:00:00 lb haproxy[7]: 10.0.0.1 CLIENT_HANDSHAKE_TRAFFIC_SECRET ${R} ${S}#012SERVER_TRAFFIC_SECRET_0 ${R} ${S}\n`,
    found: [
      [R, SECRET.clientHandshake, S],
      [R, SECRET.serverTraffic, S],
    ],
  },
  {
    name: 'JSON with escaped line ends',
    log: `{"keys":"CLIENT_RANDOM ${R} ${S48}\\nCLIENT_TRAFFIC_SECRET_0 ${R} ${S}"}\n`,
    found: [
      [R, SECRET.master, S48],
      [R, SECRET.clientTraffic, S],
    ],
  },
  { name: 'a short secret', log: `CLIENT_RANDOM ${R} ${S48.slice(2)}\n`, broken: 1 },
  { name: 'an odd number of digits', log: `CLIENT_TRAFFIC_SECRET_0 ${R} ${S}0\n`, broken: 1 },
  { name: 'a short client random', log: `CLIENT_RANDOM ${R.slice(2)} ${S48}\n`, broken: 1 },
  {
    name: 'a cut last line',
    log: `CLIENT_RANDOM ${R} ${S48}\nSERVER_TRAFFIC_SECRET_0 ${R} ${S.slice(9)}`,
    found: [[R, SECRET.master, S48]],
    broken: 1,
  },
  { name: 'prose', log: 'The CLIENT_RANDOM label, then an RSA key and a SERVER_TRAFFIC_SECRET_0\nof no value. RSA 12 34\n' },
  {
    name: 'the later of two',
    log: `CLIENT_RANDOM ${R} ${S48}\nCLIENT_RANDOM ${R} ${S48.replace('f0', '0f')}\n`,
    found: [[R, SECRET.master, S48.replace('f0', '0f')]],
  },
]

function scan(parts: readonly Uint8Array[], blocks = false): { store: SecretStore; scanner: KeyLogScanner } {
  const store = new SecretStore()
  const scanner = new KeyLogScanner(store, 'keylog')
  for (const part of parts) {
    scanner.write(part)
    if (blocks) scanner.settle()
  }
  scanner.end()
  return { store, scanner }
}

function secret(store: SecretStore, key: string, kind: SecretKind): string | null {
  const octets = Buffer.from(key, 'hex')
  const found = store.secretOf(store.entryOf(octets, 0, octets.length), kind)
  return found === null ? null : hex(found)
}

for (const { name, log, found = [], broken = 0 } of ROWS)
  test(`${name}, cut in two anywhere`, (t) => {
    const octets = text(log)
    for (let cut = 0; cut <= octets.length; cut++) {
      const { store, scanner } = scan([octets.subarray(0, cut), octets.subarray(cut)])
      for (const [key, kind, expected] of found) t.is(secret(store, key, kind), expected)
      t.is(store.size, new Set(found.map(([key, kind]) => key + kind)).size)
      t.is(scanner.broken, broken)
      t.is(scanner.used, name === 'the later of two' ? 2 : found.length)
    }
  })

test('all of it in one text, one octet a time, and as blocks that end anywhere', (t) => {
  const whole = text(ROWS.map(({ log }) => `${log}\n`).join(''))
  const once = scan([whole])
  for (const blocks of [false, true]) {
    const { store, scanner } = scan(
      [...whole].map((octet) => Uint8Array.of(octet)),
      blocks,
    )
    t.is(store.size, once.store.size)
    t.is(scanner.broken, once.scanner.broken)
    t.is(secret(store, R, SECRET.serverTraffic), S)
  }
})

test('a block that ends without a line end is used at once, and its last line may still go on', (t) => {
  const store = new SecretStore()
  const scanner = new KeyLogScanner(store, 'dsb')
  scanner.write(text(`CLIENT_RANDOM ${R} ${S48}`))
  scanner.settle()
  t.is(secret(store, R, SECRET.master), S48)
  scanner.write(text(`\nSERVER_TRAFFIC_SECRET_0 ${R} ${S.slice(0, 20)}`))
  scanner.settle()
  t.is(secret(store, R, SECRET.serverTraffic), null)
  scanner.write(text(`${S.slice(20)}\n`))
  t.is(secret(store, R, SECRET.serverTraffic), S)
  t.is(scanner.broken, 0)
  const random = Buffer.from(R, 'hex')
  t.is(store.originOf(store.entryOf(random, 0, 32), SECRET.master), 'dsb')
})

test('a hundred thousand client randoms are all found again', (t) => {
  const store = new SecretStore()
  const scanner = new KeyLogScanner(store, 'keylog')
  const random = (i: number) => (i * 2654435761).toString(16).padStart(16, '0').repeat(4).slice(0, 64)
  for (let i = 0; i < 100_000; i += 1000)
    scanner.write(text(Array.from({ length: 1000 }, (_, j) => `CLIENT_RANDOM ${random(i + j)} ${S48}\n`).join('')))
  scanner.end()
  t.is(store.entries, 100_000)
  t.is(scanner.used, 100_000)
  for (let i = 0; i < 100_000; i += 777) t.is(secret(store, random(i), SECRET.master), S48)
  t.is(secret(store, 'ff'.repeat(32), SECRET.master), null)
})

test('a text without key lines keeps next to nothing, and its time does not grow with the length of a line', (t) => {
  const store = new SecretStore()
  const scanner = new KeyLogScanner(store, 'keylog')
  const digits = text('0123456789abcdef'.repeat(4096))
  scanner.write(text('CLIENT_RANDOM '))
  for (let i = 0; i < 200; i++) scanner.write(digits)
  scanner.end()
  t.is(store.size, 0)
  t.is(scanner.broken, 1)
})
