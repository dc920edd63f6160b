import type { MacForm } from '../../acme/inner-jws.ts'
import { bindingOf } from '../inner.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, wasAccepted } from '../scope.ts'

const FORMS: Readonly<Record<MacForm, string>> = {
  base64url: 'base64url, as it should be handed out',
  base64: 'base64 with padding or the standard alphabet',
  hex: 'hexadecimal',
  text: 'plain text: the client did not decode it',
  twice: 'base64 of base64: the client decoded it twice',
}

export const eabMac: Rule = {
  id: 'eab-mac',
  group: 'eab',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: "MAC verifies with the CA's key",
  norm: 'The MAC is computed with the key the CA gave.',
  decide:
    'Only with an operator-supplied MAC key: read its text as base64url, base64, hex, as it stands, and as base64url of base64url; say which form verifies. The first three are ways to write the same octets. Another than base64url: info. If only the text itself or the double decoding verifies, the client decoded the key too seldom or too often: fail, unless the server accepted it (then the CA reads it so: info); warning while the answer is missing. None verifies: fail, but unknown if the server accepted it, since the key given may be the wrong one.',
  traps: [
    "cert-manager wants the Secret's (Kubernetes-decoded) value to be un-padded base64url text and decodes that once; a padded value makes the Issuer fail before any request is sent.",
    'Never print the key.',
  ],
  unknownWhen: ['U-SECRET'],
  inPractice: {
    Pebble: '403 unauthorized for a bad MAC or an unknown kid',
    'step-ca': 'Bad MAC 500 serverInternal; unknown kid 401 unauthorized',
    'golang.org/x/crypto/acme': 'Takes raw key bytes',
  },
  remedy: 'Base64url-decode the key exactly once.',
  references: ['RFC 8555 §7.3.4', 'RFC 7518 §3.2'],
  why: 'The CA cannot verify that the registration comes from its customer. The usual cause is a key that was decoded never or twice.',
  fixes: {
    'cert-manager':
      'The value of the Secret, after kubectl or base64 -d decoded it, has to be the text the CA gave: unpadded base64url.',
    certbot: 'Give the text as the CA shows it to --eab-hmac-key.',
    lego: 'Give the text as the CA shows it to --hmac.',
    'acme.sh': 'Give the text as the CA shows it to --eab-hmac-key.',
  },
  examples: {
    fails: 'HMAC key: the text of the key as the CA shows it',
    passes: 'HMAC key: the octets that the base64url text stands for',
  },
  explains: { types: ['unauthorized', 'malformed', 'serverInternal'], details: [] },
  resources: ['newAccount'],
  judge(request) {
    const binding = bindingOf(request)
    if (binding === null) return undefined
    const { signature, kid, alg } = binding
    if (signature.state === 'unchecked') return signature.code === 'U-SECRET' ? unknown('U-SECRET', signature.reason) : undefined
    if (signature.state === 'valid-mac') {
      const { form } = signature
      if (form === 'base64url') return HOLDS
      const isOdd = form === 'text' || form === 'twice'
      return broken(
        eabMac,
        `The MAC of the external account binding verifies when the key of ${quote(kid)} is read as ${FORMS[form]}.`,
        {
          severity: !isOdd || wasAccepted(request) ? 'info' : request.response === null ? 'warning' : 'error',
          evidence: { kid, alg, form },
        },
      )
    }
    if (wasAccepted(request))
      return unknown(
        'U-SECRET',
        `the MAC does not verify under the key given for ${quote(kid)}, but the CA took it: the key may be another one`,
      )
    return broken(
      eabMac,
      `The MAC of the external account binding does not verify under the key given for ${quote(kid)}, in whatever form its text is read.`,
      {
        evidence: { kid, alg, form: null },
        remedy: 'Compare the key that the client is configured with and the one given here; they are not the same.',
      },
    )
  },
}
