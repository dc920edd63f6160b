import { alter, JOSE } from '../support/altering.ts'
import type { CaseTable, Scene } from '../support/cases.ts'
import { bound, keyChange } from '../support/inner.ts'
import { leaf } from '../support/issuance.ts'
import { type Bend, base64url, Key, newConnection, type Session } from '../support/session.ts'

const REFUSED = { status: 400, problem: ['malformed', 'no'] } satisfies Partial<Bend>
const ORDER = { identifiers: [{ type: 'dns', value: 'www.example' }] }

/** One newOrder by a registered account, bent so. */
function order(bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    s.order(k, ['www.example'], { ...REFUSED, answerHeaders: [], ...bend })
    return undefined
  }
}

/** One newAccount, bent so. */
const account = (bend: Partial<Bend>): Scene => {
  return (s) => void s.begin().register(new Key('a'), bend)
}

/** A signed request under a kid of an account that the capture does not show registered. */
function under(kid: string, bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const k = new Key('a')
    k.kid = kid
    s.post(k, 'newOrder', ORDER, { ...REFUSED, ...bend })
    return undefined
  }
}

/** A registered account, and a newOrder under another kid by the same key. */
function spelt(
  change: (url: string) => string,
  bend: Partial<Bend> = {},
  before: (s: Session, k: Key) => void = () => {},
): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin()
    before(s, k)
    const url = s.register(k)
    s.post(k, 'newOrder', ORDER, { header: { kid: change(url) }, ...REFUSED, ...bend })
    return undefined
  }
}

/** An account that was deactivated, and what came then. */
function deactivated(then: (s: Session, k: Key, url: string) => void, status = 'deactivated'): Scene {
  return (s) => {
    const k = new Key('a')
    const url = s.begin().register(k)
    s.post(k, url, { status: 'deactivated' }, { answer: { status, orders: `${url}/orders` } })
    then(s, k, url)
    return undefined
  }
}

/** Two accounts; the second posts to a resource of the first. */
function trespass(resource: 'order' | 'authorization' | 'finalize', bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const [a, b] = [new Key('a'), new Key('b')]
    s.begin().register(a)
    const urls = s.order(a)
    s.register(b)
    s.post(b, urls[resource], undefined, { status: 403, problem: ['unauthorized', 'no'], ...bend })
    return undefined
  }
}

const LOST_BODY = order({ bodyLost: true })

