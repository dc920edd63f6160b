import type { Csr } from '../../pki/csr.ts'
import { BASIC_CONSTRAINTS, SUBJECT_ALT_NAME, SUBJECT_KEY_ID } from '../../pki/extensions.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody } from '../scope.ts'

/** keyUsage, extKeyUsage and what certificates of end entities usually have (RFC 5280 4.2.1). */
const USUAL: ReadonlySet<string> = new Set([SUBJECT_ALT_NAME, SUBJECT_KEY_ID, BASIC_CONSTRAINTS, '2.5.29.15', '2.5.29.37'])

/** TLS feature (RFC 7633), "must-staple". */
const TLS_FEATURE = '1.3.6.1.5.5.7.1.24'

function* weaknesses({ key, signed, extensions }: Csr): Generator<string> {
  const { facts, kind } = key
  if (facts === null) yield `keys of algorithm ${kind} are taken by few CAs`
  else if (facts.kty === 'RSA') {
    if (facts.bits !== 2048 && facts.bits !== 3072 && facts.bits !== 4096)
      yield `an RSA key of ${facts.bits} bits is refused by many CAs${(facts.bits ?? 0) < 2048 ? ' as too weak' : '; 2048, 3072 and 4096 are taken'}`
    if (facts.exponent !== '65537') yield `the RSA exponent is ${facts.exponent}; many CAs take 65537 only`
  } else if (facts.faults.has('off-curve')) yield `the point of the ${kind} key is not on the curve`
  else if (facts.kty !== 'EC' || (facts.crv !== 'P-256' && facts.crv !== 'P-384')) yield `${kind} keys are taken by few CAs`
  const hash = signed.scheme?.hash ?? ''
  if (hash === 'md5' || hash === 'sha1') yield `the CSR is signed with ${signed.algorithm}`
  if (extensions.some(({ oid }) => oid === TLS_FEATURE))
    yield 'it asks for must-staple (TLS feature), which many CAs no longer grant'
  const unusual = extensions.map(({ oid }) => oid).filter((oid) => oid !== TLS_FEATURE && !USUAL.has(oid))
  if (unusual.length > 0) yield `it asks for extensions that few CAs grant (${unusual.slice(0, 5).join(', ')})`
}

export const finalizeCsrKey: Rule = {
  id: 'finalize-csr-key',
  group: 'finalize',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: 'Certificate key acceptable',
  norm: 'Short or weak keys are reasons for badCSR.',
  decide:
    'RSA 2048/3072/4096 with e=65537, EC P-256/P-384; warn otherwise. Warn for an MD5/SHA-1 signature, must-staple, and extensions other than subjectAltName, keyUsage, extKeyUsage, basicConstraints and subjectKeyIdentifier.',
  traps: ['Private CAs may take Ed25519.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 badCSR; must-staple request 403 unauthorized',
    Pebble: 'Accepts more',
    'step-ca': 'Template/provisioner policy',
    'golang.org/x/crypto/acme': 'As given',
  },
  remedy: 'Use RSA-2048 or P-256.',
  references: ['RFC 8555 §6.7', 'RFC 8555 §7.4'],
  why: 'The CA refuses a weak or unusual key with badCSR, when everything else is done already.',
  fixes: {
    'cert-manager': 'Set spec.privateKey.algorithm and size of the Certificate.',
    certbot: 'Use --key-type ecdsa or rsa, and --rsa-key-size 2048.',
    lego: 'Use --key-type ec256 or rsa2048.',
    'acme.sh': 'Use --keylength ec-256 or 2048.',
  },
  examples: { fails: 'RSA, 1024 bits', passes: 'EC P-256' },
  explains: { types: ['badCSR', 'unauthorized', 'badPublicKey'], details: [] },
  resources: ['finalize'],
  judge(request) {
    const csr = request.csr?.value ?? null
    if (csr === null) return lostBody(request) ?? undefined
    const found = [...weaknesses(csr)]
    if (found.length === 0) return HOLDS
    return broken(finalizeCsrKey, `The CSR may be refused: ${found.join('; ')}.`, {
      evidence: { key: csr.key.kind, algorithm: csr.signed.algorithm, extensions: csr.extensions.map(({ oid }) => oid) },
    })
  },
}
