import { once } from 'node:events'
import type { ClientHttp2Session, SecureServerOptions, ServerHttp2Stream } from 'node:http2'
import http2 from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import net from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { BodyPolicy, Header, HttpExchange } from '../../src/http/exchange.ts'
import type { Http2Options } from '../../src/http/http2/http2.ts'
import { openHttp2 } from '../../src/http/http2/http2.ts'
import type { Connection, StreamPair } from '../../src/tcp/connection.ts'

export type Side = 'client' | 'server'

/** What one endpoint wrote at once; `missing` octets were not captured, null an unknown number. */
export interface Piece {
  readonly side: Side
  readonly bytes: Uint8Array
  readonly missing?: number | null
}

/** A message as Node saw it; `headers` in order with pseudo-header fields, names and values alternating. */
export interface Seen {
  headers: string[]
  trailers: string[]
  body: Buffer
}

export interface SeenStream {
  request: Seen
  response: Seen | null
}

export interface Recording {
  readonly pieces: Piece[]
  readonly streams: Map<number, SeenStream>
  readonly authority: string
}

export interface Scenario {
  readonly server?: SecureServerOptions
  readonly client?: http2.SecureClientSessionOptions
  /** Answers a request whose body was read. */
  respond(stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders, body: Buffer): void
  run(session: ClientHttp2Session, ask: Ask): Promise<void>
}

/** Sends a request and waits for the end of its stream, however that comes. */
export type Ask = (
  headers: http2.OutgoingHttpHeaders,
  body?: readonly (string | Uint8Array)[],
  act?: (stream: http2.ClientHttp2Stream) => void,
  options?: http2.ClientSessionRequestOptions,
) => Promise<void>

