import type { DamageKind } from '../core/damage.ts'
import type { Micros } from '../core/time.ts'
import type { Connection, Mark, StreamPair, StreamSink } from '../tcp/connection.ts'
import { CLOSE_NOTIFY } from './alerts.ts'
import { ConnectionKeys } from './connection-keys.ts'
import { ConnectionReport } from './connection-report.ts'
import type { TlsContext, Waiter } from './context.ts'
import { Direction, type DirectionOwner, type Keys, type Phase } from './direction.ts'
import { MESSAGE } from './handshake-reader.ts'
import {
  type ClientHello,
  readCertificates,
  readClientHello,
  readEncryptedExtensions,
  readServerHello,
  readSsl2ClientHello,
  type ServerHello,
  unseenClientHello,
} from './hello.ts'
import type { Cause } from './key-doctor.ts'
import { Negotiation } from './negotiation.ts'
import { Plaintext } from './plaintext.ts'
import { explain, unsupportedReason } from './reason.ts'
import { CONTENT, type Loss } from './record-stream.ts'
import { findUnknown, MAX_UNKNOWN_RECORDS, type Sealed, spend } from './trial.ts'

/** Octets that a connection holds while it waits for its other direction or for secrets. */
export const MAX_HELD = 512 * 1024

/** Called with the first application data of a connection, of either direction; `alpn` is what the server selected, if it was seen. */
export type OpenPlaintext = (connection: Connection, alpn: string | null) => StreamPair

/** One TLS connection: follows its handshakes, finds its keys, and makes it a byte stream again. */
export class TlsConnection implements StreamPair, DirectionOwner, Waiter {
  readonly #connection: Connection
  readonly #context: TlsContext
  readonly #report: ConnectionReport
  readonly #plaintext: Plaintext
  /** As tcp/ told them apart; which of them is the client's is known only when a hello or a secret has told it. */
  readonly #first = new Direction(this, true)
  readonly #second = new Direction(this, false)
  #negotiation = new Negotiation()
  readonly #keys: ConnectionKeys
  #unknownRecords = 0
  #held = 0
  #gaveUp = false
  #resuming = false
  #ended = 0
  #finished = false

  constructor(connection: Connection, context: TlsContext, openPlaintext: OpenPlaintext) {
    this.#connection = connection
    this.#context = context
    this.#plaintext = new Plaintext(() => openPlaintext(connection, this.#negotiation.alpn))
    this.#report = new ConnectionReport(connection, context)
    this.#keys = new ConnectionKeys(context, this.#negotiation)
  }

  get fromClient(): StreamSink {
    return this.#first.stream
  }

  get fromServer(): StreamSink {
    return this.#second.stream
  }

  get finished(): boolean {
    return this.#finished
  }

  get heldOctets(): number {
    return this.#held
  }

