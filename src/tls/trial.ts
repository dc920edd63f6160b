import { type CipherSuite, cipherSuite } from './cipher-suites.ts'
import type { RecordCipher } from './ciphers.ts'
import type { TlsContext } from './context.ts'
import type { Keys, Phase } from './direction.ts'
import { type Agreement, connectionCiphers, hashLength, trafficCipher } from './key-schedule.ts'
import type { Negotiation } from './negotiation.ts'
import type { Loss } from './record-stream.ts'
import { SECRET, type SecretKind } from './secrets.ts'

/** Attempts to open one record with the secrets of the key log. */
export const MAX_TRIALS = 10_000
/** Attempts in all searches of a run: about two seconds of one core. */
export const MAX_TRIALS_RUN = 200_000
/** Entries of the key log that one trial takes up. */
export const MAX_TRIAL_ENTRIES = 1_000
/** Records of one connection that the secrets are tried on. */
export const MAX_UNKNOWN_RECORDS = 6
/** Sequence numbers that are tried when the stream does not tell that anything is missing. */
const MIN_SEQUENCES = 2
/** Sequence numbers that are tried in a connection of which no hello was captured. */
const MAX_SEQUENCES = 16_384
/** Sequence numbers that are looked at together. */
const WINDOW = 256

/** Suites of TLS 1.3 that are tried, AES-GCM first because its search is cheap. CCM is left to connections that name it. */
const SUITES = [0x1301, 0x1302, 0x1303].map(cipherSuite)

