import { decodeBase64, latin1Text } from '../platform/base64.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { type Csr, readCsr } from './csr.ts'
import { DerParser, type Element, hex, Malformed } from './der.ts'
import { type PemBlock, readPem } from './pem.ts'
import { type SignatureOutcome, verifySigned } from './signature.ts'
import { unwrap } from './unwrap.ts'

/** What came where base64url of DER is due. */
export interface Carried<T> {
  /** Null when it is not the structure it has to be; the last fault says why. */
  readonly value: T | null
  /** Everything wrong with its form, in words that follow "csr " or "certificate "; empty when it is as it has to be. */
  readonly faults: readonly string[]
}

/** A chain as downloaded (RFC 8555 9.1). */
export interface Chain {
  /** One for each CERTIFICATE block, in the order of the file. */
  readonly certificates: readonly Carried<Certificate>[]
  /** Labels of blocks that are no certificates. */
  readonly otherLabels: readonly string[]
  /** Departures from the strict textual encoding, in words that follow "the file ". */
  readonly faults: readonly string[]
  /** For each certificate but the last, whether the next one certifies it. */
  readonly links: readonly Link[]
}

/** 'names': the next certificate's subject is not the issuer that this one names. */
export type Link = SignatureOutcome | 'names'

type Read<T> = (root: Element, parser: DerParser) => T

/** Certificates kept so that one that comes again (intermediates, alternates, a revocation) is read once. */
const MAX_KEPT = 1024

/** Reads certificates, chains and requests for certificates. Whatever the octets are, nothing is thrown. */
export class PkiReader {
  readonly #parser: DerParser
  readonly #verify: boolean
  readonly #kept = new Map<string, Carried<Certificate>>()
  /** The last issuer that a certificate was held against. */
  readonly #links = new WeakMap<Certificate, { readonly issuer: Certificate; readonly link: Promise<Link> }>()

  private constructor(parser: DerParser, verify: boolean) {
    this.#parser = parser
    this.#verify = verify
  }

  /** Loads the ASN.1 library. `verify` false: every signature is 'unchecked'. */
  static async load(verify: boolean): Promise<PkiReader> {
    return new PkiReader(await DerParser.load(), verify)
  }

  /** Reads the text of a finalize request's csr (RFC 8555 7.4). */
  csr(text: string): Carried<Csr> {
    const { octets, faults } = unwrap(text)
    return withFaults(this.#read(octets, 'a PKCS #10 request', readCsr), faults)
  }

  /** Reads the text of a revocation's certificate (RFC 8555 7.6). */
  certificate(text: string): Carried<Certificate> {
    const { octets, faults } = unwrap(text)
    return withFaults(this.certificateDer(octets), faults)
  }

  /** Reads DER, as TLS carries certificates. */
  certificateDer(octets: Uint8Array): Carried<Certificate> {
    const id = latin1Text(octets)
    let known = this.#kept.get(id)
    if (known === undefined) {
      known = this.#read(octets, 'a certificate', readCertificate)
      if (this.#kept.size === MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value as string)
      this.#kept.set(id, known)
    }
    return known
  }

  /** Reads the content of a certificate resource and holds each certificate against the next. */
  async chain(bytes: Uint8Array): Promise<Chain> {
    const { blocks, faults } = readPem(latin1Text(bytes))
    const certificates = blocks.filter(isCertificate).map(({ base64 }) => this.certificateDer(decodeBase64(base64)))
    return {
      certificates,
      otherLabels: blocks.filter((block) => !isCertificate(block)).map(({ label }) => label),
      faults,
      links: await Promise.all(certificates.slice(1).map(({ value }, index) => this.#link(certificates[index]?.value, value))),
    }
  }

  /** Whether the request is signed by the key that it holds (RFC 2986 4.2). */
  async verifyCsr({ signed, key }: Csr): Promise<SignatureOutcome> {
    return this.#verify ? verifySigned(signed, key) : 'unchecked'
  }

  #read<T>(octets: Uint8Array, what: string, read: Read<T>): Carried<T> {
    if (octets.length > 0 && octets[0] !== SEQUENCE)
      return none(what, `it begins with the octets ${hex(octets.subarray(0, 4))}, not with the 30 of a SEQUENCE`)
    try {
      const { root, trailing, notDer } = this.#parser.parse(octets)
      const value = read(root, this.#parser)
      const faults: string[] = []
      if (trailing > 0)
        faults.push(
          `has ${trailing} octets after its end${octets.at(-trailing) === SEQUENCE ? ', which look like another structure' : ''}`,
        )
      if (notDer !== null) faults.push(`is BER but not DER: ${notDer}`)
      return { value, faults }
    } catch (error) {
      return none(what, error instanceof Malformed ? error.message : 'its structure makes no sense')
    }
  }

  #link(certificate: Certificate | null | undefined, issuer: Certificate | null): Promise<Link> {
    if (certificate == null || issuer === null) return Promise.resolve('unchecked')
    const known = this.#links.get(certificate)
    if (known?.issuer === issuer) return known.link
    const link = this.#certifies(issuer, certificate)
    this.#links.set(certificate, { issuer, link })
    return link
  }

  async #certifies(issuer: Certificate, certificate: Certificate): Promise<Link> {
    if (issuer.subject.text.toLowerCase() !== certificate.issuer.text.toLowerCase()) return 'names'
    return this.#verify ? verifySigned(certificate.signed, issuer.key) : 'unchecked'
  }
}

const SEQUENCE = 0x30

/** RFC 7468 5.1. */
function isCertificate({ label }: PemBlock): boolean {
  return label === 'CERTIFICATE'
}

function none(what: string, reason: string): Carried<never> {
  return { value: null, faults: [`is not ${what}: ${reason}`] }
}

function withFaults<T>(carried: Carried<T>, faults: readonly string[]): Carried<T> {
  return faults.length === 0 ? carried : { value: carried.value, faults: [...faults, ...carried.faults] }
}
