import type { Micros } from '../../core/time.ts'
import type { Connection, TlsFacts } from '../../tcp/connection.ts'
import type { HarObject } from './values.ts'
import { asNumber, asObject, asText, readVersion } from './values.ts'

interface Options {
  readonly input: number
  readonly nextConnectionId: () => number
  readonly onConnection?: (connection: Connection) => void
}

/** The connections of a HAR: one for each pair of `connection` and server address. */
export class HarConnections {
  readonly #options: Options
  readonly #byKey = new Map<string, Connection>()

  constructor(options: Options) {
    this.#options = options
  }

  /** The connection of an entry; null when the entry tells nothing about it. */
  find(entry: HarObject, time: Micros): Connection | null {
    const id = asText(entry.connection) ?? asNumber(entry.connection)
    const ends = endsOf(entry)
    if ((id === null || id === '') && ends.server === null) return null
    const key = `${id ?? ''} ${ends.client ?? ''} ${ends.server ?? ''}`
    let connection = this.#byKey.get(key)
    if (connection === undefined) {
      connection = {
        id: this.#options.nextConnectionId(),
        input: this.#options.input,
        ...ends,
        startTime: time,
        tls: readTls(entry),
        http: readHttp(entry),
        requests: 0,
        damage: [],
      }
      this.#byKey.set(key, connection)
      this.#options.onConnection?.(connection)
    }
    connection.requests++
    return connection
  }
}

interface Ends {
  readonly client: string | null
  readonly server: string | null
}

/** "client -> server" as this tool writes it, else the server's address. */
function endsOf(entry: HarObject): Ends {
  const own = /^(\S+) -> (\S+)$/.exec(asText(entry._connection) ?? '')
  if (own !== null) return { client: known(own[1]), server: known(own[2]) }
  const address = (asText(entry.serverIPAddress) ?? '').replace(/^\[|\]$/g, '')
  if (address === '') return { client: null, server: null }
  const port = asNumber(entry._serverPort) ?? portOf(asText(asObject(entry.request)?.url) ?? '')
  const host = address.includes(':') ? `[${address}]` : address
  return { client: null, server: port === null ? host : `${host}:${port}` }
}

function known(end: string | undefined): string | null {
  return end === undefined || end === UNKNOWN_END ? null : end
}

/** Stands for an end that is not known in `_connection`. */
export const UNKNOWN_END = '?'

function portOf(url: string): number | null {
  const match = /^(https?):\/\/(?:\[[^\]]*\]|[^/?#:]*)(?::(\d+))?/i.exec(url)
  if (match === null) return null
  return match[2] !== undefined ? Number(match[2]) : (match[1] as string).toLowerCase() === 'http' ? 80 : 443
}

/** What Chromium and Playwright say in `_securityDetails`; a HAR is written by who could read the plain text. */
function readTls(entry: HarObject): TlsFacts | null {
  const details = asObject(entry._securityDetails)
  if (details === null) return null
  const protocol = asText(details.protocol)
  return {
    version: protocol === null ? null : protocol.replace(/^TLS /, 'TLSv'),
    cipherSuite: null,
    serverName: null,
    alpn: null,
    decrypted: true,
    secrets: null,
    reason: null,
  }
}

function readHttp(entry: HarObject): Connection['http'] {
  const version = readVersion(asObject(entry.response)?.httpVersion) ?? readVersion(asObject(entry.request)?.httpVersion)
  return version === '2' ? 'h2' : version === '1.0' || version === '1.1' ? version : null
}
