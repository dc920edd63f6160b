import type { DamageKind } from '../core/damage.ts'
import type { Micros } from '../core/time.ts'
import type { Mark } from '../tcp/connection.ts'
import type { RecordCipher } from './ciphers.ts'
import { HandshakeReader, looksLikeHello, looksLikeMessage, type MessageOwner } from './handshake-reader.ts'
import { CONTENT, type Fate, type Loss, RECORD_HEADER, type RecordOwner, RecordStream } from './record-stream.ts'
import type { Sealed } from './trial.ts'
import { SSL2, TLS10, TLS12 } from './versions.ts'

/**
 * How the records of a direction are protected. TLS 1.3: 'early' (0-RTT), 'handshake', 'application', in this order.
 * TLS 1.2 and before: 'sealed'. 'closed': nothing more is read.
 */
export type Phase = 'plain' | 'early' | 'handshake' | 'application' | 'sealed' | 'closed'

/** Sequence numbers that are tried for a record after loss, or in a connection that was joined late. */
export const MAX_SKIPPED = 16_384
/** Sequence numbers that are looked at together. */
const WINDOW = 256
/** Records that may fail to open one after the other before a direction is given up; fewer when none ever opened. */
export const MAX_FAILURES = 64
const MAX_FIRST_FAILURES = 16
/** TLS 1.3 servers send their tickets in the first records (RFC 8446 4.6.1); only behind them lost records are all data. */
const TICKET_RECORDS = 4

const FOLLOWING: Readonly<Record<Phase, readonly Phase[]>> = {
  plain: [],
  early: ['handshake', 'application'],
  handshake: ['application'],
  application: [],
  sealed: [],
  closed: [],
}

/** What opens the records of a phase. `secret` is the traffic secret of TLS 1.3, from which the next one follows. */
export interface Keys {
  readonly cipher: RecordCipher
  readonly secret: Uint8Array | null
}

/** What a direction asks of its connection, and tells it. */
export interface DirectionOwner {
  /**
   * Meets the first record that is not in clear: 'ready' when the direction is in another phase now, 'pass' when the record is to be passed
   * over, 'wait' when something that may still come is needed first.
   */
  protect(direction: Direction, record: Sealed, mark: Mark, loss: Loss | null): 'ready' | 'pass' | 'wait'
  /** Null while the secret is not known. */
  keysOf(direction: Direction, phase: Phase): Keys | null
  updatedKeys(secret: Uint8Array): Keys | null
  /** Whether a secret that this direction lacks may still come. */
  maySecretsCome(direction: Direction): boolean
  /** Whether the server has not said yet if it accepts the 0-RTT data. */
  earlyDataUndecided(): boolean
  /** Takes one attempt from what is left for searches. */
  spend(): boolean
  /** The first record or loss of the direction was met. */
  began(): void
  /** No secret is there for the phase that was reached, or the secret does not fit. */
  giveUp(direction: Direction, cause: 'no-secret' | 'wrong-secret'): void
  ssl2Hello(direction: Direction, bytes: Uint8Array, start: number, end: number, mark: Mark): void
  message(direction: Direction, type: number, bytes: Uint8Array, start: number, end: number): void
  /** The beginning of a message in clear whose rest was lost. */
  cutMessage(direction: Direction, type: number, bytes: Uint8Array, start: number, end: number): void
  alert(direction: Direction, level: number, description: number, mark: Mark): void
  plaintext(direction: Direction, bytes: Uint8Array, start: number, end: number, mark: Mark): void
  /** Octets of plaintext are missing; null: unknown how many. */
  missing(direction: Direction, octets: number | null, mark: Mark): void
  damage(kind: DamageKind, detail: string, mark: Mark | null): void
  ended(direction: Direction, how: 'fin' | 'rst' | 'capture', time: Micros): void
  held(change: number): void
  holding(): void
}

/** One direction of a TLS connection: opens its records and hands on what they hold. */
export class Direction implements RecordOwner, MessageOwner {
  readonly stream: RecordStream
  readonly #owner: DirectionOwner
  readonly #messages: HandshakeReader
  /** Not certain until a hello or a secret has told it, when the connection was joined late. */
  fromClient: boolean
  phase: Phase = 'plain'
  /** Whether a record or a loss was met. */
  begun = false
  /** Records that were opened. */
  opened = 0
  /** Mark of the record that is being read; of the last one in between. */
  mark: Mark | null = null
  #keys: Keys | null = null
  #sequence = 0
  #failures = 0
  /** Records of rejected 0-RTT data stand before the ones that open. */
  #skipsEarly = false
  /** Some record was padded: the length of a lost one does not tell the length of its content. */
  #padded = false
  #lossPending = false
  /** A ChangeCipherSpec was passed over: what follows may be protected though it says it is handshake. */
  #passedChange = false

