import type * as tls from 'node:tls'
import test from 'ava'
import type { Mark } from '../../src/tcp/connection.ts'
import { MAX_FAILURES, MAX_SKIPPED } from '../../src/tls/direction.ts'
import { MAX_TRIALS, MAX_TRIALS_RUN, MAX_UNKNOWN_RECORDS } from '../../src/tls/trial.ts'
import { type Heads, Listener, push } from './playing.ts'
import { type Chunk, join, type Recording, record, text } from './recording.ts'
import {
  clientHello,
  fromClient,
  fromServer,
  message,
  SELECTS_13,
  Session,
  SUPPORTS_13,
  serverHello,
  record as tlsRecord,
  u8s,
} from './sealing.ts'

interface Piece {
  readonly bytes: Uint8Array | null
  readonly missing: number | null
}

/** One direction of a recording with the octets [from, to) not captured, cut into segments of some length. */
function withHole(octets: Uint8Array, from: number, to: number, segment = 1400): Piece[] {
  const pieces: Piece[] = []
  const add = (start: number, end: number) => {
    for (let at = start; at < end; at += segment)
      pieces.push({ bytes: octets.subarray(at, Math.min(end, at + segment)), missing: null })
  }
  add(0, from)
  if (to > from) pieces.push({ bytes: null, missing: to - from })
  add(to, octets.length)
  return pieces
}

function direction(chunks: readonly Chunk[], client: boolean): Uint8Array {
  return join(chunks.filter(({ fromClient: said }) => said === client).map(({ bytes }) => bytes))
}

/** Plays both directions, the server's first hello before the client's rest: as much order as TLS needs. */
function playDirections(listener: Listener, client: readonly Piece[], server: readonly Piece[]): Heads {
  const { heads, pair } = listener.open()
  let frame = 0
  const feed = (fromClientSide: boolean, piece: Piece) => {
    const mark: Mark = { input: 0, frames: [++frame], time: frame }
    if (piece.bytes !== null) push(pair, fromClientSide, piece.bytes, mark)
    else (fromClientSide ? pair.fromClient : pair.fromServer).gap(piece.missing, mark)
  }
  const longest = Math.max(client.length, server.length)
  for (let i = 0; i < longest; i++) {
    const [said, answered] = [client[i], server[i]]
    if (said !== undefined) feed(true, said)
    if (answered !== undefined) feed(false, answered)
  }
  pair.fromClient.end('fin', frame)
  pair.fromServer.end('fin', frame)
  return heads
}

/** Starts of the records in a direction. */
function recordStarts(octets: Uint8Array): number[] {
  const starts: number[] = []
  for (let at = 0; at < octets.length; at += 5 + (((octets[at + 3] as number) << 8) | (octets[at + 4] as number))) starts.push(at)
  return starts
}

const LINES = Array.from({ length: 40 }, (_, i) => text(`line ${String(i).padStart(2, '0')} ${'.'.repeat(20 + i * 9)}\n`))
interface Protection {
  readonly name: string
  readonly ciphers: string
  readonly version: tls.SecureVersion
  /** Octets by which a record is longer than its content; null when padding hides it. */
  readonly overhead: number | null
  /** SSL_OP_ flags of OpenSSL. */
  readonly options?: number
}

const PROTECTIONS: readonly Protection[] = [
  { name: 'AES-GCM in TLS 1.3', ciphers: 'TLS_AES_128_GCM_SHA256', version: 'TLSv1.3', overhead: 22 },
  { name: 'ChaCha20 in TLS 1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256', version: 'TLSv1.3', overhead: 22 },
  { name: 'AES-GCM in TLS 1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', version: 'TLSv1.2', overhead: 29 },
  { name: 'ChaCha20 in TLS 1.2', ciphers: 'ECDHE-RSA-CHACHA20-POLY1305', version: 'TLSv1.2', overhead: 21 },
  { name: 'AES-CCM in TLS 1.2', ciphers: 'DHE-RSA-AES128-CCM', version: 'TLSv1.2', overhead: 29 },
  { name: 'AES-CBC, explicit IV', ciphers: 'ECDHE-RSA-AES128-SHA256', version: 'TLSv1.2', overhead: null },
  { name: 'AES-CBC, chained IV', ciphers: 'ECDHE-RSA-AES128-SHA', version: 'TLSv1', overhead: null },
  {
    name: 'AES-CBC, chained IV, MAC before encryption',
    ciphers: 'AES128-SHA',
    version: 'TLSv1',
    overhead: null,
    options: 1 << 19,
  },
]

