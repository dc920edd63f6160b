import { createCipheriv, createHmac } from 'node:crypto'
import type { Chunk } from './recording.ts'
import { join, text } from './recording.ts'

/** TLS messages and records made by hand, for what Node's own TLS cannot be made to send. AES-128-GCM with SHA-256 throughout. */
export const CLIENT_RANDOM = new Uint8Array(32).map((_, i) => i)
export const SERVER_RANDOM = new Uint8Array(32).map((_, i) => 0x70 + i)

export function u8s(...octets: number[]): Uint8Array {
  return Uint8Array.from(octets)
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function u16(value: number): Uint8Array {
  return u8s(value >> 8, value & 255)
}

function vector(length: 1 | 2, content: Uint8Array): Uint8Array {
  return join([length === 1 ? u8s(content.length) : u16(content.length), content])
}

export function record(type: number, content: Uint8Array, version = 0x0303): Uint8Array {
  return join([u8s(type), u16(version), vector(2, content)])
}

export function message(type: number, body: Uint8Array): Uint8Array {
  return join([u8s(type, body.length >> 16), u16(body.length & 0xffff), body])
}

export function extension(type: number, content: Uint8Array): Uint8Array {
  return join([u16(type), vector(2, content)])
}

export const SUPPORTS_13 = extension(43, u8s(2, 3, 4))
export const SELECTS_13 = extension(43, u8s(3, 4))
export const EARLY_DATA = extension(42, u8s())
/** As good as a real one here: nobody checks its binder. */
export const PRE_SHARED_KEY = extension(41, u8s(0, 0))

export function serverName(name: string): Uint8Array {
  return extension(0, vector(2, join([u8s(0), vector(2, text(name))])))
}

export function protocols(...names: string[]): Uint8Array {
  return extension(16, vector(2, join(names.map((name) => vector(1, text(name))))))
}

export function clientHello(
  extensions: readonly Uint8Array[],
  random: Uint8Array = CLIENT_RANDOM,
  sessionId = u8s(),
): Uint8Array {
  const fixed = [u16(0x0303), random, vector(1, sessionId), vector(2, u8s(0x13, 0x01)), u8s(1, 0)]
  return message(1, join([...fixed, vector(2, join(extensions))]))
}

export function serverHello(
  extensions: readonly Uint8Array[],
  suite = 0x1301,
  random = SERVER_RANDOM,
  version = 0x0303,
): Uint8Array {
  return message(2, join([u16(version), random, u8s(0), u16(suite), u8s(0), vector(2, join(extensions))]))
}

function expandLabel(secret: Uint8Array, label: string, length: number): Uint8Array {
  const info = join([u16(length), vector(1, text(`tls13 ${label}`)), u8s(0, 1)])
  return new Uint8Array(createHmac('sha256', secret).update(info).digest()).subarray(0, length)
}

/** Protects records of TLS 1.3 under one traffic secret after the other. */
export class Sealer {
  #secret: Uint8Array
  sequence = 0

  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  seal(type: number, content: Uint8Array, padding = 0): Uint8Array {
    const nonce = Buffer.from(expandLabel(this.#secret, 'iv', 12))
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.sequence++) >>> 0, 8)
    const header = join([u8s(23, 3, 3), u16(content.length + 1 + padding + 16)])
    const cipher = createCipheriv('aes-128-gcm', expandLabel(this.#secret, 'key', 16), nonce)
    cipher.setAAD(header)
    return join([header, cipher.update(join([content, u8s(type), new Uint8Array(padding)])), cipher.final(), cipher.getAuthTag()])
  }

  update(): void {
    this.#secret = expandLabel(this.#secret, 'traffic upd', 32)
    this.sequence = 0
  }
}

const LABELS = {
  early: 'CLIENT_EARLY_TRAFFIC_SECRET',
  clientHandshake: 'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
  serverHandshake: 'SERVER_HANDSHAKE_TRAFFIC_SECRET',
  client: 'CLIENT_TRAFFIC_SECRET_0',
  server: 'SERVER_TRAFFIC_SECRET_0',
} as const

/** One TLS 1.3 connection made by hand: its secrets, sealers for them, and the key log. */
export class Session {
  readonly random: Uint8Array
  readonly early: Sealer
  readonly clientHandshake: Sealer
  readonly serverHandshake: Sealer
  readonly client: Sealer
  readonly server: Sealer

  constructor(random = CLIENT_RANDOM) {
    this.random = random
    this.early = new Sealer(this.#secret('early'))
    this.clientHandshake = new Sealer(this.#secret('clientHandshake'))
    this.serverHandshake = new Sealer(this.#secret('serverHandshake'))
    this.client = new Sealer(this.#secret('client'))
    this.server = new Sealer(this.#secret('server'))
  }

  #secret(name: keyof typeof LABELS): Uint8Array {
    return new Uint8Array(createHmac('sha256', this.random).update(name).digest())
  }

  keyLog(...names: (keyof typeof LABELS)[]): string {
    const wanted = names.length === 0 ? (Object.keys(LABELS) as (keyof typeof LABELS)[]) : names
    return wanted.map((name) => `${LABELS[name]} ${hex(this.random)} ${hex(this.#secret(name))}\n`).join('')
  }

  /** Both hellos and the encrypted handshake, one record a chunk. */
  handshake(encryptedExtensions = u8s(0, 0)): Chunk[] {
    return [
      fromClient(record(22, clientHello([serverName('ca.test'), protocols('h2', 'http/1.1'), SUPPORTS_13], this.random))),
      fromServer(record(22, serverHello([SELECTS_13]))),
      fromServer(this.serverHandshake.seal(22, join([message(8, encryptedExtensions), message(20, new Uint8Array(32))]))),
      fromClient(this.clientHandshake.seal(22, message(20, new Uint8Array(32)))),
    ]
  }

  said(words: string): Chunk {
    return fromClient(this.client.seal(23, text(words)))
  }

  answered(words: string): Chunk {
    return fromServer(this.server.seal(23, text(words)))
  }
}

export function fromClient(bytes: Uint8Array): Chunk {
  return { fromClient: true, bytes }
}

export function fromServer(bytes: Uint8Array): Chunk {
  return { fromClient: false, bytes }
}
