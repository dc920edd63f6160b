import { type PrivateKey, readRsaKeys } from '../platform/crypto.ts'
import type { Connection, Recognition, StreamPair } from '../tcp/connection.ts'
import { type OpenPlaintext, TlsConnection } from './connection.ts'
import type { Handshake, TlsContext, Waiter } from './context.ts'
import { MESSAGE } from './handshake-reader.ts'
import { KeyDoctor } from './key-doctor.ts'
import { KeyLogScanner } from './key-log.ts'
import { CONTENT, isSsl2Hello, looksLikeRecord, RECORD_HEADER } from './record-stream.ts'
import { SecretStore } from './secrets.ts'
import { SessionCache } from './sessions.ts'
import { MAX_TRIALS_RUN } from './trial.ts'

/** Octets that all connections together hold while they wait for secrets; the one that waits longest gives up first. */
export const MAX_HELD_RUN = 16 * 1024 * 1024
/** Private keys that are tried on a key exchange. */
export const MAX_RSA_KEYS = 64

/** Messages that only (nearly only: Certificate) servers send. */
const SERVER_MESSAGES: ReadonlySet<number> = new Set([
  MESSAGE.serverHello,
  MESSAGE.newSessionTicket,
  MESSAGE.certificate,
  MESSAGE.serverKeyExchange,
  MESSAGE.serverHelloDone,
])

export interface TlsOptions {
  /** Called once for every connection of which a hello was seen. */
  readonly onHandshake?: (handshake: Handshake) => void
}

/** All TLS of a run: its secrets, its connections, and what could not be decrypted. */
export class TlsLayer {
  readonly secrets = new SecretStore()
  readonly doctor = new KeyDoctor()
  /** Lines of key logs that gave a secret, and lines that are key lines but broken. */
  readonly keyLines = { used: 0, broken: 0 }
  readonly #rsaKeys: PrivateKey[] = []
  readonly #context: TlsContext
  /** Connections that hold octets, the one that began first in front. */
  readonly #waiting = new Set<Waiter>()
  #held = 0
  /** Decryption Secrets Blocks of one input: a line may be cut between two of them. */
  #blocks: KeyLogScanner | null = null

  constructor(options: TlsOptions = {}) {
    this.#context = {
      secrets: this.secrets,
      rsaKeys: this.#rsaKeys,
      sessions: new SessionCache(),
      doctor: this.doctor,
      trialsLeft: MAX_TRIALS_RUN,
      seenEntries: new Set(),
      secretsMayCome: false,
      onHandshake: options.onHandshake ?? null,
      held: (waiter, change) => this.#noteHeld(waiter, change),
      holding: () => this.#relieve(),
    }
  }

  /**
   * A scanner for a key log file: write its chunks, then end it, before the first packet. Of one that grows `settle` what has come so far:
   * connections that wait are tried again.
   */
  keyLog(): { write(bytes: Uint8Array): void; settle(): void; end(): void } {
    const scanner = new KeyLogScanner(this.secrets, 'keylog')
    return {
      write: (bytes) => scanner.write(bytes),
      settle: () => {
        scanner.settle()
        for (const waiter of [...this.#waiting]) waiter.retry()
      },
      end: () => {
        scanner.end()
        this.#count(scanner)
      },
    }
  }

  /** The RSA private keys in PEM text; returns what is wrong with it, one line each. */
  addPrivateKeys(text: string): string[] {
    const { keys, problems } = readRsaKeys(text)
    if (keys.length === 0 && problems.length === 0) problems.push('no private key in PEM form was found')
    const room = MAX_RSA_KEYS - this.#rsaKeys.length
    if (keys.length > room) problems.push(`only the first ${MAX_RSA_KEYS} private keys are used`)
    this.#rsaKeys.push(...keys.slice(0, room))
    return problems
  }

  /** An input begins. `secretsMayCome`: it is of a format that can carry secrets, so connections without any wait for a while. */
  beginInput(secretsMayCome: boolean): void {
    this.#context.secretsMayCome = secretsMayCome
  }

  /** A Decryption Secrets Block of type TLS key log: connections that wait are tried again. */
  addSecretsBlock(bytes: Uint8Array): void {
    this.#blocks ??= new KeyLogScanner(this.secrets, 'dsb')
    this.#blocks.write(bytes)
    this.#blocks.settle()
    for (const waiter of [...this.#waiting]) waiter.retry()
  }

  /** No secret comes any more from this input: whoever waits goes on without. */
  endInput(): void {
    this.#context.secretsMayCome = false
    for (const waiter of [...this.#waiting]) waiter.stopWaiting()
    this.#blocks?.end()
    if (this.#blocks !== null) this.#count(this.#blocks)
    this.#blocks = null
  }

  /**
   * Any record will do, because the hellos may be lost. Only a hello tells for certain who speaks; of others it is guessed, and put right
   * once a secret fits.
   */
  recognise(bytes: Uint8Array, start: number, end: number, fromStart: boolean): Recognition {
    const type = bytes[start] as number
    const length = end - start
    if (type >= 0x80) {
      if (length < RECORD_HEADER) return 'more'
      return fromStart && isSsl2Hello(bytes, start) ? 'client' : 'ignore'
    }
    if (type < CONTENT.changeCipherSpec || type > CONTENT.applicationData) return 'ignore'
    if (length > 1 && bytes[start + 1] !== 3) return 'ignore'
    if (length <= RECORD_HEADER) return 'more'
    const body = ((bytes[start + 3] as number) << 8) | (bytes[start + 4] as number)
    if (body === 0 || !looksLikeRecord(type, 3, bytes[start + 2] as number, body)) return 'ignore'
    if (type !== CONTENT.handshake) return 'client'
    return SERVER_MESSAGES.has(bytes[start + RECORD_HEADER] as number) ? 'server' : 'client'
  }

  open(connection: Connection, openPlaintext: OpenPlaintext): StreamPair {
    return new TlsConnection(connection, this.#context, openPlaintext)
  }

  #count(scanner: KeyLogScanner): void {
    this.keyLines.used += scanner.used
    this.keyLines.broken += scanner.broken
  }

  #noteHeld(waiter: Waiter, change: number): void {
    this.#held += change
    if (waiter.heldOctets > 0) this.#waiting.add(waiter)
    else this.#waiting.delete(waiter)
  }

  #relieve(): void {
    for (const waiter of this.#waiting) {
      if (this.#held <= MAX_HELD_RUN) return
      waiter.stopWaiting()
    }
  }
}
