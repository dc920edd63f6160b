import type { CaseTable } from '../support/cases.ts'
import { keyChange } from '../support/inner.ts'
import { type Bend, Key, newConnection, type Session } from '../support/session.ts'

/** One newOrder by a registered account, answered so. */
function answered(more: Partial<Bend>) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    s.order(k, ['www.example'], more)
  }
}

const refused = (type: string, detail = 'no', status = 400, more: Partial<Bend> = {}) =>
  answered({ status, problem: [type, detail], answerHeaders: [], ...more })

/** An error answer with this document, or text. */
function problem(document: unknown, more: Partial<Bend> = {}) {
  return answered({ status: 400, answer: document, answerHeaders: [['Content-Type', 'application/problem+json']], ...more })
}

const MALFORMED = { type: 'urn:ietf:params:acme:error:malformed', detail: 'no' }

/** A newOrder refused as badNonce, and its retry with the nonce that was offered. */
function retried(first: Partial<Bend>, second: Partial<Bend>, wait = 0) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    const payload = { identifiers: [{ type: 'dns', value: 'www.example' }] }
    s.post(k, 'newOrder', payload, { status: 400, problem: ['badNonce', 'no'], offers: 'fresh', ...first })
    s.now += wait
    s.post(k, 'newOrder', payload, { nonce: 'fresh', ...second })
  }
}

const BAD_NONCE = { status: 400, problem: ['badNonce', 'no'] } satisfies Partial<Bend>

function newNonce(more: Partial<Bend>) {
  return (s: Session): undefined => {
    s.directory()
    s.newNonce(more)
  }
}

function getNonce(more: Partial<Bend>) {
  return (s: Session): undefined => {
    s.directory()
    s.exchange('GET', s.url('newNonce'), null, { answer: '', answerHeaders: [['Cache-Control', 'no-store']], ...more })
  }
}

/** The answers of a CA that gives this nonce again, from another or the same connection. */
function repeated(isElsewhere: boolean, more: Partial<Bend> = {}) {
  return (s: Session): undefined => {
    s.directory()
    s.newNonce({ offers: 'twice', ...more })
    s.now += 5e6
    if (isElsewhere) s.connection = newConnection(1)
    s.exchange('GET', s.url('newNonce'), null, { answer: '', offers: 'twice', status: isElsewhere ? 200 : 204, ...more })
  }
}

function directory(members: Record<string, unknown>, more: Partial<Bend> = {}) {
  return (s: Session): undefined => void s.directory({ members, ...more })
}

/** A key change that is in order, refused. */
function changing(more: Partial<Bend>) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    s.post(k, 'keyChange', keyChange(s, k, new Key('n')), more)
  }
}

const INDEX: [string, string] = ['Link', '<https://ca.example/dir>;rel="index"']
const LOCATION: [string, string] = ['Location', 'https://ca.example/order/1']

