import type { TlsFacts } from '../tcp/connection.ts'
import type { RecordCipher } from './ciphers.ts'
import type { TlsContext } from './context.ts'
import type { Keys, Phase } from './direction.ts'
import { connectionCiphers, trafficCipher, updatedSecret } from './key-schedule.ts'
import { findMasterSecret } from './master-secret.ts'
import type { Negotiation } from './negotiation.ts'
import { SECRET, type SecretKind } from './secrets.ts'

/** Secrets of TLS 1.3 by phase: the client's, the server's. */
const KINDS: Readonly<Partial<Record<Phase, readonly [SecretKind, SecretKind | null]>>> = {
  early: [SECRET.clientEarly, null],
  handshake: [SECRET.clientHandshake, SECRET.serverHandshake],
  application: [SECRET.clientTraffic, SECRET.serverTraffic],
}

/** The keys of one connection: finds its secrets and makes ciphers of them. */
export class ConnectionKeys {
  readonly #context: TlsContext
  #negotiation: Negotiation
  /** Entry of the secret store; -1 while none is known. */
  #entry = -1
  #sealed: { readonly client: RecordCipher; readonly server: RecordCipher; readonly master: Uint8Array } | null = null
  /** Where the secret that was used last came from. */
  origin: TlsFacts['secrets'] = null

  constructor(context: TlsContext, negotiation: Negotiation) {
    this.#context = context
    this.#negotiation = negotiation
  }

  /** A ClientHello begins a handshake, or repeats one after a HelloRetryRequest. */
  begin(negotiation: Negotiation): void {
    this.#negotiation = negotiation
    this.#entry = -1
    this.#sealed = null
    this.entry()
  }

  /** The secret store's entry for the client random, which may come while the connection lasts; -1 when there is none. */
  entry(): number {
    const { client } = this.#negotiation
    if (this.#entry < 0 && client !== null) this.adopt(this.#context.secrets.entryOf(client.random, 0, client.random.length))
    return this.#entry
  }

  /** A trial of secrets told the entry. */
  adopt(entry: number): void {
    this.#entry = entry
    if (entry >= 0) this.#context.seenEntries.add(entry)
  }

  /** Keys of a phase of TLS 1.3; null while its secret is not known. */
  of(fromClient: boolean, phase: Phase): Keys | null {
    const kind = kindOf(fromClient, phase)
    const secret = kind === null ? null : this.#context.secrets.secretOf(this.entry(), kind)
    if (kind === null || secret === null) return null
    const keys = this.#make(secret)
    if (keys !== null) this.origin = this.#context.secrets.originOf(this.#entry, kind)
    return keys
  }

  updated(secret: Uint8Array): Keys | null {
    const { suite } = this.#negotiation
    return suite === null ? null : this.#make(updatedSecret(suite, secret))
  }

  /** Whether a direction lacks a secret that it needs in this phase or later. */
  lacks(fromClient: boolean, phase: Phase): boolean {
    const entry = this.entry()
    return [kindOf(fromClient, phase), kindOf(fromClient, 'application')].some(
      (kind) => kind !== null && !this.#context.secrets.has(entry, kind),
    )
  }

  /** Keys of TLS 1.2 and before; null while no master secret is known. Remembers the session for connections that resume it. */
  sealed(fromClient: boolean): Keys | null {
    const negotiation = this.#negotiation
    const agreed = negotiation.agreement()
    if (agreed === null) return null
    if (this.#sealed === null) {
      const master = findMasterSecret(negotiation, this.#context)
      const ciphers = master === null ? null : connectionCiphers(agreed, master.secret)
      if (master === null || ciphers === null) return null
      this.#sealed = { client: ciphers.client, server: ciphers.server, master: master.secret }
      this.origin = master.origin
    }
    const { client, server, master } = this.#sealed
    // The server's ticket comes between the client's ChangeCipherSpec and its own.
    this.#context.sessions.remember(fromClient ? (negotiation.server?.sessionId ?? null) : negotiation.ticket, master)
    return { cipher: fromClient ? client : server, secret: null }
  }

  #make(secret: Uint8Array): Keys | null {
    const { suite, headerAuthenticated } = this.#negotiation
    const cipher = suite === null ? null : trafficCipher(suite, secret, headerAuthenticated)
    return cipher === null ? null : { cipher, secret }
  }
}

function kindOf(fromClient: boolean, phase: Phase): SecretKind | null {
  return KINDS[phase]?.[fromClient ? 0 : 1] ?? null
}
