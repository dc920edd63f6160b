import { decryptRsa, type PrivateKey, rsaSize } from '../platform/crypto.ts'
import { masterSecret, transcriptHash } from './key-schedule.ts'
import type { Negotiation } from './negotiation.ts'
import { SECRET, type SecretStore } from './secrets.ts'
import type { SessionCache } from './sessions.ts'
import { SSL3 } from './versions.ts'

export interface MasterSecret {
  readonly secret: Uint8Array
  readonly origin: 'keylog' | 'dsb' | 'private-key' | 'resumed'
}

/** Where master secrets of TLS 1.2 and before may be found. */
export interface MasterSources {
  readonly secrets: SecretStore
  readonly rsaKeys: readonly PrivateKey[]
  readonly sessions: SessionCache
}

/** The master secret of a handshake of TLS 1.2 or before from all that is known; null when nothing leads to it. */
export function findMasterSecret(negotiation: Negotiation, sources: MasterSources): MasterSecret | null {
  const { client, server } = negotiation
  if (client === null || server === null) return null
  const { secrets, sessions } = sources
  const entry = secrets.entryOf(client.random, 0, client.random.length)
  const logged = secrets.secretOf(entry, SECRET.master)
  if (logged !== null) return { secret: logged, origin: secrets.originOf(entry, SECRET.master) ?? 'keylog' }
  if (negotiation.resumed) {
    const { sessionId } = server
    const known = sessions.find(sessionId) ?? sessions.find(client.ticket)
    if (known !== null) return { secret: known, origin: 'resumed' }
  }
  const session = secrets.entryOf(server.sessionId, 0, server.sessionId.length)
  const bySession = server.sessionId.length > 0 ? secrets.secretOf(session, SECRET.sessionMaster) : null
  if (bySession !== null) return { secret: bySession, origin: secrets.originOf(session, SECRET.sessionMaster) ?? 'keylog' }
  return findPremaster(negotiation, sources, entry)
}

function findPremaster(negotiation: Negotiation, sources: MasterSources, entry: number): MasterSecret | null {
  const { secrets, rsaKeys } = sources
  const logged = secrets.secretOf(entry, SECRET.premaster)
  if (logged !== null) return fromPremaster(negotiation, logged, secrets.originOf(entry, SECRET.premaster) ?? 'keylog')
  const encrypted = encryptedPremaster(negotiation)
  if (encrypted === null) return null
  const byStart = secrets.entryOf(encrypted, 0, 8)
  const premaster = secrets.secretOf(byStart, SECRET.rsaPremaster)
  if (premaster !== null) return fromPremaster(negotiation, premaster, secrets.originOf(byStart, SECRET.rsaPremaster) ?? 'keylog')
  for (const key of rsaKeys) {
    if (rsaSize(key) !== encrypted.length) continue
    const opened = decryptRsa(key, encrypted)
    if (opened !== null && isPremaster(opened, negotiation)) return fromPremaster(negotiation, opened, 'private-key')
  }
  return null
}

function fromPremaster(negotiation: Negotiation, premaster: Uint8Array, origin: MasterSecret['origin']): MasterSecret | null {
  const agreed = negotiation.agreement()
  if (agreed === null) return null
  if (negotiation.server?.extendedMasterSecret !== true) return { secret: masterSecret(agreed, premaster, null), origin }
  const transcript = negotiation.transcript()
  if (transcript === null) return null
  return { secret: masterSecret(agreed, premaster, transcriptHash(agreed, transcript)), origin }
}

/** EncryptedPreMasterSecret (RFC 5246 7.4.7.1); SSL 3.0 sends it without a length (RFC 6101 5.6.7.1). */
function encryptedPremaster(negotiation: Negotiation): Uint8Array | null {
  const { keyExchange, suite, version } = negotiation
  if (keyExchange === null || suite?.rsaKeyExchange !== true) return null
  const encrypted = keyExchange.subarray(version === SSL3 ? 0 : 2)
  return encrypted.length < 8 ? null : encrypted
}

/** RFC 5246 7.4.7.1: 48 octets that begin with the version which the client offered; some send the negotiated one. */
function isPremaster(premaster: Uint8Array, negotiation: Negotiation): boolean {
  if (premaster.length !== 48) return false
  const version = ((premaster[0] as number) << 8) | (premaster[1] as number)
  return version === negotiation.client?.version || version === negotiation.version
}
