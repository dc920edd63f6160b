import { Cursor, Truncated } from '../core/bytes.ts'
import { cipherSuite as describeSuite } from './cipher-suites.ts'
import { copyRange } from './copy.ts'
import { TLS12, TLS13 } from './versions.ts'

/** Extension numbers (https://www.iana.org/assignments/tls-extensiontype-values). */
const EXTENSION = {
  serverName: 0,
  truncatedHmac: 4,
  alpn: 16,
  encryptThenMac: 22,
  extendedMasterSecret: 23,
  sessionTicket: 35,
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  encryptedClientHello: 0xfe0d,
} as const

/** RFC 8446 4.1.3: the random of a HelloRetryRequest, SHA-256 of "HelloRetryRequest". */
const RETRY_RANDOM = Uint8Array.of(
  ...[0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91],
  ...[0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c],
)

export interface ClientHello {
  readonly version: number
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly serverName: string | null
  readonly alpn: readonly string[]
  /** Session ticket of TLS 1.2 (RFC 5077); empty when only support is told. */
  readonly ticket: Uint8Array | null
  readonly earlyData: boolean
  readonly preSharedKey: boolean
  readonly encryptedHello: boolean
  /** It breaks off: what was in the rest is unknown. */
  readonly cut: boolean
}

export interface ServerHello {
  /** As negotiated: supported_versions counts more than the version in front. Drafts of TLS 1.3 are TLS 1.3. */
  readonly version: number
  /** Draft number of TLS 1.3; null for the RFC and for older versions. */
  readonly draft: number | null
  readonly random: Uint8Array
  readonly retry: boolean
  readonly sessionId: Uint8Array
  readonly cipherSuite: number
  readonly compression: number
  readonly alpn: string | null
  readonly encryptThenMac: boolean
  readonly extendedMasterSecret: boolean
  readonly truncatedHmac: boolean
  readonly preSharedKey: boolean
  /** It breaks off behind the cipher suite. */
  readonly cut: boolean
}

/** Stands for a ClientHello that was not captured, when a trial of secrets told its random. */
export function unseenClientHello(random: Uint8Array): ClientHello {
  const none = { sessionId: new Uint8Array(0), serverName: null, alpn: [], ticket: null }
  return { version: 0, random, ...none, earlyData: false, preSharedKey: false, encryptedHello: false, cut: false }
}

/** Runs a parser over untrusted octets: null when they end too early. */
function attempt<T>(parse: () => T): T | null {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Truncated) return null
    throw error
  }
}

/** The body of a ClientHello (RFC 8446 4.1.2), or its beginning; null when not even the random is there. What is kept is copied. */
export function readClientHello(bytes: Uint8Array, start: number, end: number): ClientHello | null {
  return attempt(() => {
    const cursor = new Cursor(bytes, start, end)
    const version = cursor.u16()
    const random = copyRange(cursor.take(32))
    const sessionId = attempt(() => {
      const id = copyRange(cursor.take(cursor.u8()))
      cursor.skip(cursor.u16())
      cursor.skip(cursor.u8())
      return id
    })
    const extensions = new Extensions(sessionId === null ? null : cursor)
    return {
      version,
      random,
      sessionId: sessionId ?? new Uint8Array(0),
      serverName: extensions.read(EXTENSION.serverName, readServerName),
      alpn: extensions.read(EXTENSION.alpn, readProtocols) ?? [],
      ticket: extensions.read(EXTENSION.sessionTicket, (body) => copyRange(body.take(body.left))),
      earlyData: extensions.has(EXTENSION.earlyData),
      preSharedKey: extensions.has(EXTENSION.preSharedKey),
      encryptedHello: extensions.has(EXTENSION.encryptedClientHello),
      cut: !extensions.whole,
    }
  })
}

/** A ClientHello in the format of SSL 2.0 (RFC 5246 E.2), from its message type on. */
export function readSsl2ClientHello(bytes: Uint8Array, start: number, end: number): ClientHello | null {
  return attempt(() => {
    const cursor = new Cursor(bytes, start, end)
    cursor.skip(1)
    const version = cursor.u16()
    const suites = cursor.u16()
    const sessionId = cursor.u16()
    const challenge = cursor.u16()
    cursor.skip(suites + sessionId)
    const octets = cursor.take(Math.min(challenge, 32))
    // The challenge becomes the client random, filled up with zeros in front.
    const random = new Uint8Array(32)
    random.set(octets, 32 - octets.length)
    return { ...unseenClientHello(random), version }
  })
}

/**
 * The body of a ServerHello (RFC 8446 4.1.3), also of the drafts, or of a HelloRetryRequest; or its beginning, where that is enough to tell how
 * records are protected. Null when it is not.
 */
