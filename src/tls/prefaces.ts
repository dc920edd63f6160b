import type { Micros } from '../core/time.ts'
import type { Connection, Mark, Recognition, Skipper, StreamPair, StreamSink } from '../tcp/connection.ts'

/** What a proxy or its client put in front of the connection proper. */
export interface Preface {
  readonly kind: 'PROXY protocol 1' | 'PROXY protocol 2' | 'SOCKS 5'
  /** "address:port" of the client behind the proxy; null when the preface does not tell. */
  readonly client: string | null
  /** "host:port" that the client wants to reach; null when the preface does not tell. */
  readonly target: string | null
}

/** Octets of a preface that are collected. PROXY protocol 2 could have more, but what proxies add to the addresses stays far below. */
export const MAX_PREFACE = 4096
/** https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt 2.1: the longest line of version 1. */
const MAX_LINE = 107
const SIGNATURE_1 = new TextEncoder().encode('PROXY ')
const SIGNATURE_2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
const SOCKS = 5

/** Whether a flow begins with the PROXY protocol (1 or 2) or with a SOCKS 5 greeting; both come from the client. */
export function recognisePreface(bytes: Uint8Array, start: number, end: number): Recognition {
  const first = bytes[start]
  if (first === SIGNATURE_1[0]) return matches(bytes, start, end, SIGNATURE_1)
  if (first === SIGNATURE_2[0]) return matches(bytes, start, end, SIGNATURE_2)
  return first === SOCKS ? recogniseSocks(bytes, start, end) : 'ignore'
}

/**
 * Takes the preface off and hands on what follows. `openInner` is called when the first octets behind it come; a PROXY preface has set
 * connection.client to the real client by then, and `onPreface` was told what was found.
 */
export function openPreface(
  connection: Connection,
  openInner: (connection: Connection) => StreamPair,
  onPreface: (connection: Connection, preface: Preface) => void = () => {},
): StreamPair {
  return new Prefaced(connection, openInner, onPreface)
}

function matches(bytes: Uint8Array, start: number, end: number, signature: Uint8Array): Recognition {
  const length = Math.min(signature.length, end - start)
  for (let i = 0; i < length; i++) if (bytes[start + i] !== signature[i]) return 'ignore'
  return length < signature.length ? 'more' : 'client'
}

/** RFC 1928 3: version, number of methods, methods; a first flight that holds anything else is another protocol's. */
function recogniseSocks(bytes: Uint8Array, start: number, end: number): Recognition {
  if (end - start < 2) return 'more'
  const methods = bytes[start + 1] as number
  if (methods === 0 || end - start > 2 + methods) return 'ignore'
  for (let i = start + 2; i < end; i++) if ((bytes[i] as number) > 9 && (bytes[i] as number) < 0x80) return 'ignore'
  return end - start < 2 + methods ? 'more' : 'client'
}

/** How a direction's preface is read: octets that it takes, null when more must come, -1 when it is none. */
type Reader = (bytes: Uint8Array, length: number) => number | null

class Prefaced implements StreamPair {
  readonly fromClient: StreamSink
  readonly fromServer: StreamSink
  readonly #connection: Connection
  readonly #openInner: (connection: Connection) => StreamPair
  readonly #onPreface: (connection: Connection, preface: Preface) => void
  #inner: StreamPair | null = null
  #broken = false
  #socks = false

  constructor(
    connection: Connection,
    openInner: (connection: Connection) => StreamPair,
    onPreface: (connection: Connection, preface: Preface) => void,
  ) {
    this.#connection = connection
    this.#openInner = openInner
    this.#onPreface = onPreface
    const open = (): StreamPair => this.#open()
    const fail = (): void => {
      this.#broken = true
    }
    this.fromClient = new Stripped(
      true,
      (bytes, length) => this.#readClient(bytes, length),
      () => open().fromClient,
      fail,
    )
    this.fromServer = new Stripped(
      false,
      (bytes, length) => this.#readServer(bytes, length),
      () => open().fromServer,
      fail,
    )
  }

