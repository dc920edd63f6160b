import type { Micros } from '../core/time.ts'
import { encodeBase64url } from '../platform/base64.ts'
import {
  children,
  contents,
  contextTag,
  type DerParser,
  type Element,
  encoding,
  integerOctets,
  isTrue,
  Malformed,
  members,
  octetsOf,
  timeOf,
} from './der.ts'
import {
  ACME_IDENTIFIER,
  AUTHORITY_KEY_ID,
  altNamesOf,
  BASIC_CONSTRAINTS,
  type Extension,
  extensionValue,
  readExtensions,
  SUBJECT_KEY_ID,
} from './extensions.ts'
import { type AltNames, type DistinguishedName, readName } from './names.ts'
import { type PublicKey, readPublicKey } from './public-key.ts'
import { readSigned, type Signed } from './signature.ts'

/** An X.509 certificate (RFC 5280 4.1), as far as ACME has to do with it. */
export interface Certificate {
  readonly der: Uint8Array
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  readonly names: AltNames
  /** Contents octets of the serial number, two's complement, as encoded. */
  readonly serial: Uint8Array
  /** Null when the date is none. */
  readonly notBefore: Micros | null
  readonly notAfter: Micros | null
  readonly key: PublicKey
  readonly extensions: readonly Extension[]
  readonly isCa: boolean
  readonly subjectKeyId: Uint8Array | null
  readonly authorityKeyId: Uint8Array | null
  /** RFC 9773 4.1: what names the certificate in renewalInfo and `replaces`; null without an authority key identifier. */
  readonly certId: string | null
  /** RFC 8737 3: digest of the key authorization in a tls-alpn-01 certificate; `digest` is null when the value is not an OCTET STRING. */
  readonly acmeIdentifier: { readonly critical: boolean; readonly digest: Uint8Array | null } | null
  readonly signed: Signed
}

/** Certificate (RFC 5280 4.1). Throws Malformed. */
export function readCertificate(root: Element, parser: DerParser): Certificate {
  const [body] = members(root)
  const fields = [...members(body)]
  // version [0] is left out in version 1
  if (contextTag(fields[0]) === 0) fields.shift()
  if (fields.length === 3 || fields.length === 4) throw new Malformed('it is a request for a certificate (PKCS #10)')
  const [serial, , issuer, validity, subject, key, ...optional] = fields
  const [notBefore, notAfter] = members(validity)
  const wrapped = optional.find((field) => contextTag(field) === 3)
  const extensions = wrapped === undefined ? [] : readExtensions(children(wrapped)[0])
  const authorityKeyId = keyIdOf(extensionValue(extensions, AUTHORITY_KEY_ID, parser))
  const serialOctets = integerOctets(serial)
  return {
    der: encoding(root),
    subject: readName(subject),
    issuer: readName(issuer),
    names: altNamesOf(extensions, parser),
    serial: serialOctets,
    notBefore: micros(timeOf(notBefore)),
    notAfter: micros(timeOf(notAfter)),
    key: readPublicKey(key, parser),
    extensions,
    isCa: isCa(extensionValue(extensions, BASIC_CONSTRAINTS, parser)),
    subjectKeyId: optionalOctets(extensionValue(extensions, SUBJECT_KEY_ID, parser)),
    authorityKeyId,
    certId: authorityKeyId === null ? null : `${encodeBase64url(authorityKeyId)}.${encodeBase64url(serialOctets)}`,
    acmeIdentifier: acmeIdentifier(extensions, parser),
    signed: readSigned(root),
  }
}

function micros(seconds: number | null): Micros | null {
  return seconds === null ? null : seconds * 1e6
}

/** keyIdentifier of an AuthorityKeyIdentifier (RFC 5280 4.2.1.1). */
function keyIdOf(value: Element | undefined): Uint8Array | null {
  const id = value === undefined ? undefined : members(value).find((part) => contextTag(part) === 0)
  return id === undefined ? null : contents(id)
}

function isCa(value: Element | undefined): boolean {
  return value !== undefined && isTrue(members(value)[0])
}

function optionalOctets(value: Element | undefined): Uint8Array | null {
  return value === undefined ? null : octetsOf(value)
}

function acmeIdentifier(extensions: readonly Extension[], parser: DerParser): Certificate['acmeIdentifier'] {
  const extension = extensions.find(({ oid }) => oid === ACME_IDENTIFIER)
  if (extension === undefined) return null
  const { critical, value } = extension
  try {
    return { critical, digest: octetsOf(parser.parse(value).root) }
  } catch (error) {
    if (error instanceof Malformed) return { critical, digest: null }
    throw error
  }
}
