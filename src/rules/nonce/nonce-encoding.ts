import type { AcmeRequest, AcmeTraffic, NonceLedger } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { headerOf, isPresent, quote, remembered, sawBeginning } from '../scope.ts'

const BASE64URL = /^[A-Za-z0-9_-]+$/

/** The nonces that a CA issued, if any, are all base64url: it does not write them otherwise. */
function isClean({ ca }: AcmeRequest, traffic: AcmeTraffic): boolean {
  return ca !== null && remembered(traffic, cleanLedgers).has(ca.nonces)
}

function cleanLedgers(traffic: AcmeTraffic): ReadonlySet<NonceLedger> {
  const clean = new Set<NonceLedger>()
  for (const ledger of new Set(traffic.cas.map(({ nonces }) => nonces))) {
    const issued = [...ledger.byValue.values()].filter(({ issues }) => issues.length > 0)
    if (issued.length > 0 && issued.every(({ value }) => BASE64URL.test(value))) clean.add(ledger)
  }
  return clean
}

export const nonceEncoding: Rule = {
  id: 'nonce-encoding',
  group: 'nonce',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'nonce is base64url text',
  norm: 'The value is base64url without padding; anything else makes the JWS malformed.',
  decide:
    'Broken if it has characters outside A-Z, a-z, 0-9, "-" and "_". If the server gave it out like that, server-nonce-encoding says so instead. Undecided unless the capture shows the beginning of the session and nonces of this CA, all of them in order.',
  traps: [
    'Shell clients keep a trailing CR.',
    'certbot decodes and re-encodes: a non-canonical server nonce comes back changed.',
  ],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: '400 badNonce (shape: 8-char prefix + 32 octets)',
    Pebble: '400 badNonce',
    'step-ca': '400 badNonce',
    'golang.org/x/crypto/acme': 'Passes through',
  },
  remedy: 'Send the header value unchanged (trim CR/LF).',
  references: ['RFC 8555 §6.5.2', 'RFC 7515 §2'],
  why: 'A line end or padding that came with the header field makes the nonce unknown to the CA.',
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA==", "url": "https://ca.example/newOrder"}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['badNonce', 'malformed'], details: [] },
  judge(request, traffic) {
    const nonce = headerOf(request)?.nonce
    if (!isPresent(nonce)) return undefined
    if (typeof nonce !== 'string')
      return broken(nonceEncoding, `nonce is ${quote(nonce)}, not a string.`, { evidence: { nonce } })
    if (BASE64URL.test(nonce)) return HOLDS
    if ((request.nonceRecord?.issues.length ?? 0) > 0) return HOLDS // the server's own text: server-nonce-encoding
    const trimmed = nonce.replace(/[=\s]+$/, '')
    const altered = request.ca?.nonces.byValue.get(trimmed)?.issues[0]
    if (altered === undefined && !(sawBeginning(request.ca) && isClean(request, traffic)))
      return unknown(
        'U-START',
        'the nonce is not base64url, but the server may have issued it so where the capture does not show it',
      )
    const origin = altered === undefined ? '' : ` The server had issued ${quote(trimmed)}.`
    return broken(nonceEncoding, `nonce ${quote(nonce)} is not base64url without padding.${origin}`, { evidence: { nonce } })
  },
}
