import { ALGORITHMS } from '../../jose/algorithms.ts'
import { bindingOf } from '../inner.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote, wasAccepted } from '../scope.ts'

export const eabStructure: Rule = {
  id: 'eab-structure',
  group: 'eab',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'Binding is a flattened JWS with MAC alg and kid',
  norm: "The binding is a JWS whose alg is MAC based and whose kid is the CA's key identifier; no jwk.",
  decide:
    'Broken if protected, payload or signature of the binding is no string, alg is not HS256, HS384 or HS512, or kid is empty. A jwk or an unprotected header in it is a warning, because §7.3.4 does not exclude them.',
  traps: ["cert-manager's keyAlgorithm field is deprecated and ignored; a CA that insists on HS384 will refuse."],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Pebble: '400 malformed',
    'step-ca': '400 malformed; unparseable JWS 500 serverInternal',
    'golang.org/x/crypto/acme': 'HS256 only, whatever keyAlgorithm says',
  },
  remedy: 'Use HS256 with the CA-given kid.',
  references: ['RFC 8555 §7.3.4', 'RFC 7518 §3.2'],
  why: 'The CA cannot tell which of its customers registers, and refuses.',
  fixes: { 'cert-manager': 'Nothing to choose: it signs the binding with HS256; keyAlgorithm is deprecated and ignored.' },
  examples: {
    fails: '{"alg": "ES256", "kid": "eab-key-17", "url": "https://ca.example/newAccount"}',
    passes: '{"alg": "HS256", "kid": "eab-key-17", "url": "https://ca.example/newAccount"}',
  },
  explains: { types: ['malformed', 'unauthorized'], details: [/external ?account ?binding/i, /'alg' field/] },
  resources: ['newAccount'],
  judge(request) {
    const lost = lostBody(request)
    if (lost !== null) return lost
    const binding = bindingOf(request)
    if (binding === null) return undefined
    const { jws, alg, kid } = binding
    const flaws = jws.defects
      .filter(({ fault }) => fault !== 'encoding' && fault !== 'unprotected-header')
      .map(({ detail }) => detail)
    if (jws.header !== null) {
      if (alg === null) flaws.push('has no alg')
      else if (ALGORITHMS.has(alg) ? ALGORITHMS.get(alg)?.kind !== 'mac' : !wasAccepted(request))
        flaws.push(`has alg ${quote(alg)}, which is no MAC algorithm`)
      if (kid === null || kid === '')
        flaws.push(`has ${kid === '' ? 'an empty' : 'no'} kid, so that the CA cannot tell which MAC key to use`)
    }
    if (flaws.length > 0)
      return broken(eabStructure, `The external account binding ${flaws.join(', ')}.`, { evidence: { alg, kid, flaws } })
    if (jws.header?.jwk !== undefined || jws.unprotected !== undefined)
      return broken(
        eabStructure,
        `The external account binding has ${jws.header?.jwk === undefined ? 'an unprotected header' : 'a jwk in its header'}, which it does not need; its key is the one that kid names.`,
        { severity: 'warning', evidence: { alg, kid } },
      )
    return HOLDS
  },
}
