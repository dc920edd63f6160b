import type { AcmeRequest } from '../../acme/traffic.ts'
import type { Csr } from '../../pki/csr.ts'
import type { PkiReader } from '../../pki/reader.ts'
import { unwrap } from '../../pki/unwrap.ts'
import { encodeBase64url } from '../../platform/base64.ts'
import { agrees, type Comparison, differs, quoted, requestNames } from '../facts.ts'

const FIELD = 'spec.request'

/** Requests for certificates that objects hold, against those that finalize carried: the same octets, or what differs. */
export class RequestedCsrs {
  readonly #pki: PkiReader
  /** Finalize requests by the octets of their CSR. */
  readonly #sent = new Map<string, AcmeRequest[]>()

  constructor(pki: PkiReader, requests: readonly AcmeRequest[]) {
    this.#pki = pki
    for (const request of requests) {
      const text = request.csr === null ? null : sentText(request)
      if (text === null) continue
      const known = this.#sent.get(octetsOf(text))
      if (known === undefined) this.#sent.set(octetsOf(text), [request])
      else known.push(request)
    }
  }

  /** The names that a CSR is for; null when it cannot be read. */
  namesOf(text: string): string | null {
    const csr = this.#pki.csr(text).value
    return csr === null ? null : namesOf(csr)
  }

  /** `text`: base64 of PEM or DER, as Kubernetes stores octets. Empty when there is nothing to compare. */
  compare(text: string | null, finalizations: readonly AcmeRequest[]): Comparison[] {
    if (text === null) return []
    const same = this.#sent.get(octetsOf(text)) ?? []
    if (same.length > 0) return [agrees(FIELD, this.namesOf(text), `is the CSR that ${requestNames(same)} sent`, same)]
    const other = finalizations.at(-1)
    if (other === undefined) return []
    const difference = differenceOf(this.#pki.csr(text).value, other.csr?.value ?? null)
    return [differs(FIELD, this.namesOf(text), null, `is not the CSR that ${requestNames([other])} sent${difference}`, [other])]
  }
}

function sentText({ payload }: AcmeRequest): string | null {
  const csr = typeof payload === 'object' && payload !== null && 'csr' in payload ? payload.csr : null
  return typeof csr === 'string' ? csr : null
}

function octetsOf(text: string): string {
  return encodeBase64url(unwrap(text).octets)
}

function differenceOf(object: Csr | null, sent: Csr | null): string {
  if (object === null) return '; it cannot be read as one'
  if (sent === null) return '; the one sent cannot be read'
  const names = [namesOf(object), namesOf(sent)]
  if (names[0] !== names[1]) return `: it is for ${quoted(names[0] ?? '')}, and the one sent for ${quoted(names[1] ?? '')}`
  return object.key.identity === sent.key.identity ? '' : ': it is for another key'
}

function namesOf({ names, subject }: Csr): string {
  return [...new Set([...names.dns, ...names.ip, ...subject.commonNames.map((name) => name.toLowerCase())])].sort().join(' ')
}