async function recordLines(ciphers: string, version: tls.SecureVersion, secureOptions = 0): Promise<Recording> {
  const tls13 = version === 'TLSv1.3'
  const both = { ciphers: tls13 ? ciphers : `${ciphers}:@SECLEVEL=0`, minVersion: version, maxVersion: version, secureOptions }
  const dh = { dhparam: 'auto' as unknown as string }
  return await record({ server: { ...both, ...dh }, client: both, turns: LINES })
}

for (const { name, ciphers, version, overhead, options } of PROTECTIONS)
  test(`a gap costs the records it hits and no more: ${name}`, async (t) => {
    const recording = await recordLines(ciphers, version, options)
    const client = direction(recording.chunks, true)
    const server = direction(recording.chunks, false)
    const starts = recordStarts(client)
    // Some record in the middle of the data: behind the handshake, before close_notify.
    const first = starts.length - 25
    const holes: [from: number, to: number][] = []
    for (const lost of [1, 3, 12])
      for (const offset of [0, 1, 4, 5, 9, 40]) {
        const from = (starts[first] as number) + offset
        holes.push([from, starts[first + lost] as number], [from, (starts[first + lost] as number) + 3])
      }
    holes.push([(starts[first] as number) + 6, (starts[first] as number) + 8])
    for (const [i, [from, to]] of holes.filter(([start, end]) => start < end).entries()) {
      const hit = starts.filter((start, n) => start < to && (starts[n + 1] ?? client.length) > from)
      const [begin, end] = [starts.indexOf(hit[0] as number), starts.indexOf(hit.at(-1) as number)]
      for (const segment of i % 6 === 0 ? [1400, 11] : [1400]) {
        const listener = new Listener(recording.keyLog)
        const heads = playDirections(listener, withHole(client, from, to, segment), withHole(server, 0, 0))
        // TLS 1.0: the record behind the gap has no IV unless the end of the one before it was seen; every other record is empty.
        const spare = version === 'TLSv1' ? 2 : 0
        const most = (starts[end + 1 + spare] as number) - (starts[begin] as number)
        const lost = recording.sent.length - heads.client.bytes.length
        if (lost < (spare > 0 ? 0 : 1) || lost > most) t.fail(`${from}-${to}: ${lost} of at most ${most}`)
        t.true(heads.client.parts.every((part) => Buffer.from(recording.sent).includes(Buffer.from(part))))
        t.is(heads.server.bytes.length, recording.answered.length)
        t.is(heads.client.gaps.length, 1)
        t.is(heads.client.gaps[0], overhead === null ? null : lost)
        t.is(heads.client.ended, 'fin')
      }
    }
  })

test('a gap at the end of the data is still told', async (t) => {
  const recording = await recordLines('TLS_AES_128_GCM_SHA256', 'TLSv1.3')
  const client = direction(recording.chunks, true)
  const starts = recordStarts(client)
  const from = starts.at(-4) as number
  const heads = playDirections(
    new Listener(recording.keyLog),
    withHole(client, from, client.length),
    withHole(direction(recording.chunks, false), 0, 0),
  )
  t.deepEqual(heads.client.gaps, [null])
})

for (const { name, ciphers, version } of PROTECTIONS.filter((row) => row.version === 'TLSv1.3'))
  test(`joined late, both directions cut anywhere: ${name}`, async (t) => {
    const recording = await recordLines(ciphers, version)
    const client = direction(recording.chunks, true)
    const server = direction(recording.chunks, false)
    const other = new Session().keyLog()
    for (const share of [0.3, 0.5, 0.77]) {
      const cut = (octets: Uint8Array) => [
        { bytes: null, missing: null },
        ...withHole(octets.subarray(Math.floor(octets.length * share)), 0, 0, 300),
      ]
      for (const swapped of [false, true]) {
        const listener = new Listener(other + recording.keyLog)
        const heads = swapped
          ? playDirections(listener, cut(server), cut(client))
          : playDirections(listener, cut(client), cut(server))
        t.true(recording.sent.length > heads.client.bytes.length)
        t.true(Buffer.from(recording.sent).includes(Buffer.from(heads.client.bytes)))
        t.true(heads.client.bytes.length > recording.sent.length * (1 - share) * 0.8)
        t.true(Buffer.from(recording.answered).includes(Buffer.from(heads.server.bytes)))
        t.true(heads.server.bytes.length > recording.answered.length * (1 - share) * 0.8)
        t.is(heads.client.gaps[0], null)
        t.like(heads.connection, swapped ? { client: '10.0.0.2:443', server: '10.0.0.1:40000' } : { client: '10.0.0.1:40000' })
        t.like(heads.connection.tls, {
          version: 'TLSv1.3',
          cipherSuite: ciphers,
          decrypted: true,
          secrets: 'keylog',
          reason: null,
        })
      }
    }
  })

