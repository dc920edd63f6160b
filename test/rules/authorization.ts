import type { CaseTable } from '../support/cases.ts'
import { type Bend, Key, type Session } from '../support/session.ts'

const REFUSED = { status: 400, problem: ['malformed', 'no'] } satisfies Partial<Bend>
const IDENTIFIER = { type: 'dns', value: 'www.example' }

/** The authorization of an order for some names, read once for each set of members. */
function read(names: readonly string[], ...states: Record<string, unknown>[]) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    const order = s.order(k, names)
    const challenges = [{ type: 'http-01', url: order.challenge, status: 'pending', token: 'tttttttttttttttttttttt' }]
    for (const state of states)
      s.post(k, order.authorization, undefined, {
        answer: { identifier: IDENTIFIER, status: 'pending', expires: '2026-01-08T00:00:00Z', challenges, ...state },
      })
  }
}

const one = (state: Record<string, unknown> = {}) => read(['www.example'], state)

/** One POST to the authorization. */
function posting(payload: unknown, more: Partial<Bend> = {}) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    s.post(k, s.order(k).authorization, payload, more)
  }
}

function preauthorizing(more: Partial<Bend>, directory: Record<string, unknown> = {}, url = 'newAuthz') {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.directory({ members: directory })
    s.newNonce()
    s.register(k)
    s.post(k, url, { identifier: IDENTIFIER }, more)
  }
}

const CREATED = {
  status: 201,
  answerHeaders: [['Location', 'https://ca.example/authz/1']],
  answer: { identifier: IDENTIFIER, status: 'pending', challenges: [{ type: 'x', url: 'https://ca.example/chall/1' }] },
} satisfies Partial<Bend>

export const CASES: CaseTable = {
  'authz-object': {
    holds: {
      'RFC 8555 7.1.4': one(),
      'wildcard false, as in the RFC': one({ wildcard: false }),
      'for a wildcard name': read(['*.www.example'], { wildcard: true }),
      'both the name and the wildcard are ordered': read(['*.www.example', 'www.example'], {}),
      'pre-authorization': preauthorizing(CREATED),
    },
    broken: {
      'no identifier': { scene: one({ identifier: undefined }), severity: 'error', party: 'server' },
      'the wildcard name as identifier': {
        scene: one({ identifier: { type: 'dns', value: '*.www.example' } }),
        says: /wildcard name/,
      },
      'an unknown status': one({ status: 'processing' }),
      'valid without expires': { scene: one({ status: 'valid', expires: undefined }), says: /expires is missing/ },
      'challenges are no objects': one({ challenges: ['x'] }),
      'no wildcard for a wildcard name': { scene: read(['*.www.example'], {}), severity: 'error', says: /not true/ },
      'no object': posting(undefined, { answer: '' }),
      'pending without challenges': { scene: one({ challenges: [] }), severity: 'warning' },
    },
    unknown: {
      'U-RESP: no answer': posting(undefined, { unanswered: true }),
      'U-GAP: the body of the answer was lost': posting(undefined, { answerLost: true }),
    },
    silent: { refused: posting(undefined, REFUSED) },
  },
  'authz-state': {
    silent: {
      'RFC 8555 7.1.6': read(['www.example'], {}, { status: 'valid' }, { status: 'deactivated' }),
      'given up': read(['www.example'], {}, { status: 'deactivated' }),
    },
    broken: {
      'valid to pending': {
        scene: read(['www.example'], { status: 'valid' }, {}),
        severity: 'warning',
        party: 'server',
        says: /was valid in the answer to request 5/,
      },
      'invalid to valid': read(['www.example'], { status: 'invalid' }, { status: 'valid' }),
      'deactivated to valid': read(['www.example'], { status: 'deactivated' }, { status: 'valid' }),
    },
  },
  'authz-deactivation': {
    holds: { 'RFC 8555 7.5.2': posting({ status: 'deactivated' }) },
    broken: {
      'more than the status': { scene: posting({ status: 'deactivated', reason: 'x' }), severity: 'warning', says: /"reason"/ },
    },
    unknown: { 'U-GAP: the body was lost': posting({}, { bodyLost: true }) },
    silent: { 'something else (post-as-get-payload says it)': posting({}, REFUSED), 'a read': posting(undefined) },
  },
  'authz-newauthz': {
    holds: { 'RFC 8555 7.4.1': preauthorizing(CREATED) },
    broken: {
      'not offered': {
        scene: preauthorizing(REFUSED, { newAuthz: undefined }, 'https://ca.example/new-authz'),
        severity: 'warning',
        party: 'client',
        says: /directory has no newAuthz/,
      },
      'no Location': { scene: preauthorizing({ ...CREATED, answerHeaders: [] }), severity: 'warning', party: 'server' },
      '200': { scene: preauthorizing({ ...CREATED, status: 200 }), party: 'server', says: /here 200 with Location/ },
    },
    unknown: {
      'U-RESP: no answer': preauthorizing({ unanswered: true }),
      'U-START: no directory': (s) => {
        const k = new Key('a')
        s.newNonce()
        s.register(k)
        s.post(k, 'newAuthz', { identifier: IDENTIFIER }, REFUSED)
      },
    },
    silent: { refused: preauthorizing(REFUSED) },
  },
}
