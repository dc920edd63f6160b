import { utf8Text } from '../platform/base64.ts'
import { describeFault, type EncodingFault, readBase64url } from './base64url.ts'
import { isObject, type JsonObject, parseJson } from './json-object.ts'

/** What is wrong with a JWS as a message; rules decide which of it breaks what. */
export type JwsFault =
  | 'empty' // no octet at all
  | 'not-utf8'
  | 'not-json'
  | 'not-object' // JSON, but no object
  | 'compact' // RFC 7515 7.1 instead of 7.2.2
  | 'general' // RFC 7515 7.2.1: a `signatures` member
  | 'several-signatures'
  | 'unprotected-header' // a `header` member, even empty
  | 'member-missing'
  | 'member-not-text'
  | 'duplicate-member'
  | 'encoding' // a member is not base64url, see `encoding`
  | 'header-not-utf8'
  | 'header-not-json'
  | 'header-not-object'
  | 'header-duplicate'

export interface JwsDefect {
  readonly fault: JwsFault
  /** The member it is about: protected, payload, signature, header, signatures, or a header parameter's name; "" for the whole. */
  readonly member: string
  readonly encoding: EncodingFault | null
  /** For a reader, in words; quotes untrusted text as it is. */
  readonly detail: string
}

/**
 * A JWS as it can be read, however broken (RFC 7515). The decoder is lenient: what is wrong stands in `defects`, and every part that
 * can be made out is given. The texts are as on the wire, since the signature is over them.
 */
export interface Jws {
  readonly form: 'flattened' | 'general' | 'compact' | 'mixed' | 'unreadable'
  readonly protectedText: string | null
  readonly payloadText: string | null
  readonly signatureText: string | null
  /** The protected header; of duplicate members the last one. Null when it cannot be read as an object. */
  readonly header: JsonObject | null
  /** Decoded payload octets; null when the member is missing or not a string. */
  readonly payload: Uint8Array | null
  readonly signature: Uint8Array | null
  /** The unprotected `header` member; undefined when absent. */
  readonly unprotected: unknown
  readonly signatureCount: number
  /** The outermost JSON object, for members that JWS does not define; null when there is none. */
  readonly object: JsonObject | null
  readonly defects: readonly JwsDefect[]
}

/** Decodes the body of a request. Never throws. */
export function decodeJws(body: Uint8Array): Jws {
  const defects: JwsDefect[] = []
  if (body.length === 0) return unreadable(defects, 'empty', 'the body is empty')
  const text = utf8Text(body)
  if (text === null) return unreadable(defects, 'not-utf8', 'the body is not UTF-8 text')
  const parsed = parseJson(text)
  if (parsed === null) {
    const parts = text.trim().split('.')
    if (parts.length === 3 && parts.every((part) => /^[A-Za-z0-9_\-+/=]*$/.test(part)) && parts[0] !== '') {
      defects.push(defect('compact', '', 'the body is a JWS in compact serialization (a.b.c)'))
      return decodeMembers(
        { protected: parts[0], payload: parts[1], signature: parts[2] },
        { form: 'compact', object: null, signatureCount: 1 },
        defects,
      )
    }
    return unreadable(defects, 'not-json', 'the body is not JSON')
  }
  if (!isObject(parsed.value)) {
    return unreadable(
      defects,
      'not-object',
      `the body is JSON but not an object (${Array.isArray(parsed.value) ? 'an array' : typeof parsed.value})`,
    )
  }
  for (const { name } of parsed.duplicates)
    defects.push(defect('duplicate-member', name, `the member ${JSON.stringify(name)} occurs twice`))
  return decodeJwsObject(parsed.value, defects)
}

