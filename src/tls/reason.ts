import { encodeHex } from '../platform/crypto.ts'
import type { TlsContext } from './context.ts'
import type { Cause } from './key-doctor.ts'
import type { Negotiation } from './negotiation.ts'
import { SECRET, type SecretKind } from './secrets.ts'
import { MAX_TRIALS } from './trial.ts'
import { SSL2, TLS13, versionName } from './versions.ts'

/** Why a connection is not, or not wholly, decrypted. */
export interface Problem {
  readonly cause: Cause
  /** Labels of key log lines that would help. */
  readonly missing: readonly string[]
  readonly reason: string
}

/** What TLS 1.3 data needs; the handshake secrets show no more than certificates. */
const TRAFFIC_LABELS: readonly (readonly [SecretKind, string])[] = [
  [SECRET.clientTraffic, 'CLIENT_TRAFFIC_SECRET_0'],
  [SECRET.serverTraffic, 'SERVER_TRAFFIC_SECRET_0'],
]

/** What was negotiated and is not read here, in words; null when all of it is. */
export function unsupportedReason(negotiation: Negotiation): string | null {
  const { client, server, suite } = negotiation
  if (server === null) return client?.version === SSL2 ? 'SSL 2.0 is not read by this program' : null
  if (server.version > TLS13) return `${versionName(server.version)} is not read by this program`
  if (server.compression !== 0) return 'TLS compression is not read by this program'
  if (suite === null || suite.cipher === null || suite.tls13 !== (server.version === TLS13))
    return `cipher suite ${suite?.name ?? 'unknown'} cannot be decrypted by this program`
  return null
}

/** Why a connection whose handshake was seen does not open. */
export function explain(cause: Cause, negotiation: Negotiation, entry: number, context: TlsContext): Problem {
  const random = negotiation.client === null ? null : encodeHex(negotiation.client.random)
  const ofRandom = random === null ? '' : ` for client random ${random}`
  if (cause === 'wrong-secret')
    return { cause, missing: [], reason: `the secret known for this connection does not fit: no record opens with it${ofRandom}` }
  if (cause === 'unsupported') return { cause, missing: [], reason: unsupportedReason(negotiation) ?? '' }
  if (cause === 'joined-late') return joinedLate(negotiation, context)
  const missing = missingLabels(negotiation, entry, context)
  const lines = `${missing.join(' and ')} line${missing.length === 1 ? '' : 's'}${ofRandom}`
  if (entry >= 0) return { cause: 'partial', missing, reason: `the key log has other lines for this connection, but no ${lines}` }
  const source = context.secrets.size === 0 ? `no key log was given: it takes the ${lines}` : `the key log has no ${lines}`
  return { cause: 'no-secret', missing, reason: source + hint(negotiation, context) }
}

function joinedLate(negotiation: Negotiation, context: TlsContext): Problem {
  const { client, server } = negotiation
  const what = client === null ? (server === null ? 'its handshake' : 'its ClientHello') : 'its ServerHello'
  const start = `${what} was not captured`
  const missing = TRAFFIC_LABELS.map(([, label]) => label)
  if (context.secrets.size === 0) return { cause: 'joined-late', missing, reason: `${start}, and no key log was given` }
  if (client !== null && server === null && context.secrets.has(context.secrets.entryOf(client.random, 0, 32), SECRET.master))
    return { cause: 'joined-late', missing: [], reason: `${start}: the keys of TLS 1.2 cannot be made without the server random` }
  const bounds = `${context.secrets.entries} entries, at most ${MAX_TRIALS} attempts a record`
  return { cause: 'joined-late', missing, reason: `${start}, and no secret in the key log opens its records (${bounds})` }
}

function missingLabels(negotiation: Negotiation, entry: number, context: TlsContext): string[] {
  if (!negotiation.tls13) return ['CLIENT_RANDOM']
  return TRAFFIC_LABELS.filter(([kind]) => !context.secrets.has(entry, kind)).map(([, label]) => label)
}

/** What else explains that no secret was found. */
function hint(negotiation: Negotiation, context: TlsContext): string {
  const { client, suite, resumed, tls13 } = negotiation
  if (tls13) {
    const encrypted = client?.encryptedHello === true
    return encrypted ? ' (or for the random of an encrypted ClientHello, which the client offered)' : ''
  }
  if (resumed) return '; it resumes a session whose own handshake gave no secret either'
  if (context.rsaKeys.length === 0) return ''
  if (suite?.rsaKeyExchange === true) return '; no RSA private key given opens its key exchange'
  return `; an RSA private key does not help with ${suite?.name ?? 'its cipher suite'}`
}
