import { existsSync, readFileSync } from 'node:fs'
import test from 'ava'
import { ALGORITHMS } from '../../src/jose/algorithms.ts'
import { decodeJws } from '../../src/jose/jws.ts'
import { fits, type JwkFacts, readJwk } from '../../src/jose/keys.ts'
import { Verifier } from '../../src/jose/verify.ts'

const corpora = process.env.ACMESCOPE_CORPORA
const folder = `${corpora}/jws/wycheproof`
const conformance = corpora !== undefined && existsSync(folder) ? test : test.skip

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly msg: string
  readonly sig: string
  readonly jws: string
}
type Group = Record<string, unknown> & { readonly tests: readonly Vector[] }

function groups(file: string): Group[] {
  return (JSON.parse(readFileSync(`${folder}/${file}.json`, 'utf8')) as { testGroups: Group[] }).testGroups
}

/** The group's key: as a JWK, or as an uncompressed EC point. */
function keyOf(group: Group, curve: string | null): JwkFacts | null {
  const point = (group.publicKey as { uncompressed?: string } | undefined)?.uncompressed
  if (curve === null || point === undefined) return readJwk(group.publicKeyJwk ?? group.keyJwk)
  const octets = Buffer.from(point, 'hex').subarray(1)
  const half = octets.length / 2
  const text = (part: Buffer) => part.toString('base64url')
  return readJwk({ kty: 'EC', crv: curve, x: text(octets.subarray(0, half)), y: text(octets.subarray(half)) })
}

/** Signatures over octets: file, and the JWS algorithm that ACME knows for it. */
const OCTETS: readonly (readonly [string, string])[] = [
  ['ecdsa_secp256r1_sha256_p1363_test', 'ES256'],
  ['ecdsa_secp384r1_sha384_p1363_test', 'ES384'],
  ['ecdsa_secp521r1_sha512_p1363_test', 'ES512'],
  ['rsa_signature_2048_sha256_test', 'RS256'],
  ['rsa_pss_2048_sha256_mgf1_32_test', 'PS256'],
  ['ed25519_test', 'EdDSA'],
  ['ed448_test', 'EdDSA'],
]

for (const [file, alg] of OCTETS)
  conformance(`Wycheproof ${file}: ${alg} says what each vector says`, async (t) => {
    const verifier = await Verifier.load()
    let seen = 0
    for (const group of groups(file)) {
      const key = keyOf(group, ALGORITHMS.get(alg)?.kty === 'EC' ? (ALGORITHMS.get(alg)?.curves?.[0] ?? null) : null)
      t.truthy(key, 'a group without a JWK')
      if (key === null) continue
      for (const vector of group.tests) {
        if (vector.result === 'acceptable') continue // either answer is right
        seen++
        const outcome = verifier.verifyOver(alg, key, Buffer.from(vector.msg, 'hex'), Buffer.from(vector.sig, 'hex'))
        t.is(outcome.result === 'valid', vector.result === 'valid', `${vector.tcId}: ${vector.comment}`)
      }
    }
    t.true(seen >= 30, `only ${seen} vectors`)
  })

/** Whole JWS: where we answer differently on purpose, and why. Vectors are named by their comment. */
const DIFFERENT: Readonly<Record<string, string>> = {
  Figure20: 'the key states alg PS256 and the header PS384; the other vectors with such a conflict are invalid',
}

conformance('Wycheproof json_web_signature_test: every vector whose algorithm ACME allows', async (t) => {
  const verifier = await Verifier.load()
  let seen = 0
  for (const group of groups('json_web_signature_test')) {
    const key = readJwk(group.public)
    if (key === null || key.kty === 'oct') continue // a MAC, which RFC 8555 6.2 forbids
    for (const vector of group.tests) {
      const jws = decodeJws(Buffer.from(vector.jws))
      const alg = typeof jws.header?.alg === 'string' ? jws.header.alg : null
      const algorithm = alg === null ? undefined : ALGORITHMS.get(alg)
      const { protectedText, payloadText, signatureText, signature } = jws
      let verifies = false
      // What our rules would call broken: an alg that is none or fits another key, an encoding that is not strict, a jwk for another use.
      const inOrder =
        algorithm?.kind === 'signature' && fits(key, algorithm) && !jws.defects.some(({ fault }) => fault === 'encoding')
      const { alg: stated, use, key_ops: operations } = key.jwk // judged by jwk-alg-conflict
      const meant =
        (stated === undefined || stated === alg) &&
        (use === undefined || use === 'sig') &&
        (!Array.isArray(operations) || operations.includes('verify'))
      if (
        inOrder &&
        meant &&
        alg !== null &&
        protectedText !== null &&
        payloadText !== null &&
        signatureText !== null &&
        signature !== null
      )
        verifies = (await verifier.verify({ protectedText, payloadText, signatureText, signature, alg }, key)).result === 'valid'
      seen++
      const reason = DIFFERENT[vector.comment]
      if (reason === undefined) t.is(verifies, vector.result === 'valid', `${vector.tcId}: ${vector.comment}`)
      else t.not(verifies, vector.result === 'valid', `${vector.tcId}: ${vector.comment}: no longer different`)
    }
  }
  t.true(seen > 20, `only ${seen} vectors`)
})
