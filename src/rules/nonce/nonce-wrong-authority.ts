import type { AcmeRequest, AcmeTraffic, Ca } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, remembered } from '../scope.ts'

interface Issuer {
  readonly ca: Ca
  readonly request: AcmeRequest | null
}

/** Nonces to the first two CAs that issued them, CAs with one ledger counted once. */
function issuers(traffic: AcmeTraffic): ReadonlyMap<string, readonly Issuer[]> {
  const found = new Map<string, Issuer[]>()
  const ledgers = new Map(traffic.cas.map((ca) => [ca.nonces, ca]))
  if (ledgers.size < 2) return found
  for (const [{ byValue }, ca] of ledgers)
    for (const { value, issues } of byValue.values()) {
      const [first] = issues
      if (first === undefined) continue
      const known = found.get(value)
      if (known === undefined) found.set(value, [{ ca, request: first.request }])
      else if (known.length < 2) known.push({ ca, request: first.request })
    }
  return found
}

export const nonceWrongAuthority: Rule = {
  id: 'nonce-wrong-authority',
  group: 'nonce',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'nonce comes from the same CA',
  norm: 'Nonces have no meaning outside the server that made them.',
  decide:
    'Broken if another CA gave out this nonce in the capture, and this one did not. Undecided while the directory of either was not captured: two hosts may be one CA.',
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
  why: 'To this CA the nonce of another one is unknown, and it answers badNonce.',
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "a-nonce-of-another-ca", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['badNonce'], details: [] },
  judge(request, traffic) {
    const { nonceRecord: record, ca } = request
    if (record === null || record.issues.length > 0) return record === null ? undefined : HOLDS
    const foreign = remembered(traffic, issuers)
      .get(record.value)
      ?.find((issuer) => issuer.ca.nonces !== ca?.nonces)
    if (foreign === undefined) return undefined
    // Without both directories two hosts may well be one CA.
    if (ca?.directory == null || foreign.ca.directory === null)
      return unknown('U-START', 'another host issued the nonce, and no directory in the capture tells whether it is the same CA')
    const { directoryUrl, authorities } = foreign.ca
    return broken(
      nonceWrongAuthority,
      `nonce ${quote(record.value)} was issued by another CA (${directoryUrl ?? [...authorities].join(', ')})${foreign.request === null ? '' : ` in answer to ${named(foreign.request)}`}.`,
      { evidence: { nonce: record.value, issuer: directoryUrl } },
    )
  },
}
