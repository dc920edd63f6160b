import { Buffer } from 'node:buffer'
import {
  type CipherGCMTypes,
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  type KeyObject,
  privateDecrypt,
  randomBytes,
} from 'node:crypto'

/** Digest names of node:crypto that TLS uses. */
export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384'

export function digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash(hash)
  for (const part of parts) state.update(part)
  return state.digest()
}

export function hmac(hash: HashName, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHmac(hash, key)
  for (const part of parts) state.update(part)
  return state.digest()
}

export function randomOctets(count: number): Uint8Array {
  return randomBytes(count)
}

export function encodeHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/**
 * Opens bytes[start, end), ciphertext followed by its tag, under an AEAD of node:crypto (RFC 5116 2.2).
 * Null when the tag does not fit; the caller sees to it that the range is at least as long as the tag.
 */
export function openAead(
  cipher: string,
  key: Uint8Array,
  nonce: Uint8Array,
  additional: Uint8Array | null,
  bytes: Uint8Array,
  start: number,
  end: number,
  tagLength: number,
): Uint8Array | null {
  const tagStart = end - tagLength
  // The types know authTagLength for one family of names only; node:crypto takes it for every AEAD.
  const decipher = createDecipheriv(cipher as CipherGCMTypes, key, nonce, { authTagLength: tagLength })
  // CCM must know the length before it starts (RFC 3610 2.2).
  if (additional !== null && cipher.endsWith('-ccm')) decipher.setAAD(additional, { plaintextLength: tagStart - start })
  else if (additional !== null) decipher.setAAD(additional)
  decipher.setAuthTag(bytes.subarray(tagStart, end))
  const { stackTraceLimit } = Error
  // A tag that does not fit is an answer here, asked for by the thousand in a search: the stack would cost more than the cipher.
  Error.stackTraceLimit = 0
  try {
    const plain = decipher.update(bytes.subarray(start, tagStart))
    decipher.final()
    return plain
  } catch {
    return null
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Decrypts bytes[start, end), whole blocks, in CBC mode without looking at the padding. */
export function decryptCbc(
  cipher: string,
  key: Uint8Array,
  iv: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  const decipher = createDecipheriv(cipher, key, iv)
  decipher.setAutoPadding(false)
  return decipher.update(bytes.subarray(start, end))
}

/** Encrypts whole blocks with AES, each for itself (ECB): the keystream of a counter mode from its counter blocks. */
export function encryptAesBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null)
  cipher.setAutoPadding(false)
  return cipher.update(blocks)
}

/** A private key as node:crypto holds it; only this file looks inside. */
export type PrivateKey = KeyObject

/**
 * The RSA private keys in PEM text (PKCS#1 or PKCS#8, RFC 7468), in order; what else stands there (certificates, notes) is passed over.
 * A private key that cannot be used is named in `problems`, one line each.
 */
export function readRsaKeys(text: string): { keys: PrivateKey[]; problems: string[] } {
  const keys: PrivateKey[] = []
  const problems: string[] = []
  for (const [block, label] of text.matchAll(/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[^-]*-----END \1-----/g)) {
    if (label === 'ENCRYPTED PRIVATE KEY' || block.includes('ENCRYPTED')) {
      problems.push('the private key is encrypted with a passphrase')
      continue
    }
    try {
      const key = createPrivateKey(block)
      if (key.asymmetricKeyType === 'rsa') keys.push(key)
      else problems.push(`the private key is of type ${key.asymmetricKeyType}; only RSA keys open recorded TLS`)
    } catch {
      problems.push(`the block "${label}" cannot be read as a private key`)
    }
  }
  return { keys, problems }
}

/** Octets of the modulus, which is also the length of every ciphertext for the key. */
export function rsaSize(key: PrivateKey): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

/**
 * RSAES-PKCS1-v1_5 (RFC 8017 7.2.2) with the padding taken off by hand: node:crypto answers a wrong padding with random octets on
 * purpose, and whether the key fits is just what is asked here. Null when it does not.
 */
export function decryptRsa(key: PrivateKey, ciphertext: Uint8Array): Uint8Array | null {
  let block: Uint8Array
  try {
    block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext)
  } catch {
    return null
  }
  if (block[0] !== 0 || block[1] !== 2) return null
  const separator = block.indexOf(0, 2)
  return separator < 10 ? null : block.subarray(separator + 1)
}
