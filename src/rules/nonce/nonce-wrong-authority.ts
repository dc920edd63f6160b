import { broken, HOLDS, type Rule } from '../rule.ts'
import { named, quote } from '../scope.ts'

export const nonceWrongAuthority: Rule = {
  id: 'nonce-wrong-authority',
  group: 'nonce',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'nonce comes from the same CA',
  norm: 'Nonces have no meaning outside the server that made them.',
  decide: 'If the value is in the ledger of another CA (other directory/authority) and not of this one: fail.',
  traps: [
    'Several host names can front one CA (directory host vs API host): group by directory document, not by host.',
    'step-ca provisioners of one CA share the nonce table.',
  ],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: '400 badNonce (unknown prefix or undecryptable)',
    Pebble: '400 badNonce',
    'step-ca': '400 badNonce',
    'golang.org/x/crypto/acme': 'One pool per Client, and one Client per directory',
  },
  remedy: 'Keep one nonce pool per directory.',
  references: ['RFC 8555 §6.5'],
  explains: { types: ['badNonce'], details: [] },
  judge(request, traffic) {
    const record = request.nonceRecord
    if (record === null || record.issues.length > 0) return record === null ? undefined : HOLDS
    for (const ca of traffic.cas) {
      if (ca.nonces === request.ca?.nonces) continue
      const foreign = ca.nonces.byValue.get(record.value)?.issues[0]
      if (foreign !== undefined)
        return broken(
          nonceWrongAuthority,
          `nonce ${quote(record.value)} was issued by another CA (${ca.directoryUrl ?? [...ca.authorities].join(', ')})${foreign.request === null ? '' : ` in answer to ${named(foreign.request)}`}.`,
          {
            evidence: { nonce: record.value, issuer: ca.directoryUrl },
          },
        )
    }
    return undefined
  },
}
