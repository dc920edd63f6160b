import type { CaseTable } from '../support/cases.ts'
import { keyIdOf } from '../support/der.ts'
import {
  ACCOUNT,
  CA,
  CA_CERTIFICATE,
  chainOf,
  csrText,
  download,
  finalize,
  issue,
  leaf,
  newAccount,
  readyOrder,
  SITE,
} from '../support/issuance.ts'
import { type Bend, base64url, Key, newConnection, type Session } from '../support/session.ts'

const OTHER = new Key('other')
const KEY_ID = base64url(keyIdOf(CA.key))
const SERIAL = Buffer.from('00a1b2c3d4e5f60718', 'hex')
const CERT_ID = `${KEY_ID}.${base64url(SERIAL)}`
const WINDOW = { suggestedWindow: { start: '2026-03-01T00:00:00Z', end: '2026-03-02T00:00:00Z' } }
const DATE: [string, string] = ['Date', 'Thu, 01 Jan 2026 00:00:01 GMT']
const SIX_HOURS: [string, string] = ['Retry-After', '21600']

function ask(s: Session, certId: string, more: Partial<Bend> = {}): undefined {
  s.exchange('GET', `${s.url('renewalInfo')}/${certId}`, null, {
    answer: WINDOW,
    answerHeaders: [SIX_HOURS, DATE],
    withNonce: false,
    ...more,
  })
}

/** After an issuance. */
function askLater(s: Session, certId: string, more: Partial<Bend> = {}): undefined {
  issue(s)
  ask(s, certId, more)
}

/** Two requests, some seconds apart. */
function askTwice(s: Session, seconds: number, more: Partial<Bend> = {}): undefined {
  s.begin()
  ask(s, CERT_ID)
  ask(s, CERT_ID, { time: s.now + seconds * 1e6, ...more })
}

function anotherConnection(s: Session, id: number, client: string | null = '10.0.0.1:50000'): void {
  s.connection = { ...newConnection(id), client }
}

function renew(s: Session, replaces: unknown, more: Partial<Bend> = {}): undefined {
  const identifiers = [{ type: 'dns', value: 'www.example' }]
  s.order(ACCOUNT, ['www.example'], {
    payload: { identifiers, replaces },
    answer: { status: 'pending', identifiers, authorizations: [`${s.origin}/authz/9`], finalize: `${s.origin}/f/9`, replaces },
    ...more,
  })
}

