import { beside, JOSE } from '../support/altering.ts'
import type { CaseTable, Scene } from '../support/cases.ts'
import { bound, keyChange } from '../support/inner.ts'
import { type Bend, Key, newConnection, type Session } from '../support/session.ts'

const REFUSED = { status: 400, problem: ['malformed', 'no'] } satisfies Partial<Bend>
const ORDER = { identifiers: [{ type: 'dns', value: 'www.example' }] }
const NEW_ORDER = 'https://ca.example/newOrder'

/** One newOrder by a registered account, bent so, and refused. */
function order(bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    s.order(k, ['www.example'], { ...REFUSED, answerHeaders: [], ...bend })
    return undefined
  }
}

/** A newOrder with this url in the protected header. */
const signing = (url: unknown, bend: Partial<Bend> = {}): Scene => order({ ...bend, header: { url } })

/** The same under an account of before the capture. */
function midSession(bend: Partial<Bend>, url = 'newOrder'): Scene {
  return (s) => {
    const k = new Key('a')
    k.kid = 'https://ca.example/acct/1'
    s.post(k, url, ORDER, { ...REFUSED, ...bend })
    return undefined
  }
}

/** Directory and account as the client's https leg, then a newOrder on the leg behind a terminator. */
const behind = (fields: Bend['headers'], observedUrl: string, header: Record<string, unknown> = {}): Scene =>
  order({ observedUrl, headers: [JOSE, ...fields], header })

/** A whole session on the plain leg behind a proxy that names this host; the CA hands out https://ca.example all the same. */
function rewritten(host: string, fields: Bend['headers'], header: Record<string, unknown> = {}): Scene {
  return (s) => {
    const k = new Key('a')
    const leg = (name: string) => ({ observedUrl: `${host}/${name}`, headers: [JOSE, ...fields] })
    s.directory(leg('dir'))
    s.newNonce(leg('newNonce'))
    s.register(k, leg('newAccount'))
    s.order(k, ['www.example'], { ...leg('newOrder'), header, ...REFUSED, answerHeaders: [] })
    return undefined
  }
}

const HTTPS: Bend['headers'][number] = ['X-Forwarded-Proto', 'https']
const VIA: Bend['headers'][number] = ['Via', '1.1 proxy']

/** A registered account, then a POST to a URL that nobody handed out. */
function guessing(before: (s: Session, k: Key) => void = () => {}, url = 'https://ca.example/order/77'): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    before(s, k)
    s.post(k, url, undefined, { status: 404, problem: ['malformed', 'no'] })
    return undefined
  }
}

