import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const legacyResourceField: Rule = {
  id: 'legacy-resource-field',
  group: 'jws',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: "No ACMEv1 'resource' field",
  norm: "The v1 'resource' member has no meaning in RFC 8555; unknown fields are to be ignored.",
  decide: "Warn if a payload object has a string member 'resource'.",
  traps: ['Harmless against production CAs: never attribute a rejection to it unless the server is Pebble strict.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'Ignored',
    Pebble: '400 malformed in -strict mode only',
    'step-ca': 'Ignored',
    'golang.org/x/crypto/acme': 'Not sent',
  },
  remedy: 'Upgrade or drop the field.',
  references: ['RFC 8555 §7.3'],
  why: 'It shows a client that was written for ACMEv1. CAs ignore the member; Pebble in strict mode refuses it.',
  examples: {
    fails: '{"resource": "new-order", "identifiers": [{"type": "dns", "value": "www.example"}]}',
    passes: '{"identifiers": [{"type": "dns", "value": "www.example"}]}',
  },
  explains: { types: ['malformed'], details: [/deprecated ACME v1/] },
  judge(request) {
    if (!isObject(request.payload)) return undefined
    if (typeof request.payload.resource !== 'string') return HOLDS
    return broken(
      legacyResourceField,
      `The payload has the member resource (${quote(request.payload.resource)}) of ACME version 1, which RFC 8555 servers ignore.`,
    )
  },
}
