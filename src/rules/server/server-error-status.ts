import { acmeType } from '../../acme/answers.ts'
import { lostContent } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

interface Due {
  readonly status: number | null
  readonly type: string | null
  readonly section: string
}

const BAD_NONCE: Due = { status: 400, type: 'badNonce', section: '6.5' }
const BAD_KEY: Due = { status: 400, type: 'badPublicKey', section: '6.2' }
const BAD_ALGORITHM: Due = { status: 400, type: 'badSignatureAlgorithm', section: '6.2' }

/** Status and type that RFC 8555 names for a cause, by the rule that establishes it. */
const DUE: ReadonlyMap<string, Due> = new Map([
  ['content-type-jose', { status: 415, type: null, section: '6.2' }],
  ['alg-forbidden', BAD_ALGORITHM],
  ['alg-unsupported', BAD_ALGORITHM],
  ['jwk-ec-invalid', BAD_KEY],
  ['jwk-rsa-weak', BAD_KEY],
  ['get-not-allowed', { status: 405, type: 'malformed', section: '6.3' }],
  ['url-mismatch', { status: null, type: 'unauthorized', section: '6.4' }],
  ['nonce-missing', BAD_NONCE],
  ['nonce-reused', BAD_NONCE],
  ['jws-resent-verbatim', BAD_NONCE],
  ['nonce-wrong-authority', BAD_NONCE],
  ['nonce-encoding', { status: null, type: 'malformed', section: '6.5.2' }],
  ['account-contact-scheme', { status: null, type: 'unsupportedContact', section: '7.3' }],
  ['account-contact-mailto', { status: null, type: 'invalidContact', section: '7.3' }],
  ['eab-required', { status: null, type: 'externalAccountRequired', section: '7.3.4' }],
  ['keychange-new-key', { status: 409, type: null, section: '7.3.5' }],
  ['kid-inactive-account', { status: 401, type: 'unauthorized', section: '7.3.6' }],
  ['finalize-not-ready', { status: 403, type: 'orderNotReady', section: '7.4' }],
])

export const serverErrorStatus: Rule = {
  id: 'server-error-status',
  group: 'server',
  party: 'server',
  severity: 'info',
  level: 'exchange',
  tier: 2,
  title: 'Status code and type as specified',
  norm: '415 for wrong media type; 405 malformed for GET; url mismatch rejected as unauthorized; 401 unauthorized for a deactivated account; 403 orderNotReady; 400 accountDoesNotExist; 403 userActionRequired.',
  decide:
    'When the findings about the request leave one cause, compare status and type of the refusal with what the RFC names for it. Info only; never used for blame by itself, but clients that switch on the code break.',
  traps: ["The text says 'reject as unauthorized' for url without giving a code: both readings are around."],
  unknownWhen: [],
  inPractice: {
    Boulder: '400 for media type and url mismatch (malformed); 403 for deactivated',
    Pebble: '415; url mismatch 400 malformed; 403 for deactivated',
    'step-ca':
      '400 media type; 400 url; 401 deactivated; 400 orderNotReady, rateLimited, externalAccountRequired, userActionRequired',
    'golang.org/x/crypto/acme': 'Switches on type; retries 5xx and 429',
  },
  remedy: 'Server: answer with the status and type that the RFC names. Client: do not rely on them.',
  references: [
    'RFC 8555 §6.2',
    'RFC 8555 §6.3',
    'RFC 8555 §6.4',
    'RFC 8555 §6.5',
    'RFC 8555 §7.3',
    'RFC 8555 §7.3.4',
    'RFC 8555 §7.3.5',
    'RFC 8555 §7.3.6',
    'RFC 8555 §7.4',
  ],
  why: 'Clients and proxies that go by the status do the wrong thing.',
  explains: { types: [], details: [] },
  review(judgement) {
    const { request, findings } = judgement
    const { response, problem } = request
    if (response === null || response.status < 400 || response.status >= 500) return undefined
    const causes = findings.filter(({ verdict }) => verdict.party === 'client' && verdict.severity !== 'info')
    if (causes.some(({ rule }) => !DUE.has(rule.id))) return undefined
    const dues = new Set(causes.map(({ rule }) => DUE.get(rule.id)).filter((due) => due !== undefined))
    const [due] = dues
    if (due === undefined || dues.size > 1) return undefined
    if (problem === null && lostContent(request) !== null) return undefined // the type may be in what was lost
    const type = acmeType(problem)
    const isRight = (due.status === null || due.status === response.status) && (due.type === null || due.type === type)
    if (isRight) return HOLDS
    const wanted = [due.status, due.type].filter((part) => part !== null).join(' ')
    return broken(
      serverErrorStatus,
      `The refusal is ${response.status} ${type ?? 'without an ACME type'}; for this cause (${causes.map(({ rule }) => rule.id).join(', ')}) RFC 8555 ${due.section} names ${wanted}. Many servers differ here.`,
      { evidence: { status: response.status, type, due: wanted, causes: causes.map(({ rule }) => rule.id) } },
    )
  },
}
