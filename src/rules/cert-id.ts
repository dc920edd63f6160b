import type { AcmeRequest, AcmeTraffic } from '../acme/traffic.ts'
import { describeFault, readBase64url } from '../jose/base64url.ts'
import { encodeBase64url } from '../platform/base64.ts'
import { encodeHex } from '../platform/crypto.ts'
import { encodeBase64 } from '../platform/octets.ts'
import { plainSerial, type SeenCertificate, seenCertificates, titleOf } from './issuance.ts'
import { quote, remembered } from './scope.ts'

/** A text that has to name a certificate as RFC 9773 4.1 says. */
export interface CertId {
  /** What is wrong with it, in words that follow "The CertID "; null when nothing is seen to be. */
  readonly fault: string | null
  /** False when the fault is one only if the CA numbers its certificates as RFC 5280 4.1.2.2 says. */
  readonly certain: boolean
  /** The certificate of the capture that it names, or means to name. */
  readonly seen: SeenCertificate | null
}

/** The text after renewalInfo and "/" in a request's URL (RFC 9773 4.1); null when the directory that tells is not in the capture. */
export function certIdInUrl({ ca, url }: AcmeRequest): string | null {
  const base = ca?.directory?.renewalInfo
  if (typeof base !== 'string') return null
  const stem = base.replace(/\/$/, '')
  return url.startsWith(stem)
    ? url
        .slice(stem.length)
        .replace(/[?#].*$/s, '')
        .replace(/^\//, '')
    : null
}

/** Reads a CertID and holds it against the certificates of the capture. */
export function readCertId(text: string, traffic: AcmeTraffic): CertId {
  const certificates = seenCertificates(traffic)
  const exact = certificates.byCertId.get(text)
  if (exact !== undefined) return { fault: null, certain: true, seen: exact }
  const spelt = text.replace(/%3d/gi, '=').replace(/%3a|:/gi, '')
  const variants = remembered(traffic, misspellings)
  const meant = variants.get(spelt) ?? variants.get(spelt.toLowerCase())
  if (meant !== undefined) return { fault: `${quote(text)} ${meant.words}`, certain: true, seen: meant.seen }
  const fault = formFault(text)
  if (fault !== null) return { fault, certain: true, seen: null }
  const [keyId, serial] = text.split('.').map((part) => readBase64url(part).bytes) as [Uint8Array, Uint8Array]
  if ((serial[0] as number) >= 0x80)
    return {
      fault: `${quote(text)} has a negative serial number (${encodeHex(serial)}): most likely the leading zero octet is missing`,
      certain: false,
      seen: null,
    }
  const numbered = certificates.bySerial.get(plainSerial(serial)) ?? []
  const other = numbered.length === 1 && serial.length >= RANDOM_SERIAL ? numbered[0] : undefined
  const otherKeyId = other?.certificate.authorityKeyId
  if (other === undefined || otherKeyId == null) return { fault: null, certain: true, seen: null }
  return {
    fault: `${quote(text)} has the serial number of ${quote(titleOf(other.certificate))}, whose authority key identifier is ${encodeHex(otherKeyId)}, not ${encodeHex(keyId)}`,
    certain: true,
    seen: other,
  }
}

/** Octets of a serial number that no two CAs are going to share by chance. */
const RANDOM_SERIAL = 8

/** What is wrong with the form alone. */
function formFault(text: string): string | null {
  if (text === '') return 'is missing from the URL'
  if (text.startsWith('/')) return `${quote(text)} follows on two slashes`
  const parts = text.split('.')
  if (parts.length === 1 && readBase64url(text).bytes[0] === 0x30)
    return `${quote(text)} is the DER of an OCSP CertID, which early drafts used`
  if (parts.length !== 2)
    return `${quote(text)} has ${parts.length} ${parts.length === 1 ? 'part' : 'parts'} instead of two with "." between them`
  if (parts.includes('')) return `${quote(text)} has an empty part`
  const faults = new Set(parts.flatMap((part) => readBase64url(part).faults))
  if (faults.size > 0) return `${quote(text)} ${[...faults].map(describeFault).join(' and ')}`
  const serial = readBase64url(parts[1] as string).bytes
  return serial[0] === 0 && serial.length > 1 && (serial[1] as number) < 0x80
    ? `${quote(text)} has a serial number with a zero octet that DER does not have`
    : null
}

interface Meant {
  readonly seen: SeenCertificate
  /** Words that follow the text. */
  readonly words: string
}

/** The known ways to write the CertID of each certificate in the capture wrongly. */
function misspellings(traffic: AcmeTraffic): ReadonlyMap<string, Meant> {
  const found = new Map<string, Meant>()
  for (const seen of seenCertificates(traffic).all) {
    const { authorityKeyId, serial, subjectKeyId } = seen.certificate
    if (authorityKeyId === null) continue
    const keyId = encodeBase64url(authorityKeyId)
    const number = encodeBase64url(serial)
    const padded = (octets: Uint8Array) => encodeBase64(octets).replaceAll('+', '-').replaceAll('/', '_')
    const add = (text: string, words: string) => found.set(text, { seen, words })
    add(`${padded(authorityKeyId)}.${padded(serial)}`, 'keeps the "=" padding')
    add(`${encodeHex(authorityKeyId)}.${encodeHex(serial)}`, 'is hexadecimal instead of base64url')
    add(`${number}.${keyId}`, 'has the serial number first and the key identifier second')
    if (serial[0] === 0)
      add(`${keyId}.${encodeBase64url(serial.subarray(1))}`, 'lacks the leading zero octet of the serial number')
    if (subjectKeyId !== null)
      add(`${encodeBase64url(subjectKeyId)}.${number}`, "has the certificate's own key identifier instead of its authority's")
  }
  for (const id of seenCertificates(traffic).byCertId.keys()) found.delete(id)
  return found
}
