import type { CaseTable } from '../support/cases.ts'
import { type Bend, Key, type Session } from '../support/session.ts'

const REFUSED = { status: 400, problem: ['malformed', 'no'], answerHeaders: [] } satisfies Partial<Bend>

/** A newOrder with this payload. */
function ordering(payload: unknown, more: Partial<Bend> = {}) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    s.order(k, [], { payload, ...more })
  }
}

function naming(...values: string[]) {
  return ordering({ identifiers: values.map((value) => ({ type: 'dns', value })) }, REFUSED)
}

function addressing(...values: string[]) {
  return ordering({ identifiers: values.map((value) => ({ type: 'ip', value })) }, REFUSED)
}

/** A newAuthz for one identifier. */
function preauthorizing(type: string, value: string) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    s.post(k, 'newAuthz', { identifier: { type, value } }, REFUSED)
  }
}

const ONE = { identifiers: [{ type: 'dns', value: 'www.example' }] }
const LOST = { bodyLost: true } satisfies Partial<Bend>

/** An order that was created with some members other than usual. */
function created(members: Record<string, unknown>, more: Partial<Bend> = {}) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    const answer = {
      status: 'pending',
      ...ONE,
      authorizations: ['https://ca.example/authz/1'],
      finalize: 'https://ca.example/order/1/finalize',
      expires: '2026-01-08T00:00:00Z',
      ...members,
    }
    s.post(k, 'newOrder', ONE, { status: 201, answer, answerHeaders: [['Location', 'https://ca.example/order/1']], ...more })
  }
}

/** An order read once or more after its creation, each time with other members. */
function read(...states: (Record<string, unknown> & { overlaps?: boolean })[]) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    const order = s.order(k)
    for (const { overlaps, ...state } of states) {
      if (overlaps === true) s.now -= 80_000 // sent before the answer to the request before had come
      s.post(k, order.order, undefined, { answer: { ...order.object, ...state } })
    }
  }
}

const CERTIFICATE = { certificate: 'https://ca.example/cert/1' }

/** Polls of an order, a number of seconds apart; each answer has these fields. */
function polling(gap: number, times: number, status: string, more: Partial<Bend> = {}) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    const order = s.order(k)
    for (let i = 0; i < times; i++) {
      s.now += gap * 1e6 - 100_000
      s.post(k, order.order, undefined, { answer: { ...order.object, status }, ...more })
    }
  }
}

/** Two reads of an authorization with Retry-After: 5, before or after its challenge was triggered. */
function pollingAuthorization(isTriggered: boolean) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    const order = s.order(k)
    const challenges = [{ type: 'http-01', url: order.challenge, status: 'pending', token: 'tttttttttttttttttttttt' }]
    const answer = { identifier: ONE.identifiers[0], status: 'pending', expires: '2026-01-08T00:00:00Z', challenges }
    s.post(k, order.authorization, undefined, { answer })
    if (isTriggered) s.post(k, order.challenge, {}, { answer: challenges[0] })
    for (let i = 0; i < 2; i++) s.post(k, order.authorization, undefined, { answer, answerHeaders: [['Retry-After', '5']] })
  }
}

/** A finalize request a number of seconds after the order's expires. */
function finalizing(late: number, more: Partial<Bend> = {}) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    const order = s.order(k)
    s.now = Date.parse('2026-01-08T00:00:00Z') * 1000 + late * 1e6
    s.post(k, order.finalize, { csr: 'AAAA' }, { ...REFUSED, ...more })
  }
}

const PROFILES = { members: { meta: { profiles: { classic: 'https://ca.example/classic' } } } }

function profiled(profile: unknown, more: Partial<Bend> = {}, directory: Parameters<Session['directory']>[0] = PROFILES) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.directory(directory)
    s.newNonce()
    s.register(k)
    s.order(k, [], { payload: { ...ONE, profile }, ...more })
  }
}

const STAR = { members: { meta: { 'auto-renewal': { 'min-lifetime': 86400, 'max-duration': 31536000 } } } }

function renewing(
  renewal: Record<string, unknown>,
  more: Partial<Bend> = {},
  directory: Parameters<Session['directory']>[0] = STAR,
) {
  return profiled(undefined, { payload: { ...ONE, 'auto-renewal': renewal }, ...more }, directory)
}

const RENEWAL = { 'end-date': '2026-06-01T00:00:00Z', lifetime: 86400 }

