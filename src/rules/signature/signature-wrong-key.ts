import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const signatureWrongKey: Rule = {
  id: 'signature-wrong-key',
  group: 'signature',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Signed by the account that kid names',
  norm: 'kid and signing key have to belong together.',
  decide:
    'When the key of the account in kid does not verify the signature, all other keys known in the capture are tried. If one does, both accounts are named.',
  traps: ['keyChange outer is signed by the OLD key, inner by the new one.'],
  unknownWhen: ['U-KEY'],
  inPractice: {
    Boulder: '400 malformed verification error',
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Key and KID are independent struct fields; a caller can pair them wrongly',
  },
  remedy: 'Pair each stored kid with its own key.',
  references: ['RFC 8555 §6.2'],
  why: 'The CA verifies with the key of the account in kid, and the signature is of another one.',
  fixes: {
    'cert-manager':
      'See that the Secret in privateKeySecretRef was not replaced by that of another account; delete it to register anew.',
    certbot:
      'private_key.json and regr.json in one folder below /etc/letsencrypt/accounts belong together: restore both, or register anew.',
    lego: 'The key file and account.json below .lego/accounts belong together: restore both, or register anew.',
    'acme.sh': 'account.key and ca.conf in one folder below ~/.acme.sh/ca belong together: restore both, or register anew.',
  },
  examples: {
    fails: '{"kid": "https://ca.example/acct/1", "signed with the key of": "https://ca.example/acct/2"}',
    passes: '{"kid": "https://ca.example/acct/1", "signed with the key of": "https://ca.example/acct/1"}',
  },
  explains: { types: ['malformed', 'unauthorized'], details: [] },
  judge(request) {
    const { signature } = request
    if (signature.state !== 'invalid' || signature.cause?.kind !== 'other-key' || signature.cause.stale)
      return signature.state === 'valid' ? HOLDS : undefined
    const { account, thumbprint } = signature.cause
    return broken(
      signatureWrongKey,
      `The request names account ${quote(request.kid)} but is signed with ${account === null ? 'another account key, which the operator gave' : `the key of account ${quote(account.url)}`} (thumbprint ${thumbprint}).`,
      {
        evidence: { kid: request.kid, signedBy: account?.url ?? null, thumbprint },
      },
    )
  },
}
