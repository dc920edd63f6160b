import type { Sink } from './core/sink.ts'
import type { DnsWatch } from './dns/watch.ts'
import type { BodyPolicy, HttpExchange } from './http/exchange.ts'
import { openHttp1, type Tunnel } from './http/http1/http1.ts'
import { recogniseHttp1 } from './http/http1/recognise.ts'
import { openHttp2 } from './http/http2/http2.ts'
import { recogniseHttp2, recogniseHttp2Midway } from './http/http2/recognise.ts'
import type { Connection, ConnectionOpener, Mark, Recognition, StreamPair, StreamSink } from './tcp/connection.ts'
import { openPreface, recognisePreface } from './tls/prefaces.ts'
import type { TlsLayer } from './tls/tls-layer.ts'

/**
 * What speaks on a connection, told by its first octets on any port: TLS, HTTP/1, HTTP/2 or DNS about a validation name, perhaps behind a PROXY or SOCKS preface. Inside
 * TLS, behind a preface and inside a CONNECT tunnel the same question is asked again.
 */
export class Protocols implements ConnectionOpener {
  readonly #tls: TlsLayer
  readonly #dns: DnsWatch
  readonly #policy: BodyPolicy
  readonly #sink: Sink<HttpExchange>

  constructor(tls: TlsLayer, dns: DnsWatch, policy: BodyPolicy, sink: Sink<HttpExchange>) {
    this.#tls = tls
    this.#dns = dns
    this.#policy = policy
    this.#sink = sink
  }

  recognise(bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition {
    const http1 = recogniseHttp1(bytes, start, end)
    if (http1 === 'client' || http1 === 'server') return http1
    const http2 = fromStart ? recogniseHttp2(bytes, start, end) : recogniseHttp2Midway(bytes, start, end)
    if (http2 === 'client' || http2 === 'server') return http2
    const tls = this.#tls.recognise(bytes, start, end, fromStart)
    if (tls === 'client' || tls === 'server') return tls
    const preface = recognisePreface(bytes, start, end)
    if (preface === 'client' || preface === 'server') return preface
    if (http1 === 'more' || http2 === 'more' || tls === 'more' || preface === 'more') return 'more'
    return fromStart ? this.#dns.recognise(bytes, start, end) : 'ignore'
  }

  open(connection: Connection): StreamPair {
    return this.#detect(connection, 0)
  }

  /** `layers`: prefaces and tunnels around it. */
  #detect(connection: Connection, layers: number): StreamPair {
    return new Detection((side, bytes, start, end) => this.#choose(connection, layers, side, bytes, start, end))
  }

  #choose(
    connection: Connection,
    layers: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): StreamPair | 'more' | null {
    const http = this.#chooseHttp(connection, layers, 'http', bytes, start, end)
    if (http !== null && http !== 'more') return http
    const tls = this.#tls.recognise(bytes, start, end, true)
    if (tls === 'client' || tls === 'server')
      return this.#tls.open(connection, (inner, alpn) => this.#openPlaintext(inner, layers, alpn))
    // Only clients, and proxies in their place, put something in front.
    const preface = side === 'fromClient' && layers < MAX_LAYERS ? recognisePreface(bytes, start, end) : 'ignore'
    if (preface === 'client' || preface === 'server') return openPreface(connection, (inner) => this.#detect(inner, layers + 1))
    if (tls === 'more' || preface === 'more' || http === 'more') return 'more'
    const dns = this.#dns.recognise(bytes, start, end)
    if (dns === 'client' || dns === 'server') return this.#dns.open(connection)
    return dns === 'more' ? 'more' : null
  }

  /** Decrypted octets: ALPN says what they are (RFC 7301), else they do themselves. */
  #openPlaintext(connection: Connection, layers: number, alpn: string | null): StreamPair {
    if (alpn === 'h2') return this.#http2(connection, 'https')
    if (alpn === 'http/1.1' || alpn === 'http/1.0') return this.#http1(connection, layers, 'https')
    return new Detection((_side, bytes, start, end) => this.#chooseHttp(connection, layers, 'https', bytes, start, end))
  }

  #chooseHttp(
    connection: Connection,
    layers: number,
    scheme: 'http' | 'https',
    bytes: Uint8Array,
    start: number,
    end: number,
  ): StreamPair | 'more' | null {
    const http1 = recogniseHttp1(bytes, start, end)
    if (http1 === 'client' || http1 === 'server') return this.#http1(connection, layers, scheme)
    const http2 = recogniseHttp2(bytes, start, end)
    if (http2 === 'client' || http2 === 'server' || recogniseHttp2Midway(bytes, start, end) !== 'ignore')
      return this.#http2(connection, scheme)
    return http1 === 'more' || http2 === 'more' ? 'more' : null
  }

