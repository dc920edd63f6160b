import { type CipherSuite, cipherSuite } from './cipher-suites.ts'
import { copyRange } from './copy.ts'
import { MESSAGE } from './handshake-reader.ts'
import { type ClientHello, readCertificates, readTicket, type ServerHello } from './hello.ts'
import type { Agreement } from './key-schedule.ts'
import { TLS13 } from './versions.ts'

/** What one handshake of a connection told in clear or decrypted; a renegotiation begins a new one. */
export class Negotiation {
  client: ClientHello | null = null
  server: ServerHello | null = null
  /** Suite when no ServerHello told it but a trial of secrets did. */
  suiteFound: CipherSuite | null = null
  /** ALPN from EncryptedExtensions. */
  alpnFound: string | null = null
  /** A HelloRetryRequest was seen. */
  retried = false
  /** 0-RTT: 'unknown' until the server has answered the offer. */
  earlyData: 'none' | 'unknown' | 'accepted' | 'rejected' = 'none'
  /** TLS 1.2: the server sent a certificate, key exchange or ServerHelloDone, so nothing is resumed. */
  full = false
  certificates: Uint8Array[] = []
  /** TLS 1.2: body of ClientKeyExchange, and the ticket that the server issued. */
  keyExchange: Uint8Array | null = null
  ticket: Uint8Array | null = null
  /** Whether a premaster secret may become known, which with extended_master_secret needs the messages (RFC 7627 4). */
  keepsTranscript = false
  #transcript: Transcript | null = null

  get version(): number | null {
    return this.server?.version ?? (this.suiteFound === null ? null : TLS13)
  }

  get suite(): CipherSuite | null {
    return this.server === null ? this.suiteFound : cipherSuite(this.server.cipherSuite)
  }

  get tls13(): boolean {
    return this.version === TLS13
  }

  get alpn(): string | null {
    return this.alpnFound ?? this.server?.alpn ?? null
  }

  /** Up to draft 24 the record header was not authenticated. */
  get headerAuthenticated(): boolean {
    return (this.server?.draft ?? 28) >= 25
  }

  get resumed(): boolean {
    return this.server !== null && (this.tls13 ? this.server.preSharedKey : !this.full)
  }

  /** All messages that count, in a row; null when none or too many were kept. */
  transcript(): Uint8Array | null {
    return this.#transcript?.octets() ?? null
  }

  keep(fromClient: boolean, message: Uint8Array): void {
    if (!this.keepsTranscript) return
    this.#transcript ??= new Transcript()
    this.#transcript.add(fromClient, message)
  }

  /** Takes over a message of TLS 1.2 or before that is no hello: its header begins at `start`. */
  take12(fromClient: boolean, type: number, bytes: Uint8Array, start: number, end: number): void {
    const body = start + 4
    if (type !== MESSAGE.helloRequest) this.keep(fromClient, bytes.subarray(start, end))
    switch (type) {
      case MESSAGE.helloRetryRequest:
        this.retried = true
        return
      case MESSAGE.certificate:
        if (fromClient) return
        this.full = true
        this.certificates = readCertificates(bytes, body, end, this.version ?? 0)
        return
      case MESSAGE.serverKeyExchange:
      case MESSAGE.serverHelloDone:
        this.full = true
        return
      case MESSAGE.clientKeyExchange:
        this.#transcript?.close()
        if (this.suite?.rsaKeyExchange === true) this.keyExchange = copyRange(bytes, body, end)
        return
      case MESSAGE.newSessionTicket:
        this.ticket = readTicket(bytes, body, end)
    }
  }

  /** What both hellos of TLS 1.2 or before agreed on; null while one is missing. The client random may be one that is only tried. */
  agreement(clientRandom: Uint8Array | null = this.client?.random ?? null): Agreement | null {
    const { server, suite } = this
    if (clientRandom === null || server === null || suite === null) return null
    return {
      version: server.version,
      suite,
      clientRandom,
      serverRandom: server.random,
      encryptThenMac: server.encryptThenMac,
      truncatedHmac: server.truncatedHmac,
    }
  }
}

/** The largest transcript that is kept; beyond it the session hash cannot be made. */
const MAX_TRANSCRIPT = 128 * 1024

/** Handshake messages up to ClientKeyExchange: the client's first, the server's, the client's others (RFC 5246 7.3). */
class Transcript {
  readonly #hello: Uint8Array[] = []
  readonly #server: Uint8Array[] = []
  readonly #client: Uint8Array[] = []
  #length = 0
  #closed = false

  add(fromClient: boolean, message: Uint8Array): void {
    if (this.#closed) return
    this.#length += message.length
    if (this.#length > MAX_TRANSCRIPT) return
    const part = fromClient ? (this.#hello.length === 0 ? this.#hello : this.#client) : this.#server
    part.push(copyRange(message))
  }

  /** ClientKeyExchange was the last message that counts. */
  close(): void {
    this.#closed = true
  }

  /** All messages in a row; null when none or too many were kept. */
  octets(): Uint8Array | null {
    if (this.#length === 0 || this.#length > MAX_TRANSCRIPT) return null
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const message of [...this.#hello, ...this.#server, ...this.#client]) {
      all.set(message, at)
      at += message.length
    }
    return all
  }
}
