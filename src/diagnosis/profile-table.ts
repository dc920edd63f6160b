/** Where in its work a server looks at a part of the request (rule catalogue 3.3). */
export type Stage = 'transport' | 'jws' | 'alg' | 'form' | 'account' | 'signature' | 'nonce' | 'url' | 'content'

/** Mistakes that servers answer in different ways (rule catalogue 3.4). */
export type Mistake =
  | 'jwk-for-kid'
  | 'foreign-kid'
  | 'altered-kid'
  | 'kid-and-jwk'
  | 'bad-signature'
  | 'url-mismatch'
  | 'unknown-nonce'
  | 'content-type'
  | 'inactive-account'

/** What is known of a CA's software or service. It explains answers and orders causes; whose fault something is never depends on it. */
export interface Profile {
  readonly id: string
  readonly name: string
  /** Any of these is enough: host name, text of the directory's meta, all of these paths in the directory, a field of an answer. */
  readonly signs: { readonly host?: RegExp; readonly meta?: RegExp; readonly paths?: readonly RegExp[]; readonly field?: string }
  /** What it looks at first, next, and so on; absent when that is not known. */
  readonly order?: readonly Stage[]
  /** What it was not seen to look at. */
  readonly unchecked?: readonly Stage[]
  /** Whether a request that is refused uses up its nonce. */
  readonly burns?: string
  readonly answers: Readonly<Partial<Record<Mistake, string>>>
  /** Where it differs from the text of the standards, or from other servers, with the rules that this touches. */
  readonly known: readonly { readonly rules: readonly string[]; readonly text: string }[]
}

const MALFORMED = '400 malformed'