test('a connection that was joined late and does not open says so', async (t) => {
  const tls13 = await recordLines('TLS_AES_128_GCM_SHA256', 'TLSv1.3')
  const tls12 = await recordLines('ECDHE-RSA-AES128-GCM-SHA256', 'TLSv1.2')
  const late = ({ chunks }: Recording, client: boolean) => {
    const octets = direction(chunks, client)
    return [{ bytes: null, missing: null }, ...withHole(octets.subarray(Math.floor(octets.length / 2)), 0, 0)]
  }
  const rows = [
    [tls13, '', 'its handshake was not captured, and no key log was given'],
    [
      tls13,
      new Session().keyLog(),
      'its handshake was not captured, and no secret in the key log opens its records (1 entries, at most 10000 attempts a record)',
    ],
    [
      tls12,
      tls12.keyLog,
      'its handshake was not captured, and no secret in the key log opens its records (1 entries, at most 10000 attempts a record)',
    ],
  ] as const
  for (const [recording, keyLog, reason] of rows) {
    const listener = new Listener(keyLog)
    const heads = playDirections(listener, late(recording, true), late(recording, false))
    t.is(heads.connection.tls?.reason, reason)
    t.is(heads.client.bytes.length + heads.server.bytes.length, 0)
    t.is(listener.layer.doctor.list()[0]?.cause, 'joined-late')
  }
})

/** The recording without its first octets in one direction. */
function withoutStart(recording: Recording, client: boolean, octets: number): [Piece[], Piece[]] {
  const side = (which: boolean) => {
    const all = direction(recording.chunks, which)
    return which === client ? withHole(all, 0, octets, 500) : withHole(all, 0, 0, 500)
  }
  return [side(true), side(false)]
}

for (const { name, ciphers, version } of PROTECTIONS.filter((row) => row.version !== 'TLSv1'))
  test(`a hello that was lost: ${name}`, async (t) => {
    const recording = await recordLines(ciphers, version)
    const tls13 = version === 'TLSv1.3'
    const lost = (client: boolean) => recordStarts(direction(recording.chunks, client))[1] as number
    const others = new Session().keyLog()
    const noClientHello = playDirections(new Listener(others + recording.keyLog), ...withoutStart(recording, true, lost(true)))
    t.is(noClientHello.client.bytes.length, recording.sent.length)
    t.is(noClientHello.server.bytes.length, recording.answered.length)
    t.true(noClientHello.connection.tls?.decrypted)

    const noServerHello = playDirections(new Listener(others + recording.keyLog), ...withoutStart(recording, false, lost(false)))
    if (tls13) {
      t.is(noServerHello.client.bytes.length, recording.sent.length)
      t.is(noServerHello.server.bytes.length, recording.answered.length)
      t.is(noServerHello.connection.tls?.cipherSuite, ciphers)
    } else {
      t.is(noServerHello.client.bytes.length, 0)
      t.is(
        noServerHello.connection.tls?.reason,
        'its ServerHello was not captured: the keys of TLS 1.2 cannot be made without the server random',
      )
    }
  })