  get finished(): boolean {
    return this.#broken || this.#inner?.finished === true
  }

  #open(): StreamPair {
    this.#inner ??= this.#openInner(this.#connection)
    return this.#inner
  }

  #readClient(bytes: Uint8Array, length: number): number | null {
    const first = bytes[0]
    if (first === SOCKS) {
      this.#socks = true
      return this.#readSocksClient(bytes, length)
    }
    const found = first === SIGNATURE_1[0] ? readProxy1(bytes, length) : readProxy2(bytes, length)
    if (found.preface !== null) this.#tell(found.preface)
    return found.size
  }

  /** RFC 1928 3 and 4, RFC 1929 2: greeting, user name and password if the server wants them, request. */
  #readSocksClient(bytes: Uint8Array, length: number): number | null {
    if (length < 2) return null
    let at = 2 + (bytes[1] as number)
    if (bytes[at] === 1 && at < length) {
      const user = at + 2 + (bytes[at + 1] ?? 0)
      at = user + 1 + (bytes[user] ?? 0)
      if (user >= length) return null
    }
    const size = socksMessageSize(bytes, at, length)
    if (size === null || size < 0) return size
    const target = socksAddress(bytes, at + 3)
    this.#tell({ kind: 'SOCKS 5', client: null, target })
    return at + size
  }

  /** RFC 1928 3 and 6, RFC 1929 2: method, answer to the password, reply. Only SOCKS makes the server say anything first. */
  #readServer(bytes: Uint8Array, length: number): number | null {
    if (!this.#socks) return 0
    if (length < 2) return null
    if (bytes[0] !== SOCKS) return -1
    const at = bytes[1] === 2 ? 4 : 2
    const size = socksMessageSize(bytes, at, length)
    return size === null || size < 0 ? size : at + size
  }

  #tell(preface: Preface): void {
    if (preface.client !== null) this.#connection.client = preface.client
    this.#onPreface(this.#connection, preface)
  }
}

/** One direction: collects its preface, then passes on. */
class Stripped implements StreamSink {
  readonly #read: Reader
  readonly #next: () => StreamSink
  readonly #fail: () => void
  #octets = new Uint8Array(0)
  /** What is missing before the preface, to be told whoever reads what follows. */
  #gapBefore: { readonly missing: number | null; readonly mark: Mark } | null = null
  #begun: boolean
  #done = false
  #failed = false

  /** `hasPreface`: the preface was recognised by its first octets here, so that whatever is missing is missing before it. */
  constructor(hasPreface: boolean, read: Reader, next: () => StreamSink, fail: () => void) {
    this.#begun = !hasPreface
    this.#read = read
    this.#next = next
    this.#fail = fail
  }