export function readServerHello(bytes: Uint8Array, start: number, end: number): ServerHello | null {
  return attempt(() => {
    const cursor = new Cursor(bytes, start, end)
    const front = cursor.u16()
    const random = copyRange(cursor.take(32))
    // Up to draft 21 the version stood here and session id and compression were left out.
    const early = front >> 8 === 0x7f
    const sessionId = early ? new Uint8Array(0) : copyRange(cursor.take(cursor.u8()))
    const cipherSuite = cursor.u16()
    const compression = early ? 0 : attempt(() => cursor.u8())
    const extensions = new Extensions(compression === null ? null : cursor)
    const suite = describeSuite(cipherSuite)
    // A MAC may stand in two places, and which was agreed is not there.
    if (!extensions.whole && !suite.tls13 && suite.mac !== null) return null
    // Suites of TLS 1.3 are of no other version, which matters when the extension that says so is cut off.
    const told =
      extensions.read(EXTENSION.supportedVersions, (body) => body.u16()) ?? (suite.tls13 && front === TLS12 ? TLS13 : front)
    const draft = told >> 8 === 0x7f ? told & 0xff : null
    return {
      version: draft === null ? told : TLS13,
      draft,
      random,
      retry: isRetry(random),
      sessionId,
      cipherSuite,
      compression: compression ?? 0,
      alpn: extensions.read(EXTENSION.alpn, readProtocols)?.[0] ?? null,
      encryptThenMac: extensions.has(EXTENSION.encryptThenMac),
      extendedMasterSecret: extensions.has(EXTENSION.extendedMasterSecret),
      truncatedHmac: extensions.has(EXTENSION.truncatedHmac),
      preSharedKey: extensions.has(EXTENSION.preSharedKey),
      cut: !extensions.whole,
    }
  })
}

function isRetry(random: Uint8Array): boolean {
  for (let i = 0; i < RETRY_RANDOM.length; i++) if (random[i] !== RETRY_RANDOM[i]) return false
  return true
}

/** The body of EncryptedExtensions (RFC 8446 4.3.1). */
export function readEncryptedExtensions(
  bytes: Uint8Array,
  start: number,
  end: number,
): { alpn: string | null; earlyData: boolean } | null {
  return attempt(() => {
    const extensions = new Extensions(new Cursor(bytes, start, end))
    return {
      alpn: extensions.read(EXTENSION.alpn, readProtocols)?.[0] ?? null,
      earlyData: extensions.has(EXTENSION.earlyData),
    }
  })
}

/** The certificates of a Certificate message in DER, the peer's own first; those before the place where the message breaks off. */
export function readCertificates(bytes: Uint8Array, start: number, end: number, version: number): Uint8Array[] {
  const certificates: Uint8Array[] = []
  attempt(() => {
    const cursor = new Cursor(bytes, start, end)
    // RFC 8446 4.4.2: a request context in front, extensions behind each certificate.
    if (version > TLS12) cursor.skip(cursor.u8())
    const list = cursor.sub(cursor.u24())
    while (list.left > 0) {
      certificates.push(copyRange(list.take(list.u24())))
      if (version > TLS12) list.skip(list.u16())
    }
  })
  return certificates
}

/** The ticket of a NewSessionTicket message of TLS 1.2 (RFC 5077 3.3). */
export function readTicket(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
  return attempt(() => {
    const cursor = new Cursor(bytes, start, end)
    cursor.skip(4)
    return copyRange(cursor.take(cursor.u16()))
  })
}

/** The extensions of a message, as far as they are there whole (RFC 8446 4.2). */
class Extensions {
  readonly #bytes: Uint8Array
  readonly #types: number[] = []
  /** Of each its first octet and the one behind its last. */
  readonly #ranges: number[] = []
  /** Whether that is all of them. */
  readonly whole: boolean

  /** `cursor` stands where they begin; null when the message breaks off before. */
  constructor(cursor: Cursor | null) {
    this.#bytes = cursor?.bytes ?? new Uint8Array(0)
    // They may be absent altogether before TLS 1.3 (RFC 5246 7.4.1.2).
    if (cursor === null || cursor.left < 2) {
      this.whole = cursor?.left === 0
      return
    }
    const length = cursor.u16()
    this.whole = length <= cursor.left
    const end = cursor.offset + Math.min(length, cursor.left)
    for (let at = cursor.offset; at + 4 <= end; ) {
      const next = at + 4 + this.#u16(at + 2)
      if (next > end) return
      this.#types.push(this.#u16(at))
      this.#ranges.push(at + 4, next)
      at = next
    }
  }

  has(type: number): boolean {
    return this.#types.includes(type)
  }

  /** What a reader makes of an extension; null when it is absent or cannot be read, which hurts itself alone. */
  read<T>(type: number, reader: (body: Cursor) => T): T | null {
    const index = this.#types.indexOf(type)
    if (index < 0) return null
    const body = new Cursor(this.#bytes, this.#ranges[2 * index] as number, this.#ranges[2 * index + 1] as number)
    return attempt(() => reader(body))
  }

  #u16(at: number): number {
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number)
  }
}

/** host_name of the server_name extension (RFC 6066 3), in printable form. */
function readServerName(body: Cursor): string | null {
  const list = body.sub(body.u16())
  while (list.left > 0) {
    const type = list.u8()
    const name = list.take(list.u16())
    if (type === 0) return printable(name)
  }
  return null
}

function readProtocols(body: Cursor): string[] {
  const protocols: string[] = []
  const list = body.sub(body.u16())
  while (list.left > 0) protocols.push(printable(list.take(list.u8())))
  return protocols
}

/** Octets of a peer as text: ASCII as it is, all else as \xNN, so that a report shows what was sent. */
function printable(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets)
    text += octet > 0x20 && octet < 0x7f ? String.fromCharCode(octet) : `\\x${octet.toString(16).padStart(2, '0')}`
  return text
}