  #http2(connection: Connection, scheme: 'http' | 'https'): StreamPair {
    return openHttp2({ connection, scheme, policy: this.#policy, sink: this.#sink })
  }

  #http1(connection: Connection, layers: number, scheme: 'http' | 'https'): StreamPair {
    return openHttp1({
      connection,
      scheme,
      policy: this.#policy,
      sink: this.#sink,
      onTunnel: (kind, request): Tunnel | undefined => {
        if (kind === 'connect') return layers < MAX_LAYERS ? this.#detect(connection, layers + 1) : undefined
        const h2c = request?.headers.some(
          ([name, value]) => name.toLowerCase() === 'upgrade' && value.toLowerCase().includes('h2c'),
        )
        return h2c
          ? openHttp2({
              connection,
              scheme,
              policy: this.#policy,
              sink: this.#sink,
              ...(request !== null && { upgraded: request }),
            })
          : undefined
      },
    })
  }
}

/** Prefaces and tunnels within each other that are opened: real ones are two or three, and every one is a deeper stack. */
const MAX_LAYERS = 8
/** Octets that are held at most until it is clear what they are. */
const MAX_HELD = 64 * 1024

type Side = 'fromClient' | 'fromServer'
type Choose = (side: Side, bytes: Uint8Array, start: number, end: number) => StreamPair | 'more' | null

/**
 * A stream pair that does not know yet what it carries: it asks with the first octets of each direction and then steps aside. When neither
 * direction tells, nobody wants the connection.
 */
class Detection implements StreamPair {
  readonly #choose: Choose
  #chosen: StreamPair | null = null
  #given = false
  #held: ((pair: StreamPair) => void)[] = []
  #heldOctets = 0
  /** First octets of each direction; null: they were asked about and tell nothing. */
  readonly #first: Record<Side, Uint8Array | null> = { fromClient: NONE, fromServer: NONE }
  readonly fromClient: StreamSink = this.#direction('fromClient')
  readonly fromServer: StreamSink = this.#direction('fromServer')

  constructor(choose: Choose) {
    this.#choose = choose
  }

  get finished(): boolean {
    return this.#given || this.#chosen?.finished === true
  }

  #direction(side: Side): StreamSink {
    return {
      data: (bytes, start, end, mark) => this.#data(side, bytes, start, end, mark),
      gap: (missing, mark) => {
        if (this.#chosen === null) this.#first[side] = NONE // what follows a gap does not join what came before
        this.#pass((pair) => pair[side].gap(missing, mark))
      },
      end: (how, time) => this.#pass((pair) => pair[side].end(how, time)),
      skipper: () => this.#chosen?.[side].skipper?.() ?? null,
    }
  }

  #data(side: Side, bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    if (this.#chosen !== null) {
      this.#chosen[side].data(bytes, start, end, mark)
      return
    }
    if (this.#given || start === end) return
    const before = this.#first[side]
    const joined = before === null || before.length === 0 ? null : concat(before, bytes.subarray(start, end))
    const choice =
      before === null
        ? null
        : joined === null
          ? this.#choose(side, bytes, start, end)
          : this.#choose(side, joined, 0, joined.length)
    if (choice !== null && choice !== 'more') {
      this.#chosen = choice
      for (const replay of this.#held) replay(choice)
      this.#held = []
      choice[side].data(bytes, start, end, mark)
      return
    }
    const copy = bytes.slice(start, end)
    this.#held.push((pair) => pair[side].data(copy, 0, copy.length, mark))
    this.#heldOctets += copy.length
    this.#first[side] = choice === null ? null : (joined ?? copy)
    if (this.#heldOctets > MAX_HELD || (this.#first.fromClient === null && this.#first.fromServer === null)) {
      this.#given = true
      this.#held = []
    }
  }

  #pass(call: (pair: StreamPair) => void): void {
    if (this.#chosen !== null) call(this.#chosen)
    else if (!this.#given) this.#held.push(call)
  }
}

const NONE = new Uint8Array(0)

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