export const CASES: CaseTable = {
  'ari-certid': {
    holds: { 'that of the certificate': (s) => askLater(s, CERT_ID) },
    broken: {
      padding: { scene: (s) => askLater(s, `${KEY_ID}=.${base64url(SERIAL)}`), severity: 'error', says: /padding/ },
      'percent-encoded padding': {
        scene: (s) => askLater(s, `${KEY_ID}%3D.${base64url(SERIAL)}`),
        says: /keeps the "=" padding/,
      },
      hexadecimal: {
        scene: (s) => askLater(s, `${Buffer.from(keyIdOf(CA.key)).toString('hex')}.${SERIAL.toString('hex')}`),
        says: /is hexadecimal/,
      },
      'without the leading zero': {
        scene: (s) => askLater(s, `${KEY_ID}.${base64url(SERIAL.subarray(1))}`),
        severity: 'error',
        says: /lacks the leading zero octet/,
      },
      'without it, of a certificate that the capture lacks': {
        scene: (s) => {
          s.begin()
          ask(s, `${KEY_ID}.${base64url(SERIAL.subarray(1))}`)
        },
        severity: 'warning',
        says: /negative serial number/,
      },
      'a zero too many': {
        scene: (s) => askLater(s, `${KEY_ID}.${base64url(Buffer.from('0012', 'hex'))}`),
        says: /zero octet that DER does not have/,
      },
      'parts exchanged': { scene: (s) => askLater(s, `${base64url(SERIAL)}.${KEY_ID}`), says: /serial number first/ },
      "the certificate's own key identifier": {
        scene: (s) => askLater(s, `${base64url(keyIdOf(SITE.privateKey))}.${base64url(SERIAL)}`),
        says: /own key identifier/,
      },
      'a key identifier of nobody': {
        scene: (s) => askLater(s, `AAAA.${base64url(SERIAL)}`),
        says: /has the serial number of "www.example", whose authority key identifier/,
      },
      'an OCSP CertID': { scene: (s) => askLater(s, 'MFswCwYJYIZIAWUDBAIBBCCeWLRusNLb'), says: /early drafts/ },
      'one part': (s) => askLater(s, 'abcd'),
      'an empty part': (s) => askLater(s, `${KEY_ID}.`),
      'no CertID': { scene: (s) => askLater(s, ''), says: /missing from the URL/ },
      'two slashes': { scene: (s) => askLater(s, `/${CERT_ID}`), says: /two slashes/ },
    },
    unknown: {
      'U-START: the certificate is not in the capture': (s) => {
        s.begin()
        ask(s, CERT_ID)
      },
      'U-START: the directory is not in the capture': (s) =>
        void s.exchange('GET', `${s.origin}/ri/${CERT_ID}`, null, { answer: WINDOW }),
    },
    silent: { 'another resource': (s) => void s.begin() },
  },
  'ari-request-form': {
    holds: { 'a GET': (s) => askLater(s, CERT_ID) },
    broken: {
      'POST-as-GET': {
        scene: (s) => void s.post(newAccount(s), `${s.url('renewalInfo')}/${CERT_ID}`, undefined, { answer: WINDOW }),
        severity: 'warning',
        says: /POST with a JWS/,
      },
    },
    unknown: {
      'U-ROLE: no directory': (s) =>
        void s.post(ACCOUNT, `${s.origin}/renewal-info/${CERT_ID}`, undefined, { status: 404, problem: ['malformed', 'x'] }),
    },
    silent: { 'another resource': (s) => void s.begin() },
  },
  'ari-poll-interval': {
    holds: {
      'the first time': (s) => askLater(s, CERT_ID),
      'after six hours': (s) => askTwice(s, 21_700),
      'another certificate': (s) => {
        s.begin()
        ask(s, 'AAAA.AAAB')
        ask(s, CERT_ID)
      },
    },
    broken: {
      'at once, on the same connection': {
        scene: (s) => askTwice(s, 60),
        severity: 'warning',
        party: 'client',
        says: /told it to wait 360 min/,
      },
      'at once, as after a restart': {
        scene: (s) => {
          s.begin()
          ask(s, CERT_ID)
          anotherConnection(s, 1)
          ask(s, CERT_ID, { time: s.now + 10e6 })
        },
        severity: 'info',
        says: /restart would explain/,
      },
      'again and again': {
        scene: (s) => {
          s.begin()
          for (const id of [1, 2, 3]) {
            anotherConnection(s, id)
            ask(s, CERT_ID, { time: s.now + 10e6 })
          }
        },
        severity: 'warning',
      },
      'after a week': { scene: (s) => askTwice(s, 604_800), severity: 'info', says: /late of a changed window/ },
    },
    unknown: {
      'U-START: the capture began later': (s) => {
        s.newNonce()
        s.directory()
        ask(s, CERT_ID)
      },
      'U-OTHER: another client had asked': (s) => {
        s.begin()
        ask(s, CERT_ID)
        anotherConnection(s, 1, '10.0.0.9:50000')
        ask(s, CERT_ID)
      },
      'U-OTHER: perhaps the same one, captured on both sides of a proxy': (s) => {
        s.begin()
        ask(s, CERT_ID)
        anotherConnection(s, 1)
        ask(s, CERT_ID)
      },
      'U-CLOCK: in another capture': (s) => {
        s.begin()
        ask(s, CERT_ID)
        ask(s, CERT_ID)
        const last = s.exchanges.pop()
        if (last !== undefined) s.exchanges.push({ ...last, input: 1 })
      },
    },
    silent: {
      'after an error': (s) => {
        s.begin()
        ask(s, CERT_ID, { status: 500, answerHeaders: [SIX_HOURS] })
        ask(s, CERT_ID)
      },
    },
  },
  'ari-lifetime': {
    holds: { 'while it is valid': (s) => askLater(s, CERT_ID) },
    broken: {
      'after it has expired': {
        scene: (s) => {
          issue(s)
          ask(s, CERT_ID, { time: Date.UTC(2026, 3, 1) * 1000, answerHeaders: [['Date', 'Wed, 01 Apr 2026 00:00:00 GMT']] })
        },
        severity: 'error',
        party: 'client',
        says: /had expired 1440 min before/,
      },
      'after it was replaced': {
        scene: (s) => {
          const order = issue(s)
          s.now += 3600e6
          const next = s.order(order.account)
          finalize(s, { ...order, ...next }, csrText())
          download(
            s,
            { ...order, ...next },
            chainOf(leaf({ serial: '22334455667788', notBefore: new Date('2026-01-01T00:30:00Z') }), CA_CERTIFICATE),
          )
          ask(s, CERT_ID)
        },
        severity: 'warning',
        says: /A newer certificate .* in request 10/,
      },
    },
    unknown: {
      'U-START: the certificate is not in the capture': (s) => {
        s.begin()
        ask(s, CERT_ID)
      },
      'U-CLOCK: no Date': (s) => {
        issue(s)
        ask(s, CERT_ID, { time: Date.UTC(2026, 3, 1) * 1000, answerHeaders: [SIX_HOURS] })
      },
      'U-CLOCK: the clocks disagree': (s) => {
        issue(s)
        ask(s, CERT_ID, { time: Date.UTC(2026, 3, 1) * 1000 })
      },
    },
  },
  'ari-response': {
    holds: { 'a window and Retry-After': (s) => askLater(s, CERT_ID) },
    broken: {
      'a window that ends before it begins': {
        scene: (s) =>
          askLater(s, CERT_ID, {
            answer: { suggestedWindow: { start: WINDOW.suggestedWindow.end, end: WINDOW.suggestedWindow.start } },
          }),
        severity: 'error',
        party: 'server',
        says: /before it has begun/,
      },
      'no window': { scene: (s) => askLater(s, CERT_ID, { answer: {} }), says: /no suggestedWindow/ },
      'a window in words': { scene: (s) => askLater(s, CERT_ID, { answer: { suggestedWindow: 'soon' } }), says: /not an object/ },
      'a bad date': {
        scene: (s) => askLater(s, CERT_ID, { answer: { suggestedWindow: { start: '2026-03-01', end: '2026-03-02T00:00:00Z' } } }),
        says: /no RFC 3339 date/,
      },
      'no end': {
        scene: (s) => askLater(s, CERT_ID, { answer: { suggestedWindow: { start: '2026-03-01T00:00:00Z' } } }),
        says: /has no end/,
      },
      'a list': { scene: (s) => askLater(s, CERT_ID, { answer: [] }), says: /no JSON object/ },
      'no Retry-After': { scene: (s) => askLater(s, CERT_ID, { answerHeaders: [DATE] }), severity: 'warning' },
    },
    unknown: {
      'U-RESP: no answer': (s) => askLater(s, CERT_ID, { unanswered: true }),
      'U-GAP: the body was lost': (s) => askLater(s, CERT_ID, { answerLost: true }),
    },
    silent: { 'no such certificate': (s) => askLater(s, CERT_ID, { status: 404, problem: ['malformed', 'x'] }) },
  },
  'ari-replaces': {
    holds: {
      'the certificate that was issued': (s) => {
        issue(s)
        renew(s, CERT_ID)
      },
    },
    broken: {
      'not offered': {
        scene: (s) => {
          s.directory({ members: { renewalInfo: undefined } })
          s.newNonce()
          s.register(ACCOUNT)
          renew(s, CERT_ID)
        },
        severity: 'warning',
        party: 'client',
      },
      'not a CertID': {
        scene: (s) => {
          newAccount(s)
          renew(s, 'serial-7', { status: 400, problem: ['malformed', 'x'] })
        },
        severity: 'error',
        says: /has 1 part instead of two/,
      },
      'not a string': (s) => {
        newAccount(s)
        renew(s, 7)
      },
      'of another account': {
        scene: (s) => {
          issue(s)
          s.register(OTHER)
          s.order(OTHER, ['www.example'], {
            payload: { identifiers: [{ type: 'dns', value: 'www.example' }], replaces: CERT_ID },
            status: 403,
            problem: ['unauthorized', 'x'],
          })
        },
        says: /belongs to account/,
      },
      'with other names': {
        scene: (s) => {
          issue(s)
          s.order(ACCOUNT, ['x.example'], {
            payload: { identifiers: [{ type: 'dns', value: 'x.example' }], replaces: CERT_ID },
            status: 400,
            problem: ['malformed', 'x'],
          })
        },
        says: /no name in common/,
      },
      'not shown in the order': {
        scene: (s) => {
          issue(s)
          s.order(ACCOUNT, ['www.example'], {
            payload: { identifiers: [{ type: 'dns', value: 'www.example' }], replaces: CERT_ID },
          })
        },
        severity: 'error',
        party: 'server',
        says: /does not show its replaces/,
      },
      'alreadyReplaced with 400': {
        scene: (s) => {
          issue(s)
          renew(s, CERT_ID, { status: 400, problem: ['alreadyReplaced', 'x'] })
        },
        severity: 'error',
        party: 'server',
      },
    },
    unknown: {
      'U-START: the certificate is not in the capture': (s) => {
        newAccount(s)
        renew(s, CERT_ID)
      },
      'U-RESP: no answer': (s) => {
        issue(s)
        renew(s, CERT_ID, { unanswered: true })
      },
    },
    silent: { 'an order without it': (s) => void readyOrder(s) },
  },
}
