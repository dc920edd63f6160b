import type { CaseTable } from '../support/cases.ts'
import { bound, MAC_KEY, MAC_KEY_TEXT } from '../support/inner.ts'
import { type Bend, base64url, Key, type Session } from '../support/session.ts'

const REQUIRED = { members: { meta: { externalAccountRequired: true } } }

/** A session with one registration whose binding is bent. */
function registration(s: Session, bend: Parameters<typeof bound>[2] = {}, more: Partial<Bend> = {}): undefined {
  const k = new Key('a')
  s.begin().register(k, { payload: bound(s, k, bend), ...more })
}

/** The operator gives the MAC key in some form. */
function given(text: string, bend: Parameters<typeof bound>[2] = {}, more: Partial<Bend> = {}) {
  return (s: Session): undefined => {
    s.eabKeys.set('kid-1', text)
    registration(s, bend, more)
  }
}

/** A registration whose answer shows a binding. */
function echoed(s: Session, echo: (sent: Record<string, unknown>) => unknown, bend: Parameters<typeof bound>[2] = {}): undefined {
  const k = new Key('a')
  const payload = bound(s, k, bend)
  s.begin().register(k, {
    payload,
    answer: { status: 'valid', orders: 'https://ca.example/o', externalAccountBinding: echo(payload.externalAccountBinding) },
  })
}

const REFUSED = { status: 403, problem: ['unauthorized', 'no'], answerHeaders: [] } satisfies Partial<Bend>
const LOST = { bodyLost: true } satisfies Partial<Bend>

