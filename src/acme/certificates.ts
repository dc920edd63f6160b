import { isObject } from '../jose/json-object.ts'
import { PkiReader } from '../pki/reader.ts'
import type { Draft } from './draft.ts'

/** How many requests are worked on at once; node's crypto pool then keeps the second core busy. */
const WINDOW = 64

/** Reads the certificates, chains and requests for certificates in the traffic. The reader is loaded only when there are any. */
export async function settleCertificates(drafts: readonly Draft[], options: { readonly verify: boolean }): Promise<void> {
  const concerned = drafts.filter((draft) => textOf(draft) !== null || holdsChain(draft))
  if (concerned.length === 0) return
  const reader = await PkiReader.load(options.verify)
  for (let at = 0; at < concerned.length; at += WINDOW)
    await Promise.all(concerned.slice(at, at + WINDOW).map((draft) => settleOne(draft, reader)))
}

async function settleOne(draft: Draft, reader: PkiReader): Promise<void> {
  const text = textOf(draft)
  if (text === null) {
    const { bytes } = draft.response?.body ?? { bytes: null }
    if (bytes !== null) draft.chain = await reader.chain(bytes)
  } else if (draft.resource === 'revokeCert') draft.certificate = reader.certificate(text)
  else {
    const carried = reader.csr(text)
    draft.csr = { ...carried, signature: carried.value === null ? 'unchecked' : await reader.verifyCsr(carried.value) }
  }
}

/** The base64url text in the payload of a finalize (RFC 8555 7.4) or revokeCert (7.6) request. */
function textOf({ resource, payload }: Draft): string | null {
  if ((resource !== 'finalize' && resource !== 'revokeCert') || !isObject(payload)) return null
  const text = resource === 'finalize' ? payload.csr : payload.certificate
  return typeof text === 'string' ? text : null
}

/** RFC 8555 7.4.2: the default format is PEM; what a client negotiated instead is not read. */
function holdsChain({ resource, response }: Draft): boolean {
  if (resource !== 'certificate' || response === null || response.status !== 200) return false
  const { bytes, complete } = response.body
  return complete && bytes !== null && bytes.length > 0 && !isBinary(bytes)
}

/** DER begins with a SEQUENCE (30 8x), which no text does. */
function isBinary(bytes: Uint8Array): boolean {
  return bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80
}
