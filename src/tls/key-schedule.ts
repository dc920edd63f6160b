import { digest, type HashName, hmac } from '../platform/crypto.ts'
import type { CipherSuite } from './cipher-suites.ts'
import { Aead12, Aead13, CbcWithMac, NullWithMac, type RecordCipher } from './ciphers.ts'
import { SSL3, TLS10, TLS12 } from './versions.ts'

const text = new TextEncoder()

const HASH_LENGTH: Readonly<Record<HashName, number>> = { md5: 16, sha1: 20, sha256: 32, sha384: 48 }

export function hashLength(hash: HashName): number {
  return HASH_LENGTH[hash]
}

/** HKDF-Expand (RFC 5869 2.3). */
export function hkdfExpand(hash: HashName, secret: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return expand(length, (before, counter) => hmac(hash, secret, before, info, Uint8Array.of(counter)))
}

/** HKDF-Expand-Label with an empty context (RFC 8446 7.1): all that follows from a traffic secret. */
export function expandLabel(hash: HashName, secret: Uint8Array, label: string, length: number): Uint8Array {
  return hkdfExpand(hash, secret, labelInfo(label, length), length)
}

const labels = new Map<string, Uint8Array>()

/** HkdfLabel (RFC 8446 7.1): length, label, context. There are few of them. */
function labelInfo(label: string, length: number): Uint8Array {
  const key = `${label} ${length}`
  let info = labels.get(key)
  if (info === undefined) {
    const name = text.encode(`tls13 ${label}`)
    info = new Uint8Array(4 + name.length)
    info[0] = length >> 8
    info[1] = length
    info[2] = name.length
    info.set(name, 3)
    labels.set(key, info)
  }
  return info
}

/** The next application traffic secret after a KeyUpdate (RFC 8446 7.2). */
export function updatedSecret(suite: CipherSuite, secret: Uint8Array): Uint8Array {
  return expandLabel(suite.hash, secret, 'traffic upd', hashLength(suite.hash))
}

/** Keys of one direction from a traffic secret (RFC 8446 7.3); null when the suite has no cipher here or the secret not its length. */
export function trafficCipher(suite: CipherSuite, secret: Uint8Array, headerAuthenticated: boolean): RecordCipher | null {
  if (suite.cipher === null || !suite.tls13 || secret.length !== hashLength(suite.hash)) return null
  const key = expandLabel(suite.hash, secret, 'key', suite.cipher.keyLength)
  return new Aead13(suite.cipher, key, expandLabel(suite.hash, secret, 'iv', 12), headerAuthenticated)
}

/** The PRF of a version (RFC 2246 5, RFC 5246 5); SSL 3.0 has something else in its place (RFC 6101 6.1). */
export function prf(
  version: number,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  seed: readonly Uint8Array[],
  length: number,
): Uint8Array {
  if (version === SSL3) return ssl3Expand(secret, seed, length)
  const labelled = [text.encode(label), ...seed]
  if (version >= TLS12) return pHash(hash, secret, labelled, length)
  // RFC 2246 5: the halves of the secret share the middle octet when its length is odd.
  const half = Math.ceil(secret.length / 2)
  const result = pHash('md5', secret.subarray(0, half), labelled, length)
  const other = pHash('sha1', secret.subarray(secret.length - half), labelled, length)
  for (let i = 0; i < length; i++) result[i] = (result[i] as number) ^ (other[i] as number)
  return result
}

function pHash(hash: HashName, secret: Uint8Array, seed: readonly Uint8Array[], length: number): Uint8Array {
  let a = hmac(hash, secret, ...seed)
  return expand(length, (before) => {
    if (before.length > 0) a = hmac(hash, secret, a)
    return hmac(hash, secret, a, ...seed)
  })
}

