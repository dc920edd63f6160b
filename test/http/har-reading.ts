import type { Damage } from '../../src/core/damage.ts'
import { DamageLog } from '../../src/core/damage.ts'
import type { BodyPolicy, HttpExchange } from '../../src/http/exchange.ts'
import type { HarFacts } from '../../src/http/har/har.ts'
import { openHar } from '../../src/http/har/har.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { KEEP_ALL } from './conversation.ts'

export interface HarReading {
  readonly exchanges: HttpExchange[]
  readonly connections: Connection[]
  readonly damage: Damage[]
  readonly facts: HarFacts
  readonly entries: number
}

export interface ReadingOptions {
  readonly piece?: () => number
  readonly policy?: BodyPolicy
  readonly attached?: Readonly<Record<string, Uint8Array>>
}

export async function readHar(source: string | Uint8Array, options: ReadingOptions = {}): Promise<HarReading> {
  const { piece = () => Number.POSITIVE_INFINITY, policy = KEEP_ALL, attached = {} } = options
  // Not a Buffer, whose slices would share the memory that is overwritten below.
  const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : new Uint8Array(source)
  const exchanges: HttpExchange[] = []
  const connections: Connection[] = []
  const damage = new DamageLog()
  let nextId = 40
  const reader = await openHar({
    input: 2,
    policy,
    sink: { write: (exchange) => void exchanges.push(exchange), end: () => {} },
    damage,
    nextConnectionId: () => nextId++,
    onConnection: (connection) => void connections.push(connection),
    readAttached: (name) => (Object.hasOwn(attached, name) ? (attached[name] as Uint8Array) : null),
  })
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + piece())
    const lent = bytes.slice(at, end)
    reader.write(lent)
    lent.fill(125)
    at = end
  }
  reader.end()
  return { exchanges, connections, damage: damage.list(), facts: reader.facts, entries: reader.entries }
}

/** A valid entry; parts of it can be replaced. */
export function entry(
  parts: Record<string, unknown> = {},
  request: Record<string, unknown> = {},
  response: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    startedDateTime: '2024-03-01T10:00:00.000Z',
    time: 12,
    request: {
      method: 'GET', url: 'https://ca.example/dir', httpVersion: 'HTTP/2.0', cookies: [], headers: [], queryString: [],
      headersSize: -1, bodySize: 0, ...request,
    },
    response: {
      status: 200, statusText: 'OK', httpVersion: 'HTTP/2.0', cookies: [], headers: [], content: { size: 2, mimeType: 'application/json', text: '{}' },
      redirectURL: '', headersSize: -1, bodySize: 2, ...response,
    },
    cache: {},
    timings: { send: 2, wait: 5, receive: 5 },
    ...parts,
  } // biome-ignore format: a HAR entry as one reads it
}

export function har(entries: readonly unknown[], log: Record<string, unknown> = {}): string {
  return JSON.stringify({ log: { version: '1.2', creator: { name: 'tool', version: '7' }, ...log, entries } })
}
