import { mayPrecede } from '../in-flight.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
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
    'Broken if the key in force at that time does not verify the signature, and an earlier key of the same account does. The message names the key change, if it was captured. A request that may have been on its way when the change was answered is undecided: only a nonce that was given since, or the same connection, proves that it was not.',
  traps: ['If the keyChange response was lost, client and server may disagree: report as either.'],
  unknownWhen: ['U-OTHER'],
  inPractice: {
    Boulder: '400 malformed verification error',
    Pebble: '400 malformed',
    'step-ca': '501, key change not implemented',
    'golang.org/x/crypto/acme': 'Switches c.Key only after 200',
  },
  remedy: 'Reload the account key in every process that shares it.',
  references: ['RFC 8555 §7.3.5'],
  why: 'After a key change the old key is good for nothing. Another process that still has it is locked out.',
  examples: {
    fails: 'key change at 00:00:01, signed with the old key at 00:00:05',
    passes: 'key change at 00:00:01, signed with the new key at 00:00:05',
  },
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    const { signature, account } = request
    if (signature.state !== 'invalid' || signature.cause?.kind !== 'other-key' || !signature.cause.stale)
      return signature.state === 'valid' ? HOLDS : undefined
    const change = account?.keys.findLast((period) => period.from <= request.time)?.learntFrom ?? null
    if (change !== null && mayPrecede(request, change))
      return unknown('U-OTHER', `the request may have been on its way when the answer to ${named(change)} replaced the key`)
    if (change?.resource === 'newAccount' && change.response?.status === 201)
      return unknown(
        'U-OTHER',
        `the CA gave the account URL anew to another key in ${named(change)}: it seems to have forgotten its accounts`,
      )
    const evidence = { account: account?.url ?? null, keyChange: change?.id ?? null, thumbprint: signature.cause.thumbprint }
    return broken(
      signatureStaleKey,
      `The request is signed with the former key of account ${quote(account?.url ?? null)}; ${change === null ? 'the key was replaced' : `${named(change)} had replaced it`}.`,
      { evidence },
    )
  },
}
