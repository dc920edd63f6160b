import { HandshakeWatch, type SideTraffic } from './acme/side-evidence.ts'
import { OpenInput } from './capture/open-input.ts'
import { CaptureError } from './capture/reader.ts'
import type { Input } from './capture/source.ts'
import { readTimeline } from './capture/timeline.ts'
import type { Sink } from './core/sink.ts'
import { isoMicros, type Micros } from './core/time.ts'
import { DnsWatch } from './dns/watch.ts'
import type { BodyPolicy, HttpExchange } from './http/exchange.ts'
import { openHar, recognisesHar } from './http/har/har.ts'
import { linkTypeLabel } from './net/link-names.ts'
import { NetLayer } from './net/net.ts'
import { beginsQuic } from './net/quic.ts'
import { readKeyFile } from './operator-keys.ts'
import { compressionOf } from './platform/compression.ts'
import { breathe, filesIn, growingFile, isFolder, isRegularFile, nameOf, openFile, readBeside } from './platform/files.ts'
import { Protocols } from './protocols.ts'
import type { ReportInput } from './report/report.ts'
import type { Connection } from './tcp/connection.ts'
import { TcpLayer } from './tcp/tcp.ts'
import type { Handshake } from './tls/context.ts'
import { TlsLayer } from './tls/tls-layer.ts'

export interface ReadOptions {
  /** Paths of key logs, and of RSA private keys in PEM. */
  readonly keyLogs: readonly string[]
  readonly tlsKeys: readonly string[]
  readonly crossCheck: boolean
  /** Hash inputs of any size, not only those up to 64 MB. */
  readonly hash: boolean
  /** Called now and then with the bytes read so far, and in all when that is known. */
  readonly onProgress?: ((read: number, total: number | null) => void) | undefined
  /** Files that hold packets, and key logs, are read on while they grow. */
  readonly follow?: boolean | undefined
  /** Aborted: as if every input ended where it is. */
  readonly signal?: AbortSignal | undefined
}

export interface Reading {
  readonly inputs: ReportInput[]
  readonly connections: Connection[]
  /** Validation traffic besides HTTP. */
  readonly side: SideTraffic
  /** TLS handshakes that an alert ended. */
  readonly failedHandshakes: Handshake[]
  /** TLS secrets that the captures themselves carry, as key log text. */
  readonly secretsBlocks: readonly Uint8Array[]
  /** When the last packet was captured, or the last HAR entry was made; null when that is not known. */
  readonly end: Micros | null
}

/** Where exchanges go, and how much of their bodies is wanted. */
export interface Destination {
  readonly policy: BodyPolicy
  readonly sink: Sink<HttpExchange>
}

/** An input with its path, when it has one. */
interface Named {
  readonly open: OpenInput
  readonly path: string | null
  /** Null: a HAR. */
  readonly format: string | null
  /** Times of a HAR's entries; its packets are none. */
  readonly times: { first: number | null; last: number | null }
}

/** Failed handshakes that are kept. */
const MAX_FAILED_HANDSHAKES = 1000

/** pcapng 4.7: secrets type of a TLS key log. */
const TLS_KEY_LOG = 0x544c534b

/** Reads captures and HARs as one timeline, down to HTTP exchanges, which go to the sink as they complete. @throws CaptureError */
export async function readInputs(inputs: readonly Input[], options: ReadOptions, to: Destination): Promise<Reading> {
  const failedHandshakes: Handshake[] = []
  const handshakes = new HandshakeWatch()
  const dns = new DnsWatch()
  const tls = new TlsLayer({
    onHandshake(handshake) {
      handshakes.write(handshake)
      if (handshake.alerts.length > 0 && failedHandshakes.length < MAX_FAILED_HANDSHAKES) failedHandshakes.push(handshake)
    },
  })
  const keyLogs = loadSecrets(tls, options)
  const named = await openAll(inputs, options)
  const opened = named.map(({ open }) => open)
  const stop = () => opened.forEach((open) => void open.stop())
  options.signal?.addEventListener('abort', stop)
  const connections: Connection[] = []
  try {
    const pause = progressOf(opened, options)
    for (const input of named) if (input.format === null) await readHar(input, to, connections, pause)
    await readPackets(
      named.filter(({ format }) => format !== null),
      { tls, dns, keyLogs },
      to,
      connections,
      pause,
    )
  } finally {
    options.signal?.removeEventListener('abort', stop)
    keyLogs?.close()
    for (const open of opened) open.close()
  }
  const described: ReportInput[] = []
  for (const input of named) described.push(await describe(input, options))
  const ends = named.map(({ open, times }) => open.lastTime ?? times.last).filter((time) => time !== null)
  const side = { dns: dns.messages, handshakes: handshakes.handshakes }
  const secretsBlocks = opened.flatMap(({ facts }) =>
    facts.secrets.filter(({ type }) => type === TLS_KEY_LOG).map(({ data }) => data),
  )
  return {
    inputs: described,
    connections,
    side,
    failedHandshakes,
    secretsBlocks,
    end: ends.length === 0 ? null : Math.max(...ends),
  }
}

