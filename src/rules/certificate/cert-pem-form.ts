import type { Chain } from '../../pki/reader.ts'
import { latin1Text } from '../../platform/base64.ts'
import { lostContent } from '../answer.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, uncertainRole } from '../scope.ts'

/** What RFC 8555 9.1 forbids, gravest first. */
function* violations({ certificates, otherLabels, faults }: Chain): Generator<string> {
  const secret = otherLabels.find((label) => label.includes('PRIVATE KEY'))
  if (secret !== undefined) yield `it holds a ${secret}, which nobody but its owner may have`
  else if (otherLabels.length > 0)
    yield `it holds blocks that are no certificates (${otherLabels.slice(0, 5).map(quote).join(', ')})`
  if (certificates.length === 0) yield 'it holds no certificate'
  for (const [index, { faults }] of certificates.entries())
    if (faults.length > 0) yield `certificate ${index + 1} ${faults.join('; ')}`
  const first = certificates[0]?.value
  if (first?.isCa === true) yield `the first certificate (${quote(first.subject.text)}) is one of a CA, not of an end entity`
  for (const fault of faults) yield `it ${fault}`
}

/** What only departs from the order that clients expect. */
function* disorder({ certificates, links }: Chain): Generator<string> {
  const subject = (index: number) => quote(certificates[index]?.value?.subject.text ?? '')
  for (const [index, link] of links.entries()) {
    if (link === 'names')
      yield `certificate ${index + 2} (${subject(index + 1)}) is not the issuer of certificate ${index + 1}, which is ${quote(certificates[index]?.value?.issuer.text ?? '')}`
    else if (link === 'invalid')
      yield `the signature of certificate ${index + 1} does not verify under the key of certificate ${index + 2} (${subject(index + 1)})`
  }
  const seen = new Set<string>()
  for (const [index, { value }] of certificates.entries()) {
    const der = value === null ? '' : latin1Text(value.der)
    if (der !== '' && seen.has(der)) yield `certificate ${index + 1} (${subject(index)}) is there twice`
    seen.add(der)
  }
}

export const certPemForm: Rule = {
  id: 'cert-pem-form',
  group: 'certificate',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'Chain holds only strict certificate PEM, leaf first, each certifying the previous',
  norm: 'Only CERTIFICATE blocks; end entity first; anything else must make the client reject the file.',
  decide:
    'Parse PEM strictly. Fail on another BEGIN label (PRIVATE KEY is critical), no certificate, one that cannot be parsed, a CA certificate first, text outside the blocks, lines that are not strict. Warn where a certificate does not certify the one before it by issuer name and signature, and on duplicates; info when the root is included. Blank lines between blocks are fine: the grammar of §9.1 has one.',
  traps: ['Cross-signed chains may omit the root: fine.'],
  unknownWhen: ['U-RESP', 'U-GAP'],
  inPractice: {
    Boulder: 'Leaf then chain',
    Pebble: 'Leaf then chain',
    'step-ca': 'Leaf then intermediates',
    'golang.org/x/crypto/acme': 'Requires CERTIFICATE type, at most 5 certificates',
  },
  remedy: 'Server: fix chain order.',
  references: ['RFC 8555 §9.1', 'RFC 8555 §7.4.2', 'RFC 8555 §11.4'],
  why: 'Web servers fail to load the file, or browsers fail to build the chain.',
  explains: { types: [], details: [] },
  resources: ['certificate'],
  judge(request) {
    if (uncertainRole(request) !== null) return undefined
    const { response, chain } = request
    if (response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (response.status !== 200) return undefined
    if (chain === null) return lostContent(request) ?? undefined // a type other than PEM: cert-content-type
    const evidence = { subjects: chain.certificates.map(({ value }) => value?.subject.text ?? null), links: chain.links }
    const forbidden = [...violations(chain)]
    if (forbidden.length > 0)
      return broken(certPemForm, `The chain is not as clients need it: ${forbidden.join('; ')}.`, { evidence })
    const unordered = [...disorder(chain)]
    if (unordered.length > 0)
      return broken(certPemForm, `Each certificate should certify the one before it: ${unordered.join('; ')}.`, {
        severity: 'warning',
        evidence,
      })
    const last = chain.certificates.at(-1)?.value
    if (chain.certificates.length > 1 && last != null && last.subject.text === last.issuer.text)
      return broken(certPemForm, `The chain includes its root (${quote(last.subject.text)}), which clients must have anyway.`, {
        severity: 'info',
        evidence,
      })
    return HOLDS
  },
}
