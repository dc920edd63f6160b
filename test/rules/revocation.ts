import type { CaseTable } from '../support/cases.ts'
import { pem } from '../support/der.ts'
import { ACCOUNT, CA_CERTIFICATE, chainOf, csrText, issue, leaf, newAccount, revoke, SITE } from '../support/issuance.ts'
import { base64url, Key, type Session } from '../support/session.ts'

const STRANGER = new Key('stranger')
/** The same octets in every scene: an ECDSA signature is never made twice the same. */
const LEAF = leaf()
const certificate = base64url(LEAF)
const BY_KEY = { drop: ['kid'], header: { jwk: SITE.jwk, alg: SITE.alg }, signer: SITE }
const FAULTY = { status: 400, problem: ['malformed', 'no'] as const }

/** A revocation by the account, with a payload of the test's. */
function withPayload(s: Session, payload: unknown): undefined {
  revoke(s, newAccount(s), payload, FAULTY)
}

export const CASES: CaseTable = {
  'revoke-auth': {
    holds: {
      'by the account': (s) => revoke(s, newAccount(s), { certificate }),
      'by the key of the certificate': (s) => revoke(s, newAccount(s), { certificate }, BY_KEY),
    },
    broken: {
      'by the key of nobody': {
        scene: (s) => revoke(s, newAccount(s), { certificate }, { ...BY_KEY, header: { jwk: STRANGER.jwk }, signer: STRANGER }),
        severity: 'error',
        party: 'client',
        says: /neither the key of the certificate/,
      },
      'the account key as jwk': {
        scene: (s) => revoke(s, newAccount(s), { certificate }, { drop: ['kid'], header: { jwk: ACCOUNT.jwk } }),
        says: /the key of account "https:\/\/ca.example\/acct\/issuance"/,
      },
    },
    unknown: { 'U-GAP: the body was lost': (s) => revoke(s, newAccount(s), { certificate }, { bodyLost: true }) },
    silent: {
      'kid beside jwk': (s) => revoke(s, newAccount(s), { certificate }, { header: { jwk: STRANGER.jwk } }),
      'a certificate that cannot be read': (s) =>
        revoke(s, newAccount(s), { certificate: 'MAA' }, { drop: ['kid'], header: { jwk: ACCOUNT.jwk } }),
    },
  },
  'revoke-payload': {
    holds: {
      'without a reason': (s) => revoke(s, newAccount(s), { certificate }),
      'for keyCompromise': (s) => revoke(s, newAccount(s), { certificate, reason: 1 }),
    },
    broken: {
      'no certificate': { scene: (s) => withPayload(s, { reason: 0 }), severity: 'error', says: /has no certificate/ },
      'an empty payload': (s) => void s.post(newAccount(s), 'revokeCert', undefined, FAULTY),
      'a list': { scene: (s) => withPayload(s, { certificate: [certificate] }), says: /not a string/ },
      PEM: { scene: (s) => withPayload(s, { certificate: pem(leaf()) }), says: /is PEM text/ },
      'standard base64': {
        scene: (s) => withPayload(s, { certificate: Buffer.from(leaf()).toString('base64') }),
        says: /alphabet|padding/,
      },
      'a chain': {
        scene: (s) => withPayload(s, { certificate: base64url(Buffer.concat([leaf(), CA_CERTIFICATE])) }),
        says: /after its end, which look like another structure/,
      },
      'a CSR': { scene: (s) => withPayload(s, { certificate: csrText() }), says: /it is a request for a certificate/ },
      'reason 7': { scene: (s) => withPayload(s, { certificate, reason: 7 }), severity: 'error', says: /reason 7 is not used/ },
      'reason 11': { scene: (s) => withPayload(s, { certificate, reason: 11 }), severity: 'error' },
      'a reason in words': { scene: (s) => withPayload(s, { certificate, reason: 'keyCompromise' }), severity: 'error' },
      'a reason that public CAs refuse': {
        scene: (s) => withPayload(s, { certificate, reason: 9 }),
        severity: 'warning',
        says: /privilegeWithdrawn/,
      },
    },
    unknown: { 'U-GAP: the body was lost': (s) => revoke(s, newAccount(s), { certificate }, { bodyLost: true }) },
    silent: { 'a URL that may be anything': (s) => void s.post(newAccount(s), `${s.origin}/revoke-this`, {}, { status: 404 }) },
  },
  'revoke-response': {
    holds: {
      '200 and nothing': (s) => revoke(s, newAccount(s), { certificate }),
      alreadyRevoked: (s) => revoke(s, newAccount(s), { certificate }, { status: 400, problem: ['alreadyRevoked', 'x'] }),
      'keyCompromise after another reason': (s) => {
        revoke(s, newAccount(s), { certificate, reason: 4 })
        revoke(s, ACCOUNT, { certificate, reason: 1 }, BY_KEY)
      },
    },
    broken: {
      'alreadyRevoked with 409': {
        scene: (s) => revoke(s, newAccount(s), { certificate }, { status: 409, problem: ['alreadyRevoked', 'x'] }),
        severity: 'warning',
        party: 'server',
      },
      '204': (s) => revoke(s, newAccount(s), { certificate }, { status: 204 }),
      'revoked twice': {
        scene: (s) => {
          revoke(s, newAccount(s), { certificate })
          revoke(s, ACCOUNT, { certificate })
        },
        says: /revoked in request 4/,
      },
      'a body': { scene: (s) => revoke(s, newAccount(s), { certificate }, { answer: {} }), severity: 'info' },
    },
    unknown: { 'U-RESP: no answer': (s) => revoke(s, newAccount(s), { certificate }, { unanswered: true }) },
    silent: { 'refused for another reason': (s) => withPayload(s, {}) },
  },
  'jwk-forbidden': {
    holds: { 'the key of the certificate': (s) => revoke(s, newAccount(s), { certificate }, BY_KEY) },
    broken: {
      'another key than that of the certificate': {
        scene: (s) => revoke(s, newAccount(s), { certificate }, { drop: ['kid'], header: { jwk: ACCOUNT.jwk } }),
        severity: 'error',
        party: 'client',
        says: /not the certificate's key/,
      },
    },
    unknown: {
      'U-ROLE: no directory': (s) =>
        void s.post(
          ACCOUNT,
          `${s.origin}/revoke-cert`,
          { certificate },
          { drop: ['kid'], header: { jwk: ACCOUNT.jwk }, ...FAULTY },
        ),
    },
    silent: {
      'a certificate that cannot be read': (s) =>
        revoke(s, newAccount(s), { certificate: 'MAA' }, { drop: ['kid'], header: { jwk: ACCOUNT.jwk } }),
    },
  },
  'kid-resource-owner': {
    holds: {
      'the account that it was issued to': (s) => {
        issue(s, chainOf(LEAF))
        revoke(s, ACCOUNT, { certificate })
      },
      'an account with authorizations for its names': (s) => {
        issue(s, chainOf(LEAF))
        s.register(STRANGER)
        const { authorization } = s.order(STRANGER)
        const identifier = { type: 'dns', value: 'www.example' }
        s.post(STRANGER, authorization, undefined, { answer: { identifier, status: 'valid', challenges: [] } })
        revoke(s, STRANGER, { certificate })
      },
    },
    broken: {
      'an account without': {
        scene: (s) => {
          issue(s, chainOf(LEAF))
          s.register(STRANGER)
          revoke(s, STRANGER, { certificate }, { status: 403, problem: ['unauthorized', 'x'] })
        },
        severity: 'warning',
        says: /was issued to account "https:\/\/ca.example\/acct\/issuance"/,
      },
    },
    unknown: { 'U-START: its issuance is not in the capture': (s) => revoke(s, newAccount(s), { certificate }) },
  },
}
