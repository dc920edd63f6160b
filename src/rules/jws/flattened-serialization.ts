import { broken, HOLDS, type Rule } from '../rule.ts'
import { faultDetails } from '../scope.ts'

export const flattenedSerialization: Rule = {
  id: 'flattened-serialization',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Flattened JSON serialization',
  norm: 'Only the flattened JSON form is allowed; neither compact nor the general form with a signatures array.',
  decide: "Fail if the object has 'signatures', or if it is compact form.",
  traps: ['An empty signatures array next to a proper signature passes Boulder; still report as warning.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 malformed, own message for the signatures array',
    Pebble: '400 malformed',
    'step-ca': 'Accepts a general-form JWS with exactly one signature (parser limit only)',
    'golang.org/x/crypto/acme': 'Flattened',
    others: 'Vault rebuilds a compact JWS from the three members, so extra top-level members are ignored',
  },
  remedy: 'Use the flattened members at top level.',
  references: ['RFC 8555 §6.2', 'RFC 7515 §7.2.2'],
  why: 'Strict CAs refuse every other form as malformed; lenient ones take it, so that the client works with one CA only.',
  examples: {
    fails: '{"payload": "e30", "signatures": [{"protected": "eyJhbGciOi…", "signature": "q3fQ…"}]}',
    passes: '{"protected": "eyJhbGciOi…", "payload": "e30", "signature": "q3fQ…"}',
  },
  explains: { types: ['malformed'], details: [/"signatures" field not allowed/] },
  judge(request) {
    const { jws } = request
    if (jws === null || jws.form === 'unreadable') return undefined
    if (jws.form === 'flattened') return HOLDS
    const empty = Array.isArray(jws.object?.signatures) && jws.object.signatures.length === 0
    const message = `The JWS ${faultDetails(request, 'general') || 'is in compact serialization'} instead of flattened JSON serialization.`
    return broken(flattenedSerialization, message, jws.form === 'mixed' && empty ? { severity: 'warning' } : {})
  },
}
