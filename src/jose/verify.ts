import { latin1Bytes } from '../platform/base64.ts'
import { importPublicJwk, verifyOctets } from '../platform/signature.ts'
import type { JsonObject } from './json-object.ts'
import type { JwkFacts } from './keys.ts'

/** 'refused': the key or algorithm cannot be used for a verification at all, and `reason` says why. */
export type Verification = { readonly result: 'valid' | 'invalid' } | { readonly result: 'refused'; readonly reason: string }

export interface SignedTexts {
  readonly protectedText: string
  readonly payloadText: string
  readonly signatureText: string
  readonly signature: Uint8Array
  readonly alg: string
}

const VALID: Verification = { result: 'valid' }
const INVALID: Verification = { result: 'invalid' }

/** How many verifications are in flight at once; node's crypto pool then keeps the second core busy. */
const WINDOW = 64

type Imported = Awaited<ReturnType<typeof import('jose').importJWK>>

/**
 * Verifies JWS signatures with package jose, keys imported once. What jose refuses to look at for reasons of its own (RSA keys under
 * 2048 bits, crit members it does not know) is verified over the same octets by node:crypto, so that no signature stays
 * unjudged for a reason that is not about the signature.
 */
export class Verifier {
  readonly #jose: typeof import('jose')
  readonly #imported = new Map<string, Imported | null>()
  readonly #native = new Map<string, ReturnType<typeof importPublicJwk> | string>()

  private constructor(jose: typeof import('jose')) {
    this.#jose = jose
  }

  /** jose is loaded only when there is a signature to verify. */
  static async load(): Promise<Verifier> {
    return new Verifier(await import('jose'))
  }

  /** Runs one verification for each job, 64 at a time, and hands each result to `done`. */
  async verifyAll<J>(
    jobs: readonly J[],
    look: (job: J) => { signed: SignedTexts; key: JwkFacts },
    done: (job: J, outcome: Verification) => void,
  ): Promise<void> {
    let next = 0
    const worker = async () => {
      while (next < jobs.length) {
        const job = jobs[next++] as J
        const { signed, key } = look(job)
        done(job, await this.verify(signed, key))
      }
    }
    await Promise.all(Array.from({ length: Math.min(WINDOW, jobs.length) }, worker))
  }

  async verify(signed: SignedTexts, key: JwkFacts): Promise<Verification> {
    const jose = this.#jose
    const imported = await this.#import(signed.alg, key)
    if (imported !== null) {
      try {
        await jose.flattenedVerify(
          { protected: signed.protectedText, payload: signed.payloadText, signature: signed.signatureText },
          imported,
        )
        return VALID
      } catch (error) {
        if (error instanceof jose.errors.JWSSignatureVerificationFailed) return INVALID
      }
    }
    return this.verifyOver(signed.alg, key, signingInput(signed.protectedText, signed.payloadText), signed.signature)
  }

  /** Verifies over given octets, without JOSE rules; also used to look for the cause of a failure. */
  verifyOver(alg: string, key: JwkFacts, input: Uint8Array, signature: Uint8Array): Verification {
    const native = this.#nativeKey(key)
    if (typeof native === 'string') return { result: 'refused', reason: native }
    const outcome = verifyOctets(alg, native, input, signature)
    if (outcome === null) return { result: 'refused', reason: `this program cannot verify ${alg} signatures` }
    return outcome ? VALID : INVALID
  }

  async #import(alg: string, key: JwkFacts): Promise<Imported | null> {
    const id = `${alg} ${keyId(key)}`
    let imported = this.#imported.get(id)
    if (imported === undefined) {
      imported = await this.#jose.importJWK(publicMembers(key), alg).catch(() => null)
      this.#imported.set(id, imported)
    }
    return imported
  }

  #nativeKey(key: JwkFacts): ReturnType<typeof importPublicJwk> | string {
    const id = keyId(key)
    let native = this.#native.get(id)
    if (native === undefined) {
      try {
        native = importPublicJwk(publicMembers(key))
      } catch {
        native = `the key cannot be used (${[...key.faults.values()].join('; ') || `${key.kty ?? 'no kty'}${key.crv === null ? '' : ` ${key.crv}`} is not understood`})`
      }
      this.#native.set(id, native)
    }
    return native
  }
}

/** RFC 7515 5.2: ASCII(BASE64URL(protected header) || '.' || BASE64URL(payload)), the texts as received. */
export function signingInput(protectedText: string, payloadText: string): Uint8Array {
  return latin1Bytes(`${protectedText}.${payloadText}`)
}

/** A stated `alg`, `use` or `key_ops` is judged by a rule of its own and must not keep a signature from being verified. */
function publicMembers(key: JwkFacts): JsonObject {
  const { kty, crv, x, y, n, e, pub } = key.jwk
  return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e, pub, ...(kty === 'AKP' ? { alg: key.jwk.alg } : {}) })) as JsonObject
}

function keyId(key: JwkFacts): string {
  return key.thumbprint ?? JSON.stringify(publicMembers(key))
}