/** Key logs that are still written. */
interface GrowingKeyLogs {
  /** Reads what has been added. */
  poll(): void
  close(): void
}

/** Null when key logs are read once. */
function loadSecrets(tls: TlsLayer, { keyLogs, tlsKeys, follow }: ReadOptions): GrowingKeyLogs | null {
  const buffer = new Uint8Array(follow === true ? 64 * 1024 : 1024 * 1024)
  const opened = keyLogs.map((path) => ({ scanner: tls.keyLog(), file: openFile(path) }))
  const readOn = ({ scanner, file }: (typeof opened)[number]): boolean => {
    let any = false
    for (let octets = file.read(buffer, 0, buffer.length); octets > 0; octets = file.read(buffer, 0, buffer.length)) {
      scanner.write(buffer.subarray(0, octets))
      any = true
    }
    return any
  }
  const close = () => {
    for (const { scanner, file } of opened) {
      scanner.end()
      file.close()
    }
  }
  opened.forEach(readOn)
  if (follow !== true) close()
  for (const path of tlsKeys) {
    const [problem] = tls.addPrivateKeys(readKeyFile(path))
    if (problem !== undefined) throw new CaptureError(`${path}: ${problem}`)
  }
  if (follow !== true || opened.length === 0) return null
  return { poll: () => opened.forEach((one) => void (readOn(one) && one.scanner.settle())), close }
}

async function openAll(inputs: readonly Input[], { hash, follow, signal }: ReadOptions): Promise<Named[]> {
  const all = inputs.flatMap(expandFolder)
  const named: Named[] = []
  for (const [index, input] of all.entries()) {
    const path = typeof input === 'string' && input !== '-' ? input : null
    const name = path !== null ? nameOf(path) : input === '-' ? 'standard input' : `input ${index + 1}`
    let opened: OpenInput | undefined
    const source =
      follow === true && path !== null && mayGrow(path)
        ? growingFile(path, (how) => opened?.facts.damage.add('capture', 'limit', ENDINGS[how]), signal)
        : input
    const open = await naming(path ?? name, () => OpenInput.open(source, index, name, hash))
    opened = open
    if (open.format === null && !recognisesHar(open.head())) throw new CaptureError(`${path ?? name}: ${whatItIs(open.head())}`)
    named.push({ open, path, format: open.format, times: { first: null, last: null } })
  }
  return named
}

const ENDINGS = {
  cut: 'the file became shorter while it was followed; what was written after that was not read',
  replaced: 'another file took its name while it was followed; that one was not read',
  removed: 'the file was removed while it was followed',
} as const

/** Packets come one by one; a HAR and a compressed file are of use when they are whole. */
function mayGrow(path: string): boolean {
  if (!isRegularFile(path)) return false
  const head = headOf(path)
  return head.length < 4 || (OpenInput.recognises(head) && compressionOf(head) === null)
}

/** A folder is the captures in it. */
function expandFolder(input: Input): Input[] {
  if (typeof input !== 'string' || input === '-' || !isFolder(input)) return [input]
  const captures = filesIn(input).filter(isCapture)
  if (captures.length === 0) throw new CaptureError(`${input}: the folder holds no capture`)
  return captures
}

function isCapture(path: string): boolean {
  return OpenInput.recognises(headOf(path)) || /\.har$/i.test(path)
}

function headOf(path: string): Uint8Array {
  const head = new Uint8Array(64)
  const file = openFile(path)
  const octets = file.read(head, 0, head.length)
  file.close()
  return head.subarray(0, octets)
}

function whatItIs(head: Uint8Array): string {
  if (head.length === 0) return 'the input is empty'
  const hex = Array.from(head.subarray(0, 4), (octet) => octet.toString(16).padStart(2, '0')).join(' ')
  return `not a capture that is known (pcap, pcapng, HAR); it begins with the octets ${hex}`
}

/** Errors of an input say which one it is. */
async function naming<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CaptureError) throw new CaptureError(`${name}: ${error.message}`)
    throw error
  }
}

