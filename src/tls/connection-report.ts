import { type DamageKind, DamageLog } from '../core/damage.ts'
import { encodeHex } from '../platform/crypto.ts'
import type { Connection, Mark, TlsFacts } from '../tcp/connection.ts'
import { alertText, isFailure } from './alerts.ts'
import type { Alert, TlsContext } from './context.ts'
import type { Negotiation } from './negotiation.ts'
import type { Problem } from './reason.ts'
import { versionName } from './versions.ts'

/** Alerts of one connection that are kept. */
const MAX_ALERTS = 8
const NO_ALERTS: Alert[] = []

/** Gathers what one connection tells the report: its facts, damage and alerts, and why it is not decrypted. */
export class ConnectionReport {
  readonly #connection: Connection
  readonly #context: TlsContext
  readonly #facts: TlsFacts
  #alerts: Alert[] = NO_ALERTS
  #damage: DamageLog | null = null
  #problem: Problem | null = null
  /** Where the first hello was met. */
  #mark: Mark | null = null
  #announced = false

  constructor(connection: Connection, context: TlsContext) {
    this.#connection = connection
    this.#context = context
    this.#facts = {
      version: null,
      cipherSuite: null,
      serverName: null,
      alpn: null,
      decrypted: false,
      secrets: null,
      reason: null,
    }
    connection.tls = this.#facts
  }

  /** Takes over what a hello or a later message has told; what the first handshake told stays. */
  hello(negotiation: Negotiation, mark: Mark | null): void {
    this.#mark ??= mark
    const { client, version, suite, alpn } = negotiation
    this.#facts.serverName ??= client?.serverName ?? null
    if (version !== null) this.#facts.version = versionName(version)
    if (suite !== null) this.#facts.cipherSuite = suite.name
    this.#facts.alpn ??= alpn
  }

  alert(fromClient: boolean, level: number, description: number, mark: Mark): void {
    if (!isFailure(level, description) || this.#alerts.length >= MAX_ALERTS) return
    if (this.#alerts === NO_ALERTS) this.#alerts = []
    const from = fromClient ? 'client' : 'server'
    this.#alerts.push({
      from,
      level,
      description,
      text: alertText(fromClient, description),
      time: mark.time,
      frames: mark.frames,
    })
  }

  damage(kind: DamageKind, detail: string, mark: Mark | null): void {
    this.#damage ??= new DamageLog()
    this.#damage.add('tls', kind, detail, mark?.frames[0] ?? null)
  }

  /** The first problem explains the connection best. */
  problem(problem: Problem): void {
    this.#problem ??= problem
  }

  /** Hands out what the handshake told, once. `opened`: records of the server were decrypted. */
  announce(negotiation: Negotiation, opened: boolean): void {
    const { onHandshake } = this.#context
    if (this.#announced || onHandshake === null || this.#mark === null) return
    this.#announced = true
    const { client, server, resumed, certificates, tls13, alpn } = negotiation
    const { serverName, version, cipherSuite } = this.#facts
    onHandshake({
      connection: this.#connection,
      time: this.#mark.time,
      frames: this.#mark.frames,
      clientRandom: client === null ? null : encodeHex(client.random),
      serverName,
      alpnOffered: client?.alpn ?? [],
      alpn,
      alpnKnown: server !== null && (!tls13 || opened),
      version,
      cipherSuite,
      resumed,
      certificates,
      alerts: this.#alerts,
    })
  }

  /** Nothing more comes. `opened`: any record was decrypted, with a secret of the origin given. */
  finish(negotiation: Negotiation, opened: boolean, origin: TlsFacts['secrets'], inKeyLog: boolean): void {
    const { doctor } = this.#context
    doctor.connections++
    if (opened) doctor.decrypted++
    this.#facts.decrypted = opened
    this.#facts.secrets = opened ? origin : null
    this.#explain(negotiation, opened, inKeyLog)
    if (this.#damage !== null) this.#connection.damage = [...this.#connection.damage, ...this.#damage.list()]
  }

  #explain(negotiation: Negotiation, opened: boolean, inKeyLog: boolean): void {
    const problem = this.#problem
    const failure = this.#alerts[0]
    if (problem === null) {
      if (!opened) this.#facts.reason = failure?.text ?? 'no protected record was captured'
      return
    }
    const { cause, missing, reason } = problem
    this.#facts.reason = failure === undefined || opened ? reason : `${failure.text}; ${reason}`
    const { client, resumed } = negotiation
    const { serverName, version, cipherSuite } = this.#facts
    this.#context.doctor.add({
      connection: this.#connection,
      cause: opened && cause === 'no-secret' ? 'partial' : cause,
      clientRandom: client === null ? null : encodeHex(client.random),
      serverName,
      version,
      cipherSuite,
      missing,
      inKeyLog,
      resumed,
      reason,
    })
  }
}
