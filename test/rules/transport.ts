import { alter, asHar, beside, JOSE, seenAgain } from '../support/altering.ts'
import type { CaseTable, Scene } from '../support/cases.ts'
import { type Bend, Key, newConnection, type Session } from '../support/session.ts'

const IDENTIFIERS = { identifiers: [{ type: 'dns', value: 'www.example' }] }
const MALFORMED = ['malformed', 'no'] as const
const LOST = { layer: 'tcp', kind: 'gap', detail: 'lost', count: 1, firstFrame: 1 } as const

/** A session with a registered account, and one newOrder bent so. */
function newOrder(bend: Partial<Bend>, then?: (s: Session, key: Key) => void): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    s.order(k, ['www.example'], bend)
    then?.(s, k)
    return undefined
  }
}

/** A newOrder by a client that calls itself so. */
function by(name: string, field = 'User-Agent'): Scene {
  return newOrder({}, (s) => alter(s, { request: { headers: [JOSE, [field, name]] } }))
}

/** One POST to a resource of an order, bent so. */
function fetched(
  resource: 'order' | 'authorization' | 'challenge' | 'certificate',
  payload: unknown,
  bend: Partial<Bend> = {},
): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    const order = s.order(k)
    if (resource === 'certificate')
      s.post(k, order.order, undefined, { answer: { ...order.object, status: 'valid', certificate: order.certificate } })
    if (resource === 'challenge')
      s.post(k, order.authorization, undefined, {
        answer: {
          status: 'pending',
          identifier: {},
          challenges: [{ type: 'http-01', url: order.challenge, status: 'pending', token: 'x' }],
        },
      })
    s.post(k, order[resource], payload, { status: 400, problem: MALFORMED, ...bend })
    return undefined
  }
}

/** An unsigned request to a resource of an order. */
function unsigned(method: string, resource: 'order' | 'authorization' | 'certificate', bend: Partial<Bend> = {}): Scene {
  return (s) => {
    const k = new Key('a')
    s.begin().register(k)
    const order = s.order(k)
    if (resource === 'certificate')
      s.post(k, order.order, undefined, { answer: { ...order.object, status: 'valid', certificate: order.certificate } })
    s.exchange(method, order[resource], null, { status: 405, problem: MALFORMED, ...bend })
    return undefined
  }
}

/** The same bytes as the last request's, sent again. */
function resend(s: Session, bend: Partial<Bend> = {}): void {
  const last = s.exchanges.at(-1)?.request
  if (last?.body.bytes == null) throw new Error('nothing to resend')
  s.exchange('POST', bend.sentTo ?? last.url, last.body.bytes, { headers: [JOSE], ...bend })
}

const AWAY = 'https://elsewhere.example/order'
const PEM: Partial<Bend> = {
  status: 200,
  answer: '-----BEGIN CERTIFICATE-----',
  answerHeaders: [['Content-Type', 'application/pem-certificate-chain']],
}