async function readPackets(
  named: readonly Named[],
  { tls, dns, keyLogs }: { readonly tls: TlsLayer; readonly dns: DnsWatch; readonly keyLogs: GrowingKeyLogs | null },
  { policy, sink }: Destination,
  connections: Connection[],
  pause: () => Promise<void> | null,
): Promise<void> {
  const protocols = new Protocols(tls, dns, policy, sink)
  const tcp = new TcpLayer(
    {
      recognise: (bytes, start, end, fromStart) => protocols.recognise(bytes, start, end, fromStart),
      open(connection) {
        connections.push(connection)
        return protocols.open(connection)
      },
    },
    () => connections.length,
  )
  const net = new NetLayer(tcp, (segment, bytes, start, end) => {
    if (beginsQuic(bytes, start, end))
      current?.facts.damage.add(
        'http',
        'unsupported',
        'packets that begin QUIC connections; HTTP/3 is not analysed',
        segment.frame,
      )
    else dns.datagram(segment, bytes, start, end)
  })
  const fed = new Map<OpenInput, number>()
  const feed = (input: OpenInput) => {
    const { secrets } = input.facts
    if (secrets.length === 0) return
    const known = fed.get(input) ?? 0
    if (secrets.length === known) return
    fed.set(input, secrets.length)
    for (const { type, data } of secrets.slice(known)) if (type === TLS_KEY_LOG) tls.addSecretsBlock(data)
  }
  // While any input that can carry secrets is open, connections without any wait for a while.
  const carrying = new Set(named.filter(({ format }) => format === 'pcapng' || keyLogs !== null).map(({ open }) => open))
  tls.beginInput(carrying.size > 0)
  let current: OpenInput | null = null
  let seenOctets = 0
  const sides = {
    frame(frame: OpenInput['frame'], input: OpenInput) {
      if (input !== current) net.beginInput(input.facts.damage)
      current = input
      feed(input)
      // new octets of the capture: the client that caused them wrote its secrets before
      if (keyLogs !== null && input.source.bytes !== seenOctets) {
        seenOctets = input.source.bytes
        keyLogs.poll()
      }
      net.write(frame)
    },
    ended(input: OpenInput) {
      feed(input)
      keyLogs?.poll()
      if (carrying.delete(input) && carrying.size === 0) tls.endInput()
    },
  }
  await readTimeline(
    named.map(({ open }) => open),
    sides,
    pause,
  )
  net.end()
}

async function readHar(
  { open, path, times }: Named,
  { policy, sink }: Destination,
  connections: Connection[],
  pause: () => Promise<void> | null,
): Promise<void> {
  const reader = await openHar({
    input: open.index,
    policy,
    sink: {
      write(exchange) {
        const time = exchange.request?.time ?? exchange.response?.time
        if (time !== undefined && (times.first === null || time < times.first)) times.first = time
        if (time !== undefined && (times.last === null || time > times.last)) times.last = time
        sink.write(exchange)
      },
      end() {},
    },
    damage: open.facts.damage,
    nextConnectionId: () => connections.length,
    onConnection: (connection) => connections.push(connection),
    readAttached: (name) => (path === null ? null : readBeside(path, name)),
  })
  await naming(path ?? open.name, async () => {
    for await (const chunk of open.chunks()) {
      reader.write(chunk)
      await pause()
    }
    reader.end()
  })
  const { creator, browser } = reader.facts
  if (creator !== null) open.facts.comments.push({ frame: null, text: `made by ${creator}` })
  if (browser !== null) open.facts.comments.push({ frame: null, text: `browser ${browser}` })
}

/** Between chunks: shows progress and gives signals their turn. */
function progressOf(opened: readonly OpenInput[], { onProgress, signal }: ReadOptions): () => Promise<void> | null {
  const total = opened.every(({ source }) => source.size !== null)
    ? opened.reduce((sum, { source }) => sum + (source.size ?? 0), 0)
    : null
  return () => {
    if (onProgress === undefined && signal === undefined) return null
    onProgress?.(
      opened.reduce((sum, { source }) => sum + source.bytes, 0),
      total,
    )
    return breathe()
  }
}

async function describe({ open, path, format, times }: Named, options: ReadOptions): Promise<ReportInput> {
  const { compression, facts } = open
  const readsTwice = options.crossCheck && format === 'pcap' && compression === null && path !== null && open.source.size !== null
  return {
    name: open.name,
    format: `${format ?? 'har'}${compression === null ? '' : `+${compression}`}`,
    bytes: open.source.bytes,
    sha256: open.source.sha256(),
    packets: open.packets,
    firstTime: isoMicros(open.firstTime ?? times.first),
    lastTime: isoMicros(open.lastTime ?? times.last),
    linkTypes: [...facts.linkTypes].map(linkTypeLabel),
    crossCheck: readsTwice ? await (await import('./capture/cross-check.ts')).crossCheck(path) : null,
    comments: [...facts.comments],
    damage: facts.damage.list(),
  }
}
