import { alter, asHar, beside, JOSE, seenAgain } from '../support/altering.ts'
import type { CaseTable, Scene } from '../support/cases.ts'
import { bound, keyChange } from '../support/inner.ts'
import { type Bend, Key, newConnection, type Session } from '../support/session.ts'

const BAD_NONCE = { status: 400, problem: ['badNonce', 'no'], answerHeaders: [] } satisfies Partial<Bend>
const REFUSED = { status: 400, problem: ['malformed', 'no'] } satisfies Partial<Bend>
const ORDER = { identifiers: [{ type: 'dns', value: 'www.example' }] }

/** One newOrder by a registered account, bent so. */
function order(bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    s.order(k, ['www.example'], bend)
    return undefined
  }
}

/** Two newOrders with one nonce, with something in between. */
function twice(first: Partial<Bend>, second: Partial<Bend>, between: (s: Session) => void = () => {}): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    const nonce = first.nonce ?? s.nonce()
    s.order(k, ['www.example'], { ...first, nonce })
    between(s)
    s.order(k, ['www.example'], { nonce, ...BAD_NONCE, ...second })
    return undefined
  }
}

/** A newOrder refused as badNonce, and its retry with this nonce. */
function retried(
  retry: (s: Session, k: Key) => Partial<Bend>,
  then: (s: Session, k: Key, bend: Partial<Bend>) => void = (s, k, bend) => void s.order(k, ['www.example'], bend),
): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    s.newNonce({ offers: 'pooled' })
    s.order(k, ['www.example'], { ...BAD_NONCE, nonce: 'nonce-2', offers: 'fresh' })
    then(s, k, retry(s, k))
    return undefined
  }
}

/** A newOrder under an account of before the capture. */
function midSession(bend: Partial<Bend>): Scene {
  return (s) => {
    const k = new Key('a')
    k.kid = 'https://ca.example/acct/1'
    s.post(k, 'newOrder', ORDER, { ...REFUSED, ...bend })
    return undefined
  }
}

const DIRECTORY_LESS = { answer: '', withNonce: true }

