import type { CaseTable } from '../support/cases.ts'
import { type Bend, Key, type Session } from '../support/session.ts'

const TERMS = { members: { meta: { termsOfService: 'https://ca.example/terms' } } }
const REFUSED = { status: 400, problem: ['malformed', 'no'], answerHeaders: [] } satisfies Partial<Bend>

/** A session whose one registration carries this payload. */
function registration(s: Session, payload: Record<string, unknown>, more: Partial<Bend> = {}): undefined {
  s.begin().register(new Key('a'), { payload, ...more })
}

function contact(...contact: unknown[]) {
  return (s: Session) => registration(s, { termsOfServiceAgreed: true, contact })
}

/** An update of a fresh account. */
function update(s: Session, payload: Record<string, unknown>, more: Partial<Bend> = {}): undefined {
  const k = new Key('a')
  const url = s.begin().register(k)
  s.post(k, url, payload, { answer: { status: 'valid', contact: [], orders: `${url}/orders` }, ...more })
}

/** A second newAccount by a key that has an account. */
function again(s: Session, more: Partial<Bend> & { works?: boolean; payload?: Record<string, unknown> }): number {
  const k = new Key('a')
  s.begin().register(k)
  s.post(k, 'newAccount', more.payload ?? { onlyReturnExisting: true }, { ...more })
  if (more.works === true) s.order(k)
  return 4
}

const refusedAs = (type: string, detail = 'no', status = 400) => ({ status, problem: [type, detail] as const })