export const CASES: CaseTable = {
  'order-identifiers': {
    holds: {
      names: naming('www.example', '*.example', 'xn--bcher-kva.example'),
      'RFC 8738 3: an address': addressing('192.0.2.1'),
      'a type not known here': ordering({ identifiers: [{ type: 'email', value: 'x@y.example' }] }),
      pre_authorization: preauthorizing('dns', 'www.example'),
    },
    broken: {
      'RFC 8555 7.4: an empty list': { scene: naming(), severity: 'error', party: 'client' },
      'no list': { scene: ordering({}, REFUSED), severity: 'error', says: /has no identifiers/ },
      'no identifier in newAuthz': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.post(k, 'newAuthz', {}, REFUSED)
        },
        says: /has no identifier\./,
      },
      'no object': ordering({ identifiers: ['www.example'] }, REFUSED),
      'RFC 8555 7.1.4: not in ASCII': { scene: naming('b\u00fccher.example'), says: /A-label/ },
      'a trailing dot': { scene: naming('www.example.'), severity: 'error' },
      'a port': { scene: naming('www.example:443'), says: /port/ },
      'a URL': naming('https://www.example/'),
      'an empty label': naming('www..example'),
      'RFC 1034 3.1: a label too long': { scene: naming(`${'a'.repeat(64)}.example`), says: /63/ },
      'RFC 1034 3.1: a name too long': { scene: naming(`${'a.'.repeat(125)}example`), says: /253/ },
      'an empty value': naming(''),
      'an underscore': { scene: naming('_x.example'), severity: 'warning' },
      'a hyphen at the end': { scene: naming('x-.example'), severity: 'warning' },
      'upper case': { scene: naming('WWW.example'), severity: 'info' },
      twice: { scene: naming('www.example', 'www.example'), severity: 'info', says: /more than once/ },
    },
    unknown: { 'U-GAP: the body was lost': ordering({}, LOST) },
    silent: { 'identifiers is no list (payload-not-json says it)': ordering({ identifiers: 'x' }, REFUSED) },
  },
  'order-wildcard-form': {
    holds: { 'RFC 8555 7.1.3': naming('*.example.org') },
    broken: {
      'in the middle': { scene: naming('a.*.example'), severity: 'error' },
      'without a dot': naming('*example.org'),
      'two of them': naming('*.*.example'),
      'of an address': naming('*.192.0.2.1'),
      'RFC 8555 7.4.1: in newAuthz': { scene: preauthorizing('dns', '*.example.org'), says: /pre-authorization/ },
    },
    unknown: { 'U-GAP: the body was lost': ordering({}, LOST) },
    silent: { 'no wildcard': naming('www.example') },
  },
  'order-ip-form': {
    holds: {
      IPv4: addressing('192.0.2.1'),
      'RFC 5952 4': addressing('2001:db8::1'),
      'RFC 5952 5: embedded IPv4': addressing('::ffff:192.0.2.1'),
    },
    broken: {
      'as a name': { scene: naming('192.0.2.1'), severity: 'error', says: /as type dns/ },
      'IPv6 as a name': { scene: naming('2001:db8::1'), severity: 'error' },
      brackets: { scene: addressing('[2001:db8::1]'), severity: 'error' },
      'a zone': addressing('fe80::1%eth0'),
      'out of range': addressing('192.0.2.256'),
      'a prefix': addressing('192.0.2.0/24'),
      'RFC 5952 4.1: leading zeros': { scene: addressing('2001:0db8::1'), severity: 'warning', says: /"2001:db8::1"/ },
      'RFC 5952 4.3: upper case': { scene: addressing('2001:DB8::1'), severity: 'warning' },
    },
    unknown: { 'U-GAP: the body was lost': ordering({}, LOST) },
    silent: { names: naming('www.example') },
  },
  'order-validity-dates': {
    holds: { 'RFC 3339 5.8': ordering({ ...ONE, notBefore: '1996-12-19T16:39:57-08:00', notAfter: '1997-01-01T00:00:60.5Z' }) },
    broken: {
      'no time': { scene: ordering({ ...ONE, notAfter: '2026-01-01' }), severity: 'error', says: /notAfter/ },
      'seconds since 1970': ordering({ ...ONE, notBefore: 1767225600 }),
      'no such day': ordering({ ...ONE, notBefore: '2026-01-32T00:00:00Z' }),
      'the wrong way round': {
        scene: ordering({ ...ONE, notBefore: '2026-01-02T00:00:00Z', notAfter: '2026-01-01T00:00:00Z' }),
        severity: 'warning',
      },
      'not supported': {
        scene: ordering(
          { ...ONE, notAfter: '2026-01-02T00:00:00Z' },
          { ...REFUSED, problem: ['malformed', 'NotBefore and NotAfter are not supported'] },
        ),
        severity: 'warning',
      },
    },
    unknown: { 'U-GAP: the body was lost': ordering({}, LOST) },
    silent: { none: ordering(ONE) },
  },
  'order-profile': {
    holds: {
      offered: profiled('classic', { answer: { status: 'pending', profile: 'classic' } }),
      'offered, and refused': profiled('classic', REFUSED),
    },
    broken: {
      'not offered': { scene: profiled('Classic'), severity: 'warning', party: 'client', says: /offers "classic"/ },
      'no profiles at all': { scene: profiled('classic', {}, {}), says: /offers none/ },
      'no name': { scene: profiled(1), party: 'client' },
      'not shown': { scene: profiled('classic'), severity: 'warning', party: 'server', says: /does not show one/ },
    },
    unknown: {
      'U-GAP: the body was lost': ordering({}, LOST),
      'U-START: no directory': (s) => {
        const k = new Key('a')
        s.newNonce()
        s.register(k)
        s.order(k, [], { payload: { ...ONE, profile: 'classic' } })
      },
    },
    silent: { none: ordering(ONE) },
  },
  'order-auto-renewal': {
    holds: { 'RFC 8739 3.1.1': renewing(RENEWAL, { answer: { status: 'pending', 'auto-renewal': RENEWAL } }) },
    broken: {
      'not offered': { scene: renewing(RENEWAL, {}, {}), severity: 'info', party: 'client', says: /does not offer/ },
      'too short': { scene: renewing({ ...RENEWAL, lifetime: 60 }), says: /under the minimum/ },
      'too long': { scene: renewing({ ...RENEWAL, 'end-date': '2028-01-01T00:00:00Z' }), says: /lasts longer/ },
      'no dates': { scene: renewing({}), says: /no RFC 3339 dates/ },
      'not shown': { scene: renewing(RENEWAL), party: 'server' },
      'cancelled too early': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.post(k, s.order(k).order, { status: 'canceled' }, REFUSED)
        },
        party: 'client',
      },
    },
    unknown: {
      'U-START: no directory': (s) => {
        const k = new Key('a')
        s.newNonce()
        s.register(k)
        s.order(k, [], { payload: { ...ONE, 'auto-renewal': RENEWAL } })
      },
    },
    silent: { none: ordering(ONE) },
  },
  'order-response': {
    holds: {
      complete: created({}),
      'a reused order': created({ status: 'ready', expires: undefined, authorizations: [] }),
      'other case and order of names': ordering(
        {
          identifiers: [
            { type: 'dns', value: 'B.example' },
            { type: 'dns', value: 'a.example' },
          ],
        },
        {
          answer: {
            status: 'ready',
            identifiers: [
              { type: 'dns', value: 'a.example' },
              { type: 'dns', value: 'b.example' },
            ],
            authorizations: [],
            finalize: 'https://ca.example/f',
          },
        },
      ),
    },
    broken: {
      'no Location': { scene: created({}, { answerHeaders: [] }), severity: 'error', party: 'server' },
      'no finalize': { scene: created({ finalize: undefined }), severity: 'error', says: /finalize is missing/ },
      'an unknown status': created({ status: 'new' }),
      'RFC 8555 7.1.3: pending without expires': { scene: created({ expires: undefined }), says: /expires is missing/ },
      'expires is no date': created({ expires: 'tomorrow' }),
      'authorizations are no URLs': created({ authorizations: ['1'] }),
      'other identifiers': {
        scene: created({ identifiers: [{ type: 'dns', value: 'other.example' }] }),
        says: /"www.example", "other.example"/,
      },
      'no object': created({}, { answer: '' }),
      '200': { scene: created({}, { status: 200 }), severity: 'warning', says: /not 201/ },
      'a relative Location': { scene: created({}, { answerHeaders: [['Location', '/order/1']] }), severity: 'warning' },
      'pending without authorizations': { scene: created({ authorizations: [] }), severity: 'warning' },
      'notAfter not shown': {
        scene: created({}, { payload: { ...ONE, notAfter: '2026-01-02T00:00:00Z' } }),
        severity: 'warning',
      },
    },
    unknown: {
      'U-RESP: no answer': created({}, { unanswered: true }),
      'U-GAP: the body of the answer was lost': created({}, { answerLost: true }),
      'U-ROLE: no directory': (s) => {
        const k = new Key('a')
        s.newNonce()
        s.register(k)
        s.post(k, 'newOrder', ONE, { answer: '' })
      },
    },
    silent: { refused: created({}, REFUSED) },
  },
  'order-immutable': {
    silent: {
      'the same': read({}),
      'in another order': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        const order = s.order(k, ['a.example', 'b.example'])
        s.post(k, order.order, undefined, { answer: { ...order.object, identifiers: [...order.object.identifiers].reverse() } })
      },
    },
    broken: {
      'RFC 8555 7.1.3: another authorization': {
        scene: read({ authorizations: ['https://ca.example/authz/9'] }),
        severity: 'error',
        party: 'server',
        says: /authorizations are others than in the answer to request 4/,
      },
      'another name': { scene: read({ identifiers: [{ type: 'dns', value: 'x.example' }] }), says: /identifiers/ },
    },
  },
  'order-state': {
    silent: {
      'RFC 8555 7.1.6': read({ status: 'ready' }, { status: 'processing' }, { status: 'valid', ...CERTIFICATE }),
      'a state skipped': read({ status: 'valid', ...CERTIFICATE }),
      'an answer that overtook another': read({ status: 'ready' }, { status: 'pending', overlaps: true }),
      'valid until it expired': read(
        { status: 'valid', ...CERTIFICATE, expires: '2020-01-01T00:00:00Z' },
        { status: 'invalid', expires: '2020-01-01T00:00:00Z', error: {} },
      ),
      'invalid with its error': read({ status: 'invalid', error: { type: 'x' } }),
    },
    broken: {
      backward: {
        scene: read({ status: 'ready' }, { status: 'pending' }),
        severity: 'warning',
        party: 'server',
        says: /was ready/,
      },
      'out of a final state': {
        scene: read({ status: 'invalid', error: {} }, { status: 'valid', ...CERTIFICATE }),
        says: /was invalid/,
      },
      'valid without certificate': { scene: read({ status: 'valid' }), says: /no certificate/ },
      'an unknown status': read({ status: 'done' }),
      'invalid without reason': { scene: read({ status: 'invalid' }), severity: 'info' },
    },
  },
  'order-expired': {
    holds: { 'in time': finalizing(-3600) },
    broken: {
      'by the capture clock': { scene: finalizing(3600), severity: 'warning', party: 'client', says: /60 min before/ },
      "by the server's clock": finalizing(-3600, { answerHeaders: [['Date', 'Thu, 08 Jan 2026 00:00:01 GMT']] }),
    },
    unknown: {
      'U-CLOCK: too close': finalizing(10),
      'U-START: the order was not seen': (s) => {
        const k = new Key('a')
        s.begin().register(k)
        s.post(k, 'https://ca.example/order/1/finalize', { csr: 'AAAA' }, REFUSED)
      },
    },
    silent: { 'a read': read({}) },
  },
  'poll-interval': {
    holds: {
      'RFC 8555 7.4: as long as Retry-After says': polling(3, 3, 'processing', { answerHeaders: [['Retry-After', '3']] }),
      'RFC 9110 10.2.3: a date': polling(3, 2, 'processing', {
        answerHeaders: [
          ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
          ['Retry-After', 'Thu, 01 Jan 2026 00:00:02 GMT'],
        ],
      }),
      'slowly without Retry-After': polling(2, 4, 'processing'),
      'an authorization before its challenge is triggered': pollingAuthorization(false),
    },
    broken: {
      'too early': {
        scene: polling(1, 3, 'processing', { answerHeaders: [['Retry-After', '3']] }),
        severity: 'warning',
        party: 'client',
        says: /Retry-After: 3 s/,
      },
      'an authorization too early: a suggestion': { scene: pollingAuthorization(true), severity: 'info' },
      'four within a second': { scene: polling(0.2, 5, 'processing'), severity: 'info', says: /times within a second/ },
      'more than thirty in half a minute': { scene: polling(0.8, 40, 'processing'), says: /times within 30 seconds/ },
    },
    unknown: {
      'U-CLOCK: a date without Date': polling(3, 2, 'processing', {
        answerHeaders: [['Retry-After', 'Thu, 01 Jan 2026 00:00:02 GMT']],
      }),
    },
    silent: { 'the first read': polling(1, 1, 'valid'), 'a final order': polling(0.1, 6, 'valid') },
  },
}
