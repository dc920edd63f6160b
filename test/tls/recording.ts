import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { RSA } from './certificates.ts'

/** What one read on a relay between two TLS peers brought. */
export interface Chunk {
  readonly fromClient: boolean
  readonly bytes: Uint8Array
}

/** A conversation between Node's own TLS client and server: what went over the wire, and what both sent and received in clear. */
export interface Recording {
  readonly chunks: Chunk[]
  readonly keyLog: string
  readonly sent: Uint8Array
  readonly answered: Uint8Array
  readonly cipher: string
  readonly version: string
  readonly session: Uint8Array | null
}

export interface Talk {
  readonly server?: tls.TlsOptions
  readonly client?: tls.ConnectionOptions
  /** What the client says in turns; the server answers each with its bytes in reverse order. */
  readonly turns?: readonly Uint8Array[]
  /** Runs between two turns. */
  readonly between?: (client: tls.TLSSocket, server: tls.TLSSocket, turn: number) => void | Promise<void>
}

export function text(words: string): Uint8Array {
  return new TextEncoder().encode(words)
}

/** A server that answers every message of a known length with its octets reversed. */
export class Peer {
  readonly #server: tls.Server
  readonly #relay: Server
  readonly #talk: Talk
  #chunks: Chunk[] = []
  #keyLog = ''
  #accepted: tls.TLSSocket | null = null
  #awaited: () => void = () => {}
  readonly #sessions = new Map<string, Buffer>()

  private constructor(talk: Talk) {
    this.#talk = talk
    this.#server = tls.createServer({ ...RSA, ALPNProtocols: ['http/1.1'], ...talk.server }, (socket) => {
      this.#accepted = socket
      socket.on('data', (data: Uint8Array) => socket.write(new Uint8Array(data).reverse()))
      socket.on('error', () => {})
    })
    this.#server.on('keylog', (line) => {
      this.#keyLog += String(line)
    })
    this.#server.on('tlsClientError', () => {})
    // Without these Node remembers no session by its id.
    this.#server.on('newSession', (id: Uint8Array, data: Uint8Array, done: () => void) => {
      this.#sessions.set(Buffer.from(id).toString('hex'), Buffer.from(data))
      done()
    })
    this.#server.on('resumeSession', (id: Uint8Array, done: (error: null, data: Buffer | null) => void) => {
      done(null, this.#sessions.get(Buffer.from(id).toString('hex')) ?? null)
    })
    this.#relay = createServer((near) => {
      const far = connect((this.#server.address() as AddressInfo).port)
      this.#pipe(near, far, true)
      this.#pipe(far, near, false)
    })
  }

  static async listen(talk: Talk = {}): Promise<Peer> {
    const peer = new Peer(talk)
    peer.#server.listen(0, '127.0.0.1')
    await once(peer.#server, 'listening')
    peer.#relay.listen(0, '127.0.0.1')
    await once(peer.#relay, 'listening')
    return peer
  }

  get port(): number {
    return (this.#relay.address() as AddressInfo).port
  }

  /** Settles when the client's next octets have gone over the wire. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited = resolve
    })
  }

  /** Everything that has gone over the wire since the last call. */
  take(): { chunks: Chunk[]; keyLog: string } {
    const taken = { chunks: this.#chunks, keyLog: this.#keyLog }
    this.#chunks = []
    this.#keyLog = ''
    return taken
  }

  async converse(options: tls.ConnectionOptions = {}): Promise<Recording> {
    const { turns = [text('ping')], between, client: always } = this.#talk
    const client = tls.connect({
      port: this.port,
      host: '127.0.0.1',
      servername: 'tls.test',
      ALPNProtocols: ['h2', 'http/1.1'],
      rejectUnauthorized: false,
      ...always,
      ...options,
    })
    let session: Uint8Array | null = null
    client.on('session', (ticket: Uint8Array) => {
      session = ticket
    })
    await once(client, 'secureConnect')
    const answered: Uint8Array[] = []
    for (const [turn, said] of turns.entries()) {
      client.write(said)
      for (let left = said.length; left > 0; ) {
        const [data] = (await once(client, 'data')) as [Uint8Array]
        answered.push(data)
        left -= data.length
      }
      if (this.#accepted !== null) await between?.(client, this.#accepted, turn)
    }
    const cipher = client.getCipher().standardName
    const version = client.getProtocol() ?? ''
    client.end()
    await once(client, 'close')
    return { ...this.take(), sent: join(turns), answered: join(answered), cipher, version, session }
  }

  close(): void {
    this.#server.close()
    this.#relay.close()
  }

  #pipe(from: Socket, to: Socket, fromClient: boolean): void {
    from.on('data', (bytes: Uint8Array) => {
      this.#chunks.push({ fromClient, bytes: new Uint8Array(bytes) })
      to.write(bytes)
      if (fromClient) this.#awaited()
    })
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
  }
}

export async function record(talk: Talk = {}): Promise<Recording> {
  const peer = await Peer.listen(talk)
  try {
    return await peer.converse()
  } finally {
    peer.close()
  }
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