export const CASES: CaseTable = {
  'kid-required': {
    holds: {
      'newOrder with kid': order(),
      'POST-as-GET directory': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, s.directoryUrl, undefined, { answer: s.urls })
      },
    },
    broken: {
      'newOrder with jwk, after a registration': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.post(k, 'newOrder', ORDER, { drop: ['kid'], header: { jwk: k.jwk }, ...REFUSED })
        },
        says: /carries jwk instead\. This key had been given the account URL "https:\/\/ca\.example\/acct\/a" in request 3/,
        severity: 'error',
      },
      'newOrder with jwk, never registered': {
        scene: (s) => {
          s.begin()
          s.post(new Key('a'), 'newOrder', ORDER, REFUSED)
        },
        says: /instead\.$/,
      },
      'an empty kid': { scene: order({ header: { kid: '' } }), says: /an empty kid and no jwk either/ },
      'kid null': { scene: order({ header: { kid: null } }), says: /kid null/ },
      'neither, but the signature tells whose it is': {
        scene: order({ drop: ['kid'] }),
        says: /had been given the account URL/,
      },
    },
    unknown: {
      'U-GAP: the body was lost': LOST_BODY,
      'U-ROLE: no directory': (s) => {
        s.newNonce()
        s.post(new Key('a'), 'newOrder', ORDER, REFUSED)
      },
    },
    silent: {
      'newAccount at every start': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.register(k, { status: 200 })
      },
      'revocation by the key of the certificate': (s) => {
        s.begin()
        s.post(new Key('a'), 'revokeCert', { certificate: 'AA' }, REFUSED)
      },
      'GET directory': (s) => void s.directory(),
    },
  },
  'kid-forbidden': {
    holds: {
      'newAccount with jwk': account({}),
      'a look-up': account({ payload: { onlyReturnExisting: true }, status: 200 }),
      'an empty kid': account({ header: { kid: '' } }),
      'a binding has a kid of its own': (s) => {
        const k = new Key('a')
        s.begin().register(k, { payload: bound(s, k) })
      },
    },
    broken: {
      'newAccount with kid': {
        scene: account({ header: { kid: 'https://ca.example/acct/1' }, drop: ['jwk'] }),
        severity: 'error',
      },
      'both, for a deactivation sent to newAccount': account({
        header: { kid: 'https://ca.example/acct/1' },
        payload: { status: 'deactivated' },
      }),
    },
    unknown: {
      'U-GAP: the body was lost': account({ bodyLost: true, status: 400, answer: {}, answerHeaders: [] }),
      'U-ROLE: only the payload says that it is newAccount': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.newNonce()
        s.post(k, 'https://ca.example/some', { onlyReturnExisting: true }, REFUSED)
      },
    },
    silent: { 'newOrder with kid': order() },
  },
  'kid-jwk-exclusive': {
    holds: {
      'kid alone': order(),
      'jwk alone': account({}),
      'kid null beside jwk': account({ header: { kid: null } }),
      'the binding has kid, the outer JWS jwk': (s) => {
        const k = new Key('a')
        s.begin().register(k, { payload: bound(s, k) })
      },
    },
    broken: {
      both: { scene: order({ header: { jwk: new Key('a').jwk } }), severity: 'error' },
      'an empty kid beside jwk': { scene: account({ header: { kid: '' } }), severity: 'warning' },
      'both in the inner JWS of a key change': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.post(k, 'keyChange', keyChange(s, k, new Key('b'), { header: { kid: k.kid } }), REFUSED)
        },
        says: /inner JWS/,
      },
    },
    unknown: { 'U-GAP: the body was lost': LOST_BODY },
  },
  'kid-jwk-both-absent': {
    holds: { kid: order(), jwk: account({}) },
    broken: {
      neither: { scene: order({ drop: ['kid'] }), severity: 'error', says: /members are alg, nonce, url/ },
      'both empty': order({ header: { kid: '', jwk: null } }),
      'another letter case': {
        scene: order({ drop: ['kid'], header: { Kid: 'https://ca.example/acct/1' } }),
        says: /"Kid".*case-sensitive/,
      },
    },
    unknown: { 'U-GAP: the body was lost': LOST_BODY },
    silent: { 'GET directory': (s) => void s.directory() },
  },
  'kid-not-account-url': {
    holds: {
      'an account URL': order(),
      'an identifier that is no number': under('https://ca.example/acct/4f6c4b1e-8a7e-4d54-9a0f-2b1b8f6d3c11'),
      'an account URL of ACME version 1': under('https://acme-v01.api.example/acme/reg/123'),
    },
    broken: {
      'a number': { scene: order({ header: { kid: '12' } }), says: /bare number/, severity: 'error' },
      'a path': { scene: order({ header: { kid: '/acct/12' } }), says: /only the path/ },
      'the thumbprint of the key': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.post(k, 'newOrder', ORDER, { header: { kid: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }, ...REFUSED })
        },
        says: /thumbprint/,
      },
      'pieces of JSON': { scene: order({ header: { kid: 'acct/1"\r\n' } }), says: /quotes or line breaks/ },
      'a piece of a header': order({ header: { kid: 'https://application/jose+json' } }),
      'the newAccount URL': { scene: order({ header: { kid: 'https://ca.example/newAccount' } }), says: /newAccount URL/ },
      'a number that is one': { scene: order({ header: { kid: 12 } }), says: /12, not a string/ },
    },
    unknown: { 'U-GAP: the body was lost': LOST_BODY },
    silent: {
      'no kid': account({}),
      'a Location that the CA itself wrote without host': (s) => {
        const k = new Key('a')
        s.begin().register(k, { answerHeaders: [['Location', '/acct/a']] })
        s.post(k, 'newOrder', ORDER, { header: { kid: '/acct/a' }, ...REFUSED })
      },
    },
  },
  'kid-location-mismatch': {
    holds: {
      'as it was given': order(),
      'as another host name of the CA gave it': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.register(k, { status: 200, answerHeaders: [['Location', 'https://public.example/acct/a']] })
        s.order(k, ['www.example'], { header: { kid: 'https://public.example/acct/a' }, ...REFUSED, answerHeaders: [] })
      },
      'registered before the capture, and the server takes it': under('https://ca.example/acct/1', {
        status: 200,
        problem: undefined as never,
        answer: {},
      }),
      'refused once, taken later': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.begin()
        s.post(k, 'newOrder', ORDER, { status: 400, problem: ['badNonce', 'no'] })
        s.order(k)
        return 3
      },
    },
    broken: {
      'a trailing slash': { scene: spelt((url) => `${url}/`), says: /differ in trailing slash/, severity: 'error' },
      port: { scene: spelt((url) => url.replace('.example', '.example:8443')), says: /differ in port/ },
      host: { scene: spelt((url) => url.replace('ca.', 'staging.ca.')), says: /differ in host/ },
      scheme: { scene: spelt((url) => url.replace('https', 'http')), says: /differ in scheme/ },
      'letter case of the path': { scene: spelt((url) => url.replace('/acct/a', '/acct/A')), says: /differ in path/ },
      'percent-encoding': { scene: spelt((url) => url.replace('/acct/a', '/acct/%61')), says: /percent-encoding/ },
      'another number, by the same key': { scene: spelt((url) => url.replace('/acct/a', '/acct/12')), says: /whose key signed/ },
      'the spelling alone tells, without a signature that verifies': {
        scene: spelt((url) => `${url}/`, { header: { kid: 'https://ca.example/acct/a/', alg: 'none' } }),
        says: /but the account was given/,
      },
    },
    unknown: {
      'U-START: registered before the capture': under('https://ca.example/acct/1'),
      'U-START: the account had another URL before it was made anew': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/before'
        s.begin()
        s.post(k, 'newOrder', ORDER, { status: 400, problem: ['accountDoesNotExist', 'no'] })
        s.register(k)
        return 3
      },
      'U-START: another account of the same client, not registered here': (s) => {
        const [a, b] = [new Key('a'), new Key('b')]
        s.begin().register(a)
        b.kid = 'https://ca.example/acct/b'
        s.post(b, 'newOrder', ORDER, REFUSED)
      },
      'U-START: the same last element under another path, by another key': (s) => {
        const [a, b] = [new Key('1'), new Key('b')]
        s.begin().register(a)
        b.kid = 'https://ca.example/old/1'
        s.post(b, 'newOrder', ORDER, REFUSED)
      },
    },
    silent: { newAccount: account({}), 'no URL at all': order({ header: { kid: '12' } }) },
  },
  'kid-is-eab-key-id': {
    holds: {
      'the account URL': (s) => {
        const k = new Key('a')
        s.begin().register(k, { payload: bound(s, k) })
        s.order(k)
      },
      'an account URL that ends in it': (s) => {
        const k = new Key('kid-1')
        s.begin().register(k, { payload: bound(s, k) })
        s.order(k)
      },
    },
    broken: {
      'the identifier of the binding': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k, { payload: bound(s, k) })
          s.order(k, ['www.example'], { header: { kid: 'kid-1' }, ...REFUSED, answerHeaders: [] })
        },
        severity: 'error',
        says: /identifier of request 3/,
      },
    },
    silent: { 'no kid': account({}) },
  },
  'kid-foreign-authority': {
    holds: {
      'the same host': order(),
      'a default port': order({ header: { kid: 'https://ca.example:443/acct/a' } }),
      'accounts on another host, as this CA says': (s) => {
        const k = new Key('a')
        const kid = 'https://accounts.example/a'
        s.begin().register(k, { answerHeaders: [['Location', kid]] })
        k.kid = kid
        s.order(k, ['www.example'], REFUSED)
      },
      'an account URL of old, which the CA still takes': (s) => {
        const [old, k] = [new Key('old'), new Key('a')]
        s.begin().register(k)
        old.kid = 'https://acme-v01.example/acme/reg/1'
        s.post(old, 'newOrder', ORDER, { status: 429, problem: ['rateLimited', 'no'] })
        s.order(old)
        return 4
      },
      'another port behind a terminator': under('https://ca.example:8443/acct/a', {
        observedUrl: 'http://ca.example:8080/newOrder',
        headers: [JOSE, ['X-Forwarded-Proto', 'https']],
      }),
    },
    broken: {
      'another host, mid-session': {
        scene: under('https://other.example/acct/1'),
        severity: 'warning',
        says: /belongs to other\.example/,
      },
      'another host than the one that this CA gave': {
        scene: (s) => {
          const [k, other] = [new Key('a'), new Key('b')]
          s.begin().register(k)
          other.kid = 'https://other.example/acct/1'
          s.post(other, 'newOrder', ORDER, REFUSED)
        },
        severity: 'error',
        says: /such as "https:\/\/ca\.example\/acct\/a"/,
      },
      'refused for another reason': {
        scene: (s) => {
          const [k, other] = [new Key('a'), new Key('b')]
          s.begin().register(k)
          other.kid = 'https://other.example/acct/1'
          s.post(other, 'newOrder', ORDER, { status: 429, problem: ['rateLimited', 'no'] })
        },
        severity: 'warning',
      },
      'staging and production': {
        scene: (s) => {
          const k = new Key('a')
          k.kid = 'https://acme-staging-v02.api.letsencrypt.org/acme/acct/1'
          s.post(k, 'https://acme-v02.api.letsencrypt.org/acme/new-order', ORDER, REFUSED)
        },
        severity: 'error',
        says: /another environment/,
      },
    },
    unknown: {
      'U-START: a proxy names another host': under('https://public.example/acct/1', {
        headers: [JOSE, ['X-Forwarded-For', '192.0.2.1']],
      }),
    },
    silent: { newAccount: account({}), 'kid is no URL': order({ header: { kid: '12' } }) },
  },
  'kid-resource-owner': {
    holds: {
      'its own order': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, s.order(k).order)
      },
      'its own account': (s) => {
        const k = new Key('a')
        s.post(k, s.begin().register(k))
      },
      'one account with two URLs': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        const { order: url } = s.order(k)
        s.register(k, { status: 200, answerHeaders: [['Location', 'https://public.example/acct/a']] })
        s.post(k, url, undefined, { header: { kid: 'https://public.example/acct/a' } })
      },
    },
    broken: {
      "another account's order": { scene: trespass('order'), severity: 'warning' },
      "another account's authorization": trespass('authorization'),
      "another account's finalize": trespass('finalize'),
      "another account's URL": {
        scene: (s) => {
          const [a, b] = [new Key('a'), new Key('b')]
          const url = s.begin().register(a)
          s.register(b)
          s.post(b, url, undefined, { status: 403, problem: ['unauthorized', 'no'] })
        },
        says: /addresses the URL of account/,
      },
    },
    unknown: {
      'U-START: made before the capture': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.post(k, 'https://ca.example/order/1', undefined, REFUSED)
      },
      'U-START: the certificate was issued before': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, 'revokeCert', { certificate: base64url(leaf()) }, REFUSED)
      },
    },
    silent: { 'newOrder, which everybody has': order() },
  },
  'kid-inactive-account': {
    holds: {
      valid: order(),
      'another account is deactivated': deactivated((s) => {
        const k = new Key('b')
        s.register(k)
        s.order(k)
      }),
    },
    broken: {
      'after its deactivation': {
        scene: deactivated((s, k) => void s.order(k, ['www.example'], { status: 403, problem: ['unauthorized', 'deactivated'] })),
        severity: 'warning',
        says: /is deactivated, as the answer to request 4/,
      },
      'revoked by the CA': { scene: deactivated((s, k) => void s.order(k), 'revoked'), says: /is revoked/ },
      'on another connection, with a nonce that the deactivation gave': deactivated((s, k) => {
        s.connection = newConnection(1)
        s.order(k)
      }),
      'the server says so': {
        scene: under('https://ca.example/acct/1', {
          status: 403,
          problem: ['unauthorized', 'Account is not valid, has status "deactivated"'],
        }),
        says: /The server says/,
        severity: 'warning',
      },
    },
    silent: {
      'already on its way': (s) => {
        const k = new Key('a')
        const url = s.begin().register(k)
        s.newNonce({ offers: 'pooled' })
        s.post(
          k,
          url,
          { status: 'deactivated' },
          { nonce: 'nonce-1', answer: { status: 'deactivated', orders: `${url}/orders` } },
        )
        s.connection = newConnection(1)
        s.order(k, ['www.example'], { nonce: 'pooled' })
      },
      'captured before, by the frames, though a clock says after': deactivated((s, k) => {
        s.order(k)
        alter(s, { request: { frames: [0] } })
      }),
      'no account is known': under('https://ca.example/acct/1'),
    },
  },
}
