import { decryptCbc, digest, encryptAesBlocks, type HashName, hmac, openAead } from '../platform/crypto.ts'
import { copyRange } from './copy.ts'

/** What the record protection of a suite needs to know about its cipher. */
export interface CipherParameters {
  readonly mode: 'aead' | 'cbc' | 'null'
  /** Name in node:crypto; "" for the null cipher. */
  readonly name: string
  readonly keyLength: number
  /** Octets of the tag of an AEAD, or of a block in CBC mode. */
  readonly tagOrBlock: number
  /** AEAD in TLS 1.2: octets of the nonce that come from the key block; the others stand in the record (RFC 5288 3, RFC 7905 2). */
  readonly saltLength: number
}

function aead(name: string, keyLength: number, tagLength = 16, saltLength = 4): CipherParameters {
  return { mode: 'aead', name, keyLength, tagOrBlock: tagLength, saltLength }
}

function cbc(name: string, keyLength: number, block = 16): CipherParameters {
  return { mode: 'cbc', name, keyLength, tagOrBlock: block, saltLength: 0 }
}

/** By the cipher's part of a suite's name: all that node:crypto can do. RC4, RC2, DES, IDEA, SEED and SM4-GCM are not among them. */
export const CIPHERS: Readonly<Record<string, CipherParameters>> = {
  AES_128_GCM: aead('aes-128-gcm', 16),
  AES_256_GCM: aead('aes-256-gcm', 32),
  AES_128_CCM: aead('aes-128-ccm', 16),
  AES_256_CCM: aead('aes-256-ccm', 32),
  AES_128_CCM_8: aead('aes-128-ccm', 16, 8),
  AES_256_CCM_8: aead('aes-256-ccm', 32, 8),
  ARIA_128_GCM: aead('aria-128-gcm', 16),
  ARIA_256_GCM: aead('aria-256-gcm', 32),
  CHACHA20_POLY1305: aead('chacha20-poly1305', 32, 16, 12),
  AES_128_CBC: cbc('aes-128-cbc', 16),
  AES_256_CBC: cbc('aes-256-cbc', 32),
  ARIA_128_CBC: cbc('aria-128-cbc', 16),
  ARIA_256_CBC: cbc('aria-256-cbc', 32),
  CAMELLIA_128_CBC: cbc('camellia-128-cbc', 16),
  CAMELLIA_256_CBC: cbc('camellia-256-cbc', 32),
  '3DES_EDE_CBC': cbc('des-ede3-cbc', 24, 8),
  NULL: { mode: 'null', name: '', keyLength: 0, tagOrBlock: 0, saltLength: 0 },
}

/** Opens the records of one direction under one key. The sequence number is the caller's, because after loss it must be searched. */
export interface RecordCipher {
  /** Octets that a record body has at least. */
  readonly shortest: number
  /** Octets by which a record body is longer than its content; null when padding makes that uncertain. */
  readonly overhead: number | null
  /** Plaintext of the record body bytes[start, end), or null when its tag or MAC does not fit. Never unauthenticated octets. */
  open(sequence: number, type: number, version: number, bytes: Uint8Array, start: number, end: number): Uint8Array | null
  /**
   * Of the `count` sequence numbers from `first` on, those under which the record body may open: all, or the few that a look at one octet
   * leaves. A search over them ends with `open`, so a wrong one among them is only slower.
   */
  likely(first: number, count: number, bytes: Uint8Array, start: number, end: number): number[]
  /** bytes[start, end) end a record that was not opened, at least probably: the next chained IV (RFC 2246 6.2.3.2) lies there. */
  passOver(bytes: Uint8Array, start: number, end: number): void
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

/** TLS 1.3 record protection (RFC 8446 5.2). The plaintext still has its content type and padding at the end. */
export class Aead13 implements RecordCipher {
  readonly shortest: number
  readonly overhead: number
  readonly #cipher: CipherParameters
  readonly #key: Uint8Array
  readonly #nonce: Uint8Array
  readonly #view: DataView
  readonly #ivHigh: number
  readonly #ivLow: number
  /** The record header is authenticated; before draft 25 nothing was. */
  readonly #additional: Uint8Array | null