  /** Looks again at what waits, because a secret or the other direction has come; in the order in which it was captured. */
  retry(): void {
    if (this.#resuming) return
    this.#resuming = true
    for (let more = true; more; ) {
      const [earlier, later] =
        this.#first.stream.heldSince <= this.#second.stream.heldSince ? [this.#first, this.#second] : [this.#second, this.#first]
      more = earlier.stream.step() || later.stream.step()
    }
    this.#resuming = false
  }

  stopWaiting(): void {
    this.#gaveUp = true
    this.retry()
  }

  // What its directions ask.

  began(): void {
    this.#resume()
  }

  keysOf(direction: Direction, phase: Phase): Keys | null {
    return this.#keys.of(direction.fromClient, phase)
  }

  updatedKeys(secret: Uint8Array): Keys | null {
    return this.#keys.updated(secret)
  }

  maySecretsCome(direction: Direction): boolean {
    return this.#maySecretsCome && direction.phase !== 'sealed' && this.#keys.lacks(direction.fromClient, direction.phase)
  }

  earlyDataUndecided(): boolean {
    const server = this.#server
    if (this.#negotiation.earlyData !== 'unknown' || this.#gaveUp) return false
    return server.phase === 'plain' || (server.phase === 'handshake' && this.keysOf(server, 'handshake') !== null)
  }

  spend(): boolean {
    return spend(this.#context)
  }

  protect(direction: Direction, record: Sealed, mark: Mark, loss: Loss | null): 'ready' | 'pass' | 'wait' {
    const { client, server, tls13, retried } = this.#negotiation
    if (client !== null && server !== null) return tls13 ? 'pass' : this.#protect12(direction)
    if (!this.#other(direction).begun && !this.#gaveUp) return 'wait'
    // Between a HelloRetryRequest and the second ServerHello stand 0-RTT data that was rejected and compatibility records.
    if (retried || record.type === CONTENT.changeCipherSpec) return 'pass'
    return this.#protectUnknown(direction, record, mark, loss)
  }

  message(direction: Direction, type: number, bytes: Uint8Array, start: number, end: number): void {
    const body = start + 4
    const negotiation = this.#negotiation
    if (type === MESSAGE.clientHello) this.#clientHello(direction, readClientHello(bytes, body, end), bytes.subarray(start, end))
    else if (type === MESSAGE.serverHello)
      this.#serverHello(direction, readServerHello(bytes, body, end), bytes.subarray(start, end))
    else if (negotiation.tls13) this.#message13(direction, type, bytes, body, end)
    else negotiation.take12(direction.fromClient, type, bytes, start, end)
  }

  cutMessage(direction: Direction, type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === MESSAGE.clientHello || type === MESSAGE.serverHello) this.message(direction, type, bytes, start, end)
  }

  giveUp(direction: Direction, cause: 'no-secret' | 'wrong-secret'): void {
    this.#close(direction, cause)
  }

  ssl2Hello(direction: Direction, bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    direction.mark = mark
    this.#clientHello(direction, readSsl2ClientHello(bytes, start, end), null)
  }

  alert(direction: Direction, level: number, description: number, mark: Mark): void {
    const { fromClient } = direction
    if (description === CLOSE_NOTIFY) {
      // RFC 8446 6.1: nothing follows on this side.
      this.#plaintext.end(fromClient, 'fin', mark.time)
      return
    }
    this.#report.alert(fromClient, level, description, mark)
  }

  plaintext(direction: Direction, bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    this.#report.announce(this.#negotiation, this.#server.opened > 0)
    this.#plaintext.data(direction.fromClient, bytes, start, end, mark)
    if (this.#plaintext.finished) this.#finish()
  }

  missing(direction: Direction, octets: number | null, mark: Mark): void {
    this.#plaintext.gap(direction.fromClient, octets, mark)
  }

  damage(kind: DamageKind, detail: string, mark: Mark | null): void {
    this.#report.damage(kind, detail, mark)
  }

  ended(direction: Direction, how: 'fin' | 'rst' | 'capture', time: Micros): void {
    this.#plaintext.end(direction.fromClient, how, time)
    if (++this.#ended === 2) this.#finish()
    else this.#resume()
  }

  held(change: number): void {
    this.#held += change
    this.#context.held(this, change)
  }

  holding(): void {
    if (this.#held > MAX_HELD) this.stopWaiting()
    else this.#context.holding()
  }

  // Handshake messages.

  #clientHello(direction: Direction, hello: ClientHello | null, message: Uint8Array | null): void {
    if (hello === null || hello.cut) this.damage('truncated', 'a ClientHello breaks off', direction.mark)
    if (hello === null) return
    this.#takeRole(direction, true)
    const renegotiates = this.#negotiation.client !== null && this.#negotiation.server !== null
    if (renegotiates) this.#negotiation = new Negotiation()
    const negotiation = this.#negotiation
    negotiation.client = hello
    negotiation.keepsTranscript = this.#context.rsaKeys.length > 0 || this.#context.secrets.hasPremasters
    if (message !== null) negotiation.keep(true, message)
    if (hello.earlyData && !negotiation.retried) negotiation.earlyData = 'unknown'
    this.#keys.begin(negotiation)
    this.#report.hello(negotiation, direction.mark)
    if (unsupportedReason(negotiation) !== null) this.#closeBoth('unsupported')
    else this.#agree()
  }

  #serverHello(direction: Direction, hello: ServerHello | null, message: Uint8Array): void {
    const negotiation = this.#negotiation
    if (hello === null || hello.cut) this.damage('truncated', 'a ServerHello breaks off', direction.mark)
    if (hello === null || negotiation.server !== null) return
    this.#takeRole(direction, false)
    if (hello.retry) {
      negotiation.retried = true
      // RFC 8446 4.2.10: the server must not accept 0-RTT data after a HelloRetryRequest.
      if (negotiation.earlyData === 'unknown') negotiation.earlyData = 'rejected'
      return
    }
    negotiation.server = hello
    negotiation.keep(false, message)
    this.#report.hello(negotiation, direction.mark)
    this.#agree()
  }

  /** Both hellos may be known now: TLS 1.3 is protected from here on. */
  #agree(): void {
    const negotiation = this.#negotiation
    const { client, server, tls13 } = negotiation
    if (client !== null && server !== null && tls13 && this.#server.phase === 'plain') {
      if (unsupportedReason(negotiation) !== null) this.#closeBoth('unsupported')
      else if (this.#keys.entry() < 0 && !this.#maySecretsCome) this.#closeBoth('no-secret')
      else {
        if (negotiation.earlyData === 'unknown' && !server.preSharedKey) negotiation.earlyData = 'rejected'
        this.#server.enter('handshake', this.keysOf(this.#server, 'handshake'))
        const first = negotiation.earlyData === 'none' ? 'handshake' : 'early'
        this.#client.enter(first, this.keysOf(this.#client, first))
        if (negotiation.earlyData === 'rejected') this.#client.skipEarlyData()
      }
    }
    this.#resume()
  }

  #message13(direction: Direction, type: number, bytes: Uint8Array, body: number, end: number): void {
    const negotiation = this.#negotiation
    switch (type) {
      case MESSAGE.encryptedExtensions: {
        const extensions = readEncryptedExtensions(bytes, body, end)
        negotiation.alpnFound = extensions?.alpn ?? null
        this.#report.hello(negotiation, direction.mark)
        if (negotiation.earlyData !== 'unknown') return
        negotiation.earlyData = extensions?.earlyData === true ? 'accepted' : 'rejected'
        if (negotiation.earlyData === 'rejected') this.#client.skipEarlyData()
        this.#resume()
        return
      }
      case MESSAGE.certificate:
        if (!direction.fromClient) negotiation.certificates = readCertificates(bytes, body, end, negotiation.version ?? 0)
        return
      case MESSAGE.endOfEarlyData:
        if (direction.phase === 'early') direction.enter('handshake', this.keysOf(direction, 'handshake'))
        return
      case MESSAGE.finished:
        if (direction.phase === 'handshake') direction.enter('application', this.keysOf(direction, 'application'))
        this.#resume()
        return
      case MESSAGE.keyUpdate:
        direction.update()
    }
  }

  // Keys.

  /** TLS 1.2 and before: ChangeCipherSpec, or a protected record after it was lost. */
  #protect12(direction: Direction): 'ready' | 'pass' | 'wait' {
    const negotiation = this.#negotiation
    if (unsupportedReason(negotiation) !== null) {
      this.#close(direction, 'unsupported')
      return 'pass'
    }
    const keys = this.#keys.sealed(direction.fromClient)
    if (keys === null) {
      if (this.#maySecretsCome) return 'wait'
      this.#close(direction, 'no-secret')
      return 'pass'
    }
    direction.enter('sealed', keys)
    return 'ready'
  }

  /** A protected record of a connection whose hellos were not both captured: the secrets of the key log are tried on it. */
  #protectUnknown(direction: Direction, record: Sealed, mark: Mark, loss: Loss | null): 'ready' | 'pass' | 'wait' {
    if (this.#maySecretsCome) return 'wait'
    const negotiation = this.#negotiation
    const found = findUnknown(this.#context, negotiation, direction.fromClient, record, loss)
    if (found === null) {
      if (++this.#unknownRecords >= MAX_UNKNOWN_RECORDS || this.#context.secrets.size === 0) this.#closeBoth('joined-late')
      return 'pass'
    }
    this.#keys.adopt(found.entry)
    negotiation.client ??= unseenClientHello(this.#context.secrets.keyOf(found.entry))
    if (found.traffic === null) return this.#protect12(direction)
    const { suite, keys, phase, fromClient, sequence } = found.traffic
    this.#takeRole(direction, fromClient)
    negotiation.suiteFound = suite
    this.#report.hello(negotiation, null)
    direction.enter(phase, keys, sequence)
    if (phase === 'application' && sequence > 0) this.missing(direction, null, mark)
    const other = this.#other(direction)
    if (other.phase === 'plain') other.enter(phase, this.keysOf(other, phase))
    return 'ready'
  }

  get #maySecretsCome(): boolean {
    return this.#context.secretsMayCome && !this.#gaveUp
  }

  // Directions.

  get #client(): Direction {
    return this.#first.fromClient ? this.#first : this.#second
  }

  get #server(): Direction {
    return this.#first.fromClient ? this.#second : this.#first
  }

  #other(direction: Direction): Direction {
    return direction === this.#first ? this.#second : this.#first
  }

  /** A direction turned out to be the client's or the server's; tcp/ guessed when it did not see the start. */
  #takeRole(direction: Direction, fromClient: boolean): void {
    if (direction.fromClient === fromClient) return
    direction.fromClient = fromClient
    this.#other(direction).fromClient = !fromClient
    this.#plaintext.swap()
    const { client } = this.#connection
    this.#connection.client = this.#connection.server
    this.#connection.server = client
  }

  #resume(): void {
    if (this.#first.stream.waiting || this.#second.stream.waiting) this.retry()
  }

  #close(direction: Direction, cause: Cause): void {
    if (direction.phase === 'closed') return
    this.#report.problem(explain(cause, this.#negotiation, this.#keys.entry(), this.#context))
    if (direction.mark !== null) this.missing(direction, null, direction.mark)
    direction.close()
    if (this.#other(direction).phase === 'closed') this.#finish()
    else this.#resume()
  }

  #closeBoth(cause: Cause): void {
    this.#close(this.#first, cause)
    this.#close(this.#second, cause)
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#report.announce(this.#negotiation, this.#server.opened > 0)
    const opened = this.#first.opened + this.#second.opened > 0
    this.#report.finish(this.#negotiation, opened, this.#keys.origin, this.#keys.entry() >= 0)
    for (const direction of [this.#first, this.#second]) {
      this.#plaintext.end(direction.fromClient, 'capture', direction.mark?.time ?? this.#connection.startTime)
      direction.close()
    }
  }
}