export const CASES: CaseTable = {
  'https-required': {
    holds: {
      https: newOrder({}),
      'plain HTTP between terminator and CA': newOrder({
        observedUrl: 'http://ca.example/newOrder',
        headers: [JOSE, ['X-Forwarded-Proto', 'https']],
      }),
    },
    broken: {
      'the directory hands out http': {
        scene: (s) => void s.directory({ members: { newOrder: 'http://ca.example/newOrder' } }),
        party: 'server',
        severity: 'error',
      },
      'http in Location': { scene: newOrder({ answerHeaders: [['Location', 'http://ca.example/order/1']] }), party: 'server' },
      'http in an authorization': {
        scene: fetched('authorization', undefined, {
          status: 200,
          problem: undefined as never,
          answer: {
            status: 'pending',
            identifier: {},
            challenges: [{ type: 'http-01', url: 'http://ca.example/c', status: 'pending' }],
          },
        }),
        party: 'server',
        says: /ca\.example\/c/,
      },
      'a client that was configured with an http directory': {
        scene: (s) =>
          void beside(s, 'http://ca.example', (other) => {
            const k = new Key('a')
            other.begin().register(k)
            other.post(k, 'newOrder', IDENTIFIERS, { status: 400, problem: MALFORMED })
          }),
        party: 'client',
        severity: 'error',
      },
    },
    silent: {
      'the client follows an http URL of an https directory': (s) => {
        const k = new Key('a')
        s.directory({ members: { newOrder: 'http://ca.example/newOrder' } })
        s.newNonce()
        s.register(k)
        s.post(k, 'http://ca.example/newOrder', IDENTIFIERS, { status: 400, problem: MALFORMED })
      },
      'only the signature says https': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.post(k, 'newOrder', IDENTIFIERS, { observedUrl: 'http://ca.example/newOrder', status: 400, problem: MALFORMED })
      },
      'plain HTTP behind a proxy that names no scheme': (s) =>
        void beside(s, 'http://ca.example', (other) => {
          const k = new Key('a')
          other.begin().register(k)
          other.post(k, 'newOrder', IDENTIFIERS, {
            status: 400,
            problem: MALFORMED,
            headers: [JOSE, ['X-Forwarded-For', '192.0.2.1']],
          })
        }),
      'validation on port 80': (s) => {
        s.begin().exchange('GET', 'http://www.example/.well-known/acme-challenge/token', null, { answer: 'x', withNonce: false })
      },
    },
  },
  'content-type-jose': {
    holds: { exact: newOrder({}) },
    broken: {
      absent: { scene: newOrder({ headers: [] }), severity: 'error' },
      JSON: {
        scene: newOrder({ headers: [['Content-Type', 'application/json']] }),
        severity: 'error',
        says: /application\/json/,
      },
      'letter case: allowed, but common servers refuse it': {
        scene: newOrder({ headers: [['Content-Type', 'Application/JOSE+JSON']] }),
        severity: 'info',
      },
      'white space around it': { scene: newOrder({ headers: [['Content-Type', ' application/jose+json ']] }), severity: 'info' },
      'charset of an HTTP library': {
        scene: newOrder({ headers: [['Content-Type', 'application/jose+json; charset=utf-8']] }),
        severity: 'warning',
      },
    },
    unknown: {
      'U-REDACT: no fields recorded': newOrder({}, (s) => alter(s, { request: { headers: [] } })),
      'U-GAP: part of the head was lost': newOrder({ headers: [] }, (s) => alter(s, { request: { damage: [LOST] } })),
      'U-ROLE: a form of a web page beside the CA': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.exchange('POST', 'https://ca.example/acct/login', 'user=a&password=b', { status: 403, problem: MALFORMED })
      },
    },
    silent: {
      'GET directory': (s) => void s.directory(),
      'HEAD newNonce with a type, as acme.sh sends it': (s) => {
        s.directory()
        s.newNonce({ headers: [JOSE] })
      },
      'the body was lost': newOrder({ bodyLost: true, headers: [] }),
    },
  },
  'user-agent-required': {
    holds: {
      'client and library': by('acme/2 python-requests/2.3'),
      'a letter case of its own': by('x/1', 'USER-AGENT'),
    },
    broken: {
      'a signed request': { scene: newOrder({ dropHeaders: ['User-Agent'] }), severity: 'error' },
      'GET directory': { scene: (s) => void s.directory({ dropHeaders: ['User-Agent'] }), severity: 'error' },
      empty: by(' '),
      'the library alone': { scene: by('Go-http-client/1.1'), severity: 'info' },
    },
    unknown: {
      'U-REDACT: no fields recorded': newOrder({}, (s) => alter(s, { request: { headers: [] } })),
      'U-GAP: part of the head was lost': newOrder({ dropHeaders: ['User-Agent'] }, (s) =>
        alter(s, { request: { damage: [LOST] } }),
      ),
      'U-OTHER: behind a forward proxy': newOrder({ dropHeaders: ['User-Agent'], headers: [JOSE, ['Via', '1.1 squid']] }),
    },
    silent: {
      'a preflight of a browser': (s) => {
        s.begin()
        s.exchange('OPTIONS', s.url('newOrder'), null, { dropHeaders: ['User-Agent'] })
      },
      'a page that only looks like a resource': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.exchange('GET', 'https://ca.example/acct/help', null, { dropHeaders: ['User-Agent'], withNonce: false })
      },
    },
  },
  'accept-language': {
    broken: {
      'once for a client that never offers one': {
        scene: (s) => {
          s.directory({ dropHeaders: ['Accept-Language'] })
          s.newNonce({ dropHeaders: ['Accept-Language'] })
          return 1
        },
        severity: 'info',
      },
    },
    silent: {
      'not for each of its requests': (s) => {
        s.directory({ dropHeaders: ['Accept-Language'] })
        s.newNonce({ dropHeaders: ['Accept-Language'] })
      },
      'a client that offers one sometimes': (s) => {
        s.directory({ dropHeaders: ['Accept-Language'] })
        s.newNonce()
        return 1
      },
      'no fields recorded': (s) => {
        s.directory()
        alter(s, { request: { headers: [] } })
      },
      'part of the head was lost': (s) => {
        s.directory({ dropHeaders: ['Accept-Language'] })
        alter(s, { request: { damage: [LOST] } })
      },
    },
  },
  'replay-nonce-in-request': {
    holds: { 'in the protected header': newOrder({}) },
    broken: { 'in a field': { scene: newOrder({ headers: [JOSE, ['replay-nonce', 'abc']] }), severity: 'warning' } },
    unknown: {
      'U-OTHER: a proxy may have added it': newOrder({ headers: [JOSE, ['Replay-Nonce', 'abc'], ['Via', '1.1 debug']] }),
      'U-REDACT: no fields recorded': newOrder({}, (s) => alter(s, { request: { headers: [] } })),
      'U-GAP: part of the head was lost': newOrder({}, (s) => alter(s, { request: { damage: [LOST] } })),
    },
  },
  'get-not-allowed': {
    holds: {
      'GET directory': (s) => void s.directory(),
      'HEAD directory for a nonce': (s) => {
        s.begin()
        s.exchange('HEAD', s.directoryUrl, null, {})
      },
      'GET newNonce': (s) => {
        s.begin()
        s.exchange('GET', s.url('newNonce'), null, { status: 204 })
      },
      'GET renewalInfo': (s) => {
        s.begin()
        s.exchange('GET', `${s.url('renewalInfo')}/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE`, null, {
          answer: { suggestedWindow: {} },
        })
      },
      'RFC 8739 3.4: a certificate whose order allows it': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        const order = s.order(k)
        s.post(k, order.order, undefined, {
          answer: {
            ...order.object,
            status: 'valid',
            'star-certificate': order.certificate,
            'auto-renewal': { 'allow-certificate-get': true },
          },
        })
        s.exchange('GET', order.certificate, null, PEM)
      },
    },
    broken: {
      'GET order': { scene: unsigned('GET', 'order'), severity: 'error', party: 'client' },
      'HEAD order, whatever the server says': unsigned('HEAD', 'order', { status: 200, problem: undefined as never }),
      'GET certificate that a lenient server gives': unsigned('GET', 'certificate', { ...PEM, problem: undefined as never }),
      'GET newAccount': (s) => {
        s.begin()
        s.exchange('GET', s.url('newAccount'), null, { status: 405 })
      },
      PUT: { scene: newOrder({ method: 'PUT', status: 405, problem: MALFORMED }), says: /Method PUT/ },
    },
    unknown: {
      'U-ROLE: only the neighbours tell the role': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.exchange('GET', 'https://ca.example/acct/9', null, { status: 405, problem: MALFORMED })
      },
      'U-START: a certificate whose order may allow it': (s) => void s.exchange('GET', 'https://ca.example/star/1', null, PEM),
    },
    silent: {
      POST: newOrder({}),
      'the terms of service, beside the orders': (s) => {
        const k = new Key('a')
        s.directory({ members: { meta: { termsOfService: 'https://ca.example/acct/terms' } } })
        s.newNonce()
        s.register(k)
        s.exchange('GET', 'https://ca.example/acct/terms', null, { answer: 'terms', withNonce: false })
        return 3
      },
      'a preflight': (s) => {
        s.begin()
        s.exchange('OPTIONS', s.url('newOrder'), null, {})
      },
    },
  },
  'post-as-get-payload': {
    holds: {
      'the empty string': fetched('order', undefined),
      'deactivation of an authorization': fetched('authorization', { status: 'deactivated' }),
      'RFC 8739 3.1.2: cancellation of an order': fetched('order', { status: 'canceled' }),
      'POST-as-GET directory': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, s.directoryUrl, undefined, { answer: s.urls })
      },
      'the role is a guess, but the payload empty': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.post(k, 'https://ca.example/acme/order/1', undefined, { status: 400, problem: MALFORMED })
      },
    },
    broken: {
      'an object for an order': { scene: fetched('order', {}), severity: 'error' },
      '{} for an authorization': fetched('authorization', {}),
      'something for a certificate': fetched('certificate', { a: 1 }),
      'the JSON string ""': { scene: fetched('order', '""'), says: /here it is ""/ },
      'no JSON at all': { scene: fetched('order', 'x'), says: /not JSON/ },
      'payload null': { scene: fetched('order', undefined, { members: { payload: null } }), says: /missing or null/ },
      'POST newNonce with {}': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, 'newNonce', {}, { status: 400, problem: MALFORMED })
      },
    },
    unknown: {
      'U-GAP: the body was lost': fetched('order', undefined, { bodyLost: true }),
      'U-ROLE: only the path says that it is an order': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.post(k, 'https://ca.example/acme/order/1', { a: 1 }, { status: 400, problem: MALFORMED })
      },
    },
    silent: {
      'an account: {} changes nothing': (s) => {
        const k = new Key('a')
        s.post(k, s.begin().register(k), {}, { status: 400, problem: MALFORMED })
      },
      'a challenge': fetched('challenge', {}),
      'a new order that the server answers with 200': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.newNonce()
        s.post(k, 'https://ca.example/x/neworder', IDENTIFIERS, {
          status: 200,
          answer: { status: 'pending', identifiers: [], authorizations: [], finalize: 'https://ca.example/x/f' },
          answerHeaders: [['Location', 'https://ca.example/x/order/1']],
        })
      },
      'an order that is its own finalize': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        const order = 'https://ca.example/order/7'
        s.post(k, 'newOrder', IDENTIFIERS, {
          status: 201,
          answer: { status: 'ready', identifiers: [], authorizations: [], finalize: order },
          answerHeaders: [['Location', order]],
        })
        s.post(k, order, { csr: 'MAA' }, { status: 400, problem: MALFORMED })
      },
      'one URL for newNonce and newAccount': (s) => {
        s.directory({ members: { newNonce: s.url('newAccount') } })
        s.exchange('HEAD', s.url('newAccount'), null, {})
        s.register(new Key('a'))
      },
    },
  },
  'redirect-on-acme-request': {
    holds: {
      'no redirect': newOrder({}),
      'much later, or by another client': newOrder(
        { status: 307, answerHeaders: [['Location', 'https://ca.example/acct/x']] },
        (s, k) => {
          s.now += 60e6
          s.post(k, 'https://ca.example/acct/x', undefined, { status: 404 })
        },
      ),
      'the directory, to which a POST was redirected': newOrder(
        { status: 302, answerHeaders: [['Location', 'https://ca.example/dir']] },
        (s) => void s.directory(),
      ),
    },
    broken: {
      'a POST': {
        scene: newOrder({ status: 308, answerHeaders: [['Location', AWAY]] }),
        severity: 'warning',
        party: 'server',
        says: /elsewhere/,
      },
      'GET directory': {
        scene: (s) => {
          s.begin()
          s.directory({ status: 301, answer: '', answerHeaders: [['Location', 'https://ca.example/directory']] })
        },
        severity: 'info',
        party: 'server',
      },
      'followed as GET': {
        scene: newOrder(
          { status: 302, answerHeaders: [['Location', '/acct/x']] },
          (s) => void s.exchange('GET', 'https://ca.example/acct/x', null, { status: 405, problem: MALFORMED }),
        ),
        party: 'client',
        severity: 'warning',
      },
      'followed with the same bytes': {
        scene: newOrder({ status: 307, answerHeaders: [['Location', 'https://ca.example/orders']] }, (s) =>
          resend(s, { sentTo: 'https://ca.example/orders', status: 400, problem: ['badNonce', 'no'] }),
        ),
        party: 'client',
        severity: 'warning',
      },
    },
    unknown: { 'U-RESP: no answer': newOrder({ unanswered: true }) },
    silent: {
      'of a validation fetch': (s) => {
        s.begin().exchange('GET', 'http://www.example/.well-known/acme-challenge/t', null, {
          status: 301,
          answerHeaders: [['Location', 'https://www.example/.well-known/acme-challenge/t']],
          withNonce: false,
        })
      },
    },
  },
  'request-body-too-large': {
    holds: { 'a usual order': newOrder({}) },
    broken: {
      'over 50,000 octets': {
        scene: newOrder({ payload: { identifiers: [], padding: 'x'.repeat(40_000) } }),
        severity: 'warning',
      },
      'HTTP/2 with another length than it says': newOrder({ headers: [JOSE, ['content-length', '7']] }, (s) =>
        alter(s, { exchange: { streamId: 3 } }),
      ),
    },
    unknown: {
      'U-GAP: its length is not known': newOrder({}, (s) =>
        alter(s, { request: { body: { bytes: null, complete: false, size: null, damage: [] } } }),
      ),
    },
    silent: { 'GET directory': (s) => void s.directory() },
  },
  'jws-resent-verbatim': {
    holds: {
      'signed anew after badNonce': newOrder({ status: 400, problem: ['badNonce', 'no'] }, (s, k) => void s.order(k)),
      'captured before and after a translation of addresses': newOrder({}, (s) => {
        seenAgain(s, 7)
        return undefined
      }),
      'two requests of one client with different bytes and one nonce': newOrder(
        { nonce: 'same' },
        (s, k) => void s.order(k, ['other.example'], { nonce: 'same' }),
      ),
    },
    broken: {
      'by the application, after an answer': {
        scene: newOrder({}, (s) => resend(s, { status: 400, problem: ['badNonce', 'no'] })),
        severity: 'error',
        says: /retry by the application/,
      },
      'by a library on the same connection, after none': {
        scene: newOrder({ unanswered: true }, (s) => resend(s, { status: 400, problem: ['badNonce', 'no'] })),
        severity: 'error',
        says: /HTTP library/,
      },
      'on another connection, with another answer': newOrder({}, (s) => {
        s.connection = newConnection(1)
        resend(s, { status: 400, problem: ['badNonce', 'no'] })
      }),
      'within a HAR': newOrder({}, (s) => {
        resend(s)
        asHar(s)
      }),
      'after a redirect': {
        scene: newOrder({ status: 308, answerHeaders: [['Location', 'https://ca.example/orders']] }, (s) =>
          resend(s, { sentTo: 'https://ca.example/orders', status: 400, problem: MALFORMED }),
        ),
        severity: 'warning',
      },
      'RFC 9113 8.7: the stream before may have been refused': {
        scene: newOrder({ unanswered: true }, (s) => {
          alter(s, { exchange: { streamId: 5 } })
          resend(s)
          alter(s, { exchange: { streamId: 7 } })
        }),
        severity: 'info',
      },
    },
    unknown: {
      'U-OTHER: on another connection, and one answer is missing': newOrder({ unanswered: true }, (s) => {
        s.connection = newConnection(1)
        resend(s)
      }),
    },
    silent: { 'no nonce to spend': newOrder({ drop: ['nonce'] }) },
  },
}