/** RFC 6101 6.1: MD5(secret + SHA1("A" + secret + seed)), then "BB", "CCC" and so on. */
function ssl3Expand(secret: Uint8Array, seed: readonly Uint8Array[], length: number): Uint8Array {
  return expand(length, (_before, counter) => {
    const letters = new Uint8Array(counter).fill(0x40 + counter)
    return digest('md5', secret, digest('sha1', letters, secret, ...seed))
  })
}

/** Octets of block after block, each made from the one before (empty at first) and a counter from 1. */
function expand(length: number, next: (before: Uint8Array, counter: number) => Uint8Array): Uint8Array {
  const result = new Uint8Array(length)
  let block = new Uint8Array(0) as Uint8Array
  for (let filled = 0, counter = 1; filled < length; counter++) {
    block = next(block, counter)
    result.set(block.subarray(0, length - filled), filled)
    filled += block.length
  }
  return result
}

/** What the hellos of TLS 1.2 and before agreed on. */
export interface Agreement {
  readonly version: number
  readonly suite: CipherSuite
  readonly clientRandom: Uint8Array
  readonly serverRandom: Uint8Array
  readonly encryptThenMac: boolean
  readonly truncatedHmac: boolean
}

/** The master secret from a premaster secret; `sessionHash` is the transcript's when extended_master_secret was agreed (RFC 7627 4). */
export function masterSecret(agreed: Agreement, premaster: Uint8Array, sessionHash: Uint8Array | null): Uint8Array {
  const { version, suite, clientRandom, serverRandom } = agreed
  if (sessionHash !== null) return prf(version, suite.hash, premaster, 'extended master secret', [sessionHash], 48)
  return prf(version, suite.hash, premaster, 'master secret', [clientRandom, serverRandom], 48)
}

/** Hash over the handshake messages so far, as the PRF of the version wants it (RFC 7627 3). */
export function transcriptHash(agreed: Agreement, transcript: Uint8Array): Uint8Array {
  if (agreed.version >= TLS12) return digest(agreed.suite.hash, transcript)
  const [md5, sha1] = [digest('md5', transcript), digest('sha1', transcript)]
  const both = new Uint8Array(md5.length + sha1.length)
  both.set(md5)
  both.set(sha1, md5.length)
  return both
}

/** Both directions' ciphers from the master secret (RFC 5246 6.3: MAC keys, keys, IVs, the client's first). Null: no cipher here. */
export function connectionCiphers(agreed: Agreement, master: Uint8Array): { client: RecordCipher; server: RecordCipher } | null {
  const { version, suite, clientRandom, serverRandom } = agreed
  const { cipher, mac } = suite
  if (cipher === null || suite.tls13 || (cipher.mode !== 'aead' && mac === null)) return null
  const macLength = mac === null ? 0 : hashLength(mac)
  const explicitIv = version > TLS10
  const ivLength = cipher.mode === 'aead' ? cipher.saltLength : cipher.mode === 'cbc' && !explicitIv ? cipher.tagOrBlock : 0
  const total = 2 * (macLength + cipher.keyLength + ivLength)
  const block = prf(version, suite.hash, master, 'key expansion', [serverRandom, clientRandom], total)
  const keys = 2 * macLength
  const ivs = keys + 2 * cipher.keyLength
  const make = (side: 0 | 1): RecordCipher => {
    const key = slice(block, keys, side, cipher.keyLength)
    const iv = slice(block, ivs, side, ivLength)
    if (mac === null) return new Aead12(cipher, key, iv)
    const options = {
      hash: mac,
      key: slice(block, 0, side, macLength),
      length: agreed.truncatedHmac ? 10 : macLength,
      ssl3: version === SSL3,
    }
    if (cipher.mode === 'null') return new NullWithMac(options)
    return new CbcWithMac(cipher, key, explicitIv ? null : iv, options, agreed.encryptThenMac)
  }
  return { client: make(0), server: make(1) }
}

function slice(block: Uint8Array, from: number, side: 0 | 1, length: number): Uint8Array {
  return block.subarray(from + side * length, from + (side + 1) * length)
}