export const CASES: CaseTable = {
  'eab-required': {
    holds: {
      'a binding is there': (s) => {
        const k = new Key('a')
        s.directory(REQUIRED)
        s.newNonce()
        s.register(k, { payload: bound(s, k) })
      },
    },
    broken: {
      'the directory asks for it': {
        scene: (s) => {
          s.directory(REQUIRED)
          s.newNonce()
          s.register(new Key('a'), REFUSED)
        },
        severity: 'warning',
        party: 'client',
        says: /The directory says/,
      },
      'the server asks for it': {
        scene: (s) => void s.begin().register(new Key('a'), { ...REFUSED, problem: ['externalAccountRequired', 'no'] }),
        says: /The server asks/,
      },
    },
    unknown: {
      'U-START: no directory': (s) => {
        s.newNonce()
        s.register(new Key('a'), REFUSED)
      },
    },
    silent: {
      'not required': (s) => void s.begin().register(new Key('a')),
      'the key has an account (server-lookup-refused says it)': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, 'newAccount', {}, { status: 400, problem: ['externalAccountRequired', 'no'] })
      },
    },
  },
  'eab-structure': {
    holds: { 'as the CA wants it': (s) => registration(s), HS384: (s) => registration(s, { alg: 'HS384' }) },
    broken: {
      'a signature algorithm': {
        scene: (s) => registration(s, { header: { alg: 'ES256' } }),
        severity: 'error',
        says: /no MAC algorithm/,
      },
      'no kid': { scene: (s) => registration(s, { drop: ['kid'] }), says: /no kid/ },
      'no signature': { scene: (s) => registration(s, { members: { signature: undefined } }), says: /no signature member/ },
      'a jwk': { scene: (s) => registration(s, { header: { jwk: new Key('a').jwk } }), severity: 'warning' },
      'an unprotected header': { scene: (s) => registration(s, { members: { header: {} } }), severity: 'warning' },
    },
    unknown: { 'U-GAP: the body was lost': (s) => registration(s, {}, LOST) },
    silent: { 'no binding': (s) => void s.begin().register(new Key('a')) },
  },
  'eab-nonce': {
    holds: { none: (s) => registration(s) },
    broken: { 'a nonce': { scene: (s) => registration(s, { header: { nonce: 'abc' } }), severity: 'error' } },
    unknown: { 'U-GAP: the body was lost': (s) => registration(s, {}, LOST) },
    silent: { 'no binding': (s) => void s.begin().register(new Key('a')) },
  },
  'eab-url': {
    holds: { 'the same': (s) => registration(s) },
    broken: {
      'another one': {
        scene: (s) => registration(s, { header: { url: 'https://ca.example/newaccount' } }),
        severity: 'error',
        says: /differ in path/,
      },
    },
    unknown: { 'U-GAP: the body was lost': (s) => registration(s, {}, LOST) },
    silent: { 'none (url-missing says it)': (s) => registration(s, { drop: ['url'] }) },
  },
  'eab-payload-key': {
    holds: { 'the key of the outer JWS': (s) => registration(s) },
    broken: {
      'another key': { scene: (s) => registration(s, { payload: new Key('b').jwk }), severity: 'error', says: /thumbprint/ },
      'no key': { scene: (s) => registration(s, { payload: { kty: 'EC' } }), says: /no complete JWK/ },
    },
    unknown: { 'U-GAP: the body was lost': (s) => registration(s, {}, LOST) },
    silent: { 'no binding': (s) => void s.begin().register(new Key('a')) },
  },
  'eab-mac': {
    holds: {
      base64url: given(MAC_KEY_TEXT),
      HS512: given(MAC_KEY_TEXT, { alg: 'HS512' }),
    },
    broken: {
      'base64 with padding': { scene: given(MAC_KEY.toString('base64')), severity: 'info', says: /base64 with padding/ },
      hex: { scene: given(MAC_KEY.toString('hex')), severity: 'info', says: /hexadecimal/ },
      'the text itself, which the CA accepts': {
        scene: given(MAC_KEY_TEXT, { secret: Buffer.from(MAC_KEY_TEXT) }),
        severity: 'info',
      },
      'another key': {
        scene: given(MAC_KEY_TEXT, { secret: Buffer.from('x') }, REFUSED),
        severity: 'error',
        says: /in whatever form/,
      },
      'the client did not decode it': {
        scene: given(MAC_KEY_TEXT, { secret: Buffer.from(MAC_KEY_TEXT) }, REFUSED),
        severity: 'error',
        says: /did not decode/,
      },
      'the client decoded it twice': { scene: given(base64url(MAC_KEY_TEXT), {}, REFUSED), severity: 'error', says: /twice/ },
      'not decoded, without an answer': {
        scene: given(MAC_KEY_TEXT, { secret: Buffer.from(MAC_KEY_TEXT) }, { unanswered: true }),
        severity: 'warning',
      },
    },
    unknown: {
      'U-SECRET: no key given': (s) => registration(s),
      'U-SECRET: another key, but the CA accepts the MAC': given(MAC_KEY_TEXT, { secret: Buffer.from('x') }),
    },
    silent: { 'a binding without kid (eab-structure says it)': (s) => registration(s, { drop: ['kid'] }) },
  },
  'eab-reuse': {
    holds: { first: (s) => registration(s) },
    broken: {
      'with another account key': {
        scene: (s) => {
          const [a, b] = [new Key('a'), new Key('b')]
          s.begin().register(a, { payload: bound(s, a) })
          s.register(b, { payload: bound(s, b) })
        },
        severity: 'info',
        says: /request 3/,
      },
      'refused for it': {
        scene: (s) => {
          const [a, b] = [new Key('a'), new Key('b')]
          s.begin().register(a, { payload: bound(s, a) })
          s.register(b, { payload: bound(s, b), ...REFUSED, problem: ['unauthorized', 'external account already bound'] })
        },
        severity: 'warning',
      },
    },
    unknown: {
      'U-START: used before the capture': (s) => registration(s, {}, { ...REFUSED, problem: ['unauthorized', 'already used'] }),
    },
    silent: { 'no binding': (s) => void s.begin().register(new Key('a')) },
  },
  'eab-echo': {
    holds: { 'as sent': (s) => echoed(s, (sent) => sent) },
    broken: {
      'not echoed': { scene: (s) => registration(s), severity: 'info', party: 'server' },
      'another one': { scene: (s) => echoed(s, () => ({ protected: 'e30' })), severity: 'warning' },
      'RFC 8555 7.3.4: echoed though the MAC does not verify': {
        scene: (s) => {
          s.eabKeys.set('kid-1', MAC_KEY_TEXT)
          echoed(s, (sent) => sent, { secret: Buffer.from('x') })
        },
        severity: 'warning',
      },
    },
    unknown: {
      'U-RESP: no answer': (s) => registration(s, {}, { unanswered: true }),
      'U-GAP: the body of the answer was lost': (s) => registration(s, {}, { answerLost: true }),
    },
    silent: { refused: (s) => registration(s, {}, REFUSED) },
  },
}