/** Decodes a JWS that is a JSON value inside another document (externalAccountBinding, the payload of keyChange). */
export function decodeJwsObject(object: JsonObject, defects: JwsDefect[] = []): Jws {
  const list = object.signatures
  if (list === undefined)
    return decodeMembers(object, { form: 'flattened', object, signatureCount: object.signature === undefined ? 0 : 1 }, defects)
  const own = object.signature !== undefined || object.protected !== undefined
  const first = Array.isArray(list) && isObject(list[0]) ? list[0] : {}
  const count = (Array.isArray(list) ? list.length : 0) + (own ? 1 : 0)
  defects.push(
    defect(
      'general',
      'signatures',
      own ? 'has a signatures member beside the flattened members' : 'is in general serialization (a signatures member)',
    ),
  )
  if (count > 1) defects.push(defect('several-signatures', 'signatures', `carries ${count} signatures`))
  const members = own ? object : { ...first, payload: object.payload }
  return decodeMembers(members, { form: own ? 'mixed' : 'general', object, signatureCount: count }, defects)
}

function decodeMembers(members: JsonObject, known: Pick<Jws, 'form' | 'object' | 'signatureCount'>, defects: JwsDefect[]): Jws {
  const protectedText = memberText(members, 'protected', defects)
  const payloadText = memberText(members, 'payload', defects)
  const signatureText = memberText(members, 'signature', defects)
  const unprotected = members.header
  if (unprotected !== undefined) defects.push(defect('unprotected-header', 'header', 'has an unprotected header member'))
  const { form, object, signatureCount } = known
  return {
    form,
    protectedText,
    payloadText,
    signatureText,
    header: protectedText === null ? null : readHeader(decodeMember(protectedText, 'protected', defects), defects),
    payload: payloadText === null ? null : decodeMember(payloadText, 'payload', defects),
    signature: signatureText === null ? null : decodeMember(signatureText, 'signature', defects),
    unprotected,
    signatureCount,
    object,
    defects,
  }
}

function memberText(members: JsonObject, name: string, defects: JwsDefect[]): string | null {
  const value = members[name]
  if (typeof value === 'string') return value
  if (value === undefined) defects.push(defect('member-missing', name, `has no ${name} member`))
  else
    defects.push(
      defect(
        'member-not-text',
        name,
        `has a ${name} member that is ${value === null ? 'null' : `not a string but ${typeof value}`}`,
      ),
    )
  return null
}

function decodeMember(text: string, name: string, defects: JwsDefect[]): Uint8Array {
  const { bytes, faults } = readBase64url(text)
  for (const fault of faults)
    defects.push({ fault: 'encoding', member: name, encoding: fault, detail: `${name} ${describeFault(fault)}` })
  return bytes
}

function readHeader(bytes: Uint8Array, defects: JwsDefect[]): JsonObject | null {
  const text = utf8Text(bytes)
  if (text === null) {
    defects.push(defect('header-not-utf8', 'protected', 'the protected header is not UTF-8 text'))
    return null
  }
  const parsed = parseJson(text)
  if (parsed === null) {
    defects.push(defect('header-not-json', 'protected', 'the protected header is not JSON'))
    return null
  }
  if (!isObject(parsed.value)) {
    defects.push(defect('header-not-object', 'protected', 'the protected header is not a JSON object'))
    return null
  }
  for (const { name, values } of parsed.duplicates)
    defects.push(
      defect(
        'header-duplicate',
        name,
        `the protected header has ${JSON.stringify(name)} ${values.length} times (${values.join(', then ')}); a parser that keeps the last one sees ${values.at(-1)}`,
      ),
    )
  return parsed.value
}

function unreadable(defects: JwsDefect[], fault: JwsFault, detail: string): Jws {
  defects.push(defect(fault, '', detail))
  return {
    form: 'unreadable',
    protectedText: null,
    payloadText: null,
    signatureText: null,
    header: null,
    payload: null,
    signature: null,
    unprotected: undefined,
    signatureCount: 0,
    object: null,
    defects,
  }
}

function defect(fault: JwsFault, member: string, detail: string): JwsDefect {
  return { fault, member, encoding: null, detail }
}