test('TLS 1.3: parts of the encrypted handshake that were lost cost no data', async (t) => {
  const recording = await recordLines('TLS_AES_256_GCM_SHA384', 'TLSv1.3')
  const server = direction(recording.chunks, false)
  const starts = recordStarts(server)
  // Behind ServerHello and ChangeCipherSpec: EncryptedExtensions up to Finished.
  for (const [from, to] of [
    [starts[2], starts[3]],
    [(starts[2] as number) + 30, (starts[4] as number) + 2],
    [starts[3], starts[5]],
    [(starts[4] as number) + 1, (starts[5] as number) + 9],
    [starts[2], starts[6]],
  ] as [number, number][]) {
    const heads = playDirections(
      new Listener(recording.keyLog),
      withHole(direction(recording.chunks, true), 0, 0),
      withHole(server, from, to, 200),
    )
    t.is(heads.client.bytes.length, recording.sent.length)
    t.is(heads.server.bytes.length, recording.answered.length)
  }
  const client = direction(recording.chunks, true)
  const finished = recordStarts(client)[2] as number
  const heads = playDirections(new Listener(recording.keyLog), withHole(client, finished, finished + 30), withHole(server, 0, 0))
  t.is(heads.client.bytes.length, recording.sent.length)
})

test('TLS 1.2: a ChangeCipherSpec that was lost costs no data', async (t) => {
  const recording = await recordLines('ECDHE-RSA-AES128-GCM-SHA256', 'TLSv1.2')
  for (const side of [true, false]) {
    const octets = direction(recording.chunks, side)
    const ccs = recordStarts(octets).find((start) => octets[start] === 20) as number
    const holed = withHole(octets, ccs, ccs + 6, 100)
    const whole = withHole(direction(recording.chunks, !side), 0, 0, 100)
    const heads = playDirections(new Listener(recording.keyLog), side ? holed : whole, side ? whole : holed)
    t.is(heads.client.bytes.length, recording.sent.length)
    t.is(heads.server.bytes.length, recording.answered.length)
  }
})

/** A connection made by hand of which some records in the middle are not there. */
function skipping(records: number, missing: number | null): Heads {
  const session = new Session()
  const listener = new Listener(session.keyLog())
  const { heads, pair } = listener.open()
  const mark = { input: 0, frames: [1], time: 1 }
  for (const { fromClient: client, bytes } of [...session.handshake(), session.said('first ')]) push(pair, client, bytes, mark)
  session.client.sequence += records
  pair.fromClient.gap(missing, mark)
  for (let i = 0; i < 3; i++) push(pair, true, session.said(`last ${i} `).bytes, mark)
  pair.fromClient.end('fin', 2)
  pair.fromServer.end('fin', 2)
  return heads
}

test('the search for the sequence number is bounded', (t) => {
  t.is(skipping(MAX_SKIPPED, null).client.text, 'first last 0 last 1 last 2 ')
  t.is(skipping(MAX_SKIPPED + 3, null).client.text, 'first ')
  t.is(skipping(50, 50 * 30).client.text, 'first last 0 last 1 last 2 ')
  t.deepEqual(skipping(50, 50 * 30).client.gaps, [50 * 8])
  t.deepEqual(skipping(50, null).client.gaps, [null])
})

test('a direction that never opens again is given up', (t) => {
  const session = new Session()
  const chunks = [...session.handshake(), session.said('first ')]
  for (let i = 0; i < MAX_FAILURES + 20; i++) {
    const { bytes } = session.said(`record ${i}`)
    bytes[9] = (bytes[9] as number) ^ 1
    chunks.push(fromClient(bytes))
  }
  chunks.push(session.said('last'))
  const heads = new Listener(session.keyLog()).play(chunks)
  t.is(heads.client.text, 'first ')
  t.true(heads.connection.damage.some(({ kind, count }) => kind === 'undecrypted' && count >= MAX_FAILURES - 1))
  t.is(heads.connection.tls?.reason?.includes('does not fit'), true)
})

test('one altered record is lost alone', (t) => {
  const session = new Session()
  const chunks = [...session.handshake(), session.said('first ')]
  const { bytes } = session.said('altered')
  bytes[9] = (bytes[9] as number) ^ 1
  chunks.push(fromClient(bytes), session.said('last'))
  const heads = new Listener(session.keyLog()).play(chunks)
  t.is(heads.client.text, 'first last')
  t.is(heads.client.gaps.length, 1)
  t.true(heads.connection.damage.some(({ kind }) => kind === 'undecrypted'))
})

