import { broken, HOLDS, type Rule } from '../rule.ts'
import { named, quote } from '../scope.ts'

export const signatureStaleKey: Rule = {
  id: 'signature-stale-key',
  group: 'signature',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Current key used after rollover',
  norm: 'Once key change succeeded only the new key authenticates the account.',
  decide:
    'If verification fails under the key valid at that time but succeeds under a superseded key of the same account: fail and cite the keyChange exchange.',
  traps: ['If the keyChange response was lost, client and server may disagree: report as either.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: '400 malformed verification error',
    Pebble: '400 malformed',
    'step-ca': '501, key change not implemented',
    'golang.org/x/crypto/acme': 'Switches c.Key only after 200',
  },
  remedy: 'Reload the account key in every process that shares it.',
  references: ['RFC 8555 §7.3.5'],
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    const { signature, account } = request
    if (signature.state !== 'invalid' || signature.cause?.kind !== 'other-key' || !signature.cause.stale)
      return signature.state === 'valid' ? HOLDS : undefined
    const change = account?.keys.findLast((period) => period.from <= request.time)?.learntFrom ?? null
    const evidence = { account: account?.url ?? null, keyChange: change?.id ?? null, thumbprint: signature.cause.thumbprint }
    return broken(
      signatureStaleKey,
      `The request is signed with the former key of account ${quote(account?.url ?? null)}; ${change === null ? 'the key was replaced' : `${named(change)} had replaced it`}.`,
      { evidence },
    )
  },
}
