import test from 'ava'
import { MAX_DEPTH, MAX_ELEMENTS, MAX_OCTETS } from '../../src/pki/der.ts'
import { MAX_BLOCKS } from '../../src/pki/pem.ts'
import { PkiReader } from '../../src/pki/reader.ts'
import { altNames, extension, makeCertificate, makeCsr, oid, pem, seq, tlv } from '../support/der.ts'
import { base64url, Key } from '../support/session.ts'

const reader = await PkiReader.load(true)
const SITE = new Key('site').privateKey
const CA = { name: 'Test CA', key: new Key('ca').privateKey }
const CSR = makeCsr(SITE, { commonName: 'www.example' })
const CERTIFICATE = makeCertificate(SITE, CA, { commonName: 'www.example' })

test('cut at every length, a request is never read and never throws', (t) => {
  for (let length = 0; length < CSR.length; length++) {
    const { value, faults } = reader.csr(base64url(CSR.subarray(0, length)))
    t.is(value, null, `${length}`)
    t.is(faults.length, 1, `${length}`)
  }
})

test('cut at every length, a certificate is never read and never throws', (t) => {
  for (let length = 0; length < CERTIFICATE.length; length++) {
    const { value, faults } = reader.certificate(base64url(CERTIFICATE.subarray(0, length)))
    t.is(value, null, `${length}`)
    t.is(faults.length, 1, `${length}`)
  }
})

test('cut at every length, a chain never throws, and what was whole is read', async (t) => {
  const text = pem(CERTIFICATE) + pem(CERTIFICATE)
  const first = pem(CERTIFICATE).length - 1
  for (let length = 0; length <= text.length; length += 7) {
    const { certificates } = await reader.chain(Buffer.from(text.slice(0, length)))
    t.is(certificates.length, length < first ? 0 : length < text.length - 1 ? 1 : 2, `${length}`)
  }
})

test('no flipped bit throws; one that is read has another signature, or verifies no more', async (t) => {
  let read = 0
  for (let bit = 0; bit < CSR.length * 8; bit++) {
    const spoilt = Buffer.from(CSR)
    spoilt[bit >> 3] = (spoilt[bit >> 3] as number) ^ (1 << (bit & 7))
    const { value } = reader.csr(base64url(spoilt))
    if (value === null) continue
    read++
    t.not(await reader.verifyCsr(value), 'valid', `bit ${bit}`)
  }
  t.true(read > CSR.length)
  for (let bit = 0; bit < CERTIFICATE.length * 8; bit++) {
    const spoilt = Buffer.from(CERTIFICATE)
    spoilt[bit >> 3] = (spoilt[bit >> 3] as number) ^ (1 << (bit & 7))
    t.notThrows(() => reader.certificate(base64url(spoilt)), `bit ${bit}`)
  }
})

/** A structure as deep as it is asked to be. */
function nested(depth: number): Uint8Array {
  let inner: Uint8Array = seq()
  for (let i = 1; i < depth; i++) inner = seq(inner)
  return inner
}

test('bounds: depth, number of elements, octets', (t) => {
  const names = (count: number) => Array.from({ length: count }, () => 'a')
  const csr = (count: number) => reader.csr(base64url(makeCsr(SITE, { names: names(count), weak: false })))
  t.is(csr(10_000).value?.names.dns.length, 10_000)
  t.regex(csr(MAX_ELEMENTS).faults.join(), /larger or deeper than this program reads/)
  const deep = (depth: number) => reader.csr(base64url(nested(depth))).faults.join()
  t.regex(deep(MAX_DEPTH - 1), /a part is missing/)
  t.regex(deep(MAX_DEPTH + 2), /larger or deeper/)
  const large = (octets: number) => {
    const extensions = [extension('1.2.3.4', tlv(0x0c, Buffer.alloc(octets)))]
    return reader.csr(base64url(bigCsr(extensions)))
  }
  t.not(large(1000).value, null)
  t.is(large(MAX_OCTETS).value, null)
})

/** A request whose extensions may be longer than two length octets tell. */
function bigCsr(extensions: readonly Uint8Array[]): Uint8Array {
  const whole = makeCsr(SITE, { extensions: extensions.map((one) => (one.length < 60_000 ? one : Buffer.alloc(0))) })
  const extra = extensions.filter((one) => one.length >= 60_000)
  if (extra.length === 0) return whole
  const body = Buffer.concat(extra)
  return Buffer.concat([Buffer.from([0x30, 0x84]), lengthOf(body.length), body])
}

function lengthOf(length: number): Uint8Array {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(length)
  return octets
}

test('bounds: blocks of a chain', async (t) => {
  const { certificates, faults } = await reader.chain(Buffer.from(pem(CERTIFICATE).repeat(MAX_BLOCKS + 1)))
  t.is(certificates.length, MAX_BLOCKS)
  t.regex(faults.join(), /more than 64 blocks/)
})

test('names and numbers that contradict their own types are refused, not misread', (t) => {
  const withNames = (value: Uint8Array) =>
    reader.certificate(base64url(makeCertificate(SITE, CA, { names: [], extensions: [extension('2.5.29.17', value)] })))
  t.is(withNames(tlv(0x04, Buffer.from('x'))).value, null)
  t.is(withNames(seq(tlv(0x8f, Buffer.from('x')))).value, null)
  t.is(withNames(seq(oid('1.2'))).value, null)
  t.is(withNames(Buffer.alloc(0)).value, null)
  t.deepEqual(withNames(altNames([])).value?.names.dns, [])
})
