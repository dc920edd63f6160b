import type { CaseTable } from '../support/cases.ts'
import { bound, type InnerBend, keyChange } from '../support/inner.ts'
import { type Bend, Key, type Session } from '../support/session.ts'

/** A session with one key change, bent. */
function change(s: Session, bend: Partial<InnerBend> = {}, more: Partial<Bend> & { next?: Key } = {}): undefined {
  const old = new Key('a')
  s.begin().register(old)
  s.post(old, 'keyChange', keyChange(s, old, more.next ?? new Key('n'), bend), more)
}

const LOST = { bodyLost: true } satisfies Partial<Bend>
const REFUSED = { status: 400, problem: ['malformed', 'no'] } satisfies Partial<Bend>
const other = () => new Key('o')

export const CASES: CaseTable = {
  'keychange-inner-jws': {
    holds: { 'EC to EC': (s) => change(s), 'EC to RSA': (s) => change(s, {}, { next: new Key('n', 'RSA-2048') }) },
    broken: {
      'no jwk': { scene: (s) => change(s, { drop: ['jwk'] }), severity: 'error', party: 'client', says: /no jwk/ },
      'kid instead of jwk': {
        scene: (s) => change(s, { drop: ['jwk'], header: { kid: 'https://ca.example/acct/a' } }),
        says: /instead of jwk/,
      },
      'an unprotected header': (s) => change(s, { members: { header: {} } }),
      'alg of another key': { scene: (s) => change(s, { header: { alg: 'RS256' } }), says: /goes with ES256/ },
      'no alg': (s) => change(s, { drop: ['alg'] }),
    },
    unknown: { 'U-GAP: the body was lost': (s) => change(s, {}, LOST) },
    silent: {
      'no JWS at all (payload-not-json says it)': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, 'keyChange', { account: k.kid }, REFUSED)
      },
    },
  },
  'keychange-inner-nonce': {
    holds: { none: (s) => change(s) },
    broken: { 'a nonce': { scene: (s) => change(s, { header: { nonce: 'abc' } }), severity: 'error' } },
    unknown: { 'U-GAP: the body was lost': (s) => change(s, {}, LOST) },
  },
  'keychange-inner-url': {
    holds: { 'the same': (s) => change(s) },
    broken: {
      'another one': { scene: (s) => change(s, { header: { url: 'https://ca.example/newNonce' } }), says: /differ in path/ },
    },
    unknown: { 'U-GAP: the body was lost': (s) => change(s, {}, LOST) },
    silent: { 'none (url-missing says it)': (s) => change(s, { drop: ['url'] }) },
  },
  'keychange-object': {
    holds: {
      'account and oldKey fit': (s) => change(s),
      'after a first change, by time': (s) => {
        const [old, next] = [new Key('a'), new Key('n')]
        s.begin().register(old)
        s.post(old, 'keyChange', keyChange(s, old, next))
        next.kid = old.kid
        s.post(next, 'keyChange', keyChange(s, next, new Key('m')))
      },
    },
    broken: {
      'another account': {
        scene: (s) => change(s, { payload: { account: 'https://ca.example/acct/b', oldKey: {} } }),
        says: /outer kid is .*no complete JWK/,
      },
      'another oldKey': (s) => {
        const old = new Key('a')
        s.begin().register(old)
        s.post(old, 'keyChange', keyChange(s, old, new Key('n'), { payload: { account: old.kid, oldKey: other().jwk } }), REFUSED)
      },
      'newKey, as in early drafts': {
        scene: (s) => change(s, { payload: { account: 'https://ca.example/acct/a', newKey: {} } }),
        says: /early drafts/,
      },
      'no object': (s) => change(s, { payload: 'text' }),
    },
    unknown: {
      'U-GAP: the body was lost': (s) => change(s, {}, LOST),
      'U-KEY: the account was registered outside the capture': (s) => {
        const old = new Key('a')
        old.kid = 'https://ca.example/acct/a'
        s.begin().post(old, 'keyChange', keyChange(s, old, new Key('n')), REFUSED)
      },
    },
  },
  'keychange-new-key': {
    holds: {
      'a fresh key': (s) => change(s),
      'a conflict answered with 409 and Location': (s) =>
        change(
          s,
          {},
          { status: 409, problem: ['malformed', 'in use'], answerHeaders: [['Location', 'https://ca.example/acct/b']] },
        ),
    },
    broken: {
      'the old key': {
        scene: (s) => {
          const old = new Key('a')
          s.begin().register(old)
          s.post(old, 'keyChange', keyChange(s, old, old), REFUSED)
        },
        severity: 'error',
        party: 'client',
        says: /is the old one/,
      },
      'the key of another account': {
        scene: (s) => {
          const [old, taken] = [new Key('a'), new Key('b')]
          s.begin().register(old)
          s.register(taken)
          s.post(old, 'keyChange', keyChange(s, old, taken), REFUSED)
        },
        says: /known as a key of account "https:\/\/ca.example\/acct\/b"/,
      },
      'back to a former key': {
        scene: (s) => {
          const [old, next] = [new Key('a'), new Key('n')]
          s.begin().register(old)
          s.post(old, 'keyChange', keyChange(s, old, next))
          next.kid = old.kid
          s.post(next, 'keyChange', keyChange(s, next, old))
        },
        says: /of this account before/,
      },
      'a conflict answered without Location': {
        scene: (s) => change(s, {}, { status: 409, problem: ['malformed', 'in use'] }),
        severity: 'warning',
        party: 'server',
      },
      'a conflict answered with another status': {
        scene: (s) => change(s, {}, { status: 400, problem: ['conflict', 'in use'] }),
        party: 'server',
      },
    },
    unknown: { 'U-GAP: the body was lost': (s) => change(s, {}, LOST) },
    silent: { 'no new key (keychange-inner-jws says it)': (s) => change(s, { drop: ['jwk'] }) },
  },
  // RFC 8555 7.3.5: the inner JWS meets the requirements of 6.2, so that these rules speak of it too.
  'kid-jwk-exclusive': {
    holds: { 'jwk alone in the inner JWS': (s) => change(s) },
    broken: {
      'both in the inner JWS': {
        scene: (s) => change(s, { header: { kid: 'https://ca.example/acct/a' } }, REFUSED),
        severity: 'error',
        says: /inner JWS/,
      },
    },
  },
  'url-missing': {
    holds: { 'the inner JWS has one': (s) => change(s) },
    broken: {
      'the inner JWS has none': { scene: (s) => change(s, { drop: ['url'] }, REFUSED), severity: 'error', says: /inner JWS/ },
      'the binding has none': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k, { payload: bound(s, k, { drop: ['url'] }) })
        },
        says: /external account binding/,
      },
    },
  },
  'alg-forbidden': {
    holds: { 'the inner JWS is signed': (s) => change(s) },
    broken: { 'a MAC on the inner JWS': { scene: (s) => change(s, { header: { alg: 'HS256' } }, REFUSED), says: /inner JWS/ } },
  },
  'signature-invalid': {
    holds: { 'inner JWS by the new key, outer by the old one': (s) => change(s) },
    broken: {
      'inner JWS by the old key': {
        scene: (s) => {
          const old = new Key('a')
          s.begin().register(old)
          s.post(old, 'keyChange', keyChange(s, old, new Key('n'), { signer: old }), REFUSED)
        },
        severity: 'error',
        says: /inner JWS .* verifies under the old key/,
      },
      'inner JWS by some other key': { scene: (s) => change(s, { signer: other() }, REFUSED), says: /inner JWS/ },
      'both by the other key': {
        scene: (s) => {
          const [old, next] = [new Key('a'), new Key('n')]
          s.begin().register(old)
          s.post(old, 'keyChange', keyChange(s, old, next, { signer: old }), { ...REFUSED, signer: next })
        },
        says: /the two are exchanged/,
      },
    },
  },
}
