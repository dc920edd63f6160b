import type { AcmeRequest } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { couldBeOneRequest, named, quote, seconds } from '../scope.ts'

export const nonceReused: Rule = {
  id: 'nonce-reused',
  group: 'nonce',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'A nonce is used once',
  norm: 'A nonce seen in one request is spent, whatever the outcome of that request.',
  decide:
    'State: nonce ledger {value -> uses[]} per CA. If two DISTINCT HTTP requests (after collapsing packet duplicates, TCP retransmissions, and the same request seen on both legs of a proxy) carry the same nonce to the same CA: fail every use after the first, never the first. Attach time gap, connections, source addresses, and whether bytes are identical (jws-resent-verbatim) or re-signed.',
  traps: [
    'Retransmitted or duplicate-captured packets are not reuse.',
    'A request seen on the client leg and again on the server leg of a reverse proxy is one request.',
    'Equal nonce text at two different CAs is not reuse.',
    'If the server issued the same value twice (server-nonce-duplicate) the client is innocent.',
  ],
  unknownWhen: ['U-GAP', 'U-OTHER'],
  inPractice: {
    Boulder:
      '400 badNonce on second redemption; because redemption follows signature verification, a first request with a bad signature leaves the nonce usable',
    Pebble: '400 badNonce; consumed after signature and url-presence but before url equality',
    'step-ca': '400 badNonce; deleted before url, kid and signature are looked at',
    'golang.org/x/crypto/acme': 'Pops from a map, never reuses; clears the pool on badNonce',
  },
  remedy: 'Take each nonce from the pool exactly once, under a lock.',
  references: ['RFC 8555 §6.5'],
  explains: { types: ['badNonce'], details: [/nonce/i] },
  judge(request) {
    const record = request.nonceRecord
    if (record === null) return undefined
    const place = record.uses.indexOf(request)
    if (place === 0) return HOLDS
    // A server that issues one value twice has only itself to blame.
    if (record.issues.length > place) return HOLDS
    const first = record.uses[0] as AcmeRequest
    const copies = record.uses.slice(0, place).filter((use) => use.jws?.signatureText === request.jws?.signatureText)
    if (copies.length > 0 && copies.every((copy) => couldBeOneRequest(copy, request)))
      return unknown(
        'U-OTHER',
        `the same bytes were captured on another connection as ${named(copies[0] as AcmeRequest)}, and no answer tells whether they were sent once or twice`,
      )
    return broken(
      nonceReused,
      `nonce ${quote(record.value)} had been spent in ${named(first)}, ${seconds(request.time - first.time)} before.`,
      {
        evidence: {
          nonce: record.value,
          firstUse: first.id,
          secondsLater: (request.time - first.time) / 1e6,
          sameBytes: copies.length > 0,
        },
      },
    )
  },
}