/** A record whose secret is not known: bytes[start, end) is its body. */
export interface Sealed {
  readonly type: number
  readonly version: number
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

interface Candidate {
  readonly entry: number
  readonly kind: SecretKind
}

interface Attempt {
  readonly candidate: Candidate
  readonly suite: CipherSuite
  readonly keys: Keys
}

/** What a traffic secret of TLS 1.3 that opened a record tells. */
export interface FoundTraffic {
  readonly suite: CipherSuite
  readonly keys: Keys
  readonly phase: Phase
  readonly fromClient: boolean
  readonly sequence: number
}

export interface Found {
  readonly entry: number
  /** Null when it was the master secret of TLS 1.2 or before. */
  readonly traffic: FoundTraffic | null
}

/** Traffic secrets that are tried: data is more likely than the handshake. */
const TRAFFIC: readonly { kind: SecretKind; phase: Phase; fromClient: boolean }[] = [
  { kind: SECRET.clientTraffic, phase: 'application', fromClient: true },
  { kind: SECRET.serverTraffic, phase: 'application', fromClient: false },
  { kind: SECRET.clientHandshake, phase: 'handshake', fromClient: true },
  { kind: SECRET.serverHandshake, phase: 'handshake', fromClient: false },
]

/**
 * Looks for the secret of a connection of which a hello is missing by trying those of the key log on a protected record. Without a
 * ServerHello only TLS 1.3 can be found, because the keys of TLS 1.2 need the server random.
 */
export function findUnknown(
  context: TlsContext,
  negotiation: Negotiation,
  fromClient: boolean,
  record: Sealed,
  loss: Loss | null,
): Found | null {
  const { client, server, suite } = negotiation
  if (client === null && server === null) {
    // Neither the direction nor the phase is certain; in the middle of a connection it is application data.
    const kinds = [SECRET.clientTraffic, SECRET.serverTraffic]
    return tryTraffic(context, likelyCandidates(context, kinds), null, record, loss === null ? MIN_SEQUENCES : MAX_SEQUENCES)
  }
  const most = loss === null || loss.octets === null ? MIN_SEQUENCES : MIN_SEQUENCES + loss.records + Math.floor(loss.octets / 22)
  const kinds = TRAFFIC.filter((row) => row.fromClient === fromClient).map((row) => row.kind)
  if (client !== null) {
    const entry = context.secrets.entryOf(client.random, 0, client.random.length)
    return tryTraffic(
      context,
      kinds.map((kind) => ({ entry, kind })),
      null,
      record,
      most,
    )
  }
  if (negotiation.tls13) return tryTraffic(context, likelyCandidates(context, kinds), suite, record, most)
  return tryMasters(context, negotiation, fromClient, record, most)
}

/** Takes one attempt from what is left; false when nothing is. */
export function spend(context: TlsContext): boolean {
  return context.trialsLeft > 0 && context.trialsLeft-- > 0
}

/**
 * Entries that may belong to a connection whose ClientHello was not captured: those that no ClientHello has claimed, then the others,
 * because the same connection may be captured twice.
 */
function likelyCandidates(context: TlsContext, kinds: readonly SecretKind[]): Candidate[] {
  const { secrets, seenEntries } = context
  const [free, claimed]: [Candidate[], Candidate[]] = [[], []]
  for (let entry = 0, entries = 0; entry < secrets.entries && entries < MAX_TRIAL_ENTRIES; entry++) {
    const held = kinds.filter((kind) => secrets.has(entry, kind))
    if (held.length > 0) entries++
    for (const kind of held) (seenEntries.has(entry) ? claimed : free).push({ entry, kind })
  }
  return [...free, ...claimed]
}

/** All candidates with low sequence numbers, then with higher ones, within MAX_TRIALS. `suite` null: any that fits the secret's length. */
function tryTraffic(
  context: TlsContext,
  candidates: readonly Candidate[],
  suite: CipherSuite | null,
  record: Sealed,
  most: number,
): Found | null {
  const attempts: Attempt[] = []
  for (const candidate of candidates) {
    const secret = context.secrets.secretOf(candidate.entry, candidate.kind)
    if (secret === null) continue
    for (const possible of suite === null ? SUITES : [suite]) {
      const cipher = hashLength(possible.hash) === secret.length ? trafficCipher(possible, secret, true) : null
      if (cipher !== null) attempts.push({ candidate, suite: possible, keys: { cipher, secret } })
    }
  }
  let left = MAX_TRIALS
  for (let first = 0; first <= most; first += WINDOW)
    for (const attempt of attempts) {
      const count = Math.min(WINDOW, most + 1 - first)
      for (const sequence of attempt.keys.cipher.likely(first, count, record.bytes, record.start, record.end)) {
        if (left-- === 0 || !spend(context)) return null
        if (opens(attempt.keys.cipher, sequence, record)) return found(attempt, sequence)
      }
    }
  return null
}

function opens(cipher: RecordCipher, sequence: number, { type, version, bytes, start, end }: Sealed): boolean {
  return cipher.open(sequence, type, version, bytes, start, end) !== null
}

function found({ candidate, suite, keys }: Attempt, sequence: number): Found | null {
  const row = TRAFFIC.find(({ kind }) => kind === candidate.kind)
  if (row === undefined) return null
  const { phase, fromClient } = row
  return { entry: candidate.entry, traffic: { suite, keys, phase, fromClient, sequence } }
}

/** The entry whose client random and master secret open one of the first protected records, the ServerHello being known. */
function tryMasters(
  context: TlsContext,
  negotiation: Negotiation,
  fromClient: boolean,
  record: Sealed,
  most: number,
): Found | null {
  for (const { entry, kind } of likelyCandidates(context, [SECRET.master])) {
    const master = context.secrets.secretOf(entry, kind)
    const agreed: Agreement | null = negotiation.agreement(context.secrets.keyOf(entry))
    const ciphers = master === null || agreed === null ? null : connectionCiphers(agreed, master)
    if (ciphers === null) return null
    const cipher = fromClient ? ciphers.client : ciphers.server
    for (let sequence = 0; sequence <= most; sequence++) {
      if (!spend(context)) return null
      if (opens(cipher, sequence, record)) return { entry, traffic: null }
    }
  }
  return null
}