  constructor(cipher: CipherParameters, key: Uint8Array, iv: Uint8Array, headerAuthenticated: boolean) {
    this.#cipher = cipher
    this.#key = key
    this.#nonce = copyRange(iv)
    this.#view = new DataView(this.#nonce.buffer)
    this.#ivHigh = this.#view.getUint32(4)
    this.#ivLow = this.#view.getUint32(8)
    this.#additional = headerAuthenticated ? Uint8Array.of(23, 3, 3, 0, 0) : null
    this.shortest = cipher.tagOrBlock + 1
    this.overhead = this.shortest
  }

  open(sequence: number, _type: number, _version: number, bytes: Uint8Array, start: number, end: number): Uint8Array | null {
    if (end - start < this.shortest) return null
    // RFC 8446 5.3: the sequence number, padded to the length of the IV, XOR the IV.
    this.#view.setUint32(4, this.#ivHigh ^ Math.floor(sequence / 0x100000000))
    this.#view.setUint32(8, this.#ivLow ^ (sequence >>> 0))
    const additional = this.#additional
    if (additional !== null) {
      additional[3] = (end - start) >> 8
      additional[4] = end - start
    }
    const { name, tagOrBlock } = this.#cipher
    return openAead(name, this.#key, this.#nonce, additional, bytes, start, end, tagOrBlock)
  }

  /**
   * GCM encrypts in counter mode (NIST SP 800-38D 7.1), so one block of AES for each sequence number shows the last octet of the
   * plaintext. It is a content type or padding, which leaves one number in 64.
   */
  likely(first: number, count: number, bytes: Uint8Array, start: number, end: number): number[] {
    if (!this.#cipher.name.startsWith('aes-') || !this.#cipher.name.endsWith('-gcm')) return range(first, count)
    const last = end - start - this.#cipher.tagOrBlock - 1
    if (last < 0) return []
    const blocks = new Uint8Array(count * 16)
    const view = new DataView(blocks.buffer)
    for (let i = 0; i < count; i++) {
      blocks.set(this.#nonce, i * 16)
      view.setUint32(i * 16 + 4, this.#ivHigh ^ Math.floor((first + i) / 0x100000000))
      view.setUint32(i * 16 + 8, this.#ivLow ^ ((first + i) >>> 0))
      // The tag takes counter 1, the first block of the content 2.
      view.setUint32(i * 16 + 12, 2 + (last >> 4))
    }
    const keystream = encryptAesBlocks(this.#key, blocks)
    const octet = bytes[start + last] as number
    return range(first, count).filter((_, i) => LAST_OCTETS.has(octet ^ (keystream[i * 16 + (last & 15)] as number)))
  }

  passOver(): void {}
}

/** What a plaintext of TLS 1.3 ends with: alert, handshake, application data, or a zero of padding. */
const LAST_OCTETS: ReadonlySet<number> = new Set([0, 21, 22, 23])

/** TLS 1.2 with an AEAD (RFC 5246 6.2.3.3). */
export class Aead12 implements RecordCipher {
  readonly shortest: number
  readonly overhead: number
  readonly #cipher: CipherParameters
  readonly #key: Uint8Array
  readonly #salt: Uint8Array
  readonly #nonce = new Uint8Array(12)
  readonly #additional = new Uint8Array(13)
  readonly #view = new DataView(this.#additional.buffer)

  constructor(cipher: CipherParameters, key: Uint8Array, salt: Uint8Array) {
    this.#cipher = cipher
    this.#key = key
    this.#salt = copyRange(salt)
    this.#nonce.set(salt)
    this.shortest = 12 - cipher.saltLength + cipher.tagOrBlock
    this.overhead = this.shortest
  }

  open(sequence: number, type: number, version: number, bytes: Uint8Array, start: number, end: number): Uint8Array | null {
    if (end - start < this.shortest) return null
    const { name, tagOrBlock, saltLength } = this.#cipher
    const explicit = 12 - saltLength
    for (let i = 0; i < explicit; i++) this.#nonce[saltLength + i] = bytes[start + i] as number
    writePrefix(this.#view, sequence, type, version, end - start - explicit - tagOrBlock)
    // RFC 7905 2: no part of the nonce is sent, the sequence number is XORed into the IV.
    if (explicit === 0)
      for (let i = 0; i < 8; i++) this.#nonce[4 + i] = (this.#salt[4 + i] as number) ^ (this.#additional[i] as number)
    return openAead(name, this.#key, this.#nonce, this.#additional, bytes, start + explicit, end, tagOrBlock)
  }

  likely(first: number, count: number): number[] {
    return range(first, count)
  }

  passOver(): void {}
}

/** How a suite with a MAC is put together; what differs between SSL 3.0 and TLS 1.2, and what extensions change. */
export interface MacOptions {
  readonly hash: HashName
  readonly key: Uint8Array
  /** Octets of the MAC that are sent: fewer than the hash has with truncated_hmac (RFC 6066 7). */
  readonly length: number
  /** SSL 3.0 has a MAC of its own (RFC 6101 5.2.3.1). */
  readonly ssl3: boolean
}

class RecordMac {
  readonly length: number
  readonly #options: MacOptions
  readonly #prefix: Uint8Array
  readonly #view: DataView

  constructor(options: MacOptions) {
    this.#options = options
    this.length = options.length
    this.#prefix = new Uint8Array(13)
    this.#view = new DataView(this.#prefix.buffer)
  }

  /** Whether the octets at `at` are the MAC of the content bytes[start, end). */
  fits(
    sequence: number,
    type: number,
    version: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    from: Uint8Array,
    at: number,
  ): boolean {
    writePrefix(this.#view, sequence, type, version, end - start)
    const content = bytes.subarray(start, end)
    const { hash, key, ssl3 } = this.#options
    const mac = ssl3 ? this.#ssl3Mac(content) : hmac(hash, key, this.#prefix, content)
    for (let i = 0; i < this.length; i++) if (mac[i] !== from[at + i]) return false
    return true
  }

  #ssl3Mac(content: Uint8Array): Uint8Array {
    const { hash, key } = this.#options
    const padding = hash === 'md5' ? 48 : 40
    // No version in the prefix: sequence number and type, then the length.
    const inner = digest(
      hash,
      key,
      new Uint8Array(padding).fill(0x36),
      this.#prefix.subarray(0, 9),
      this.#prefix.subarray(11),
      content,
    )
    return digest(hash, key, new Uint8Array(padding).fill(0x5c), inner)
  }
}

/** Block cipher in CBC mode with a MAC (RFC 2246 to 5246 6.2.3.2, RFC 7366). */
export class CbcWithMac implements RecordCipher {
  readonly shortest: number
  readonly overhead = null
  readonly #cipher: CipherParameters
  readonly #key: Uint8Array
  readonly #mac: RecordMac
  readonly #encryptThenMac: boolean
  readonly #ssl3: boolean
  /** TLS 1.0 and SSL 3.0: the last block of the record before; null when the record brings its IV. */
  #chained: Uint8Array | null
  /** Sequence number of the record that the chained IV was taken from: it is that of the record behind, and of no other. */
  #chainedFrom = -1

  constructor(cipher: CipherParameters, key: Uint8Array, chainedIv: Uint8Array | null, mac: MacOptions, encryptThenMac: boolean) {
    this.#cipher = cipher
    this.#key = key
    this.#mac = new RecordMac(mac)
    this.#encryptThenMac = encryptThenMac
    this.#ssl3 = mac.ssl3
    this.#chained = chainedIv === null ? null : copyRange(chainedIv)
    this.shortest = cipher.tagOrBlock + (encryptThenMac ? mac.length : 0)
  }

  open(sequence: number, type: number, version: number, bytes: Uint8Array, start: number, end: number): Uint8Array | null {
    const { name, tagOrBlock: block } = this.#cipher
    // RFC 7366 3: the MAC stands behind the ciphertext and covers the IV too.
    const bodyEnd = this.#encryptThenMac ? end - this.#mac.length : end
    const body = this.#chained === null ? start + block : start
    if (bodyEnd - body < block || (bodyEnd - body) % block !== 0) return null
    if (this.#encryptThenMac && !this.#mac.fits(sequence, type, version, bytes, start, bodyEnd, bytes, bodyEnd)) return null
    if (this.#encryptThenMac && this.#chained !== null && this.#chainedFrom !== sequence - 1) {
      // This MAC does not cover a chained IV: with a wrong one the first block would come out as garbage.
      this.#chain(bytes, body, bodyEnd, sequence)
      return null
    }
    const iv = this.#chained ?? bytes.subarray(start, body)
    const plain = decryptCbc(name, this.#key, iv, bytes, body, bodyEnd)
    const content = this.#contentLength(plain, block)
    if (content < 0) return null
    if (!this.#encryptThenMac && !this.#mac.fits(sequence, type, version, plain, 0, content, plain, content)) return null
    this.#chain(bytes, body, bodyEnd, sequence)
    return plain.subarray(0, content)
  }

  likely(first: number, count: number): number[] {
    return range(first, count)
  }

  passOver(bytes: Uint8Array, start: number, end: number): void {
    // A MAC that covers the plaintext finds out what is wrong with this IV; the other kind would not.
    if (!this.#encryptThenMac) this.#chain(bytes, start, end, this.#chainedFrom)
  }

  /** The last block of bytes[start, end) is the next IV. */
  #chain(bytes: Uint8Array, start: number, end: number, sequence: number): void {
    const { tagOrBlock: block } = this.#cipher
    if (this.#chained === null || end - start < block) return
    this.#chained = copyRange(bytes, end - block, end)
    this.#chainedFrom = sequence
  }

  /** Octets before MAC and padding, or -1 when the padding is wrong. */
  #contentLength(plain: Uint8Array, block: number): number {
    const padding = plain[plain.length - 1] as number
    const length = plain.length - 1 - padding - (this.#encryptThenMac ? 0 : this.#mac.length)
    if (length < 0) return -1
    // SSL 3.0 pads to one block with anything; TLS repeats the length (RFC 5246 6.2.3.2).
    if (this.#ssl3) return padding < block ? length : -1
    for (let i = plain.length - 1 - padding; i < plain.length; i++) if (plain[i] !== padding) return -1
    return length
  }
}

/** A suite that only authenticates (RFC 5246 6.2.3.1 with the null cipher). */
export class NullWithMac implements RecordCipher {
  readonly shortest: number
  readonly overhead: number
  readonly #mac: RecordMac

  constructor(mac: MacOptions) {
    this.#mac = new RecordMac(mac)
    this.shortest = mac.length
    this.overhead = mac.length
  }

  open(sequence: number, type: number, version: number, bytes: Uint8Array, start: number, end: number): Uint8Array | null {
    const content = end - this.#mac.length
    if (content < start || !this.#mac.fits(sequence, type, version, bytes, start, content, bytes, content)) return null
    return bytes.subarray(start, content)
  }

  likely(first: number, count: number): number[] {
    return range(first, count)
  }

  passOver(): void {}
}

/** Sequence number, type, version and length of the plaintext: what additional data and MACs begin with (RFC 5246 6.2.3). */
function writePrefix(view: DataView, sequence: number, type: number, version: number, length: number): void {
  view.setUint32(0, Math.floor(sequence / 0x100000000))
  view.setUint32(4, sequence >>> 0)
  view.setUint8(8, type)
  view.setUint16(9, version)
  view.setUint16(11, length)
}
