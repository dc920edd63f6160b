import { JOSE } from '../support/altering.ts'
import type { CaseTable, Scene } from '../support/cases.ts'
import { bound, keyChange } from '../support/inner.ts'
import { type Bend, base64url, Key, type Session } from '../support/session.ts'

const MALFORMED = ['malformed', 'no'] as const
const REFUSED = { status: 400, problem: MALFORMED } satisfies Partial<Bend>

/** One newOrder by a registered account, bent so, and refused unless it says otherwise. */
function order(bend: Partial<Bend> = {}, kind?: ConstructorParameters<typeof Key>[1]): Scene {
  return (s) => {
    const k = new Key('a', kind)
    s.begin().register(k)
    s.order(k, ['www.example'], { ...REFUSED, answerHeaders: [], ...bend })
    return undefined
  }
}

/** The same, taken by the server. */
const taken = (bend: Partial<Bend>): Scene => order({ status: 201, problem: undefined as never, answer: {}, ...bend })

/** A POST with this as its whole body. */
const raw = (body: string, bend: Partial<Bend> = {}): Scene => order({ body, ...bend })

/** One POST of a payload to a resource of the directory, or to the account. */
function posted(target: string, payload: unknown, bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const k = new Key('a')
    const account = s.begin().register(k)
    s.post(k, target === 'account' ? account : target, payload, { ...REFUSED, ...bend })
    return undefined
  }
}

/** A JWS object whose texts a test writes itself; `header` is JSON text. */
const jws = (header: string | Uint8Array, payload = '', signature = 'A'.repeat(86)) =>
  JSON.stringify({ protected: base64url(header), payload, signature })

/** A key change with this inner JWS. */
function changed(bend: Parameters<typeof keyChange>[3], next: (name: string) => Key = (name) => new Key(name)): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    s.post(k, 'keyChange', keyChange(s, k, next('b'), bend), REFUSED)
    return undefined
  }
}

/** Sets the unused bits of the last character of a base64url text. */
function loosen(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) as string) | 1]
}

/** The body of a newOrder with its members changed as texts after signing. */
function rewritten(change: (members: Record<string, string>) => Record<string, unknown>, bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    s.order(k, ['www.example'], { ...REFUSED, answerHeaders: [], ...bend })
    const last = s.exchanges.pop()
    const bytes = last?.request?.body.bytes
    if (last?.request == null || bytes == null) throw new Error('no body')
    const body = new TextEncoder().encode(JSON.stringify(change(JSON.parse(Buffer.from(bytes).toString()))))
    s.exchanges.push({ ...last, request: { ...last.request, body: { ...last.request.body, bytes: body, size: body.length } } })
    return undefined
  }
}

const midSession = (run: (s: Session, k: Key) => void): Scene => {
  return (s) => {
    const k = new Key('a')
    k.kid = 'https://ca.example/acct/1'
    run(s, k)
    return undefined
  }
}

const LOST_BODY = order({ bodyLost: true })

