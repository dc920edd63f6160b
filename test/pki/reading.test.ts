import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import test from 'ava'
import { readJwk } from '../../src/jose/keys.ts'
import type { Certificate } from '../../src/pki/certificate.ts'
import { identityOf } from '../../src/pki/public-key.ts'
import { PkiReader } from '../../src/pki/reader.ts'
import {
  altNames,
  bits,
  bool,
  extension,
  type Issuer,
  keyIdOf,
  makeCertificate,
  makeCsr,
  octets,
  oid,
  pem,
  seq,
  spkiOf,
  tlv,
} from '../support/der.ts'
import { base64url, Key } from '../support/session.ts'
import { EC, RSA } from '../tls/certificates.ts'

const reader = await PkiReader.load(true)

const SITE = new Key('site').privateKey
const CA: Issuer = { name: 'Test CA', key: new Key('ca', 'RSA-2048').privateKey }

function read(der: Uint8Array): Certificate {
  const { value, faults } = reader.certificate(base64url(der))
  if (value === null) throw new Error(faults.join('; '))
  return value
}

/** RFC 9773, Appendix A. */
const ARI_EXAMPLE = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`

const CERTIFICATES: Record<string, Uint8Array> = {
  'the example of RFC 9773': new X509Certificate(ARI_EXAMPLE).raw,
  'an RSA certificate of openssl': new X509Certificate(RSA.cert).raw,
  'an EC certificate of openssl': new X509Certificate(EC.cert).raw,
  'names of several kinds': makeCertificate(SITE, CA, {
    names: [
      'www.example',
      '*.example',
      'IP:c0000201',
      'IP:20010db8000000000000000000000001',
      'email:a@example',
      'URI:spiffe://x',
    ],
    commonName: 'www.example',
  }),
  'a certificate of a CA': makeCertificate(CA.key, CA, { names: [], ca: true, commonName: CA.name, serial: '7f' }),
  'a certificate beyond 2050': makeCertificate(SITE, CA, { notAfter: new Date('2055-06-01T12:34:56Z') }),
}

/** node writes IPv6 addresses in full, this program as RFC 5952 does. */
function sameIp(text: string): string {
  return text.includes(':') ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text
}

for (const [title, der] of Object.entries(CERTIFICATES))
  test(`${title}: what node:crypto reads in it`, (t) => {
    const oracle = new X509Certificate(der)
    const certificate = read(der)
    const names = (oracle.subjectAltName ?? '').split(', ').filter((name) => name !== '')
    const of = (prefix: string) => names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
    t.deepEqual(certificate.names.dns, of('DNS:'))
    t.deepEqual(certificate.names.ip, of('IP Address:').map(sameIp))
    t.deepEqual(certificate.names.email, of('email:'))
    t.is(Buffer.from(certificate.serial).toString('hex').replace(/^00/, '').toUpperCase(), oracle.serialNumber)
    if (!title.includes('9773')) t.is(certificate.notBefore, Date.parse(oracle.validFrom) * 1000)
    if (!title.includes('9773')) t.is(certificate.notAfter, Date.parse(oracle.validTo) * 1000)
    t.is(certificate.isCa, oracle.ca)
    t.deepEqual(Buffer.from(certificate.key.spki), oracle.publicKey.export({ format: 'der', type: 'spki' }))
    t.is(certificate.subject.text, oracle.subject ?? '')
    t.is(certificate.issuer.text, oracle.issuer ?? '')
    t.deepEqual(certificate.key.facts?.jwk, { ...oracle.publicKey.export({ format: 'jwk' }) })
  })

test('RFC 9773 4.1, Appendix A: the CertID keeps the leading zero of the serial number', (t) => {
  const certificate = read(CERTIFICATES['the example of RFC 9773'] as Uint8Array)
  t.is(certificate.certId, 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE')
  t.is(certificate.notBefore, -62135596800 * 1e6)
})

test('RFC 8737 3: acmeIdentifier with its digest', (t) => {
  const digest = new Uint8Array(32).fill(7)
  const withValue = (value: Uint8Array, critical: boolean) =>
    read(makeCertificate(SITE, CA, { extensions: [extension('1.3.6.1.5.5.7.1.31', value, critical)] })).acmeIdentifier
  t.deepEqual(withValue(octets(digest), true), { critical: true, digest })
  t.deepEqual(withValue(digest, false), { critical: false, digest: null })
  t.is(read(makeCertificate(SITE, CA)).acmeIdentifier, null)
})

const KEYS: Record<string, () => KeyObject> = {
  'RSA 2048 bits': () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  'RSA 1024 bits': () => generateKeyPairSync('rsa-pss', { modulusLength: 1024 }).privateKey,
  'EC P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'EC P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  'EC P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  'EC secp256k1': () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
  Ed25519: () => generateKeyPairSync('ed25519').privateKey,
  Ed448: () => generateKeyPairSync('ed448').privateKey,
  '1.2.840.10045.2.1': () => generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).privateKey,
}

for (const [kind, make] of Object.entries(KEYS))
  test(`a key of kind ${kind} has one identity as certificate and as JWK`, (t) => {
    const key = make()
    const { key: found } = read(makeCertificate(SITE, CA, {}, spkiOf(key)))
    t.is(found.kind, kind)
    t.deepEqual(Buffer.from(found.spki), spkiOf(key))
    if (kind === '1.2.840.10045.2.1') t.is(found.facts, null)
    else if (kind !== 'RSA 1024 bits') {
      const jwk = createPublicKey(key).export({ format: 'jwk' }) as Record<string, string>
      t.is(identityOf(readJwk(jwk) as never), found.identity)
      for (const member of ['n', 'e', 'x', 'y'])
        if (jwk[member] !== undefined && !kind.startsWith('Ed')) {
          const zero = base64url(Buffer.concat([Buffer.from([0]), Buffer.from(jwk[member], 'base64url')]))
          t.is(identityOf(readJwk({ ...jwk, [member]: `${zero}` }) as never), found.identity, member)
        }
    }
  })

test('a compressed point is the same key', (t) => {
  const spki = spkiOf(SITE)
  const point = spki.subarray(-65)
  const compressed = Buffer.concat([Buffer.from([2 + ((point.at(-1) as number) & 1)]), point.subarray(1, 33)])
  const short = seq(seq(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), bits(compressed))
  t.is(read(makeCertificate(SITE, CA, {}, short)).key.identity, read(makeCertificate(SITE, CA)).key.identity)
})

test('a request for a certificate, and whether it is signed by its own key', async (t) => {
  for (const kind of ['RSA-2048', 'P-256', 'Ed25519'] as const) {
    const { privateKey } = new Key('x', kind)
    const parts = { names: ['a.example', 'IP:7f000001'], commonName: 'a.example' }
    const { value, faults } = reader.csr(base64url(makeCsr(privateKey, parts)))
    t.deepEqual(faults, [])
    if (value === null) return t.fail()
    t.deepEqual(value.names, { dns: ['a.example'], ip: ['127.0.0.1'], email: [], other: [] })
    t.deepEqual(value.subject.commonNames, ['a.example'])
    t.deepEqual(Buffer.from(value.key.spki), spkiOf(privateKey))
    t.is(await reader.verifyCsr(value), 'valid')
    const spoilt = reader.csr(base64url(makeCsr(privateKey, { spoilt: true }))).value
    t.is(spoilt === null ? null : await reader.verifyCsr(spoilt), 'invalid')
    const foreign = reader.csr(base64url(makeCsr(privateKey, { spki: spkiOf(CA.key) }))).value
    t.is(foreign === null ? null : await reader.verifyCsr(foreign), 'invalid')
    t.is(await (await PkiReader.load(false)).verifyCsr(value), 'unchecked')
  }
})

const openssl = (() => {
  try {
    return execFileSync('openssl', ['version'], { encoding: 'utf8' })
  } catch {
    return null
  }
})()

for (const [kind, algorithm, ...options] of [
  ['RSA 2048 bits', 'sha256WithRSAEncryption', 'rsa:2048'],
  ['RSA 2048 bits', 'RSASSA-PSS with sha256', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'],
  ['EC P-384', 'ecdsa-with-SHA256', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha256'],
  ['Ed25519', 'Ed25519', 'ed25519'],
] as const)
  (openssl === null ? test.skip : test)(`a request by openssl: ${kind}, ${algorithm}`, async (t) => {
    const names = 'subjectAltName=DNS:www.example,DNS:*.example,IP:2001:db8::1'
    const fixed = [
      'req',
      '-new',
      '-nodes',
      '-subj',
      '/C=CH/O=Ex/CN=www.example',
      '-addext',
      names,
      '-outform',
      'DER',
      '-keyout',
      '/dev/null',
    ]
    const der = execFileSync('openssl', [...fixed, '-newkey', ...options], { stdio: ['ignore', 'pipe', 'ignore'] })
    const { value, faults } = reader.csr(base64url(der))
    t.deepEqual(faults, [])
    if (value === null) return t.fail()
    t.deepEqual(value.names.dns, ['www.example', '*.example'])
    t.deepEqual(value.names.ip, ['2001:db8::1'])
    t.is(value.subject.text, 'C=CH, O=Ex, CN=www.example')
    t.is(value.key.kind, kind)
    t.is(value.signed.algorithm, algorithm)
    t.is(await reader.verifyCsr(value), 'valid')
  })

const CSR = makeCsr(SITE)
const CSR_PEM = pem(CSR, 'CERTIFICATE REQUEST')

const CARRIED: Record<string, { text: string; says: RegExp | null; read: boolean }> = {
  'base64url of DER': { text: base64url(CSR), says: null, read: true },
  'PEM text': { text: CSR_PEM, says: /^is PEM text$/, read: true },
  'base64url of PEM': { text: base64url(CSR_PEM), says: /^is base64url of PEM text$/, read: true },
  'standard base64': { text: Buffer.concat([CSR]).toString('base64'), says: /alphabet|padding/, read: true },
  'base64 twice': { text: base64url(Buffer.from(CSR).toString('base64')), says: /^is encoded in base64 twice$/, read: true },
  hexadecimal: { text: Buffer.from(CSR).toString('hex'), says: /^is hexadecimal$/, read: true },
  'line breaks': { text: base64url(CSR).replace(/(.{64})/g, '$1\n'), says: /white space/, read: true },
  'an octet too many': {
    text: base64url(Buffer.concat([CSR, Buffer.from([0])])),
    says: /has 1 octets after its end$/,
    read: true,
  },
  'two of them': { text: base64url(Buffer.concat([CSR, CSR])), says: /look like another structure/, read: true },
  'a length in too many octets': {
    text: base64url(Buffer.concat([Buffer.from([0x30, 0x83, 0, 0, CSR[2] as number]), CSR.subarray(3)])),
    says: /BER but not DER: it has a length in more octets/,
    read: true,
  },
  'an indefinite length': {
    text: base64url(Buffer.concat([Buffer.from([0x30, 0x80]), CSR.subarray(3), Buffer.from([0, 0])])),
    says: /BER but not DER: it has a length in indefinite form/,
    read: true,
  },
  nothing: { text: '', says: /is not a PKCS #10 request: it is empty/, read: false },
  'a certificate': { text: base64url(makeCertificate(SITE, CA)), says: /it is a certificate, not a request/, read: false },
  'something else': { text: base64url(seq(bool(true))), says: /a part is missing or of another type/, read: false },
  words: { text: 'not base64 at all!', says: /is not a PKCS #10 request: it begins with the octets/, read: false },
}

for (const [title, { text, says, read: isRead }] of Object.entries(CARRIED))
  test(`csr carries ${title}`, (t) => {
    const { value, faults } = reader.csr(text)
    t.is(value !== null, isRead)
    if (says === null) t.deepEqual(faults, [])
    else t.regex(faults.join('; '), says)
  })

test('a chain is read in order, and each link is verified', async (t) => {
  const rootKey = new Key('root').privateKey
  const root: Issuer = { name: 'Root', key: rootKey }
  const inter = makeCertificate(CA.key, root, { commonName: CA.name, names: [], ca: true })
  const top = makeCertificate(rootKey, root, { commonName: root.name, names: [], ca: true })
  const good = await reader.chain(Buffer.from([makeCertificate(SITE, CA), inter, top].map((der) => pem(der)).join('')))
  t.deepEqual(good.links, ['valid', 'valid'])
  t.deepEqual(
    good.certificates.map(({ value }) => value?.subject.text),
    ['', 'CN=Test CA', 'CN=Root'],
  )
  const other = makeCertificate(SITE, root, { commonName: CA.name, names: [], ca: true })
  const bad = await reader.chain(
    Buffer.from([makeCertificate(SITE, CA), other, makeCertificate(SITE, CA)].map((der) => pem(der)).join('')),
  )
  t.deepEqual(bad.links, ['invalid', 'names'])
  const unread = await reader.chain(Buffer.from(pem(makeCertificate(SITE, CA)) + pem(Buffer.from('x'))))
  t.deepEqual(unread.links, ['unchecked'])
})

const PEM_FILES: Record<string, [text: string, faults: readonly RegExp[], certificates: number]> = {
  'strict, line feeds': [pem(makeCertificate(SITE, CA)), [], 1],
  'strict, carriage returns': [pem(makeCertificate(SITE, CA)).replaceAll('\n', '\r'), [], 1],
  'text before': [`Subject: x\n${pem(makeCertificate(SITE, CA))}`, [/text outside/], 1],
  'one long line': [pem(makeCertificate(SITE, CA)).replaceAll(/\n(?!-)(?<!-\n)/g, ''), [/64 characters/], 1],
  'indented boundary': [` ${pem(makeCertificate(SITE, CA))}`, [/white space around/], 1],
  'spaces inside': [pem(makeCertificate(SITE, CA)).replace('\nM', '\n M'), [/white space inside/], 1],
  'header fields': [pem(makeCertificate(SITE, CA)).replace('\nM', '\nProc-Type: 4\nM'), [/header fields/], 1],
  'no end': [pem(makeCertificate(SITE, CA)).slice(0, 300), [/ends within a CERTIFICATE block/], 0],
  'no beginning': ['-----END CERTIFICATE-----\n', [/an end without a beginning/], 0],
  'two beginnings': [`-----BEGIN CERTIFICATE-----\n${pem(makeCertificate(SITE, CA))}`, [/without an end/], 1],
  'labels that differ': [pem(makeCertificate(SITE, CA)).replace('END CERTIFICATE', 'END X509 CRL'), [/ends it as X509 CRL/], 1],
}

for (const [title, [text, faults, certificates]] of Object.entries(PEM_FILES))
  test(`RFC 7468 3: a PEM file, ${title}`, async (t) => {
    const chain = await reader.chain(Buffer.from(text))
    t.is(chain.faults.length, faults.length, chain.faults.join('; '))
    for (const [index, fault] of faults.entries()) t.regex(chain.faults[index] ?? '', fault)
    t.is(chain.certificates.length, certificates)
  })

test('a subjectAltName of every kind is told apart', (t) => {
  const directory = tlv(0xa4, seq(tlv(0x31, seq(oid('2.5.4.3'), tlv(0x1e, Buffer.from('\0d\0i\0r'))))))
  const otherName = tlv(0xa0, oid('1.3.6.1.4.1.311.20.2.3'), tlv(0xa0, tlv(0x0c, Buffer.from('u'))))
  const names = seq(directory, otherName, altNames(['X.Example']).subarray(2), tlv(0x87, Buffer.from([1, 2, 3])))
  const certificate = read(makeCertificate(SITE, CA, { names: [], extensions: [extension('2.5.29.17', names)] }))
  t.deepEqual(certificate.names, {
    dns: ['x.example'],
    ip: ['#010203'],
    email: [],
    other: ['directory name CN=dir', 'other name 1.3.6.1.4.1.311.20.2.3'],
  })
  t.deepEqual(Buffer.from(certificate.authorityKeyId ?? []), keyIdOf(CA.key))
})
