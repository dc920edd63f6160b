import type { CaseTable } from '../support/cases.ts'
import { extension, seq, tlv } from '../support/der.ts'
import { ACCOUNT, csrText, finalize, newAccount, readyOrder } from '../support/issuance.ts'
import { base64url, Key, type Session } from '../support/session.ts'

const RSA_1024 = new Key('weak', 'RSA-1024')
const ED25519 = new Key('ed', 'Ed25519')
const P521 = new Key('p521', 'P-521')
const OTHER = new Key('other')
const TLS_FEATURE = extension('1.3.6.1.5.5.7.1.24', seq(tlv(0x02, Buffer.from([5]))))
const UNUSUAL = extension('1.3.6.1.4.1.311.20.2', tlv(0x0c, Buffer.from('WebServer')))

const csrPem = `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(csrText(), 'base64url').toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
const NOT_READY = { status: 403, problem: ['orderNotReady', 'Order is "pending", not ready'] as const }

/** An order whose authorization the client saw in some state, and whose challenge in another. */
function pending(s: Session, authorization: string | null, challenge: string | null = null) {
  const account = newAccount(s)
  const order = s.order(account)
  const of = (status: string) => ({ type: 'http-01', url: order.challenge, status, token: 't' })
  const identifier = { type: 'dns', value: 'www.example' }
  if (authorization !== null)
    s.post(account, order.authorization, undefined, {
      answer: { identifier, status: authorization, challenges: [of('pending')] },
    })
  if (challenge !== null) s.post(account, order.challenge, undefined, { answer: of(challenge) })
  return { account, ...order }
}

export const CASES: CaseTable = {
  'finalize-not-ready': {
    holds: {
      'the order was seen ready': (s) => finalize(s, readyOrder(s), csrText(), { status: 400, problem: ['badCSR', 'no'] }),
      'pending, but its authorization was seen valid': (s) =>
        finalize(s, pending(s, 'valid'), csrText(), { status: 400, problem: ['badCSR', 'no'] }),
      'pending, but a challenge of its authorization was seen valid': (s) =>
        finalize(s, pending(s, 'pending', 'valid'), csrText(), { status: 400, problem: ['badCSR', 'no'] }),
      'never seen ready, but the server took it': (s) => finalize(s, pending(s, 'pending'), csrText()),
    },
    broken: {
      'the authorization was seen pending': {
        scene: (s) => finalize(s, pending(s, 'pending'), csrText(), { status: 400, problem: ['malformed', 'no'] }),
        severity: 'warning',
        party: 'client',
        says: /"pending" in request 4, and authorization .* "pending" in request 5/,
      },
      'the server says so': {
        scene: (s) => finalize(s, pending(s, null), csrText(), NOT_READY),
        says: /The server says/,
      },
      'another process had finalized it': {
        scene: (s) => {
          const order = readyOrder(s)
          s.post(order.account, order.order, undefined, { answer: { ...order.object, status: 'valid' } })
          finalize(s, order, csrText(), { status: 403, problem: ['orderNotReady', 'valid'] })
        },
        says: /had been "valid"/,
      },
    },
    unknown: {
      'U-START: the order was made before the capture': (s) => {
        s.order(newAccount(s))
        s.exchanges.splice(3, 1)
        s.post(ACCOUNT, `${s.origin}/order/unseen/finalize`, { csr: csrText() }, { status: 400, problem: ['malformed', 'x'] })
      },
      'U-START: the state of the authorization was not asked for': (s) =>
        finalize(s, pending(s, null), csrText(), { status: 400, problem: ['malformed', 'x'] }),
    },
    silent: {
      'finalize-repeated speaks': (s) => {
        const order = readyOrder(s)
        finalize(s, order, csrText())
        finalize(s, order, csrText(), NOT_READY)
      },
    },
  },
  'finalize-csr-encoding': {
    holds: { 'base64url of DER': (s) => finalize(s, readyOrder(s), csrText()) },
    broken: {
      'no csr': { scene: (s) => finalize(s, readyOrder(s), undefined), severity: 'error', says: /has no csr/ },
      'a number': { scene: (s) => finalize(s, readyOrder(s), 5), says: /csr is 5, not a string/ },
      'an empty payload': (s) => {
        const { account, finalize: url } = readyOrder(s)
        s.post(account, url)
      },
      PEM: { scene: (s) => finalize(s, readyOrder(s), csrPem), says: /is PEM text/ },
      'base64url of PEM': { scene: (s) => finalize(s, readyOrder(s), base64url(csrPem)), says: /base64url of PEM/ },
      'base64url of base64': {
        scene: (s) => finalize(s, readyOrder(s), base64url(Buffer.from(csrText(), 'base64url').toString('base64'))),
        says: /in base64 twice/,
      },
      hexadecimal: {
        scene: (s) => finalize(s, readyOrder(s), Buffer.from(csrText(), 'base64url').toString('hex')),
        says: /is hexadecimal/,
      },
      padding: { scene: (s) => finalize(s, readyOrder(s), `${csrText()}=`), says: /padding/ },
      'octets after the end': {
        scene: (s) =>
          finalize(s, readyOrder(s), base64url(Buffer.concat([Buffer.from(csrText(), 'base64url'), Buffer.from([0])]))),
        says: /1 octets after its end/,
      },
      'cut off': { scene: (s) => finalize(s, readyOrder(s), csrText().slice(0, 200)), says: /octets follow, and \d+ do/ },
      garbage: { scene: (s) => finalize(s, readyOrder(s), base64url('not a CSR')), says: /begins with the octets 6e 6f 74 20/ },
      'a signature over something else': {
        scene: (s) => finalize(s, readyOrder(s), csrText({ spoilt: true })),
        says: /does not verify under the public key/,
      },
      'no attributes': {
        scene: (s) => finalize(s, readyOrder(s), csrText({ bare: true, commonName: 'www.example' })),
        severity: 'warning',
      },
    },
    unknown: {
      'U-GAP: the body was lost': (s) => finalize(s, readyOrder(s), csrText(), { bodyLost: true }),
      'U-KEY: an algorithm that cannot be verified here': (s) => {
        const known = Buffer.from(csrText(), 'base64url')
        const at = known.lastIndexOf(Buffer.from('2a8648ce3d040302', 'hex'))
        known[at + 7] = 9
        finalize(s, readyOrder(s), base64url(known))
      },
    },
    silent: { 'a URL that may be anything': (s) => void s.post(newAccount(s), `${s.origin}/finalize/9`, {}, { status: 404 }) },
  },
  'finalize-csr-identifiers': {
    holds: {
      'the same names in any order and case': (s) =>
        finalize(
          s,
          readyOrder(s, ['a.example', '*.b.example']),
          csrText({ names: ['*.B.example', 'a.example'], commonName: 'A.example' }),
        ),
      'an IPv4 address within IPv6': (s) => {
        const identifiers = [{ type: 'ip', value: '::ffff:192.0.2.1' }]
        const order = readyOrder(s, [], { payload: { identifiers }, answer: { status: 'pending', identifiers } })
        finalize(s, order, csrText({ names: ['IP:00000000000000000000ffffc0000201'] }))
      },
      'an address in another spelling': (s) => {
        const identifiers = [{ type: 'ip', value: '2001:DB8:0::1' }]
        const order = readyOrder(s, [], { payload: { identifiers }, answer: { status: 'pending', identifiers } })
        finalize(
          s,
          { ...order, object: { ...order.object, identifiers: [] } },
          csrText({ names: ['IP:20010db8000000000000000000000001'] }),
        )
      },
    },
    broken: {
      'another name': {
        scene: (s) => finalize(s, readyOrder(s), csrText({ names: ['evil.example'] })),
        severity: 'error',
        party: 'client',
        says: /the order has "www.example", which the CSR lacks; the CSR has "evil.example", which the order lacks/,
      },
      'a name too many in the commonName': (s) => finalize(s, readyOrder(s), csrText({ commonName: 'more.example' })),
      'a name too few': (s) => finalize(s, readyOrder(s, ['www.example', 'www2.example']), csrText()),
      'only in the commonName': {
        scene: (s) => finalize(s, readyOrder(s), csrText({ names: [], commonName: 'www.example' })),
        severity: 'warning',
      },
      'a commonName that is no name': {
        scene: (s) => finalize(s, readyOrder(s), csrText({ commonName: 'My Server' })),
        severity: 'warning',
        says: /"My Server"/,
      },
      'a URI': {
        scene: (s) => finalize(s, readyOrder(s), csrText({ names: ['www.example', 'URI:spiffe://x'] })),
        severity: 'warning',
      },
    },
    unknown: {
      'U-START: the order was made before the capture': (s) => {
        newAccount(s)
        s.post(ACCOUNT, `${s.origin}/order/unseen/finalize`, { csr: csrText() }, { status: 400, problem: ['malformed', 'x'] })
      },
    },
    silent: {
      'identifiers of a type whose place in a CSR is not known here': (s) => {
        const identifiers = [{ type: 'permanent-identifier', value: 'device-7' }]
        const order = readyOrder(s, [], { payload: { identifiers }, answer: { status: 'pending', identifiers } })
        finalize(s, order, csrText({ names: [] }))
      },
      'a csr that cannot be read': (s) => finalize(s, readyOrder(s), base64url('x')),
    },
  },
  'finalize-account-key': {
    holds: { 'a key of its own': (s) => finalize(s, readyOrder(s), csrText()) },
    broken: {
      "the account's key": {
        scene: (s) => finalize(s, readyOrder(s), csrText({}, ACCOUNT)),
        severity: 'error',
        says: /the key \(EC P-256\) of account "https:\/\/ca.example\/acct\/issuance"/,
      },
      "another account's key": (s) => {
        s.begin().register(OTHER)
        finalize(s, readyOrder(s), csrText({}, OTHER))
      },
    },
    unknown: {
      'U-KEY: the account was registered before the capture': (s) => {
        const order = readyOrder(s)
        s.exchanges.splice(2, 1)
        finalize(s, order, csrText())
      },
    },
    silent: { 'no csr': (s) => finalize(s, readyOrder(s), undefined) },
  },
  'finalize-csr-key': {
    holds: { 'P-256': (s) => finalize(s, readyOrder(s), csrText()) },
    broken: {
      'RSA 1024': {
        scene: (s) => finalize(s, readyOrder(s), csrText({}, RSA_1024)),
        severity: 'warning',
        says: /1024 bits .* too weak/,
      },
      Ed25519: { scene: (s) => finalize(s, readyOrder(s), csrText({}, ED25519)), says: /Ed25519 keys/ },
      'P-521': { scene: (s) => finalize(s, readyOrder(s), csrText({}, P521)), says: /EC P-521 keys/ },
      'SHA-1': { scene: (s) => finalize(s, readyOrder(s), csrText({ weak: true })), says: /ecdsa-with-SHA1/ },
      'must-staple': { scene: (s) => finalize(s, readyOrder(s), csrText({ extensions: [TLS_FEATURE] })), says: /must-staple/ },
      'an unusual extension': {
        scene: (s) => finalize(s, readyOrder(s), csrText({ extensions: [UNUSUAL] })),
        says: /1.3.6.1.4.1.311.20.2/,
      },
    },
    unknown: { 'U-GAP: the body was lost': (s) => finalize(s, readyOrder(s), csrText(), { bodyLost: true }) },
    silent: { 'no csr': (s) => finalize(s, readyOrder(s), undefined) },
  },
  'finalize-repeated': {
    holds: {
      once: (s) => finalize(s, readyOrder(s), csrText()),
      'again after badNonce': (s) => {
        const order = readyOrder(s)
        finalize(s, order, csrText(), { status: 400, problem: ['badNonce', 'x'] })
        finalize(s, order, csrText())
      },
      'again with a better CSR': (s) => {
        const order = readyOrder(s)
        finalize(s, order, csrText({ names: ['x.example'] }), { status: 400, problem: ['badCSR', 'x'] })
        finalize(s, order, csrText())
      },
      'again, since the order still waits for it': (s) => {
        const order = readyOrder(s)
        finalize(s, order, csrText(), { answer: { ...order.object, status: 'ready' } })
        finalize(s, order, csrText())
      },
    },
    broken: {
      'taken twice': {
        scene: (s) => {
          const order = readyOrder(s)
          finalize(s, order, csrText())
          finalize(s, order, csrText())
        },
        severity: 'warning',
        says: /in request 6/,
      },
    },
    unknown: {
      'U-RESP: the first answer is missing': (s) => {
        const order = readyOrder(s)
        finalize(s, order, csrText(), { unanswered: true })
        finalize(s, order, csrText(), NOT_READY)
      },
    },
  },
  'finalize-response': {
    holds: { '200 with the order and its Location': (s) => finalize(s, readyOrder(s), csrText()) },
    broken: {
      '202': { scene: (s) => finalize(s, readyOrder(s), csrText(), { status: 202 }), severity: 'warning', party: 'server' },
      'no order': { scene: (s) => finalize(s, readyOrder(s), csrText(), { answer: {} }), says: /not an order object/ },
      'a made-up status': {
        scene: (s) => {
          const order = readyOrder(s)
          finalize(s, order, csrText(), { answer: { ...order.object, status: 'queued' } })
        },
        says: /"queued"/,
      },
      'no Location': { scene: (s) => finalize(s, readyOrder(s), csrText(), { answerHeaders: [] }), severity: 'info' },
    },
    unknown: {
      'U-RESP: no answer': (s) => finalize(s, readyOrder(s), csrText(), { unanswered: true }),
      'U-GAP: the body of the answer was lost': (s) => finalize(s, readyOrder(s), csrText(), { answerLost: true }),
    },
    silent: { refused: (s) => finalize(s, readyOrder(s), csrText(), NOT_READY) },
  },
}
