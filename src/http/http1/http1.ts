import { DamageLog } from '../../core/damage.ts'
import type { Sink } from '../../core/sink.ts'
import type { Connection, StreamPair } from '../../tcp/connection.ts'
import type { BodyPolicy, HttpExchange, HttpRequest, HttpResponse } from '../exchange.ts'
import { frameRequest, frameResponse, isInterim } from './framing.ts'
import { type Message, toRequest, toResponse } from './message.ts'
import type { Pair } from './pairing.ts'
import { Pairing } from './pairing.ts'
import type { MessageListener } from './reader.ts'
import { Http1Stream } from './stream.ts'
import { effectiveUrl } from './target.ts'

/** A protocol that takes over both directions. */
export interface Tunnel extends StreamPair {
  /** It answers the request itself (h2c: RFC 7540 3.2), so that no exchange is written for the request here. */
  readonly answersRequest?: boolean
}

/**
 * Asked when the connection stops being HTTP/1: after a 2xx answer to CONNECT (RFC 9110 9.3.6) or a 101 (RFC 9110 7.8).
 * `request` is null when it was not captured. Without a tunnel the rest of the connection is passed over.
 */
export type TunnelOpener = (
  kind: 'connect' | 'upgrade',
  request: HttpRequest | null,
  response: HttpResponse,
) => Tunnel | undefined

export interface Http1Options {
  readonly connection: Connection
  readonly scheme: 'http' | 'https'
  readonly policy: BodyPolicy
  /** Takes each exchange once its response is complete, or when the connection ends. It is not ended here. */
  readonly sink: Sink<HttpExchange>
  readonly onTunnel?: TunnelOpener
}

/** Reads one HTTP/1.x connection (RFC 9112) and writes its exchanges. */
export function openHttp1(options: Http1Options): StreamPair {
  return new Conversation(options)
}

class Conversation implements StreamPair {
  readonly #options: Http1Options
  readonly #pairing: Pairing
  readonly #damage = new DamageLog()
  #interim: number[] = []
  #isInterim = false
  #endsLeft = 2
  #concluded = false
  #tunnel: Tunnel | null = null
  #passedOver = false
  readonly fromClient: Http1Stream
  readonly fromServer: Http1Stream

  constructor(options: Http1Options) {
    this.#options = options
    this.#pairing = new Pairing((pair) => this.#write(pair))
    const hurt: MessageListener['hurt'] = (kind, detail, mark) => this.#damage.add('http', kind, detail, mark?.frames[0] ?? null)
    const ended = (): void => this.#ended()
    const requests: MessageListener = {
      opened: (message) => this.#requestOpened(message),
      closed: () => this.#pairing.requestClosed(),
      lost: (joined) => this.#pairing.requestsLost(joined),
      hurt,
    }
    const responses: MessageListener = {
      opened: (message) => this.#responseOpened(message),
      closed: (message) => this.#responseClosed(message),
      lost: (joined) => this.#responsesLost(joined),
      hurt,
    }
    this.fromClient = new Http1Stream(true, requests, ended)
    this.fromServer = new Http1Stream(false, responses, ended)
  }

  /** Another protocol has the connection and nobody reads it, or its reader has seen enough. */
  get finished(): boolean {
    return this.#passedOver || this.#tunnel?.finished === true
  }

  #requestOpened(message: Message): void {
    const { connection, policy } = this.#options
    const { head } = message
    connection.requests++
    this.#noteVersion(head.version)
    const body = frameRequest(head)
    message.frame(body)
    if (body.framing !== 'none') message.keep = policy.request(head)
    message.parks = !message.cut && (head.method === 'CONNECT' || head.upgrade !== null)
    const response = this.#pairing.requestOpened(message)
    if (response === null) return
    message.parks = false
    if (head.method === 'HEAD') this.fromServer.answersHead(response)
  }

  #responseOpened(message: Message): void {
    const { head } = message
    this.#noteVersion(head.version)
    this.#isInterim = isInterim(head.status)
    if (this.#isInterim) return
    const request = this.#pairing.responseOpened(message, this.#interim)
    this.#interim = []
    const body = frameResponse(head, request === null ? null : request.head.method)
    message.frame(body)
    message.mayLackBody = request === null
    if (body.framing !== 'none' && body.framing !== 'tunnel')
      message.keep = this.#options.policy.response(head, request === null ? null : request.head)
    if (body.framing !== 'tunnel') this.#noTunnel(request)
  }

  #responseClosed(message: Message): void {
    if (this.#isInterim) this.#interim.push(message.head.status)
    else this.#pairing.responseClosed()
  }

  #responsesLost(joined: boolean): void {
    this.#interim = []
    this.#pairing.responsesLost(joined)
  }

  #write(pair: Pair): void {
    const { connection, scheme, sink } = this.#options
    const { request, response } = pair
    if (response === null) this.#noTunnel(request)
    const readRequest = request === null ? null : toRequest(request, effectiveUrl(request.head, scheme, connection.server))
    const readResponse = response === null ? null : toResponse(response, pair.interim)
    const tunnel = response?.framing === 'tunnel' && readResponse !== null ? this.#openTunnel(readRequest, readResponse) : null
    if (tunnel?.answersRequest === true) return
    const first = request ?? response
    sink.write({
      input: first === null ? connection.input : first.input,
      entry: null,
      connection,
      streamId: null,
      request: readRequest,
      response: readResponse,
      har: null,
    })
  }

  #noTunnel(request: Message | null): void {
    if (request === null || !request.parks) return
    request.parks = false
    this.fromClient.unpark()
  }

  #openTunnel(request: HttpRequest | null, response: HttpResponse): Tunnel | null {
    const tunnel = this.#options.onTunnel?.(response.status === 101 ? 'upgrade' : 'connect', request, response) ?? null
    this.#tunnel = tunnel
    this.#passedOver = tunnel === null
    this.fromClient.becomeTunnel(tunnel?.fromClient ?? null)
    this.fromServer.becomeTunnel(tunnel?.fromServer ?? null)
    this.#conclude()
    return tunnel
  }

  #noteVersion(version: string): void {
    const { connection } = this.#options
    if (connection.http === null) connection.http = version === '1.0' ? '1.0' : '1.1'
    else if (connection.http === '1.0' && version === '1.1') connection.http = '1.1'
  }

  #ended(): void {
    this.#endsLeft--
    if (this.#endsLeft === 0) this.#conclude()
  }

  /** No more HTTP/1 follows. */
  #conclude(): void {
    if (this.#concluded) return
    this.#concluded = true
    this.#pairing.end(this.fromClient.closedInOrder)
    const damage = this.#damage.list()
    if (damage.length > 0) this.#options.connection.damage = [...this.#options.connection.damage, ...damage]
  }
}
