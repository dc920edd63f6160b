import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { headerOf, isPresent, quote, sawBeginning } from '../scope.ts'

const BASE64URL = /^[A-Za-z0-9_-]+$/

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
    'Fail if it has characters outside A-Za-z0-9-_ . If the same odd value was issued by the server, fail server-nonce-encoding instead.',
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
  explains: { types: ['badNonce', 'malformed'], details: [] },
  judge(request) {
    const nonce = headerOf(request)?.nonce
    if (!isPresent(nonce)) return undefined
    if (typeof nonce !== 'string')
      return broken(nonceEncoding, `nonce is ${quote(nonce)}, not a string.`, { evidence: { nonce } })
    if (BASE64URL.test(nonce)) return HOLDS
    if ((request.nonceRecord?.issues.length ?? 0) > 0) return HOLDS // the server's own text: server-nonce-encoding
    const trimmed = nonce.replace(/[=\s]+$/, '')
    const altered = request.ca?.nonces.byValue.get(trimmed)?.issues[0]
    if (altered === undefined && !sawBeginning(request.ca))
      return unknown('U-START', 'the nonce is not base64url, but the server may have issued it so before the capture began')
    const origin = altered === undefined ? '' : ` The server had issued ${quote(trimmed)}.`
    return broken(nonceEncoding, `nonce ${quote(nonce)} is not base64url without padding.${origin}`, { evidence: { nonce } })
  },
}