export const CASES: CaseTable = {
  'url-missing': {
    holds: {
      present: order(),
      'in a binding': (s) => {
        const k = new Key('a')
        s.begin().register(k, { payload: bound(s, k) })
      },
    },
    broken: {
      absent: { scene: order({ drop: ['url'] }), severity: 'error', says: /has no url/ },
      empty: signing(''),
      'an object': signing({}),
      'in the inner JWS of a key change': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.post(k, 'keyChange', keyChange(s, k, new Key('b'), { drop: ['url'] }), REFUSED)
        },
        says: /inner JWS of the key change/,
      },
      'in a binding': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k, { payload: bound(s, k, { drop: ['url'] }) })
        },
        says: /external account binding/,
      },
    },
    unknown: { 'U-GAP: the body was lost': order({ bodyLost: true }) },
    silent: { 'GET directory': (s) => void s.directory() },
  },
  'url-mismatch': {
    holds: {
      equal: order(),
      'a default port in Host, which the library adds': order({
        sentTo: 'https://ca.example:443/newOrder',
        header: { url: NEW_ORDER },
      }),
      'a default port signed, which the library drops': signing('https://ca.example:443/newOrder'),
      'a CA that hands out its default port': (s) => {
        const k = new Key('a')
        const url = 'https://ca.example:443/newOrder'
        s.directory({ members: { newOrder: url } })
        s.newNonce()
        s.register(k)
        s.post(k, url, ORDER, { sentTo: NEW_ORDER, ...REFUSED })
      },
      'percent-encoding that the library normalises': (s) => {
        const k = new Key('a')
        const url = 'https://ca.example/new%7Eorder'
        s.directory({ members: { newOrder: url } })
        s.newNonce()
        s.register(k)
        s.post(k, url, ORDER, { sentTo: 'https://ca.example/new~order', ...REFUSED })
      },
      'Host in capitals, signed so': order({
        sentTo: 'https://ca.example/newOrder',
        observedUrl: 'https://CA.example/newOrder',
        header: { url: 'https://CA.example/newOrder' },
      }),
      'X-Forwarded-Proto': behind([HTTPS], 'http://ca.example/newOrder'),
      'RFC 7239: Forwarded': behind(
        [['Forwarded', 'for=192.0.2.1;proto=https;host="ca.example", for=10.0.0.1']],
        'http://app:8080/newOrder',
      ),
      'another port behind the terminator': behind([HTTPS], 'http://ca.example:8080/newOrder'),
      'no field, but https URLs of this host': behind([], 'http://ca.example:8080/newOrder'),
      'X-Forwarded-Host': behind([HTTPS, ['X-Forwarded-Host', 'ca.example']], 'http://app.internal/newOrder'),
      'two CAs on two ports of a host, and a terminator that drops the port': (s) => {
        beside(s, 'https://ca.example:8443', (other) => void other.begin())
        beside(s, 'https://ca.example:9443', (other) => {
          const k = new Key('a')
          other.begin().register(k)
          other.post(k, 'newOrder', ORDER, {
            observedUrl: 'http://ca.example/newOrder',
            headers: [JOSE, HTTPS],
            ...REFUSED,
          })
        })
      },
      'a CA that hands out http although the proxy says https': (s) => {
        const k = new Key('a')
        const url = 'http://ca.example/newOrder'
        s.directory({ members: { newOrder: url } })
        s.newNonce()
        s.register(k)
        s.post(k, url, ORDER, { headers: [JOSE, HTTPS], ...REFUSED })
      },
      'a lab CA on plain http': (s) =>
        void beside(s, 'http://ca.example', (other) => {
          const k = new Key('a')
          other.begin().register(k)
          other.order(k)
        }),
    },
    broken: {
      'another path': { scene: signing('https://ca.example/other'), severity: 'error', party: 'client', says: /differ in path/ },
      'another host': { scene: signing('https://staging.example/newOrder'), says: /host/ },
      'another port': { scene: signing('https://ca.example:444/newOrder'), says: /port/ },
      'a trailing slash': { scene: signing(`${NEW_ORDER}/`), says: /trailing slash/ },
      'a query': { scene: signing(`${NEW_ORDER}?x=1`), says: /query/ },
      'http for https': { scene: signing('http://ca.example/newOrder'), says: /scheme/ },
      'letter case of the host': { scene: signing('https://CA.example/newOrder'), says: /letter case/ },
      'a path alone': { scene: signing('/newOrder'), says: /not absolute/ },
      'another path behind a terminator': {
        scene: behind([HTTPS], 'http://ca.example/newOrder', { url: 'https://ca.example/other' }),
        party: 'client',
      },
      'http behind a terminator that says https': behind([HTTPS], 'http://ca.example/newOrder', {
        url: 'http://ca.example/newOrder',
      }),
    },
    unknown: {
      'U-OTHER: a terminator, and nothing but the signature says https': midSession({
        observedUrl: 'http://ca.example/newOrder',
      }),
      'U-OTHER: a terminator without a trace that names another host': rewritten('http://backend:9000', []),
      'U-OTHER: a proxy with a trace that names another host': rewritten('https://backend:9000', [VIA]),
      'U-OTHER: TLS again behind a proxy without a trace, but the CA hands out what was signed': rewritten(
        'https://backend:9000',
        [],
      ),
      'U-OTHER: a proxy may have changed the path': midSession({
        header: { url: 'https://ca.example/acme/newOrder' },
        headers: [JOSE, VIA],
      }),
      'U-START: another spelling, and that of the server is not in the capture': midSession({
        header: { url: 'https://CA.example/newOrder' },
      }),
    },
    silent: { absent: order({ drop: ['url'] }), empty: signing('') },
  },
  'url-not-as-issued': {
    holds: { 'as it was issued': order() },
    broken: {
      'a trailing slash': {
        scene: signing(`${NEW_ORDER}/`, { sentTo: `${NEW_ORDER}/` }),
        severity: 'error',
        says: /trailing slash/,
      },
      'percent-encoding': { scene: signing('https://ca.example/newOrde%72'), says: /percent-encoding/ },
      'letter case of the host': signing('https://CA.example/newOrder'),
      'a dot segment': signing('https://ca.example/./newOrder'),
    },
    unknown: {
      'U-START: the server may have written it so before': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.newNonce()
        s.order(k)
        s.post(k, 'https://CA.example/newOrder', ORDER, { sentTo: NEW_ORDER, ...REFUSED })
      },
    },
    silent: {
      'taken by the server': signing(`${NEW_ORDER}/`, { status: 201, problem: undefined as never, answer: {} }),
      'another URL': signing('https://ca.example/other'),
      'the account URL may come from configuration': (s) => {
        const k = new Key('a')
        const url = s.begin().register(k)
        s.post(k, `${url}/`, undefined, REFUSED)
      },
      'a certificate identifier is built by the client': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, `${s.url('renewalInfo')}/`, {}, REFUSED)
      },
      absent: order({ drop: ['url'] }),
    },
  },
  'url-not-absolute-https': {
    holds: {
      https: order(),
      'a lab CA on plain http': (s) =>
        void beside(s, 'http://ca.example', (other) => {
          const k = new Key('a')
          other.begin().register(k)
          other.order(k)
        }),
      'an http URL that the CA handed out, behind a terminator': (s) => {
        const k = new Key('a')
        const url = 'http://ca.example/newOrder'
        s.directory({ members: { newOrder: url } })
        s.newNonce()
        s.register(k)
        s.post(k, url, ORDER, { headers: [JOSE, HTTPS], ...REFUSED })
      },
    },
    broken: {
      relative: { scene: signing('/newOrder'), severity: 'error', says: /not absolute/ },
      'no host': signing('https:///newOrder'),
      http: { scene: signing('http://ca.example/newOrder'), says: /scheme http/ },
      'a fragment': { scene: signing(`${NEW_ORDER}#x`), says: /fragment/ },
    },
    silent: { absent: order({ drop: ['url'] }), empty: signing(''), 'the body was lost': order({ bodyLost: true }) },
  },
  'url-guessed': {
    holds: {
      'from the directory': order(),
      'from Location': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, s.order(k).order)
      },
      'written with a default port on the way': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        const { order: url } = s.order(k)
        s.post(k, url, undefined, { sentTo: url.replace('.example/', '.example:443/') })
      },
      'signed as issued, sent in another spelling': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        const { order: url } = s.order(k)
        s.post(k, url, undefined, { sentTo: url.replace('/order/', '/%6Frder/') })
      },
    },
    broken: {
      'a path that nobody handed out': { scene: guessing(), severity: 'warning', says: /order\/77/ },
    },
    unknown: {
      'U-START: the capture began late': midSession({}),
      'U-OTHER: the account is older than the capture': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.begin()
        s.post(k, 'https://ca.example/order/77', undefined, REFUSED)
      },
      'U-OTHER: an answer was lost': guessing((s, k) => void s.order(k, ['www.example'], { answerLost: true })),
      'U-OTHER: no answer at all': guessing((s, k) => void s.order(k, ['www.example'], { unanswered: true })),
      'U-OTHER: a nonce came from nowhere': guessing((s, k) => void s.order(k, ['www.example'], { nonce: 'unseen' })),
      'U-OTHER: a connection stayed closed': guessing((s) =>
        s.connections.push({
          ...newConnection(8),
          tls: {
            version: 'TLSv1.3',
            cipherSuite: null,
            serverName: 'ca.example',
            alpn: null,
            decrypted: false,
            secrets: null,
            reason: 'no secrets',
          },
        }),
      ),
    },
    silent: { 'GET directory': (s) => void s.directory() },
  },
}
