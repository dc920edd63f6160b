import type { CaseTable } from '../support/cases.ts'
import { makeCertificate, pem } from '../support/der.ts'
import {
  CA,
  CA_CERTIFICATE,
  chainOf,
  csrText,
  download,
  finalize,
  issue,
  leaf,
  newAccount,
  ROOT_CERTIFICATE,
  readyOrder,
} from '../support/issuance.ts'
import { Key, type Session } from '../support/session.ts'

const OTHER = new Key('other')
const CHAIN = 'application/pem-certificate-chain'

/** A download of a certificate whose order the capture does not show. */
function unordered(s: Session): undefined {
  const account = newAccount(s)
  const certificate = `${s.origin}/cert/unseen`
  s.post(account, certificate, undefined, { answer: chainOf(leaf()), answerHeaders: [['Content-Type', CHAIN]] })
}

/** An issuance with dates asked for, and a leaf with dates of its own. */
function dated(s: Session, asked: Record<string, string>, parts: { notBefore?: Date; notAfter?: Date }): undefined {
  const order = readyOrder(s, undefined, { payload: { identifiers: [{ type: 'dns', value: 'www.example' }], ...asked } })
  finalize(s, order, csrText())
  download(s, order, chainOf(leaf(parts), CA_CERTIFICATE), { answerHeaders: [['Content-Type', CHAIN], date('00:00:01')] })
}

function date(time: string): [string, string] {
  return ['Date', `Thu, 01 Jan 2026 ${time} GMT`]
}

function withText(s: Session, content: string): undefined {
  issue(s, content)
}

