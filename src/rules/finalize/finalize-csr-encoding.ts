import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { lostBody, quote, uncertainRole } from '../scope.ts'

export const finalizeCsrEncoding: Rule = {
  id: 'finalize-csr-encoding',
  group: 'finalize',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'csr is base64url DER of a PKCS#10 with a good signature',
  norm: 'csr carries the DER request in unpadded base64url, not PEM; it must be self-consistent.',
  decide:
    "csr absent or not a string: fail. Decode strictly (also try PEM text, standard base64, padding, double base64, hexadecimal and name what worked); parse; octets after the end and BER that is no DER fail; verify the signature in the CSR. A CSR without the attributes field: warn. MD5/SHA-1 is finalize-csr-key's.",
  traps: ['Empty attributes [0] missing is a common encoder fault: some parsers accept.'],
  unknownWhen: ['U-GAP', 'U-KEY'],
  inPractice: {
    Boulder: 'Unparseable 400 malformed; bad signature or weak hash 400 badCSR; padding tolerated',
    Pebble: '400 malformed / 400 badCSR',
    'step-ca': '400 malformed; padding tolerated',
    'golang.org/x/crypto/acme': 'Encodes DER',
  },
  remedy: 'Send base64url(DER).',
  references: ['RFC 8555 §7.4', 'RFC 2986 §4'],
  why: 'The CA cannot read what is to be certified, and the order stays without a certificate.',
  examples: { fails: '{"csr": "-----BEGIN CERTIFICATE REQUEST-----"}', passes: '{"csr": "MIIBVjCB…"}' },
  explains: { types: ['malformed', 'badCSR'], details: [/csr|certificate request/i] },
  resources: ['finalize'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    if (request.jws === null) return lostBody(request) ?? undefined
    const { csr, payload, payloadKind } = request
    if (csr === null) {
      // A payload that is no object is payload-not-json's; a URL that only looks like one of finalize may be anything.
      if ((payloadKind !== 'object' && payloadKind !== 'empty') || uncertainRole(request) !== null) return undefined
      const given = isObject(payload) ? payload.csr : undefined
      return broken(
        finalizeCsrEncoding,
        given === undefined ? 'The payload of the finalize request has no csr.' : `csr is ${quote(given)}, not a string.`,
        { evidence: { payload: given === undefined ? payload : { csr: given } } },
      )
    }
    if (csr.faults.length > 0)
      return broken(
        finalizeCsrEncoding,
        `csr ${csr.faults.join('; ')}. It has to be base64url of the DER of a PKCS #10 request.`,
        {
          evidence: { faults: csr.faults },
        },
      )
    if (csr.value === null) return undefined
    const { algorithm } = csr.value.signed
    if (csr.signature === 'invalid')
      return broken(
        finalizeCsrEncoding,
        `The signature in the CSR (${algorithm}) does not verify under the public key in the CSR.`,
        {
          evidence: { algorithm, key: csr.value.key.kind },
          remedy: 'Sign the CSR with the private key of the public key that it carries.',
        },
      )
    if (csr.value.lacksAttributes)
      return broken(
        finalizeCsrEncoding,
        'The CSR leaves out the attributes field, which has to be there even when it is empty; some servers do not read it.',
        {
          severity: 'warning',
        },
      )
    if (csr.signature === 'unchecked') return unknown('U-KEY', `the signature in the CSR (${algorithm}) was not verified`)
    return HOLDS
  },
}
