import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'

/** A writer of DER (X.690) for certificates and requests that no tool would make; every part can be bent. */

export function tlv(tag: number, ...contents: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(contents)
  const length =
    body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

export const seq = (...parts: Uint8Array[]) => tlv(0x30, ...parts)
export const set = (...parts: Uint8Array[]) => tlv(0x31, ...parts)
export const explicit = (tag: number, ...parts: Uint8Array[]) => tlv(0xa0 | tag, ...parts)
export const utf8 = (text: string) => tlv(0x0c, Buffer.from(text))
export const octets = (bytes: Uint8Array) => tlv(0x04, bytes)
export const bits = (bytes: Uint8Array) => tlv(0x03, Buffer.from([0]), bytes)
export const bool = (value: boolean) => tlv(0x01, Buffer.from([value ? 255 : 0]))
export const hexInteger = (hex: string) => tlv(0x02, Buffer.from(hex, 'hex'))

export function oid(text: string): Uint8Array {
  const [first, second, ...rest] = text.split('.').map(Number) as [number, number, ...number[]]
  const out = [first * 40 + second]
  for (const arc of rest) {
    const digits = [arc & 127]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left & 127) | 128)
    out.push(...digits)
  }
  return tlv(0x06, Buffer.from(out))
}

/** RFC 5280 4.1.2.5: GeneralizedTime from 2050 on, UTCTime before. */
export function time(date: Date): Uint8Array {
  const text = `${date.toISOString().replace(/[-:T]|\.\d+/g, '')}`
  return date.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(text.slice(2))) : tlv(0x18, Buffer.from(text))
}

export function name(commonName: string): Uint8Array {
  return commonName === '' ? seq() : seq(set(seq(oid('2.5.4.3'), utf8(commonName))))
}

export function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  return critical ? seq(oid(id), bool(true), octets(value)) : seq(oid(id), octets(value))
}

/** GeneralNames: a name is a dNSName, unless it begins with "IP:" (hexadecimal octets), "URI:" or "email:". */
export function altNames(names: readonly string[]): Uint8Array {
  return seq(
    ...names.map((entry) => {
      if (entry.startsWith('IP:')) return tlv(0x87, Buffer.from(entry.slice(3), 'hex'))
      if (entry.startsWith('URI:')) return tlv(0x86, Buffer.from(entry.slice(4)))
      return entry.startsWith('email:') ? tlv(0x81, Buffer.from(entry.slice(6))) : tlv(0x82, Buffer.from(entry))
    }),
  )
}

/** Digest and algorithm identifier that belong to a kind of key. */
function schemeOf(key: KeyObject, weak: boolean): { hash: string | null; algorithm: Uint8Array } {
  if (key.asymmetricKeyType === 'ed25519') return { hash: null, algorithm: seq(oid('1.3.101.112')) }
  if (key.asymmetricKeyType === 'ec')
    return weak
      ? { hash: 'sha1', algorithm: seq(oid('1.2.840.10045.4.1')) }
      : { hash: 'sha256', algorithm: seq(oid('1.2.840.10045.4.3.2')) }
  const id = weak ? '1.2.840.113549.1.1.5' : '1.2.840.113549.1.1.11'
  return { hash: weak ? 'sha1' : 'sha256', algorithm: seq(oid(id), tlv(0x05)) }
}

function signedBy(key: KeyObject, body: Uint8Array, weak: boolean, spoilt: boolean): Uint8Array {
  const { hash, algorithm } = schemeOf(key, weak)
  const signature = sign(hash, spoilt ? Buffer.from('something else') : body, key)
  return seq(body, algorithm, bits(signature))
}

export function spkiOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: 'der', type: 'spki' })
}

export interface CsrParts {
  readonly names?: readonly string[]
  readonly commonName?: string
  /** Further extensions to ask for. */
  readonly extensions?: readonly Uint8Array[]
  /** The attributes field is left out. */
  readonly bare?: boolean
  readonly weak?: boolean
  /** The signature is over something else. */
  readonly spoilt?: boolean
  /** SubjectPublicKeyInfo of another key than the one that signs. */
  readonly spki?: Uint8Array
}

/** A PKCS #10 request (RFC 2986). */
export function makeCsr(key: KeyObject, parts: CsrParts = {}): Uint8Array {
  const { names = ['www.example'], commonName = '', extensions = [], bare = false, weak = false, spoilt = false } = parts
  const asked = [...(names.length > 0 ? [extension('2.5.29.17', altNames(names))] : []), ...extensions]
  const attributes = explicit(0, ...(asked.length > 0 ? [seq(oid('1.2.840.113549.1.9.14'), set(seq(...asked)))] : []))
  const body = seq(hexInteger('00'), name(commonName), parts.spki ?? spkiOf(key), ...(bare ? [] : [attributes]))
  return signedBy(key, body, weak, spoilt)
}

export interface Issuer {
  readonly name: string
  readonly key: KeyObject
}

export interface CertificateParts {
  readonly names?: readonly string[]
  readonly commonName?: string
  /** Contents octets in hexadecimal. */
  readonly serial?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly ca?: boolean
  readonly extensions?: readonly Uint8Array[]
  readonly spoilt?: boolean
}

/** keyIdentifier as most CAs make it (RFC 5280 4.2.1.2, method 1 over the whole SPKI here: any octets will do). */
export function keyIdOf(key: KeyObject): Uint8Array {
  return createHash('sha1').update(spkiOf(key)).digest()
}

/** An X.509 certificate (RFC 5280 4.1), version 3. */
export function makeCertificate(
  key: KeyObject,
  issuer: Issuer,
  parts: CertificateParts = {},
  spki: Uint8Array = spkiOf(key),
): Uint8Array {
  const { names = ['www.example'], commonName = '', serial = '00a1b2c3d4e5f60718', ca = false, extensions = [] } = parts
  const all = [
    ...(names.length > 0 ? [extension('2.5.29.17', altNames(names))] : []),
    extension('2.5.29.14', octets(keyIdOf(key))),
    extension('2.5.29.35', seq(tlv(0x80, keyIdOf(issuer.key)))),
    ...(ca ? [extension('2.5.29.19', seq(bool(true)), true)] : []),
    ...extensions,
  ]
  const body = seq(
    explicit(0, hexInteger('02')),
    hexInteger(serial),
    schemeOf(issuer.key, false).algorithm,
    name(issuer.name),
    seq(time(parts.notBefore ?? new Date('2025-12-31T00:00:00Z')), time(parts.notAfter ?? new Date('2026-03-31T00:00:00Z'))),
    name(commonName),
    spki,
    explicit(3, seq(...all)),
  )
  return signedBy(issuer.key, body, false, parts.spoilt ?? false)
}

export function pem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
