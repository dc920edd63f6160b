import type { AcmeRequest, Resource } from '../../acme/traffic.ts'
import { isObject } from '../../jose/json-object.ts'
import { utf8Text } from '../../platform/base64.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

/** The types RFC 8555 gives members of payloads (7.1.2, 7.3, 7.4, 7.6) by resource; what it does not define there is ignored. */
const TYPES: readonly (readonly [
  member: string,
  test: (value: unknown) => boolean,
  type: string,
  resources: readonly Resource[],
])[] = [
  ['termsOfServiceAgreed', (value) => typeof value === 'boolean', 'true or false', ['newAccount', 'account']],
  ['onlyReturnExisting', (value) => typeof value === 'boolean', 'true or false', ['newAccount']],
  ['contact', Array.isArray, 'a list', ['newAccount', 'account']],
  ['identifiers', Array.isArray, 'a list', ['newOrder']],
  ['externalAccountBinding', isObject, 'an object', ['newAccount']],
  ['csr', (value) => typeof value === 'string', 'a string', ['finalize']],
  ['certificate', (value) => typeof value === 'string', 'a string', ['revokeCert']],
  ['reason', Number.isInteger, 'an integer', ['revokeCert']],
]

/** Base64url of base64url of a JSON object, a common slip of encoders. */
function isEncodedTwice(request: AcmeRequest): boolean {
  const inner = request.jws?.payload ?? null
  const text = inner === null ? null : utf8Text(inner)
  return text !== null && /^eyJ[A-Za-z0-9_-]+$/.test(text)
}

export const payloadNotJson: Rule = {
  id: 'payload-not-json',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Non-empty payload is a JSON object',
  norm: "Whatever is not a fetch carries a JSON object of the resource's shape.",
  decide:
    'Broken if the payload is neither empty nor a JSON object, or if a member that RFC 8555 defines has another type than it gives (termsOfServiceAgreed and onlyReturnExisting are boolean, contact and identifiers arrays, csr and certificate strings, reason an integer). The payload of a key change has to be a JWS. Unknown members are ignored.',
  traps: ['Base64 of base64 (double encoding) is a common cause; detect and name it.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: "400 malformed 'Request payload did not parse as JSON' (checked after signature, nonce and url)",
    Pebble: '400 malformed per handler',
    'step-ca': '400 malformed per handler',
    'golang.org/x/crypto/acme': 'Marshalled structs',
  },
  remedy: 'Serialise the payload as an object.',
  references: ['RFC 8555 §6.2', 'RFC 8555 §7.1.2', 'RFC 8555 §7.4', 'RFC 8555 §7.6', 'RFC 8259'],
  why: 'The CA has verified everything by then and cannot read what is asked of it; the nonce is spent.',
  examples: { fails: '"www.example"', passes: '{"identifiers": [{"type": "dns", "value": "www.example"}]}' },
  explains: { types: ['malformed'], details: [/did not parse as JSON/, /error unmarshal/i] },
  judge(request) {
    if (request.jws === null || request.payloadKind === 'none' || request.payloadKind === 'empty') return undefined
    if (request.payloadKind === 'garbled')
      return broken(payloadNotJson, `The payload is not JSON${isEncodedTwice(request) ? ': it is base64url-encoded twice' : ''}.`)
    const { payload } = request
    if (!isObject(payload)) return broken(payloadNotJson, `The payload is ${quote(payload)}, not a JSON object.`)
    const wrong = TYPES.filter(
      ([member, test, , resources]) =>
        payload[member] !== undefined && resources.includes(request.resource) && !test(payload[member]),
    )
    if (wrong.length > 0)
      return broken(
        payloadNotJson,
        `Wrong type in the payload: ${wrong.map(([member, , type]) => `${member} is ${quote(payload[member])} but has to be ${type}`).join('; ')}.`,
        {
          evidence: { members: wrong.map(([member]) => member) },
        },
      )
    if (request.resource === 'keyChange' && request.roleBasis !== 'guessed') {
      const missing = ['protected', 'payload', 'signature'].filter((member) => typeof payload[member] !== 'string')
      if (missing.length > 0)
        return broken(payloadNotJson, `The payload of a key change is itself a JWS; here ${missing.join(', ')} is missing.`, {
          evidence: { members: missing },
        })
    }
    return HOLDS
  },
}