export const CASES: CaseTable = {
  'account-tos-not-agreed': {
    holds: {
      agreed: (s) => {
        s.directory(TERMS)
        s.newNonce()
        s.register(new Key('a'))
      },
    },
    broken: {
      'absent where the directory names terms': {
        scene: (s) => {
          s.directory(TERMS)
          s.newNonce()
          s.register(new Key('a'), { payload: {}, ...REFUSED })
        },
        severity: 'warning',
        party: 'client',
        says: /has no termsOfServiceAgreed/,
      },
      false: (s) => {
        s.directory(TERMS)
        s.newNonce()
        s.register(new Key('a'), { payload: { termsOfServiceAgreed: false } })
      },
    },
    unknown: {
      'U-START: no directory': (s) => {
        s.newNonce()
        s.register(new Key('a'), { payload: {} })
      },
    },
    silent: {
      'no terms': (s) => registration(s, {}),
      'a look-up': (s) => {
        s.directory(TERMS)
        s.newNonce()
        s.register(new Key('a'), { payload: { onlyReturnExisting: true }, status: 200 })
      },
      'the key has an account': (s) => {
        const k = new Key('a')
        s.directory(TERMS)
        s.newNonce()
        s.register(k)
        s.post(k, 'newAccount', {}, refusedAs('malformed'))
      },
      'a text instead of true (payload-not-json says it)': (s) => {
        s.directory(TERMS)
        s.newNonce()
        s.register(new Key('a'), { payload: { termsOfServiceAgreed: 'true' }, ...REFUSED })
      },
    },
  },
  'account-contact-scheme': {
    holds: { mailto: contact('mailto:a@b.org') },
    broken: { tel: { scene: contact('mailto:a@b.org', 'tel:+1201555'), severity: 'warning', says: /tel:\+1201555/ } },
    unknown: { 'U-GAP: the body was lost': (s) => registration(s, {}, { bodyLost: true }) },
    silent: { none: contact(), 'a bare address (account-contact-mailto says it)': (s) => update(s, {}) },
  },
  'account-contact-mailto': {
    holds: { 'one address each': contact('mailto:a@b.org', 'mailto:c@d.org'), 'another scheme': contact('tel:+1201555') },
    broken: {
      'RFC 8555 7.3: hfields': { scene: contact('mailto:a@b.org?subject=x'), severity: 'error', says: /header fields/ },
      'RFC 8555 7.3: two addresses': { scene: contact('mailto:a@b.org,c@d.org'), severity: 'error' },
      'RFC 8555 7.1.2: no URL': { scene: contact('a@b.org'), severity: 'error', says: /no URL/ },
      'a fragment': { scene: contact('mailto:a@b.org#x'), severity: 'warning' },
      'a display name': { scene: contact('mailto:A <a@b.org>'), severity: 'warning' },
      'not ASCII': { scene: contact('mailto:\u00fc@b.org'), severity: 'warning' },
      'no address': { scene: contact('mailto:'), severity: 'warning' },
      'the gravest decides': { scene: contact('mailto:a@example.com', 'a@b.org'), severity: 'error', says: /example\.com/ },
      'a name that gets no mail': { scene: contact('mailto:a@example.com'), severity: 'info' },
      'in an update': { scene: (s) => update(s, { contact: ['mailto:a@b.org?cc=c'] }), severity: 'error' },
    },
    unknown: { 'U-GAP: the body was lost': (s) => update(s, {}, { bodyLost: true }) },
    silent: { none: contact() },
  },
  'account-lookup-payload': {
    holds: { 'that member alone': (s) => registration(s, { onlyReturnExisting: true }, { status: 200 }) },
    broken: {
      'contact as well': {
        scene: (s) => registration(s, { onlyReturnExisting: true, contact: [] }, { status: 200 }),
        severity: 'info',
        says: /"contact"/,
      },
    },
    unknown: { 'U-GAP: the body was lost': (s) => registration(s, {}, { bodyLost: true }) },
    silent: { 'a registration': (s) => registration(s, { termsOfServiceAgreed: true }) },
  },
  'account-create-response': {
    holds: {
      '201 with Location': (s) => void s.begin().register(new Key('a')),
      '200 with Location': (s) => void s.begin().register(new Key('a'), { status: 200 }),
    },
    broken: {
      'no Location': {
        scene: (s) => void s.begin().register(new Key('a'), { answerHeaders: [] }),
        party: 'server',
        severity: 'error',
      },
      'a relative Location': {
        scene: (s) => void s.begin().register(new Key('a'), { answerHeaders: [['Location', '/acct/a']] }),
        says: /no absolute URL/,
      },
      'RFC 8555 7.3.1, 11.1: another account for the same key, the first lives on': {
        scene: (s) =>
          again(s, {
            status: 201,
            answerHeaders: [['Location', 'https://ca.example/acct/2']],
            answer: { status: 'valid' },
            works: true,
          }),
        severity: 'error',
        says: /another, "https:\/\/ca.example\/acct\/2"/,
      },
      'another account for the same key, the CA may have lost the first': {
        scene: (s) =>
          again(s, { status: 201, answerHeaders: [['Location', 'https://ca.example/acct/2']], answer: { status: 'valid' } }),
        severity: 'warning',
      },
    },
    unknown: {
      'U-RESP: no answer': (s) => void s.begin().register(new Key('a'), { unanswered: true }),
      'U-ROLE: no directory': (s) => {
        s.newNonce()
        s.register(new Key('a'), { answer: '', answerHeaders: [] })
      },
    },
    silent: { refused: (s) => void s.begin().register(new Key('a'), REFUSED) },
  },
  'server-lookup-refused': {
    holds: {
      '200': (s) =>
        again(s, { status: 200, answerHeaders: [['Location', 'https://ca.example/acct/a']], answer: { status: 'valid' } }),
      'RFC 8555 7.3.1: an unknown key': (s) => {
        s.begin()
        s.post(new Key('z'), 'newAccount', { onlyReturnExisting: true }, refusedAs('accountDoesNotExist'))
      },
    },
    broken: {
      'a binding is asked for': {
        scene: (s) => again(s, refusedAs('externalAccountRequired')),
        severity: 'error',
        party: 'server',
        says: /look up its account/,
      },
      'a second registration': {
        scene: (s) => again(s, { payload: { contact: [] }, ...refusedAs('malformed') }),
        says: /register again/,
      },
      'unauthorized because of the binding': (s) => again(s, refusedAs('unauthorized', 'external account binding missing', 401)),
      'unauthorized, and the account works afterwards': (s) => again(s, { ...refusedAs('unauthorized', 'no', 401), works: true }),
      'accountDoesNotExist, and the account works afterwards': {
        scene: (s) => again(s, { ...refusedAs('accountDoesNotExist'), works: true }),
        severity: 'error',
      },
      'accountDoesNotExist for an account that the CA may have lost': {
        scene: (s) => again(s, refusedAs('accountDoesNotExist')),
        severity: 'warning',
      },
      'a look-up by an unknown key refused otherwise': {
        scene: (s) => {
          s.begin()
          s.post(new Key('z'), 'newAccount', { onlyReturnExisting: true }, refusedAs('malformed'))
        },
        severity: 'warning',
      },
    },
    unknown: {
      'U-RESP: no answer': (s) => again(s, { unanswered: true }),
      'U-GAP: the body of the refusal was lost': (s) => again(s, { status: 400, answerLost: true }),
      'U-OTHER: unauthorized may mean deactivated': (s) => again(s, refusedAs('unauthorized', 'no', 401)),
    },
    silent: {
      'the nonce was refused': (s) => again(s, refusedAs('badNonce')),
      'a rate limit': (s) => again(s, refusedAs('rateLimited', 'too many', 429)),
      'the request was faulty': (s) => again(s, { header: { url: 'https://ca.example/other' }, ...refusedAs('malformed') }),
      'the account had been deactivated': (s) => {
        const k = new Key('a')
        const url = s.begin().register(k)
        s.post(k, url, { status: 'deactivated' }, { answer: { status: 'deactivated', orders: `${url}/orders` } })
        s.post(k, 'newAccount', { onlyReturnExisting: true }, refusedAs('unauthorized', 'deactivated', 403))
      },
    },
  },
  'account-object': {
    holds: {
      'a new account': (s) => void s.begin().register(new Key('a')),
      'an update': (s) => update(s, { contact: [] }),
    },
    broken: {
      'an unknown status': {
        scene: (s) =>
          void s.begin().register(new Key('a'), { answer: { status: '', orders: 'https://ca.example/o', contact: [] } }),
        severity: 'warning',
        party: 'server',
        says: /status is ""/,
      },
      'onlyReturnExisting reflected': {
        scene: (s) =>
          void s
            .begin()
            .register(new Key('a'), { answer: { status: 'valid', orders: 'https://ca.example/o', onlyReturnExisting: true } }),
        severity: 'warning',
      },
      'no object': { scene: (s) => void s.begin().register(new Key('a'), { answer: '' }), severity: 'warning' },
      'no orders': { scene: (s) => void s.begin().register(new Key('a'), { answer: { status: 'valid' } }), severity: 'info' },
    },
    unknown: {
      'U-RESP: no answer': (s) => void s.begin().register(new Key('a'), { unanswered: true }),
      'U-GAP: the body of the answer was lost': (s) => void s.begin().register(new Key('a'), { answerLost: true }),
    },
    silent: { refused: (s) => void s.begin().register(new Key('a'), REFUSED) },
  },
  'account-update': {
    holds: {
      contact: (s) => update(s, { contact: [] }),
      deactivation: (s) => update(s, { status: 'deactivated' }),
    },
    broken: {
      'another status': { scene: (s) => update(s, { status: 'revoked' }), severity: 'warning', says: /"revoked"/ },
      'members that are ignored': {
        scene: (s) => update(s, { contact: [], status: 'valid', orders: 'x' }),
        severity: 'info',
        says: /"orders", "status"/,
      },
    },
    unknown: { 'U-GAP: the body was lost': (s) => update(s, {}, { bodyLost: true }) },
    silent: { 'a POST-as-GET': (s) => void s.post(new Key('a'), s.begin().register(new Key('b'))) },
  },
}