  constructor(owner: DirectionOwner, fromClient: boolean) {
    this.#owner = owner
    this.fromClient = fromClient
    this.stream = new RecordStream(this)
    this.#messages = new HandshakeReader(this)
  }

  /** Begins a phase whose first record has the sequence number given. */
  enter(phase: Phase, keys: Keys | null, sequence = 0): void {
    this.phase = phase
    this.#keys = keys
    this.#sequence = sequence
    this.#messages.reset()
  }

  /** 0-RTT data was rejected: what does not open before the first record that does is passed over (RFC 8446 4.2.10). */
  skipEarlyData(): void {
    if (this.phase !== 'early') return
    this.enter('handshake', this.#owner.keysOf(this, 'handshake'))
    this.#skipsEarly = true
  }

  /** Goes on with the next traffic secret (RFC 8446 4.6.3). */
  update(): void {
    const secret = this.#keys?.secret ?? null
    if (this.phase === 'application' && secret !== null) this.enter('application', this.#owner.updatedKeys(secret))
  }

  close(): void {
    this.phase = 'closed'
    this.#keys = null
    this.stream.close()
  }

  record(type: number, version: number, bytes: Uint8Array, start: number, end: number, mark: Mark, loss: Loss | null): Fate {
    this.mark = mark
    const record = { type, version, bytes, start, end }
    const fate = this.phase === 'plain' ? this.#readPlain(record, mark, loss) : this.#readSealed(record, mark, loss)
    if (fate !== 'wait') this.#begin()
    if (fate === 'read') this.#lossPending = false
    return fate
  }

  plausible(type: number, version: number, length: number): boolean {
    if (this.phase === 'plain') return version >= TLS10 && version <= TLS12 && length > 0
    // RFC 8446 5.2: protected records of TLS 1.3 all look alike.
    if (this.phase !== 'sealed' && type !== CONTENT.applicationData) return false
    return version <= TLS12 && length >= (this.#keys?.cipher.shortest ?? 1)
  }

  cut(type: number, bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    this.mark = mark
    if (this.phase === 'plain' && type === CONTENT.handshake && !this.#passedChange) this.#messages.feed(bytes, start, end)
  }

  passOver(bytes: Uint8Array, start: number, end: number): void {
    this.#keys?.cipher.passOver(bytes, start, end)
  }

  lost(missing: number | null, mark: Mark): void {
    this.mark = mark
    this.#lossPending = true
    // That the beginning is missing is not worth a note each time: tcp/ has one.
    if (missing !== null) this.#owner.damage('gap', 'TLS records were lost with the octets that are missing', mark)
    this.#messages.lose()
    this.#begin()
  }

  misaligned(mark: Mark): void {
    this.mark = mark
    this.#lossPending = true
    this.#owner.damage('malformed', 'no TLS record begins where one must', mark)
    this.#messages.lose()
    this.#begin()
  }

  held(change: number): void {
    this.#owner.held(change)
  }

  holding(): void {
    this.#owner.holding()
  }

  end(how: 'fin' | 'rst' | 'capture', time: Micros, unfinished: number): void {
    if (this.phase !== 'closed') {
      this.#messages.lose()
      if (unfinished > 0) this.#owner.damage('truncated', 'the last TLS record is cut off', this.mark)
      if ((unfinished > 0 || this.#lossPending) && this.phase !== 'plain' && this.mark !== null)
        this.#owner.missing(this, null, this.mark)
    }
    this.#owner.ended(this, how, time)
  }

  message(type: number, bytes: Uint8Array, start: number, end: number): void {
    this.#owner.message(this, type, bytes, start, end)
  }

  cutMessage(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.phase === 'plain') this.#owner.cutMessage(this, type, bytes, start, end)
  }

  tooLarge(type: number, length: number): void {
    this.#owner.damage('limit', `a handshake message of type ${type} and ${length} octets was passed over`, this.mark)
  }

  #begin(): void {
    if (this.begun) return
    this.begun = true
    this.#owner.began()
  }

  #readPlain(record: Sealed, mark: Mark, loss: Loss | null): Fate {
    const { type, version, bytes, start, end } = record
    if (version === SSL2) {
      this.#owner.ssl2Hello(this, bytes, start, end, mark)
      return 'read'
    }
    const inClear = this.#passedChange ? looksLikeHello : loss === null ? null : looksLikeMessage
    if (type === CONTENT.handshake && (inClear === null || inClear(bytes, start, end))) {
      if (loss !== null) this.#messages.recover()
      this.#messages.feed(bytes, start, end)
      return 'read'
    }
    if (type === CONTENT.alert && end - start === 2) {
      this.#owner.alert(this, bytes[start] as number, bytes[start + 1] as number, mark)
      return 'read'
    }
    const answer = this.#owner.protect(this, record, mark, loss)
    if (answer === 'wait') return 'wait'
    if (type === CONTENT.changeCipherSpec) this.#passedChange = true
    // A pass must not make a loss forgotten that the sequence numbers still have to be searched for.
    if (answer === 'pass') return loss === null ? 'read' : 'unread'
    return type === CONTENT.changeCipherSpec ? 'read' : this.#readSealed(record, mark, loss)
  }

  #readSealed(record: Sealed, mark: Mark, loss: Loss | null): Fate {
    if (this.phase === 'closed') return 'read'
    if (this.phase === 'sealed') {
      const plain = this.#find(this.#keys, record, this.#sequence, loss)
      if (plain === null) return this.#cannotOpen(record, mark)
      this.#account(loss, mark)
      this.#dispatch(record.type, plain, plain.length, mark)
      return 'read'
    }
    if (record.type !== CONTENT.applicationData) return this.#readUnsealed13(record, mark)
    if (this.phase === 'early' && this.#owner.earlyDataUndecided()) return 'wait'
    this.#keys ??= this.#owner.keysOf(this, this.phase)
    const plain = this.#open13(record, mark, loss)
    if (plain === null) return this.#cannotOpen(record, mark)
    this.#skipsEarly = false
    // RFC 8446 5.4: the content type is the last octet that is not zero.
    let last = plain.length - 1
    while (last >= 0 && plain[last] === 0) last--
    if (last < plain.length - 1) this.#padded = true
    if (last < 0) this.#owner.damage('malformed', 'a TLS record holds nothing but padding', mark)
    else this.#dispatch(plain[last] as number, plain, last, mark)
    return 'read'
  }

  /** TLS 1.3: what may stand in clear between protected records (RFC 8446 5, D.4). */
  #readUnsealed13(record: Sealed, mark: Mark): Fate {
    const { type, bytes, start, end } = record
    if (type === CONTENT.changeCipherSpec) return 'read'
    if (type === CONTENT.alert && end - start === 2)
      this.#owner.alert(this, bytes[start] as number, bytes[start + 1] as number, mark)
    else if (type === CONTENT.handshake && this.opened === 0) this.#messages.feed(bytes, start, end)
    else return 'unread'
    return 'read'
  }

  /** Opens a record of TLS 1.3 in this phase, or in the next one when its beginning was not seen. */
  #open13(record: Sealed, mark: Mark, loss: Loss | null): Uint8Array | null {
    const plain = this.#find(this.#keys, record, this.#sequence, loss)
    if (plain !== null) {
      this.#account(loss, mark)
      return plain
    }
    const next = FOLLOWING[this.phase].map((phase) => [phase, this.#owner.keysOf(this, phase)] as const)
    const secret = this.#keys?.secret ?? null
    // A KeyUpdate may be among what was lost.
    const update = this.phase === 'application' && loss !== null && secret !== null
    if (update) next.push(['application', this.#owner.updatedKeys(secret)])
    for (const [phase, keys] of next) {
      const found = this.#find(keys, record, 0, loss)
      if (found === null) continue
      if (update || (loss !== null && this.#skipped > 0)) this.#owner.missing(this, null, mark)
      this.enter(phase, keys, this.#skipped + 1)
      return found
    }
    return null
  }

  /** Records that the last search passed over. */
  #skipped = 0

  /** Opens a record under the sequence number expected, or after loss under one of those that follow. */
  #find(keys: Keys | null, record: Sealed, sequence: number, loss: Loss | null): Uint8Array | null {
    if (keys === null) return null
    const { type, version, bytes, start, end } = record
    const { cipher } = keys
    const expected = cipher.open(sequence, type, version, bytes, start, end)
    if (expected !== null) return this.#opens(expected, sequence, 0)
    const last = loss === null ? sequence : sequence + mostSkipped(loss, cipher)
    for (let first = sequence + 1; first <= last; first += WINDOW)
      for (const later of cipher.likely(first, Math.min(WINDOW, last + 1 - first), bytes, start, end)) {
        if (!this.#owner.spend()) return null
        const plain = cipher.open(later, type, version, bytes, start, end)
        if (plain !== null) return this.#opens(plain, later, later - sequence)
      }
    return null
  }

  #opens(plain: Uint8Array, sequence: number, skipped: number): Uint8Array {
    this.#skipped = skipped
    this.#sequence = sequence + 1
    this.opened++
    this.#failures = 0
    return plain
  }

  #cannotOpen(record: Sealed, mark: Mark): Fate {
    if (this.#owner.maySecretsCome(this)) return 'wait'
    this.#keys?.cipher.passOver(record.bytes, record.start, record.end)
    if (this.#keys === null && FOLLOWING[this.phase].every((phase) => this.#owner.keysOf(this, phase) === null)) {
      this.#owner.giveUp(this, 'no-secret')
      return 'read'
    }
    if (this.#keys === null && this.phase === 'early') this.#owner.missing(this, null, mark)
    this.#messages.lose()
    // Without the secret of its phase a record cannot open; the next phase's first one will.
    if (this.#keys === null || this.#skipsEarly) return this.#lossPending ? 'unread' : 'read'
    this.#lossPending = true
    if (++this.#failures >= (this.opened === 0 ? MAX_FIRST_FAILURES : MAX_FAILURES)) this.#owner.giveUp(this, 'wrong-secret')
    else if (this.opened > 0) this.#owner.damage('undecrypted', 'a TLS record does not open', mark)
    return 'unread'
  }

  /** Tells the next layer what the records lost before the one just opened took away. */
  #account(loss: Loss | null, mark: Mark): void {
    const skipped = this.#skipped
    if (loss === null || skipped === 0 || this.phase === 'handshake' || this.phase === 'early') return
    const first = this.#sequence - 1 - skipped
    // The Finished message alone comes before the data of TLS 1.2.
    if (this.phase === 'sealed' && first === 0 && skipped === 1) return
    const overhead = this.#keys?.cipher.overhead ?? null
    const handshake = this.phase === 'sealed' ? first === 0 : first < TICKET_RECORDS && !this.fromClient
    const exact = loss.total !== null && overhead !== null && !this.#padded && !handshake
    const octets = exact ? (loss.total as number) - skipped * (RECORD_HEADER + (overhead as number)) : -1
    this.#owner.missing(this, octets < 0 ? null : octets, mark)
  }

  #dispatch(type: number, plain: Uint8Array, end: number, mark: Mark): void {
    switch (type) {
      case CONTENT.applicationData:
        if (end > 0) this.#owner.plaintext(this, plain, 0, end, mark)
        return
      case CONTENT.handshake:
        // Behind lost records a message begins with its record; in a handshake that was hit it is not known where.
        if (this.phase !== 'handshake' && looksLikeMessage(plain, 0, end)) this.#messages.recover()
        this.#messages.feed(plain, 0, end)
        return
      case CONTENT.alert:
        if (end >= 2) this.#owner.alert(this, plain[0] as number, plain[1] as number, mark)
        return
      case CONTENT.changeCipherSpec:
        // RFC 5246 7.1: a renegotiation ends in new keys.
        if (this.phase !== 'sealed') return
        if (this.#owner.protect(this, { type, version: TLS12, bytes: plain, start: 0, end }, mark, null) === 'wait')
          this.#owner.giveUp(this, 'no-secret')
        return
      case CONTENT.heartbeat:
        return
      default:
        this.#owner.damage('malformed', `a TLS record of unknown content type ${type}`, mark)
    }
  }
}

/** How many records the loss can have taken at most. */
function mostSkipped(loss: Loss, cipher: RecordCipher): number {
  if (loss.octets === null) return MAX_SKIPPED
  return Math.min(MAX_SKIPPED, loss.records + Math.floor(loss.octets / (RECORD_HEADER + cipher.shortest)))
}
