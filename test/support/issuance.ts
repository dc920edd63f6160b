import { type CertificateParts, type CsrParts, type Issuer, makeCertificate, makeCsr, pem } from './der.ts'
import { type Bend, base64url, Key, type Session } from './session.ts'

/** The keys of a test run: an account, a certificate, a CA. Made once, since making keys takes longer than using them. */
export const ACCOUNT = new Key('issuance')
export const SITE = new Key('site')
const CA_KEY = new Key('ca')
const ROOT_KEY = new Key('root')
export const CA: Issuer = { name: 'Test CA', key: CA_KEY.privateKey }
export const ROOT: Issuer = { name: 'Test Root', key: ROOT_KEY.privateKey }
export const CA_CERTIFICATE = makeCertificate(CA.key, ROOT, { commonName: CA.name, names: [], ca: true, serial: '11' })
export const ROOT_CERTIFICATE = makeCertificate(ROOT.key, ROOT, { commonName: ROOT.name, names: [], ca: true, serial: '12' })

export function csrText(parts: CsrParts = {}, key: Key = SITE): string {
  return base64url(makeCsr(key.privateKey, parts))
}

export function leaf(parts: CertificateParts = {}, key: Key = SITE): Uint8Array {
  return makeCertificate(key.privateKey, CA, parts)
}

export function chainOf(...certificates: Uint8Array[]): string {
  return certificates.map((der) => pem(der)).join('')
}

/** An account with an order, ready to be finalized. */
export function readyOrder(s: Session, names: readonly string[] = ['www.example'], more: Partial<Bend> = {}) {
  const account = newAccount(s)
  const order = s.order(account, names, more)
  const object = { ...order.object, ...(typeof more.answer === 'object' ? more.answer : {}) }
  s.post(account, order.order, undefined, { answer: { ...object, status: 'ready' } })
  return { account, ...order, object }
}

/** The key of the tests under a fresh account. */
export function newAccount(s: Session): Key {
  s.begin().register(ACCOUNT)
  return ACCOUNT
}

type Ordered = ReturnType<typeof readyOrder>

export function finalize(s: Session, { account, ...urls }: Ordered, csr: unknown, more: Partial<Bend> = {}): undefined {
  s.post(account, urls.finalize, csr === undefined ? {} : { csr }, {
    answer: { ...urls.object, status: 'valid', certificate: urls.certificate },
    answerHeaders: [['Location', urls.order]],
    ...more,
  })
}

export function download(s: Session, { account, certificate }: Ordered, content: string, more: Partial<Bend> = {}): undefined {
  s.post(account, certificate, undefined, {
    answer: content,
    answerHeaders: [['Content-Type', 'application/pem-certificate-chain']],
    ...more,
  })
}

/** A whole issuance, down to the chain. */
export function issue(s: Session, content: string = chainOf(leaf(), CA_CERTIFICATE), more: Partial<Bend> = {}): Ordered {
  const order = readyOrder(s)
  finalize(s, order, csrText())
  download(s, order, content, more)
  return order
}

export function revoke(s: Session, key: Key, payload: unknown, more: Partial<Bend> = {}): undefined {
  s.post(key, 'revokeCert', payload, { answer: '', ...more })
}