export const CASES: CaseTable = {
  'cert-content-type': {
    holds: {
      'the default': (s) => void issue(s),
      'in capitals': (s) => void issue(s, undefined, { answerHeaders: [['Content-Type', 'Application/PEM-certificate-chain']] }),
      'what the client asked for': (s) =>
        void issue(s, 'DER', {
          headers: [
            ['Content-Type', 'application/jose+json'],
            ['Accept', 'application/pkix-cert;q=0.9, */*'],
          ],
          answerHeaders: [['Content-Type', 'application/pkix-cert']],
        }),
    },
    broken: {
      'another type': {
        scene: (s) => void issue(s, undefined, { answerHeaders: [['Content-Type', 'text/plain']] }),
        severity: 'warning',
        party: 'server',
      },
      'no type': { scene: (s) => void issue(s, undefined, { answerHeaders: [] }), says: /no type at all/ },
      'a parameter': {
        scene: (s) => void issue(s, undefined, { answerHeaders: [['Content-Type', `${CHAIN}; charset=utf-8`]] }),
        severity: 'info',
      },
    },
    unknown: { 'U-RESP: no answer': (s) => void issue(s, '', { unanswered: true }) },
    silent: {
      refused: (s) => void issue(s, '', { status: 404, problem: ['malformed', 'x'] }),
      'an order': (s) => void readyOrder(s),
    },
  },
  'cert-pem-form': {
    holds: {
      'leaf and issuer': (s) => void issue(s),
      'a blank line between, as the grammar has it': (s) => withText(s, `${pem(leaf())}\n${pem(CA_CERTIFICATE)}`),
      'carriage returns': (s) => withText(s, chainOf(leaf(), CA_CERTIFICATE).replaceAll('\n', '\r\n')),
      'the leaf alone': (s) => withText(s, chainOf(leaf())),
    },
    broken: {
      'a private key': {
        scene: (s) => withText(s, chainOf(leaf()) + pem(Buffer.from('secret'), 'EC PRIVATE KEY')),
        severity: 'error',
        party: 'server',
        says: /EC PRIVATE KEY, which nobody but its owner/,
      },
      'another label': {
        scene: (s) => withText(s, pem(leaf(), 'X509 CERTIFICATE')),
        says: /no certificates \("X509 CERTIFICATE"\); it holds no/,
      },
      'nothing at all': { scene: (s) => withText(s, '\n'), says: /no certificate/ },
      'octets that are no certificate': {
        scene: (s) => withText(s, pem(Buffer.from('0123456789'))),
        says: /certificate 1 is not a certificate/,
      },
      'explanatory text': { scene: (s) => withText(s, `subject=CN=x\n${chainOf(leaf())}`), says: /text outside/ },
      'long lines': {
        scene: (s) => withText(s, chainOf(leaf()).replace(/(.{64})\n(.{64})/, '$1$2')),
        says: /not 64 characters long/,
      },
      'the CA first': {
        scene: (s) => withText(s, chainOf(CA_CERTIFICATE, leaf())),
        severity: 'error',
        says: /not of an end entity/,
      },
      'a certificate of another CA': {
        scene: (s) => withText(s, chainOf(leaf(), ROOT_CERTIFICATE)),
        severity: 'warning',
        says: /is not the issuer of certificate 1, which is "CN=Test CA"/,
      },
      'an issuer with another key': {
        scene: (s) => withText(s, chainOf(leaf(), makeCertificate(OTHER.privateKey, CA, { commonName: CA.name, ca: true }))),
        says: /does not verify under the key of certificate 2/,
      },
      'the same one twice': { scene: (s) => withText(s, chainOf(leaf(), CA_CERTIFICATE, CA_CERTIFICATE)), says: /there twice/ },
      'with its root': {
        scene: (s) => withText(s, chainOf(leaf(), CA_CERTIFICATE, ROOT_CERTIFICATE)),
        severity: 'info',
        says: /includes its root/,
      },
    },
    unknown: {
      'U-RESP: no answer': (s) => void issue(s, '', { unanswered: true }),
      'U-GAP: the body was lost': (s) => void issue(s, '', { answerLost: true }),
    },
    silent: { refused: (s) => void issue(s, '', { status: 404, problem: ['malformed', 'x'] }) },
  },
  'cert-key-match': {
    holds: { 'the key of the CSR': (s) => void issue(s) },
    broken: {
      'another key': {
        scene: (s) => withText(s, chainOf(leaf({}, OTHER))),
        severity: 'error',
        party: 'server',
        says: /another key \(EC P-256\) than the CSR in request 6/,
      },
      'another key in an alternate chain': (s) => {
        const order = issue(s, undefined, {
          answerHeaders: [
            ['Content-Type', CHAIN],
            ['Link', `<${s.origin}/cert/alt>;rel="alternate"`],
          ],
        })
        download(s, { ...order, certificate: `${s.origin}/cert/alt` }, chainOf(leaf({}, OTHER)))
      },
    },
    unknown: {
      'U-START: the order is not in the capture': unordered,
      'U-START: the order was done when the capture saw it first': (s) => {
        const order = readyOrder(s)
        s.exchanges.splice(3, 2)
        s.post(order.account, order.order, undefined, {
          answer: { ...order.object, status: 'valid', certificate: order.certificate },
        })
        finalize(s, order, csrText())
        download(s, order, chainOf(leaf({}, OTHER)))
      },
    },
    silent: { 'no certificate': (s) => withText(s, 'nothing') },
  },
  'cert-names-match': {
    holds: {
      'the names of the order': (s) => void issue(s),
      'a commonName alone': (s) => withText(s, chainOf(leaf({ names: [], commonName: 'www.example' }))),
    },
    broken: {
      'a name too few': {
        scene: (s) => withText(s, chainOf(leaf({ names: ['x.example'] }))),
        severity: 'error',
        says: /lacks "www.example"/,
      },
      'a name too many': {
        scene: (s) => withText(s, chainOf(leaf({ names: ['www.example', 'example'] }))),
        severity: 'warning',
        says: /"example", which nobody ordered/,
      },
    },
    unknown: { 'U-START: the order is not in the capture': unordered },
    silent: { 'no certificate': (s) => withText(s, 'nothing') },
  },
  'cert-validity': {
    holds: {
      'valid now': (s) => void issue(s),
      'dates as ordered': (s) => dated(s, { notAfter: '2026-02-01T00:00:00Z' }, { notAfter: new Date('2026-01-31T23:59:59Z') }),
    },
    broken: {
      'longer than ordered': {
        scene: (s) => dated(s, { notAfter: '2026-01-08T00:00:00Z' }, {}),
        severity: 'warning',
        party: 'server',
        says: /notAfter is 2026-03-31T00:00:00Z, the order asked for 2026-01-08/,
      },
      'not valid yet by the clock of the server': {
        scene: (s) => dated(s, {}, { notBefore: new Date('2026-01-01T01:00:00Z') }),
        party: 'server',
        says: /is not valid yet/,
      },
      expired: {
        scene: (s) => dated(s, {}, { notBefore: new Date('2025-01-01T00:00:00Z'), notAfter: new Date('2025-02-01T00:00:00Z') }),
        severity: 'info',
        says: /has expired/,
      },
      'not valid yet by the clock of the capture alone': {
        scene: (s) => {
          const order = readyOrder(s)
          finalize(s, order, csrText())
          const headers: [string, string][] = [['Content-Type', CHAIN], date('03:00:00')]
          download(s, order, chainOf(leaf({ notBefore: new Date('2026-01-01T02:00:00Z') })), { answerHeaders: headers })
        },
        severity: 'info',
        party: 'unknown',
      },
    },
    unknown: {
      'U-CLOCK: no Date': (s) => withText(s, chainOf(leaf({ notBefore: new Date('2026-01-01T02:00:00Z') }))),
    },
    silent: { 'no certificate': (s) => withText(s, 'nothing') },
  },
}