test('a KeyUpdate that was lost is found', (t) => {
  const session = new Session()
  const listener = new Listener(session.keyLog())
  const { heads, pair } = listener.open()
  const mark = { input: 0, frames: [1], time: 1 }
  for (const { fromClient: client, bytes } of [...session.handshake(), session.said('first ')]) push(pair, client, bytes, mark)
  const lost = session.client.seal(22, message(24, u8s(0)))
  session.client.update()
  pair.fromClient.gap(lost.length, mark)
  push(pair, true, session.said('last').bytes, mark)
  t.is(heads.client.text, 'first last')
  t.deepEqual(heads.client.gaps, [null])
})

test('hostile streams end, and in reasonable time', (t) => {
  const session = new Session()
  const hello = [fromClient(tlsRecord(22, clientHello([SUPPORTS_13]))), fromServer(tlsRecord(22, serverHello([SELECTS_13])))]
  let seed = 1
  const next = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return seed >> 16
  }
  const noise = (length: number) => Uint8Array.from({ length }, next)
  const headers = join(Array.from({ length: 3000 }, () => u8s(23, 3, 3, 0, 20)))
  for (const octets of [noise(100_000), headers, join([headers, noise(50_000)])]) {
    const listener = new Listener(session.keyLog())
    const { heads, pair } = listener.open()
    for (const { fromClient: client, bytes } of hello) push(pair, client, bytes, { input: 0, frames: [1], time: 1 })
    for (const side of [true, false]) {
      const sink = side ? pair.fromClient : pair.fromServer
      for (let at = 0; at < octets.length; at += 1400) {
        if (at % 9800 === 0) sink.gap(at % 19600 === 0 ? null : 1400, { input: 0, frames: [2], time: 2 })
        push(pair, side, octets.subarray(at, at + 1400), { input: 0, frames: [3], time: 3 })
      }
      sink.end('capture', 4)
    }
    t.is(heads.client.bytes.length + heads.server.bytes.length, 0)
    t.false(heads.connection.tls?.decrypted)
  }
})

test('all searches of a run share one bound', (t) => {
  const session = new Session()
  const nothing = { bytes: null, missing: null }
  const late = (bytes: Uint8Array) => [nothing, ...Array.from({ length: MAX_UNKNOWN_RECORDS }, () => ({ bytes, missing: null }))]
  session.client.sequence = 40
  const own = late(session.said('found').bytes)
  const foreign = late(new Session(new Uint8Array(32).fill(7)).said('of another connection').bytes)
  t.is(playDirections(new Listener(session.keyLog()), own, [nothing]).client.text.slice(0, 5), 'found')
  const listener = new Listener(session.keyLog())
  for (let spent = 0; spent < MAX_TRIALS_RUN; spent += MAX_TRIALS * MAX_UNKNOWN_RECORDS)
    playDirections(listener, foreign, [nothing])
  t.is(playDirections(listener, own, [nothing]).client.text, '')
})

test('streams altered, cut and holed at random give nothing that was not sent', async (t) => {
  let seed = 7
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % limit
  }
  for (const { ciphers, version, options } of PROTECTIONS) {
    const recording = await recordLines(ciphers, version, options)
    const [sent, answered] = [Buffer.from(recording.sent), Buffer.from(recording.answered)]
    for (let run = 0; run < 12; run++) {
      const { heads, pair } = new Listener(recording.keyLog).open()
      for (const [i, { fromClient: client, bytes }] of recording.chunks.entries()) {
        const sink = client ? pair.fromClient : pair.fromServer
        const mark = { input: 0, frames: [i], time: i }
        const fate = below(25)
        const kept = fate === 0 ? below(bytes.length) : bytes.length
        const octets = bytes.slice(0, kept)
        const at = below(octets.length + 1)
        if (fate === 1 && at < kept) octets[at] = (octets[at] as number) ^ (1 << below(8))
        push(pair, client, octets.subarray(0, at), mark)
        push(pair, client, octets.subarray(at), mark)
        if (kept < bytes.length) sink.gap(bytes.length - kept, mark)
      }
      pair.fromClient.end('fin', 1e6)
      pair.fromServer.end('fin', 1e6)
      t.true(heads.client.parts.every((part) => sent.includes(Buffer.from(part))))
      t.true(heads.server.parts.every((part) => answered.includes(Buffer.from(part))))
      t.true(heads.client.ended !== null || heads.connection.tls?.decrypted === false || heads.server.ended !== null)
    }
  }
})