export const CASES: CaseTable = {
  'body-not-jws': {
    holds: { flattened: order(), 'with more members than JWS has': order({ members: { extra: 1 } }) },
    broken: {
      empty: { scene: raw(''), says: /the body is empty/, severity: 'error' },
      'a form': raw('csr=abc&x=y'),
      'cut JSON': { scene: raw('{"protected":"e30","payload":"'), says: /not JSON/ },
      'a list': { scene: raw('[]'), says: /an array/ },
      compact: { scene: raw(`${base64url('{"alg":"ES256"}')}..AAAA`), says: /compact/ },
      'ACME version 1': {
        scene: raw(JSON.stringify({ header: { alg: 'ES256', jwk: {} }, payload: '', signature: 'AA' })),
        says: /version 1/,
      },
      'a member twice': {
        scene: raw(
          `{"protected":"${base64url('{"alg":"ES256","nonce":"a","url":"u"}')}","payload":"e30","payload":"","signature":"AA"}`,
        ),
        severity: 'warning',
        says: /"payload" occurs twice/,
      },
      'compressed, and nevertheless legal': { scene: order({ headers: [JOSE, ['Content-Encoding', 'gzip']] }), severity: 'info' },
      'compressed rubbish': { scene: raw('rubbish', { headers: [JOSE, ['Content-Encoding', 'br']] }), says: /"br"/ },
      'nesting without end': raw(`{"protected":${'['.repeat(5000)}${']'.repeat(5000)}}`),
    },
    unknown: {
      'U-GAP: the body was lost': LOST_BODY,
      'U-ROLE: it may be a form of some page': (s) => {
        s.begin().register(new Key('a'))
        s.exchange('POST', 'https://ca.example/acct/login', 'user=a', REFUSED)
      },
    },
    silent: { 'GET directory': (s) => void s.directory() },
  },
  'flattened-serialization': {
    holds: { flattened: order() },
    broken: {
      'signatures alone': {
        scene: raw(JSON.stringify({ payload: '', signatures: [{ protected: base64url('{"alg":"ES256"}'), signature: 'AA' }] })),
        severity: 'error',
      },
      compact: raw(`${base64url('{"alg":"ES256"}')}..AAAA`),
      'beside the flattened members': order({ members: { signatures: [{}] } }),
      'an empty list beside them': { scene: order({ members: { signatures: [] } }), severity: 'warning' },
    },
    silent: { 'no JSON': raw('x'), 'the body was lost': LOST_BODY },
  },
  'multiple-signatures': {
    holds: {
      one: order(),
      'one in general form': raw(JSON.stringify({ payload: '', signatures: [{ protected: base64url('{}'), signature: 'AA' }] })),
      'a key change is nested, not signed twice': changed({}),
    },
    broken: {
      two: {
        scene: raw(JSON.stringify({ payload: '', signatures: [{ protected: base64url('{}') }, {}] })),
        says: /2 signatures/,
      },
      'signature beside signatures': order({ members: { signatures: [{}] } }),
    },
    silent: { 'no JSON': raw('x'), 'the body was lost': LOST_BODY },
  },
  'unprotected-header': {
    holds: { none: order() },
    broken: {
      'as ACME version 1 did': { scene: order({ members: { header: { alg: 'ES256' } } }), says: /version 1/, severity: 'error' },
      empty: order({ members: { header: {} } }),
      null: order({ members: { header: null } }),
    },
    silent: { 'no JSON': raw('x'), 'the body was lost': LOST_BODY },
  },
  'payload-member-missing': {
    holds: { present: order(), 'empty for a fetch': posted('newOrder', undefined) },
    broken: {
      absent: { scene: rewritten(({ payload: _, ...rest }) => rest), says: /no payload/, severity: 'error' },
      null: { scene: order({ members: { payload: null } }), says: /null/ },
      'an object': { scene: order({ members: { payload: {} } }), says: /object/ },
    },
    silent: { 'no JSON': raw('x'), 'the body was lost': LOST_BODY },
  },
  'unencoded-payload': {
    holds: { 'no b64': order() },
    broken: {
      'RFC 7797 3: b64 false': { scene: order({ header: { b64: false, crit: ['b64'] } }), severity: 'error' },
      'b64 true changes nothing': { scene: order({ header: { b64: true } }), severity: 'info' },
    },
    silent: { 'no header': raw('x'), 'the body was lost': LOST_BODY },
  },
  'crit-header': {
    holds: { 'no crit': order() },
    broken: {
      empty: { scene: order({ header: { crit: [] } }), severity: 'error' },
      'no list': order({ header: { crit: 'exp' } }),
      'not of names': order({ header: { crit: [1] } }),
      'a name twice': order({ header: { crit: ['x', 'x'], x: 1 } }),
      'a name that is not there': order({ header: { crit: ['exp'] } }),
      'a name that every object has': order({ header: { crit: ['toString'] } }),
      'a registered name': { scene: order({ header: { crit: ['alg'] } }), says: /itself defines/ },
      'an extension': { scene: order({ header: { crit: ['exp'], exp: 1 } }), says: /no ACME specification/ },
      'url and nonce: needless': { scene: order({ header: { crit: ['url', 'nonce'] } }), severity: 'info' },
      'RFC 7797 6: b64 true': { scene: order({ header: { crit: ['b64'], b64: true } }), severity: 'info' },
    },
    silent: {
      'b64 false: unencoded-payload says it': order({ header: { crit: ['b64'], b64: false } }),
      'the body was lost': LOST_BODY,
    },
  },
  'base64url-strict': {
    holds: {
      strict: order(),
      'the odd nonce that the server gave': (s) => {
        const k = new Key('a')
        s.directory()
        s.newNonce({ offers: 'b2RkCg==' })
        s.register(k)
      },
      'the odd nonce of a server that began before the capture': midSession(
        (s, k) => void s.post(k, 'newOrder', {}, { nonce: 'a+b/c=', ...REFUSED }),
      ),
      'RFC 7797: an unencoded payload': raw(
        JSON.stringify({
          protected: base64url('{"alg":"ES256","b64":false,"nonce":"a","url":"u"}'),
          payload: '{"a": 1}',
          signature: 'AAAA',
        }),
      ),
    },
    broken: {
      'padding of the protected header': {
        scene: rewritten((m) => ({ ...m, protected: `${m.protected}=` })),
        severity: 'error',
        says: /protected has "=" padding/,
      },
      'standard alphabet of the signature': { scene: order({ members: { signature: '+/+/' } }), says: /signature uses/ },
      'a length of 1 mod 4': { scene: order({ members: { payload: 'AAAAA' } }), says: /length/ },
      'foreign characters': order({ members: { signature: '[redacted]' } }),
      'line breaks that the server refused': {
        scene: rewritten((m) => ({ ...m, payload: `${m.payload}\n` })),
        severity: 'error',
      },
      "line breaks that Go's decoder skips": {
        scene: rewritten((m) => ({ ...m, payload: `${m.payload}\r\n` }), {
          status: 201,
          problem: undefined as never,
          answer: {},
        }),
        severity: 'warning',
      },
      'padding that the server took': {
        scene: rewritten((m) => ({ ...m, payload: `${m.payload}==` }), { status: 201, problem: undefined as never, answer: {} }),
        severity: 'error',
      },
      'a coordinate of jwk': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k, { header: { jwk: { ...k.jwk, x: `${k.jwk.x}=` } } })
        },
        says: /x of jwk/,
      },
      csr: { scene: posted('newOrder', { csr: 'AA==' }), says: /csr has/ },
      certificate: { scene: posted('revokeCert', { certificate: 'AA==' }), says: /certificate has/ },
      'a nonce that the client padded': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.order(k, ['www.example'], { nonce: 'nonce-2=', ...REFUSED })
        },
        says: /nonce has/,
      },
      'the external account binding': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k, { payload: bound(s, k, { members: { signature: 'AA==' } }) })
        },
        says: /externalAccountBinding/,
      },
      'the key in the binding': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k, { payload: bound(s, k, { payload: { ...k.jwk, y: `${k.jwk.y}=` } }) })
        },
        says: /y of the key in externalAccountBinding/,
      },
      'the inner JWS of a key change': { scene: changed({ members: { signature: 'AA==' } }), says: /inner JWS/ },
    },
    unknown: { 'U-GAP: the body was lost': LOST_BODY },
    silent: { 'no JSON': raw('x') },
  },
  'base64url-noncanonical': {
    holds: {
      canonical: order(),
      "the server's own nonce": (s) => {
        s.directory()
        s.newNonce({ offers: 'Zh' })
        s.register(new Key('a'))
      },
    },
    broken: {
      'RFC 4648 3.5: the signature': {
        scene: rewritten((m) => ({ ...m, signature: loosen(m.signature as string) })),
        severity: 'error',
        says: /signature\. The signature verifies over the text as sent/,
      },
      'the payload': { scene: rewritten((m) => ({ ...m, payload: 'e31' })), says: /payload\.$/ },
    },
    silent: { 'no JSON': raw('x'), 'the body was lost': LOST_BODY },
  },
  'protected-header-malformed': {
    holds: { 'in order': order(), 'white space and another order': order({ header: { z: 1 } }) },
    broken: {
      'RFC 7515 4: a name twice': {
        scene: raw(jws('{"alg":"ES256","alg" :"none","nonce":"a","url":"u"}')),
        says: /"alg" 2 times \("ES256", then "none"\).*keeps the last one sees "none"/,
        severity: 'error',
      },
      'a name twice in another spelling': raw(jws('{"alg":"ES256","\\u0061lg":"none","nonce":"a","url":"u"}')),
      'no UTF-8': { scene: raw(jws(new Uint8Array([0x7b, 0xff, 0x7d]))), says: /UTF-8/ },
      'no JSON': raw(jws('{"alg":"ES256","kid":"https://ca.example/acct/1"",}')),
      'no object': raw(jws('"text"')),
      'kid null': { scene: order({ header: { kid: null } }), says: /kid is null/ },
      'numeric nonce': { scene: order({ header: { nonce: 7 } }), says: /the number 7/ },
      'url an object': { scene: order({ header: { url: {} } }), says: /url is an object/ },
      'jwk a string': { scene: order({ header: { jwk: 'x' } }), says: /jwk is the string/ },
      'jwk a list': { scene: order({ header: { jwk: [] } }), says: /jwk is a list/ },
    },
    silent: { 'no protected member': raw('{"payload":""}'), 'the body was lost': LOST_BODY },
  },
  'alg-forbidden': {
    holds: {
      ES256: order(),
      'HS256 in a binding, where it belongs': (s) => {
        const k = new Key('a')
        s.begin().register(k, { payload: bound(s, k) })
      },
    },
    broken: {
      none: { scene: order({ header: { alg: 'none' } }), severity: 'error', says: /not signed/ },
      'None in another case': order({ header: { alg: 'NoNe' } }),
      missing: { scene: order({ drop: ['alg'] }), says: /no alg/ },
      HS256: { scene: order({ header: { alg: 'HS256' } }), says: /is a MAC/ },
      'HS512 of the inner JWS of a key change': { scene: changed({ header: { alg: 'HS512' } }), says: /inner JWS/ },
      'NONE of the inner JWS': changed({ header: { alg: 'NONE' } }),
    },
    silent: { 'alg of another type': order({ header: { alg: 1 } }), 'the body was lost': LOST_BODY },
  },
  'alg-unsupported': {
    holds: { 'another reason': order(), taken: taken({}) },
    broken: {
      'RFC 8555 6.2: refused with a list': {
        scene: order(
          {
            problem: undefined as never,
            answer: { type: 'urn:ietf:params:acme:error:badSignatureAlgorithm', algorithms: ['RS256', 'ES256'] },
            answerHeaders: [['Content-Type', 'application/problem+json']],
          },
          'P-384',
        ),
        severity: 'warning',
        party: 'client',
        says: /ES384.*RS256, ES256/,
      },
      'by its words': order({ problem: ['malformed', 'Parse error: unsuitable algorithm "EdDSA"'] }, 'Ed25519'),
    },
    unknown: { 'U-RESP: no answer': order({ unanswered: true }) },
    silent: { 'ES256: server-es256-support says it': order({ problem: ['badSignatureAlgorithm', 'no'] }) },
  },
  'alg-key-mismatch': {
    holds: {
      'ES512 with P-521': order({}, 'P-521'),
      'EdDSA with Ed25519': order({}, 'Ed25519'),
      'Ed25519 with Ed25519 (RFC 9864)': order({ header: { alg: 'Ed25519' } }, 'Ed25519'),
      'after a key change to another type': (s) => {
        const [k, next] = [new Key('a'), new Key('b', 'P-384')]
        s.begin().register(k)
        s.post(k, 'keyChange', keyChange(s, k, next), {})
        next.kid = k.kid
        s.order(next)
      },
    },
    broken: {
      'ES256 with P-384': {
        scene: order({ header: { alg: 'ES256' } }, 'P-384'),
        severity: 'error',
        says: /EC P-384 and goes with ES384/,
      },
      'RS256 with an EC key in jwk': posted('newAccount', {}, { header: { alg: 'RS256' } }),
      'another letter case': { scene: order({ header: { alg: 'es256' } }), says: /case-sensitive: ES256/ },
      'a name that the registry lacks': order({ header: { alg: 'XS999' } }),
      'two accounts with keys of two types': {
        scene: (s) => {
          const [k, other] = [new Key('a', 'P-384'), new Key('b')]
          s.begin().register(k)
          s.register(other)
          s.order(other, ['www.example'], { header: { kid: k.kid }, ...REFUSED })
        },
        says: /P-384/,
      },
    },
    unknown: {
      'U-KEY: mid-session': midSession((s, k) => void s.post(k, 'newOrder', {}, REFUSED)),
      'U-OTHER: the server knows a name that we do not': taken({ header: { alg: 'XS999' } }),
      'U-KEY: the server takes another key than the known one, and something escaped the capture': (s) => {
        const [k, next] = [new Key('a'), new Key('b', 'P-384')]
        s.begin().register(k)
        s.newNonce({ unanswered: true })
        next.kid = k.kid
        s.order(next)
      },
      'U-KEY: the key was shown only later': (s) => {
        const [k, next] = [new Key('a', 'P-384'), new Key('a')]
        k.kid = 'https://ca.example/acct/a'
        s.begin()
        s.order(k, ['www.example'], REFUSED)
        s.register(next, { status: 200 })
        return 3
      },
    },
    silent: { 'none: alg-forbidden says it': order({ header: { alg: 'none' } }), 'the body was lost': LOST_BODY },
  },
  'payload-not-json': {
    holds: {
      'an object': order(),
      'members that RFC 8555 does not define there': posted('newOrder', { certificate: 7, reason: 'none', csr: [] }),
      'a challenge response of a type of its own': posted('account', { identifiers: 'x' }),
    },
    broken: {
      'no JSON': { scene: order({ payload: 'text' }), severity: 'error' },
      'a list': { scene: posted('newOrder', []), says: /\[\]/ },
      null: posted('newOrder', null),
      'encoded twice': { scene: posted('newOrder', base64url('{"identifiers":[{"type":"dns"}]}')), says: /encoded twice/ },
      'termsOfServiceAgreed as a string': {
        scene: posted('newAccount', { termsOfServiceAgreed: 'true' }),
        says: /termsOfServiceAgreed is "true"/,
      },
      'contact as a string': posted('account', { contact: 'mailto:a@b.example' }),
      'reason as a string': posted('revokeCert', { certificate: 'AA', reason: '1' }),
      'a key change whose payload is no JWS': {
        scene: posted('keyChange', { account: 'x' }),
        says: /protected, payload, signature/,
      },
    },
    silent: { 'a fetch': posted('newOrder', undefined), 'the body was lost': LOST_BODY },
  },
  'legacy-resource-field': {
    holds: { none: order() },
    broken: { 'as in version 1': { scene: order({ payload: { resource: 'new-order', identifiers: [] } }), severity: 'warning' } },
    silent: { 'a fetch': posted('newOrder', undefined), 'the body was lost': LOST_BODY },
  },
}
