import { children, contextTag, type DerParser, type Element, integerOctets, Malformed, members, oidOf, TAG } from './der.ts'
import { altNamesOf, type Extension, readExtensions } from './extensions.ts'
import { type AltNames, type DistinguishedName, readName } from './names.ts'
import { type PublicKey, readPublicKey } from './public-key.ts'
import { readSigned, type Signed } from './signature.ts'

/** A request for a certificate, PKCS #10 (RFC 2986). */
export interface Csr {
  readonly subject: DistinguishedName
  /** Of the subjectAltName that the extensionRequest attribute asks for (RFC 2985 5.4.2). */
  readonly names: AltNames
  readonly key: PublicKey
  readonly extensions: readonly Extension[]
  /** The attributes field is left out altogether, which RFC 2986 4.1 does not allow and some servers do not read. */
  readonly lacksAttributes: boolean
  readonly signed: Signed
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'

/** CertificationRequest (RFC 2986 4.2). Throws Malformed. */
export function readCsr(root: Element, parser: DerParser): Csr {
  const [info] = members(root)
  const [version, subject, key, attributes] = members(info)
  if (contextTag(version) !== null) throw new Malformed('it is a certificate, not a request for one')
  integerOctets(version)
  const extensions = contextTag(attributes) === 0 ? requestedExtensions(attributes as Element) : []
  return {
    subject: readName(subject),
    names: altNamesOf(extensions, parser),
    key: readPublicKey(key, parser),
    extensions,
    lacksAttributes: attributes === undefined,
    signed: readSigned(root),
  }
}

function requestedExtensions(attributes: Element): Extension[] {
  for (const attribute of children(attributes)) {
    const [type, values] = members(attribute)
    if (oidOf(type) === EXTENSION_REQUEST) return readExtensions(members(values, TAG.set)[0])
  }
  return []
}