export const CASES: CaseTable = {
  'nonce-missing': {
    holds: {
      present: order(),
      'none in a binding': (s) => {
        const k = new Key('a')
        s.begin().register(k, { payload: bound(s, k) })
      },
      'none in the inner JWS of a key change': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, 'keyChange', keyChange(s, k, new Key('b')), REFUSED)
      },
    },
    broken: {
      absent: { scene: order({ drop: ['nonce'] }), severity: 'error', says: /has no nonce\.$/ },
      empty: { scene: order({ header: { nonce: '' } }), says: /an empty nonce/ },
      null: { scene: order({ header: { nonce: null } }), says: /nonce null/ },
      'only in a field': { scene: order({ drop: ['nonce'], headers: [JOSE, ['Replay-Nonce', 'nonce-2']] }), says: /HTTP field/ },
    },
    unknown: { 'U-GAP: the body was lost': order({ bodyLost: true }) },
    silent: { 'GET directory': (s) => void s.directory() },
  },
  'nonce-encoding': {
    holds: {
      base64url: order(),
      'the odd text of the server itself': (s) => {
        s.directory()
        s.newNonce({ offers: 'b2RkCg==' })
        s.register(new Key('a'))
      },
    },
    broken: {
      'a nonce with a carriage return, as scripts keep it': {
        scene: order({ nonce: 'nonce-2\r' }),
        severity: 'error',
        says: /had issued "nonce-2"/,
      },
      padded: order({ nonce: 'nonce-2=' }),
      invented: { scene: order({ nonce: 'not base64url!' }), says: /base64url without padding\.$/ },
      'a number': { scene: order({ header: { nonce: 7 } }), says: /nonce is 7, not a string/ },
    },
    unknown: {
      'U-START: the server may have issued it before': midSession({ nonce: 'odd+nonce=' }),
      'U-START: no nonce of the server is known': (s) => {
        s.directory()
        s.post(new Key('a'), 'newAccount', {}, { nonce: 'odd+nonce=', ...REFUSED, withNonce: false })
      },
      'U-START: the server writes nonces so': (s) => {
        const k = new Key('a')
        s.directory()
        s.newNonce({ offers: 'odd=' })
        s.register(k, { offers: 'clean' })
        s.order(k, ['www.example'], { nonce: 'other=' })
      },
    },
    silent: { absent: order({ drop: ['nonce'] }) },
  },
  'nonce-reused': {
    holds: {
      once: order(),
      'the same request captured on two connections': (s) => {
        order()(s)
        seenAgain(s, 5)
      },
      'a retransmission on both legs of a proxy': (s) => {
        order()(s)
        seenAgain(s, 6, { request: { time: s.now, url: 'http://backend/newOrder' } })
      },
      'issued twice by the server': twice({}, {}, (s) => void s.newNonce({ offers: 'nonce-2' })),
      'one cached answer for two clients': (s) => {
        const [a, b] = [new Key('a'), new Key('b')]
        s.directory()
        s.newNonce({ offers: 'cached' })
        s.connection = newConnection(1)
        s.newNonce({ offers: 'cached' })
        s.register(a, { nonce: 'cached' })
        s.register(b, { nonce: 'cached', ...BAD_NONCE })
      },
      'equal text at two CAs': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.order(k, ['www.example'], { nonce: 'nonce-2' })
        beside(s, 'https://other.example', (other) => {
          const l = new Key('b')
          other.begin().register(l)
          other.order(l, ['www.example'], { nonce: 'nonce-2' })
        })
      },
    },
    broken: {
      'signed anew': { scene: twice({}, {}), severity: 'error', says: /had been spent in request 4/ },
      'whatever the first was answered': twice(REFUSED, {}),
      'the same bytes, on the same connection': (s) => {
        order()(s)
        const bytes = s.exchanges.at(-1)?.request?.body.bytes
        s.exchange('POST', s.url('newOrder'), bytes ?? null, { headers: [JOSE], ...BAD_NONCE })
      },
      'after badNonce, the rejected one again': twice(BAD_NONCE, {}),
      'the third use, though issued twice': (s) => {
        twice({}, {}, () => void s.newNonce({ offers: 'nonce-2' }))(s)
        const k = new Key('c')
        s.register(k, { nonce: 'nonce-2' })
      },
      'in two entries of a HAR': (s) => {
        twice({}, {})(s)
        asHar(s)
      },
      'the same bytes after a redirect': {
        scene: (s) => {
          order({ status: 308, answerHeaders: [['Location', 'https://ca.example/orders']] })(s)
          const bytes = s.exchanges.at(-1)?.request?.body.bytes
          s.exchange('POST', 'https://ca.example/orders', bytes ?? null, { headers: [JOSE], ...REFUSED })
        },
        severity: 'warning',
      },
    },
    unknown: {
      'U-OTHER: the same bytes elsewhere, and one answer is missing': (s) => {
        order()(s)
        seenAgain(s, 5, { exchange: { response: null } })
      },
      'U-OTHER: RFC 9113 8.7: the stream before may have been refused': (s) => {
        order({ unanswered: true })(s)
        alter(s, { exchange: { streamId: 5 } })
        const last = s.exchanges.at(-1)?.request
        s.exchange('POST', s.url('newOrder'), last?.body.bytes ?? null, { headers: [JOSE] })
        alter(s, { exchange: { streamId: 7 } })
      },
    },
    silent: { 'GET directory': (s) => void s.directory() },
  },
  'nonce-never-issued': {
    holds: {
      'by HEAD newNonce on another connection': (s) => {
        s.directory()
        s.connection = newConnection(3)
        s.newNonce()
        s.connection = newConnection(4)
        s.register(new Key('a'))
      },
      'by an error': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.order(k, ['www.example'], { ...REFUSED, answerHeaders: [] })
        s.order(k)
      },
      'by GET directory': (s) => {
        s.directory({ withNonce: true })
        s.register(new Key('a'))
      },
      'by what is no ACME resource': (s) => {
        s.directory()
        s.exchange('HEAD', 'https://ca.example/', null, {})
        s.register(new Key('a'))
      },
      'by a POST-as-GET of another client': (s) => {
        const [a, b] = [new Key('a'), new Key('b')]
        s.begin().register(a)
        s.order(a)
        s.register(b)
      },
      'by two field lines': (s) => {
        s.directory()
        s.newNonce({ offers: 'one, two' })
        s.register(new Key('a'), { nonce: 'two' })
      },
      'by an answer whose request was lost': (s) => {
        s.directory()
        s.newNonce()
        alter(s, { exchange: { request: null } })
        s.register(new Key('a'))
      },
      'a moment later, by the rounding of a HAR': (s) => {
        s.directory()
        s.newNonce()
        s.register(new Key('a'), { time: s.now - 70_000 })
      },
    },
    broken: {},
    unknown: {
      'U-START: the capture began late': midSession({ nonce: 'abc' }),
      'U-OTHER: nobody issued it': order({ nonce: 'abc' }),
      'U-OTHER: and the server refused it': order({ nonce: 'abc', ...BAD_NONCE }),
      'U-CLOCK: issued after its use': (s) => {
        s.directory()
        const { now } = s
        s.now += 60e6
        s.newNonce()
        s.register(new Key('a'), { time: now })
        return 2
      },
    },
    silent: { 'no nonce': order({ drop: ['nonce'] }) },
  },
  'nonce-wrong-authority': {
    holds: {
      'from the same CA': order(),
      'two directories of one host share their nonces': (s) => {
        const k = new Key('a')
        s.begin()
        const base = 'https://ca.example/other'
        s.exchange('GET', `${base}/dir`, null, {
          answer: { newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order` },
          withNonce: false,
        })
        s.post(k, `${base}/account`, {}, { header: { jwk: k.jwk }, drop: ['kid'], ...REFUSED })
      },
      'a CA whose API has another host than its directory': (s) => {
        const k = new Key('a')
        const api = 'https://api.example'
        s.exchange('GET', 'https://ca.example/dir', null, {
          answer: { newNonce: `${api}/nonce`, newAccount: `${api}/account`, newOrder: `${api}/order` },
          offers: 'directory-nonce',
        })
        s.post(k, `${api}/account`, {}, { header: { jwk: k.jwk }, drop: ['kid'], ...REFUSED })
      },
    },
    broken: {
      'from the pool of another CA': {
        scene: (s) => {
          beside(s, 'https://other.example', (other) => {
            other.directory()
            other.newNonce({ offers: 'theirs' })
          })
          s.begin().register(new Key('a'), { nonce: 'theirs', ...BAD_NONCE })
        },
        severity: 'error',
        says: /https:\/\/other\.example\/dir\) in answer to request 2/,
      },
    },
    unknown: {
      'U-START: two hosts without a directory may be one CA': (s) => {
        beside(s, 'https://other.example', (other) => void other.newNonce({ offers: 'theirs', ...DIRECTORY_LESS }))
        midSession({ nonce: 'theirs' })(s)
      },
    },
    silent: { 'nobody issued it': order({ nonce: 'abc' }), 'no nonce': order({ drop: ['nonce'] }) },
  },
  'nonce-old': {
    holds: { fresh: order() },
    broken: {
      'six minutes': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.now += 360e6
          s.order(k)
        },
        severity: 'info',
        says: /6 min old when it was used\.$/,
      },
      'and refused': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.now += 3600e6
          s.order(k, ['www.example'], BAD_NONCE)
        },
        says: /may have forgotten it/,
      },
    },
    silent: { 'never issued': order({ nonce: 'abc' }) },
  },
  'nonce-retry-not-fresh': {
    holds: { 'the one that was offered': retried(() => ({ nonce: 'fresh' })) },
    broken: {
      'one from the pool, as certbot does': { scene: retried(() => ({ nonce: 'pooled' })), severity: 'warning' },
      'one that was fetched since': {
        scene: retried((s) => {
          s.newNonce({ offers: 'fetched' })
          return { nonce: 'fetched' }
        }),
        severity: 'info',
      },
      'a key change, whose payload is never the same': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.newNonce({ offers: 'pooled' })
          s.post(k, 'keyChange', keyChange(s, k, new Key('b')), { ...BAD_NONCE, nonce: 'nonce-2', offers: 'fresh' })
          s.post(k, 'keyChange', keyChange(s, k, new Key('b')), { nonce: 'pooled' })
        },
        severity: 'warning',
      },
    },
    silent: {
      'no refusal before': order(),
      'the rejected one again: nonce-reused says it': retried(() => ({ nonce: 'nonce-2' })),
      'another request of the same kind, sent before the refusal came': retried((s) => ({
        nonce: 'pooled',
        time: s.now - 90_000,
      })),
      'never issued': retried(() => ({ nonce: 'abc' })),
    },
  },
  'nonce-badnonce-not-retried': {
    holds: {
      retried: (s) => {
        retried(() => ({ nonce: 'fresh' }))(s)
        return 5
      },
    },
    broken: {
      'something else a minute later': {
        scene: (s) => {
          retried(
            () => ({}),
            (other, k) => {
              other.now += 120e6
              other.post(k, k.kid as string)
            },
          )(s)
          return 5
        },
        severity: 'warning',
      },
    },
    unknown: {
      'U-OTHER: the capture ends': (s) => {
        retried(
          () => ({}),
          () => {},
        )(s)
        return 5
      },
    },
    silent: { 'another refusal': order(REFUSED) },
  },
  'nonce-prefetch-wasteful': {
    broken: {
      'one newNonce for each request': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          for (let i = 0; i < 4; i++) {
            s.newNonce()
            s.order(k)
          }
          return 2
        },
        severity: 'info',
        says: /5 times for 5 signed requests/,
      },
    },
    silent: {
      'nonces of answers': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        for (let i = 0; i < 4; i++) s.order(k)
        return 2
      },
      'answers that offer none': (s) => {
        const k = new Key('a')
        s.begin().register(k, { withNonce: false })
        for (let i = 0; i < 4; i++) {
          s.newNonce()
          s.order(k, ['www.example'], { withNonce: false })
        }
        return 2
      },
    },
  },
}