  data(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    if (this.#failed || start >= end) return
    this.#begun = true
    if (this.#done) {
      this.#next().data(bytes, start, end, mark)
      return
    }
    const before = this.#octets.length
    const octets = new Uint8Array(before + end - start)
    octets.set(this.#octets)
    octets.set(bytes.subarray(start, end), before)
    const size = this.#read(octets, octets.length)
    this.#octets = octets
    if (size === null && octets.length <= MAX_PREFACE) return
    if (size === null || size < 0) {
      this.#failed = true
      this.#fail()
    } else this.#pass(bytes, end - (octets.length - size), end, mark)
  }

  gap(missing: number | null, mark: Mark): void {
    if (this.#failed) return
    if (!this.#begun) {
      this.#gapBefore = { missing: this.#gapBefore === null ? missing : null, mark }
      return
    }
    // A preface of which a part is lost: whatever follows is looked at as it is.
    this.#done = true
    this.#next().gap(missing, mark)
  }

  end(how: 'fin' | 'rst' | 'capture', time: Micros): void {
    if (this.#failed) return
    this.#tellGap()
    this.#next().end(how, time)
  }

  skipper(): Skipper | null {
    return this.#done && !this.#failed ? (this.#next().skipper?.() ?? null) : null
  }

  #pass(bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    this.#done = true
    this.#octets = new Uint8Array(0)
    this.#tellGap()
    if (start < end) this.#next().data(bytes, start, end, mark)
  }

  #tellGap(): void {
    const gap = this.#gapBefore
    this.#gapBefore = null
    if (gap !== null) this.#next().gap(gap.missing, gap.mark)
  }
}

interface Found {
  readonly size: number | null
  readonly preface: Preface | null
}

const MORE: Found = { size: null, preface: null }
const NONE: Found = { size: -1, preface: null }

/** "PROXY TCP4 192.0.2.1 198.51.100.1 40000 443", ended by CR LF. */
function readProxy1(bytes: Uint8Array, length: number): Found {
  const end = bytes.subarray(0, Math.min(length, MAX_LINE)).indexOf(0x0a)
  if (end < 0) return length < MAX_LINE ? MORE : NONE
  const words = new TextDecoder().decode(bytes.subarray(0, end)).trim().split(' ')
  const [, family, source, destination, sourcePort, destinationPort] = words
  const told = (family === 'TCP4' || family === 'TCP6') && destinationPort !== undefined
  return {
    size: end + 1,
    preface: {
      kind: 'PROXY protocol 1',
      client: told ? endpoint(source ?? '', sourcePort ?? '') : null,
      target: told ? endpoint(destination ?? '', destinationPort) : null,
    },
  }
}

/** Signature, version and command, family and transport, length of the rest, addresses, and other things that are passed over. */
function readProxy2(bytes: Uint8Array, length: number): Found {
  if (length < 16) return MORE
  const size = 16 + u16(bytes, 14)
  if (size > length) return MORE
  const family = (bytes[13] as number) >> 4
  const octets = family === 1 ? 4 : family === 2 ? 16 : 0
  // Command 0 is LOCAL: the proxy speaks for itself, as in its health checks.
  const told = ((bytes[12] as number) & 0x0f) === 1 && octets > 0 && size >= 16 + 2 * octets + 4
  const at = (from: number, port: number): string =>
    endpoint(addressText(bytes.subarray(from, from + octets)), String(u16(bytes, port)))
  const ports = 16 + 2 * octets
  return {
    size,
    preface: {
      kind: 'PROXY protocol 2',
      client: told ? at(16, ports) : null,
      target: told ? at(16 + octets, ports + 2) : null,
    },
  }
}

/** Size of a SOCKS 5 request or reply at `at` (RFC 1928 4, 6); null when more must come, -1 when it is none. */
function socksMessageSize(bytes: Uint8Array, at: number, length: number): number | null {
  if (at + 5 > length) return at < length && bytes[at] !== SOCKS ? -1 : null
  const type = bytes[at + 3]
  const address = type === 1 ? 4 : type === 4 ? 16 : type === 3 ? 1 + (bytes[at + 4] as number) : -1
  if (bytes[at] !== SOCKS || address < 0) return -1
  const size = 4 + address + 2
  return at + size > length ? null : size
}

function socksAddress(bytes: Uint8Array, at: number): string {
  const type = bytes[at]
  const name = type === 3 ? at + 2 : at + 1
  const end = type === 1 ? name + 4 : type === 4 ? name + 16 : name + (bytes[at + 1] as number)
  const octets = bytes.subarray(name, end)
  return endpoint(type === 3 ? new TextDecoder().decode(octets) : addressText(octets), String(u16(bytes, end)))
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

function endpoint(address: string, port: string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** An IPv4 or IPv6 address in text; a URL shortens the latter as RFC 5952 wants. */
function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.')
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(u16(octets, i).toString(16))
  return new URL(`tcp://[${groups.join(':')}]`).hostname.slice(1, -1)
}