/** Runs a scenario between Node's own client and server over loopback, through a relay that records what each side sends. */
export async function record(scenario: Scenario): Promise<Recording> {
  const streams = new Map<number, SeenStream>()
  const pieces: Piece[] = []
  const see = (id: number): SeenStream => {
    const known = streams.get(id) ?? { request: newSeen(), response: null }
    streams.set(id, known)
    return known
  }

  const server = http2.createServer(scenario.server ?? {})
  server.on('stream', (stream, headers, _flags, rawHeaders?: string[]) => {
    const { request } = see(stream.id as number)
    request.headers = rawHeaders ?? []
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('trailers', (_trailers, _flags, raw?: string[]) => {
      request.trailers = raw ?? []
    })
    stream.on('error', () => {})
    stream.on('end', () => {
      request.body = Buffer.concat(chunks)
      if (!stream.destroyed) scenario.respond(stream, headers, request.body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const sockets: Socket[] = []
  const relay = net.createServer((near) => {
    const far = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      sockets.push(socket)
    }
    near.on('data', (bytes) => {
      pieces.push({ side: 'client', bytes: Uint8Array.from(bytes) })
      far.write(bytes)
    })
    far.on('data', (bytes) => {
      pieces.push({ side: 'server', bytes: Uint8Array.from(bytes) })
      near.write(bytes)
    })
    near.on('end', () => far.end())
    far.on('end', () => near.end())
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')

  const authority = `127.0.0.1:${(relay.address() as AddressInfo).port}`
  const session = http2.connect(`http://${authority}`, scenario.client ?? {})
  session.on('stream', (stream, _headers, _flags, rawHeaders?: string[]) => {
    const seen = see(stream.id as number)
    seen.request.headers = rawHeaders ?? []
    seen.response = newSeen()
    watch(stream as http2.ClientHttp2Stream, seen.response, 'push')
  })
  const ask: Ask = async (headers, body = [], act = () => {}, options = {}) => {
    const stream = session.request(headers, { endStream: false, ...options })
    const response = newSeen()
    stream.once('response', () => {
      see(stream.id as number).response = response
    })
    watch(stream, response, 'response')
    act(stream)
    for (const chunk of body) {
      if (stream.destroyed) break
      stream.write(chunk)
      await setImmediate()
    }
    if (!stream.destroyed && options.endStream !== true) stream.end()
    if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve))
  }
  await scenario.run(session, ask)
  session.close()
  if (!session.destroyed) await once(session, 'close')
  server.close()
  relay.close()
  for (const socket of sockets) socket.destroy()
  return { pieces, streams, authority }
}

function newSeen(): Seen {
  return { headers: [], trailers: [], body: Buffer.alloc(0) }
}

function watch(stream: http2.ClientHttp2Stream, seen: Seen, event: 'response' | 'push'): void {
  stream.on(event, (_headers: unknown, _flags: number, rawHeaders?: string[]) => {
    seen.headers = rawHeaders ?? []
  })
  stream.on('trailers', (_trailers, _flags, rawHeaders?: string[]) => {
    seen.trailers = rawHeaders ?? []
  })
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    seen.body = Buffer.concat(chunks)
  })
  stream.on('error', () => {})
}

export const KEEP_ALL: BodyPolicy = { request: () => 1 << 24, response: () => 1 << 24 }

export interface Read {
  readonly exchanges: HttpExchange[]
  readonly connection: Connection
}

/** Feeds pieces to the code under test; the mark of each is frame number `index + 1`. */
export function read(
  pieces: readonly Piece[],
  options: Partial<Http2Options> = {},
  how: 'fin' | 'rst' | 'capture' = 'fin',
): Read {
  const connection: Connection = {
    id: 0, input: 0, client: '127.0.0.1:40000', server: '127.0.0.1:80', startTime: 0, tls: null, http: null, requests: 0, damage: [],
  } // biome-ignore format: one row of fields
  const exchanges: HttpExchange[] = []
  const sink = { write: (exchange: HttpExchange) => exchanges.push(exchange), end: () => {} }
  const pair: StreamPair = openHttp2({ connection, scheme: 'http', policy: KEEP_ALL, sink, ...options })
  const sinks = { client: pair.fromClient, server: pair.fromServer }
  for (const [index, { side, bytes, missing }] of pieces.entries()) {
    const mark = { input: 0, frames: [index + 1], time: index }
    if (missing !== undefined) sinks[side].gap(missing, mark)
    // Octets are borrowed: they are overwritten as soon as the call returns.
    const borrowed = Uint8Array.from(bytes)
    if (bytes.length > 0) sinks[side].data(borrowed, 0, borrowed.length, mark)
    borrowed.fill(0xaa)
  }
  pair.fromClient.end(how, pieces.length)
  pair.fromServer.end(how, pieces.length)
  return { exchanges, connection }
}

/** Fields without pseudo-header fields, as pairs. */
export function regular(raw: readonly string[]): Header[] {
  const fields: Header[] = []
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i]?.startsWith(':') === false) fields.push([raw[i] as string, raw[i + 1] as string])
  return fields
}

export function pseudo(raw: readonly string[], name: string): string | null {
  const at = raw.findIndex((text, index) => index % 2 === 0 && text === name)
  return at < 0 ? null : (raw[at + 1] ?? null)
}

/** A generator of numbers below `bound` that is the same in every run. */
export function seeded(seed: number): (bound: number) => number {
  let state = seed >>> 0 || 1
  return (bound) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % bound
  }
}

/** Cuts pieces into pieces of one to `longest` octets. */
export function recut(pieces: readonly Piece[], longest: number, random: (bound: number) => number): Piece[] {
  const cut: Piece[] = []
  for (const { side, bytes } of pieces)
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, 1 + random(longest))
      cut.push({ side, bytes: bytes.subarray(at, at + length) })
      at += length
    }
  return cut
}

/** All octets of each side at once. */
export function joined(pieces: readonly Piece[]): Piece[] {
  return (['client', 'server'] as const).map((side) => ({
    side,
    bytes: new Uint8Array(Buffer.concat(pieces.filter((piece) => piece.side === side).map(({ bytes }) => bytes))),
  }))
}

/** Octets as text to compare and to read. */
export function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('latin1')
}