/** First match counts: services before the software that they may run. */
export const PROFILES: readonly Profile[] = [
  {
    id: 'zerossl',
    name: 'ZeroSSL',
    signs: { host: /(^|\.)zerossl\.com$/ },
    answers: { 'url-mismatch': '401 unauthorized' },
    known: [
      { rules: ['url-mismatch'], text: 'A signed url that differs is answered 401 unauthorized.' },
      {
        rules: ['poll-interval'],
        text: 'While an order is processing it sends a Retry-After of 86400, which clients often do not follow.',
      },
    ],
  },
  {
    id: 'sectigo',
    name: 'Sectigo',
    signs: { host: /(^|\.)sectigo\.com$/ },
    answers: { 'url-mismatch': '401 unauthorized' },
    known: [
      { rules: ['url-mismatch'], text: 'A signed url that differs is answered 401 unauthorized.' },
      {
        rules: ['server-lookup-refused', 'diag-eab-consumed'],
        text: 'A key that has an account was told that no external account binding is awaited (cert-manager/cert-manager 2882).',
      },
    ],
  },
  {
    id: 'digicert',
    name: 'DigiCert',
    signs: { host: /(^|\.)digicert\.com$/ },
    answers: {},
    known: [
      {
        rules: ['kid-required', 'diag-lookup-failed'],
        text: 'Threads about this CA and HARICA tell of cert-manager refused with "No Key ID in JWS header", now and then only (cert-manager/cert-manager 7830, 3346, 2561, 5775).',
      },
    ],
  },
  {
    id: 'harica',
    name: 'HARICA',
    signs: { host: /(^|\.)harica\.gr$/ },
    answers: {},
    known: [
      {
        rules: ['kid-required', 'diag-lookup-failed'],
        text: 'Threads about this CA and DigiCert tell of cert-manager refused with "No Key ID in JWS header", now and then only (cert-manager/cert-manager 7830, 3346, 2561, 5775).',
      },
    ],
  },
  {
    id: 'idnomic',
    name: 'Idnomic',
    signs: { host: /(^|[.-])idnomic\./ },
    answers: {},
    known: [
      {
        rules: ['server-lookup-refused', 'diag-lookup-failed'],
        text: 'cert-manager sent newOrder without kid to this gateway until the ACME server was updated (cert-manager/cert-manager 6682).',
      },
    ],
  },
  { id: 'gts', name: 'Google Trust Services', signs: { host: /(^|\.)pki\.goog$/ }, answers: {}, known: [] },
  { id: 'buypass', name: 'Buypass', signs: { host: /(^|\.)buypass\.(com|no)$/ }, answers: {}, known: [] },
  {
    id: 'boulder',
    name: "Boulder (Let's Encrypt)",
    signs: { host: /(^|\.)letsencrypt\.org$/, field: 'boulder-requester' },
    order: ['transport', 'jws', 'alg', 'form', 'account', 'signature', 'nonce', 'url', 'content'],
    burns: 'A refused request uses up its nonce only when its signature is good.',
    answers: {
      'jwk-for-kid': MALFORMED,
      'foreign-kid': MALFORMED,
      'altered-kid': MALFORMED,
      'kid-and-jwk': MALFORMED,
      'bad-signature': MALFORMED,
      'url-mismatch': MALFORMED,
      'unknown-nonce': '400 badNonce',
      'content-type': MALFORMED,
      'inactive-account': '403 unauthorized',
    },
    known: [
      { rules: ['server-newnonce-cache'], text: 'Answers to newNonce do not say no-store.' },
      { rules: ['content-type-jose'], text: 'A wrong Content-Type is answered 400, not 415; a charset parameter is refused.' },
      {
        rules: ['get-not-allowed', 'server-accepted-invalid', 'server-error-status'],
        text: 'Orders, authorizations, challenges and certificates are also given to a plain GET.',
      },
      {
        rules: ['server-problem-type', 'keychange-new-key'],
        text: 'A key that is in use already is answered with the type conflict, which is not registered.',
      },
      { rules: ['finalize-csr-encoding', 'revoke-payload'], text: 'Padding in csr and certificate is tolerated.' },
      {
        rules: ['kid-location-mismatch', 'kid-not-account-url', 'diag-proxy-rewrote-url'],
        text: 'The account URL that it expects is built from Host and scheme of the request: a proxy that changes either breaks every kid at once.',
      },
    ],
  },
  {
    id: 'pebble',
    name: 'Pebble',
    signs: { paths: [/^\/nonce-plz$/, /^\/sign-me-up$/, /^\/order-plz$/] },
    order: ['transport', 'jws', 'alg', 'form', 'account', 'signature', 'nonce', 'url', 'content'],
    burns: 'A refused request uses up its nonce unless its signature is bad.',
    answers: {
      'jwk-for-kid': MALFORMED,
      'foreign-kid': MALFORMED,
      'altered-kid': '400 accountDoesNotExist',
      'kid-and-jwk': MALFORMED,
      'bad-signature': MALFORMED,
      'url-mismatch': MALFORMED,
      'unknown-nonce': '400 badNonce',
      'content-type': '415 malformed',
      'inactive-account': '403 unauthorized',
    },
    known: [
      {
        rules: ['server-badnonce-shape', 'nonce-badnonce-not-retried', 'diag-badnonce-loop'],
        text: 'It refuses some good nonces on purpose, 5 % unless told otherwise, to try its clients.',
      },
      { rules: ['user-agent-required'], text: 'A request without User-Agent is refused before anything else is looked at.' },
      { rules: ['content-type-jose'], text: 'A charset parameter on the Content-Type is refused.' },
      { rules: ['kid-required', 'jwk-forbidden'], text: 'A missing kid is answered with words about the URL prefix of kid.' },
      { rules: ['diag-account-missing', 'kid-location-mismatch'], text: 'It forgets all accounts when it is restarted.' },
      { rules: ['finalize-response', 'diag-client-gave-up'], text: 'Answers to finalize and to order polls carry no Location.' },
      { rules: ['server-newnonce-cache'], text: 'Answers to newNonce do not say no-store.' },
    ],
  },
  {
    id: 'acme2certifier',
    name: 'acme2certifier',
    signs: { meta: /acme2certifier/ },
    order: ['jws', 'nonce', 'account', 'signature', 'content'],
    unchecked: ['url'],
    burns: 'A refused request uses up its nonce.',
    answers: {
      'jwk-for-kid': '403 accountDoesNotExist',
      'foreign-kid': '403 accountDoesNotExist',
      'altered-kid': '403 accountDoesNotExist',
      'bad-signature': '403',
      'unknown-nonce': '400 badNonce',
    },
    known: [
      { rules: ['kid-required', 'diag-account-missing'], text: 'A missing kid is answered accountDoesNotExist.' },
      { rules: ['url-mismatch', 'server-accepted-invalid'], text: 'The signed url was not seen to be compared.' },
      {
        rules: ['server-nonce-encoding'],
        text: 'Nonces are hexadecimal text, which the grammar allows; they are kept for 24 hours.',
      },
    ],
  },
  {
    id: 'dogtag',
    name: 'Dogtag PKI',
    signs: { meta: /dogtagpki/ },
    order: ['nonce', 'account', 'alg', 'signature', 'content'],
    unchecked: ['url'],
    burns: 'A refused request uses up its nonce.',
    answers: {
      'jwk-for-kid': '500',
      'foreign-kid': '400 accountDoesNotExist',
      'altered-kid': '400 accountDoesNotExist',
      'bad-signature': '500',
      'unknown-nonce': '500',
      'inactive-account': '401 unauthorized',
    },
    known: [
      {
        rules: ['server-internal-error', 'kid-required', 'server-badnonce-shape'],
        text: 'A missing kid, a bad signature and an unknown nonce are answered 500.',
      },
      { rules: ['url-mismatch', 'server-accepted-invalid'], text: 'The signed url was not seen to be compared.' },
      { rules: ['server-es256-support', 'alg-unsupported'], text: 'It takes RS256 only and, since 2025, ES256.' },
    ],
  },
  {
    id: 'vault',
    name: 'Vault (PKI secrets engine)',
    signs: { paths: [/^\/v1\/.+\/acme\/new-nonce$/, /^\/v1\/.+\/acme\/new-account$/] },
    order: ['jws', 'form', 'alg', 'account', 'nonce', 'url', 'signature', 'content'],
    burns: 'A request that is refused for its url or its signature has used up its nonce.',
    answers: {
      'jwk-for-kid': MALFORMED,
      'foreign-kid': '400 accountDoesNotExist',
      'altered-kid': 'accountDoesNotExist',
      'kid-and-jwk': MALFORMED,
      'url-mismatch': '401 unauthorized, with both URLs',
      'unknown-nonce': '400 badNonce, without a new nonce',
      'inactive-account': '401 unauthorized',
    },
    known: [
      {
        rules: ['server-nonce-on-error', 'server-badnonce-shape'],
        text: 'Its refusals, badNonce too, carry no Replay-Nonce (nginx/nginx-acme 47).',
      },
      {
        rules: ['url-mismatch', 'diag-proxy-rewrote-url'],
        text: 'The signed url is compared with the cluster path that is configured, so that a wrong configuration refuses every client.',
      },
      {
        rules: ['alg-unsupported', 'server-badsigalg-algorithms'],
        text: 'EdDSA is refused, and as malformed instead of badSignatureAlgorithm.',
      },
      {
        rules: ['eab-required', 'diag-eab-consumed'],
        text: 'An external account key is used up by its first use, even when no account comes of it.',
      },
      { rules: ['nonce-old'], text: 'Nonces are kept for 15 minutes.' },
    ],
  },
  {
    id: 'step-ca',
    name: 'step-ca (also within Caddy)',
    signs: { paths: [/^\/acme\/[^/]+\/new-nonce$/, /^\/acme\/[^/]+\/new-account$/, /^\/acme\/[^/]+\/key-change$/] },
    order: ['transport', 'jws', 'alg', 'nonce', 'url', 'form', 'account', 'signature', 'content'],
    burns: 'Nearly every request that is refused has used up its nonce.',
    answers: {
      'jwk-for-kid': MALFORMED,
      'foreign-kid': '400 accountDoesNotExist or 401 unauthorized',
      'altered-kid': '401 unauthorized',
      'kid-and-jwk': MALFORMED,
      'bad-signature': MALFORMED,
      'url-mismatch': MALFORMED,
      'unknown-nonce': '400 badNonce',
      'content-type': MALFORMED,
      'inactive-account': '401 unauthorized',
    },
    known: [
      {
        rules: ['diag-client-at-fault', 'diag-server-rejected-compliant'],
        text: 'Clients are told one sentence for each problem type; the reason stands in its own log.',
      },
      {
        rules: ['challenge-payload', 'challenge-too-early'],
        text: 'It validates on any POST to a challenge, also an empty one.',
      },
      {
        rules: ['server-error-status', 'keychange-object'],
        text: 'Its directory offers keyChange, which is answered 501 rejectedIdentifier.',
      },
      {
        rules: ['eab-reuse', 'diag-eab-consumed'],
        text: 'An external account key serves once; a key that has an account is looked up before.',
      },
      {
        rules: ['flattened-serialization', 'server-accepted-invalid'],
        text: 'A general serialization with one signature is accepted.',
      },
      { rules: ['finalize-csr-encoding'], text: 'Padding is trimmed from csr, and from nothing else.' },
      {
        rules: ['https-required', 'url-mismatch'],
        text: 'It writes https into its links and expects it in url, whatever it was asked over.',
      },
    ],
  },
]
