import { isObject } from '../../jose/json-object.ts'
import { lostContent } from '../answer.ts'
import { bindingOf } from '../inner.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote } from '../scope.ts'

export const eabEcho: Rule = {
  id: 'eab-echo',
  group: 'eab',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 2,
  title: 'Verified binding is echoed, unverified is not',
  norm: 'A verified binding appears in the account object as sent; an unverified one must not.',
  decide:
    "On 201 with EAB in request: info if not echoed (a CA that did not verify it must not echo it). Echoed with another value: warning. Echoed although the MAC does not verify under the operator's key: warning, since the key given may be the wrong one.",
  traps: ['Lack of echo breaks no known client.'],
  unknownWhen: ['U-RESP', 'U-GAP'],
  inPractice: { Pebble: 'Echoes', 'step-ca': 'Echoes', 'golang.org/x/crypto/acme': 'Ignores' },
  remedy: 'Server: echo the binding.',
  references: ['RFC 8555 §7.3.4'],
  why: 'The client cannot see from the account whether the CA accepted the binding.',
  examples: {
    fails: '{"status": "valid"}',
    passes:
      '{"status": "valid", "externalAccountBinding": {"protected": "eyJhbGciOi…", "payload": "eyJrdHki…", "signature": "q3fQ…"}}',
  },
  explains: { types: [], details: [] },
  resources: ['newAccount'],
  judge(request) {
    const binding = bindingOf(request)
    if (binding === null) return undefined
    if (request.response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (request.response.status !== 201) return undefined
    const lost = lostContent(request)
    if (lost !== null) return lost
    if (!isObject(request.answer)) return undefined // account-object says it
    const echo = request.answer.externalAccountBinding
    if (echo === undefined)
      return broken(
        eabEcho,
        'The new account does not show the external account binding: the CA did not verify it, or leaves it out. No known client minds.',
        { severity: 'info' },
      )
    if (binding.signature.state === 'invalid')
      return broken(
        eabEcho,
        `The account shows the external account binding as verified, but its MAC does not verify under the key given for ${quote(binding.kid)}: the CA did not verify it, or the key given here is another one.`,
        { evidence: { kid: binding.kid } },
      )
    const sent = binding.jws
    if (
      !isObject(echo) ||
      echo.protected !== sent.protectedText ||
      echo.payload !== sent.payloadText ||
      echo.signature !== sent.signatureText
    )
      return broken(eabEcho, 'The account shows another external account binding than the request carried.', {
        severity: 'warning',
        evidence: { echo },
      })
    return HOLDS
  },
}