export const CASES: CaseTable = {
  'server-nonce-on-success': {
    holds: { 'RFC 8555 6.5': answered({}) },
    broken: { none: { scene: answered({ withNonce: false }), severity: 'error', party: 'server' } },
    unknown: {
      'U-RESP: no answer': answered({ unanswered: true }),
      'U-REDACT: no fields at all': answered({ withNonce: false, answerHeaders: [], answer: '' }),
      'U-REDACT: a HAR without any nonce': (s) => {
        const k = new Key('a')
        s.directory()
        s.register(k, { withNonce: false })
        s.exchanges.forEach((exchange, entry) => {
          s.exchanges[entry] = { ...exchange, entry, connection: null }
        })
      },
    },
    silent: { refused: refused('malformed', 'no', 400, { withNonce: false }) },
  },
  'server-nonce-on-error': {
    holds: { 'RFC 8555 6.5': refused('malformed') },
    broken: { none: { scene: refused('malformed', 'no', 400, { withNonce: false }), severity: 'warning', party: 'server' } },
    silent: {
      "a proxy's answer": answered({
        status: 502,
        answer: '<html>',
        withNonce: false,
        answerHeaders: [['Content-Type', 'text/html']],
      }),
      'badNonce (server-badnonce-shape says it)': refused('badNonce', 'no', 400, { withNonce: false }),
    },
  },
  'server-badnonce-shape': {
    holds: {
      'RFC 8555 6.5': refused('badNonce'),
      'a retry long after': retried({}, BAD_NONCE, 120e6),
      'a retry with another nonce': retried({}, { ...BAD_NONCE, nonce: 'other' }),
    },
    broken: {
      'no nonce': { scene: refused('badNonce', 'no', 400, { withNonce: false }), severity: 'error', party: 'server' },
      'another status': { scene: refused('badNonce', 'no', 403), says: /403/ },
      'the refused nonce again': { scene: refused('badNonce', 'no', 400, { nonce: 'x', offers: 'x' }), says: /the very nonce/ },
      'the nonce that was offered is refused': {
        scene: retried({}, BAD_NONCE),
        severity: 'error',
        says: /offered, and is refused/,
      },
    },
    silent: { 'another refusal': refused('malformed') },
  },
  'server-nonce-encoding': {
    holds: { 'RFC 8555 6.5.1': newNonce({}) },
    broken: {
      'a foreign character': { scene: newNonce({ offers: 'a+b' }), severity: 'error', party: 'server', says: /not base64url/ },
      empty: newNonce({ offers: '' }),
      'two values': { scene: newNonce({ answerHeaders: [['Replay-Nonce', 'abc']] }), says: /different values/ },
      'one value twice': { scene: newNonce({ answerHeaders: [['Replay-Nonce', 'abc']], offers: 'abc' }), severity: 'warning' },
    },
    silent: { none: newNonce({ withNonce: false }) },
  },
  'server-nonce-duplicate': {
    holds: { 'RFC 8555 6.5.1': newNonce({}) },
    broken: {
      twice: { scene: repeated(false), severity: 'error', party: 'server', says: /request 2/ },
      'from a cache': { scene: repeated(false, { answerHeaders: [['Age', '5']] }), party: 'proxy', says: /A cache seems/ },
    },
    unknown: { 'U-OTHER: perhaps one answer, captured twice': repeated(true) },
    silent: { none: newNonce({ withNonce: false }) },
  },
  'server-newnonce-cache': {
    holds: {
      'RFC 8555 7.2': newNonce({}),
      'among others': newNonce({ answerHeaders: [['cache-control', 'private, No-Store']] }),
    },
    broken: {
      none: { scene: newNonce({ answerHeaders: [] }), severity: 'warning', party: 'server', says: /known divergence/ },
      'no-cache is another thing': newNonce({ answerHeaders: [['Cache-Control', 'public, max-age=0, no-cache']] }),
      'and a nonce came twice': { scene: repeated(false), severity: 'error' },
    },
    unknown: { 'U-RESP: no answer': newNonce({ unanswered: true }) },
    silent: { refused: newNonce({ status: 500 }) },
  },
  'server-newnonce-status': {
    holds: { 'RFC 8555 7.2: HEAD 200': newNonce({}), 'RFC 8555 7.2: GET 204': getNonce({ status: 204 }) },
    broken: {
      'no nonce': { scene: newNonce({ withNonce: false }), severity: 'error', party: 'server' },
      'HEAD 204': { scene: newNonce({ status: 204 }), severity: 'info' },
      'GET 200': { scene: getNonce({}), severity: 'info', says: /200 instead of 204/ },
    },
    unknown: { 'U-RESP: no answer': newNonce({ unanswered: true }) },
    silent: { refused: newNonce({ status: 503 }) },
  },
  'server-index-link': {
    holds: {
      'RFC 8555 7.1': answered({ answerHeaders: [LOCATION, INDEX] }),
      'in a list': answered({ answerHeaders: [LOCATION, ['link', '</up>;rel="up", </dir> ; rel=index']] }),
    },
    broken: {
      none: { scene: answered({}), severity: 'warning', party: 'server' },
      'another directory': {
        scene: answered({ answerHeaders: [LOCATION, ['Link', '<https://staging.example/dir>;rel="index"']] }),
        says: /staging/,
      },
    },
    silent: { 'the directory': directory({}), refused: refused('malformed') },
  },
  'server-problem-document': {
    holds: {
      'RFC 8555 6.7': problem(MALFORMED),
      'with a charset': problem(MALFORMED, { answerHeaders: [['Content-Type', 'application/problem+json; charset=utf-8']] }),
    },
    broken: {
      'RFC 8555 6.7.1: an identifier at the top': {
        scene: problem({ ...MALFORMED, identifier: {} }),
        severity: 'error',
        party: 'server',
      },
      'RFC 8555 6.7.1: subproblems no list': { scene: problem({ ...MALFORMED, subproblems: {} }), severity: 'error' },
      'application/json': {
        scene: problem(MALFORMED, { answerHeaders: [['Content-Type', 'application/json']] }),
        severity: 'warning',
      },
      'RFC 7807 3.1: another status': {
        scene: problem({ ...MALFORMED, status: 403 }),
        severity: 'warning',
        says: /says status 403/,
      },
      text: {
        scene: problem('not found', { status: 404, answerHeaders: [['Content-Type', 'text/plain']] }),
        severity: 'warning',
        says: /text\/plain/,
      },
      nothing: { scene: problem('', { status: 404, answerHeaders: [['Content-Length', '0']] }), says: /no content/ },
      'no type': { scene: problem({ detail: 'no' }), severity: 'info' },
    },
    unknown: {
      'U-GAP: the body of the answer was lost': problem(MALFORMED, { answerLost: true }),
      'U-OTHER: an HTML page': problem('<html>', { status: 403, answerHeaders: [['Content-Type', 'text/html']] }),
      'U-OTHER: an empty 502': problem('', { status: 502 }),
    },
    silent: { 'no error': answered({}) },
  },
  'server-problem-type': {
    holds: { 'RFC 8555 6.7': refused('malformed') },
    broken: {
      unregistered: { scene: refused('conflict'), severity: 'warning', party: 'server' },
      'another case': { scene: refused('badnonce'), says: /error:badNonce/ },
      'of the drafts': { scene: problem({ type: 'urn:acme:error:malformed', detail: 'no' }), says: /error:malformed/ },
      'in a subproblem': problem({ ...MALFORMED, subproblems: [{ type: 'urn:ietf:params:acme:error:odd' }] }),
      'of a challenge': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        const order = s.order(k)
        const challenge = {
          type: 'http-01',
          url: order.challenge,
          status: 'invalid',
          error: { type: 'urn:ietf:params:acme:error:odd' },
        }
        s.post(k, order.authorization, undefined, { answer: { identifier: {}, status: 'invalid', challenges: [challenge] } })
      },
    },
    silent: { 'a type of its own': problem({ type: 'https://ca.example/errors/1', detail: 'no' }) },
  },
  'server-error-status': {
    holds: { 'RFC 8555 6.2: 415': refused('malformed', 'no', 415, { headers: [['Content-Type', 'application/json']] }) },
    broken: {
      'RFC 8555 6.2: 400 for a media type': {
        scene: refused('malformed', 'no', 400, { headers: [['Content-Type', 'application/json']] }),
        severity: 'info',
        party: 'server',
        says: /names 415/,
      },
      'RFC 8555 6.4: malformed for a url': {
        scene: refused('malformed', 'no', 400, { header: { url: 'https://ca.example/x' } }),
        says: /unauthorized/,
      },
      'RFC 8555 7.3: malformed for a contact': (s) =>
        void s.begin().register(new Key('a'), {
          payload: { contact: ['mailto:a@b.org,c@d.org'] },
          ...{ status: 400, problem: ['malformed', 'no'] },
        }),
    },
    silent: {
      'the cause is not established': refused('malformed', 'no', 400, {
        header: { url: 'https://ca.example/x', b64: false, crit: ['b64'] },
      }),
      'the type was lost': answered({ status: 400, answerLost: true, header: { url: 'https://ca.example/x' } }),
      accepted: answered({}),
    },
  },
  'server-badsigalg-algorithms': {
    holds: {
      'RFC 8555 6.2': problem({ type: 'urn:ietf:params:acme:error:badSignatureAlgorithm', detail: 'no', algorithms: ['RS256'] }),
    },
    broken: {
      'no algorithms': { scene: refused('badSignatureAlgorithm'), severity: 'error', party: 'server', says: /known divergence/ },
      'another status': {
        scene: problem(
          { type: 'urn:ietf:params:acme:error:badSignatureAlgorithm', detail: 'no', algorithms: [] },
          { status: 403 },
        ),
        severity: 'error',
      },
      'the refused one among them': {
        scene: problem({ type: 'urn:ietf:params:acme:error:badSignatureAlgorithm', detail: 'no', algorithms: ['ES256'] }),
        severity: 'warning',
      },
    },
    silent: { 'another refusal': refused('malformed') },
  },
  'server-rate-limit': {
    holds: { 'RFC 8555 6.6': refused('rateLimited', 'no', 429, { answerHeaders: [['Retry-After', '60']] }) },
    broken: {
      'no Retry-After': { scene: refused('rateLimited', 'no', 429), severity: 'warning', party: 'server' },
      'another type': { scene: refused('malformed', 'no', 429), says: /goes with the type rateLimited/ },
      'neither seconds nor a date': refused('rateLimited', 'no', 429, { answerHeaders: [['Retry-After', 'soon']] }),
      'another status': {
        scene: refused('rateLimited', 'no', 403, { answerHeaders: [['Retry-After', '60']] }),
        severity: 'info',
      },
    },
    silent: { "a CDN's": answered({ status: 429, answer: 'slow down', answerHeaders: [['Content-Type', 'text/plain']] }) },
  },
  'server-directory': {
    holds: {
      'RFC 8555 7.1.1': directory({
        meta: { termsOfService: 'x', caaIdentities: ['ca.example'], externalAccountRequired: false },
      }),
      'a random member': directory({ xR4q: 'https://community.example/why' }),
    },
    broken: {
      'no newNonce': (s) => {
        s.newNonce()
        s.exchange('GET', 'https://ca.example/dir', null, {
          answer: { newAccount: 'https://ca.example/a', newOrder: 'https://ca.example/o' },
        })
        s.exchange('HEAD', 'https://ca.example/dir2', null, { answerHeaders: [['Link', '<https://ca.example/dir>;rel="index"']] })
        return 2
      },
      'a relative URL': { scene: directory({ keyChange: '/key-change' }), severity: 'error', party: 'server' },
      'a wrong type in meta': {
        scene: directory({ meta: { externalAccountRequired: 'yes' } }),
        severity: 'error',
        says: /externalAccountRequired is "yes"/,
      },
      'no keyChange': { scene: directory({ keyChange: undefined }), severity: 'warning', says: /no keyChange/ },
      'an internal host': {
        scene: directory({ newOrder: 'https://10.0.0.7:9000/new-order' }),
        severity: 'warning',
        says: /not public/,
      },
      http: { scene: directory({ newOrder: 'http://ca.example/new-order' }), severity: 'warning' },
      'another public host': { scene: directory({ revokeCert: 'https://other.example/revoke' }), severity: 'info' },
      'no JSON': (s) => {
        s.directory()
        s.directory({ answer: 'busy' })
      },
    },
    unknown: {
      'U-RESP: no answer': (s) => {
        s.directory()
        s.directory({ unanswered: true })
      },
      'U-GAP: the body of the answer was lost': (s) => {
        s.directory()
        s.directory({ answerLost: true })
      },
    },
    silent: { refused: (s) => void s.directory({ status: 503, problem: ['serverInternal', 'busy'] }) },
  },
  'server-user-action': {
    holds: {
      'RFC 8555 7.3.3': problem(
        { type: 'urn:ietf:params:acme:error:userActionRequired', detail: 'no', instance: 'https://ca.example/agree' },
        {
          status: 403,
          answerHeaders: [
            ['Content-Type', 'application/problem+json'],
            ['Link', '<https://ca.example/t>;rel="terms-of-service"'],
          ],
        },
      ),
    },
    broken: {
      'nothing of it': {
        scene: refused('userActionRequired'),
        severity: 'warning',
        party: 'server',
        says: /status 400.*Link.*instance/,
      },
      'first agreement': {
        scene: (s) => void s.begin().register(new Key('a'), { status: 403, problem: ['userActionRequired', 'agree'] }),
        severity: 'info',
      },
    },
    silent: { 'another refusal': refused('malformed') },
  },
  'server-es256-support': {
    holds: { accepted: answered({}) },
    broken: {
      'RFC 8555 6.2': { scene: refused('badSignatureAlgorithm'), severity: 'error', party: 'server' },
      'the curve': refused('badPublicKey', 'elliptic curve keys are not supported'),
    },
    unknown: {
      'U-START: the account was registered outside the capture': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/a'
        s.begin().order(k, ['www.example'], { status: 400, problem: ['badSignatureAlgorithm', 'no'] })
      },
    },
    silent: {
      'one key refused': refused('badPublicKey', 'this key is compromised'),
      'another algorithm': (s) =>
        void s.begin().register(new Key('a', 'Ed25519'), { status: 400, problem: ['badSignatureAlgorithm', 'no'] }),
      'the request was faulty': refused('badSignatureAlgorithm', 'no', 400, { header: { url: 'https://ca.example/x' } }),
    },
  },
  'server-accepted-invalid': {
    broken: {
      'RFC 8555 6.2: kid beside jwk': {
        scene: answered({ header: { jwk: new Key('x').jwk } }),
        severity: 'warning',
        party: 'server',
        says: /§6\.2.*both kid and jwk/,
      },
      'RFC 8555 6.2: a bad signature': answered({ signer: new Key('x') }),
      'RFC 8555 6.4: another url': answered({ header: { url: 'https://ca.example/x' } }),
      'RFC 8555 6.1: padding': { scene: answered({ members: { signature: `${'A'.repeat(86)}==` } }), says: /padding/ },
      'RFC 8555 7.3.6: a deactivated account': (s) => {
        const k = new Key('a')
        const url = s.begin().register(k)
        s.post(k, url, { status: 'deactivated' }, { answer: { status: 'deactivated', orders: `${url}/orders` } })
        s.order(k)
      },
    },
    silent: {
      'in order': answered({}),
      refused: refused('malformed', 'no', 400, { header: { url: 'https://ca.example/x' } }),
      'a fault that the server may let pass': (s) =>
        void s.begin().register(new Key('a'), { payload: { contact: ['mailto:a@b.org,c@d.org'] } }),
    },
  },
  'server-internal-error': {
    broken: {
      '500': { scene: refused('serverInternal', 'oops', 500), severity: 'warning', party: 'server', says: /"oops"/ },
      'a proxy before it': { scene: answered({ status: 502, answer: '', answerHeaders: [['Server', 'nginx']] }), party: 'proxy' },
      'a 502 whose body was lost': { scene: answered({ status: 502, answerLost: true }), party: 'unknown' },
      'after a faulty request': {
        scene: refused('serverInternal', 'no', 500, { drop: ['kid'] }),
        says: /itself faulty \(.*kid-required/,
      },
      'with Retry-After': {
        scene: refused('serverInternal', 'no', 503, { answerHeaders: [['Retry-After', '60']] }),
        says: /Retry-After/,
      },
    },
    silent: {
      '501 (server-must-accept says it)': changing({ status: 501, problem: ['rejectedIdentifier', 'no'] }),
      'a refusal': refused('malformed'),
    },
  },
  'server-must-accept': {
    broken: {
      'RFC 8555 7.3.5: a key change': {
        scene: changing({ status: 501, problem: ['rejectedIdentifier', 'no'] }),
        severity: 'warning',
        party: 'server',
        says: /a key change/,
      },
      'RFC 8555 7.2: GET on newNonce': { scene: getNonce({ status: 405 }), says: /GET on newNonce/ },
      'RFC 8555 6.3: POST-as-GET of an order': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, s.order(k).order, undefined, { status: 405 })
      },
      'RFC 8555 6.3: POST-as-GET of the directory': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.post(k, s.directoryUrl, undefined, { status: 405 })
        },
        severity: 'info',
      },
    },
    unknown: {
      'U-START: the account was registered outside the capture': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/a'
        s.begin().post(k, 'keyChange', keyChange(s, k, new Key('n')), { status: 501 })
      },
    },
    silent: {
      'optional: pre-authorization': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, 'newAuthz', { identifier: { type: 'dns', value: 'www.example' } }, { status: 501 })
      },
      'the request was faulty': changing({ status: 501, header: { url: 'https://ca.example/x' } }),
      'another refusal': changing({ status: 409, problem: ['malformed', 'no'] }),
    },
  },
}
