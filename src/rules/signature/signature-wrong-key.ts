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
    "When verification under kid's key fails, try every other account/cert/operator key in state. If one verifies: fail, naming both accounts.",
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
  explains: { types: ['malformed', 'unauthorized'], details: [] },
  judge(request) {
    const { signature } = request
    if (signature.state !== 'invalid' || signature.cause?.kind !== 'other-key' || signature.cause.stale)
      return signature.state === 'valid' ? HOLDS : undefined
    const { account, thumbprint } = signature.cause
    return broken(
      signatureWrongKey,
      `The request names account ${quote(request.kid)} but is signed with the key of account ${quote(account?.url ?? null)} (thumbprint ${thumbprint}).`,
      {
        evidence: { kid: request.kid, signedBy: account?.url ?? null, thumbprint },
      },
    )
  },
}
