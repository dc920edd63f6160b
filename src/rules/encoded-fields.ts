import type { InnerJws } from '../acme/inner-jws.ts'
import type { AcmeRequest } from '../acme/traffic.ts'
import { describeFault, type EncodingFault, readBase64url } from '../jose/base64url.ts'
import { isObject } from '../jose/json-object.ts'

export interface EncodedField {
  readonly name: string
  readonly faults: readonly EncodingFault[]
  /** The faults in words. */
  readonly words: string
}

/** JWK members whose values are base64url (RFC 7518 6). */
const JWK_FIELDS = ['x', 'y', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'k']

/** Every field of a request that has to be base64url (RFC 8555 6.1) and is not, outer and inner JWS, keys, CSR and certificate included. */
export function encodedFields(request: AcmeRequest): EncodedField[] {
  const { jws, payload, nonce, inner } = request
  if (jws === null) return []
  const found: EncodedField[] = []
  for (const defect of jws.defects)
    if (defect.encoding !== null && !(defect.member === 'payload' && jws.header?.b64 === false))
      add(found, defect.member, [defect.encoding])
  addKey(found, 'jwk', jws.header?.jwk)
  if (nonce !== null) addText(found, 'nonce', nonce)
  if (isObject(payload)) {
    addText(found, 'csr', payload.csr)
    addText(found, 'certificate', payload.certificate)
  }
  if (inner !== null) addInner(found, inner)
  return found
}

function addInner(found: EncodedField[], { kind, jws, payload }: InnerJws): void {
  const name = kind === 'binding' ? 'externalAccountBinding' : 'inner JWS'
  for (const defect of jws.defects) if (defect.encoding !== null) add(found, `${defect.member} of ${name}`, [defect.encoding])
  addKey(found, `jwk of ${name}`, jws.header?.jwk)
  if (kind === 'binding') addKey(found, `the key in ${name}`, payload)
  else if (isObject(payload)) addKey(found, 'oldKey', payload.oldKey)
}

function addKey(found: EncodedField[], name: string, jwk: unknown): void {
  if (isObject(jwk)) for (const member of JWK_FIELDS) addText(found, `${member} of ${name}`, jwk[member])
}

function addText(found: EncodedField[], name: string, text: unknown): void {
  if (typeof text === 'string') add(found, name, readBase64url(text).faults)
}

function add(found: EncodedField[], name: string, faults: readonly EncodingFault[]): void {
  if (faults.length > 0) found.push({ name, faults, words: faults.map(describeFault).join(' and ') })
}
