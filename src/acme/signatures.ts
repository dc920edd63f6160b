import { ALGORITHMS } from '../jose/algorithms.ts'
import { canonicalBase64url } from '../jose/base64url.ts'
import { derToRaw } from '../jose/ecdsa-der.ts'
import { fits, type JwkFacts } from '../jose/keys.ts'
import { type SignedTexts, signingInput, type Verification, type Verifier } from '../jose/verify.ts'
import { latin1Bytes, latin1Text } from '../platform/base64.ts'
import { type AccountBook, keyAt } from './accounts.ts'
import type { Draft } from './draft.ts'
import type { Account, KeyPeriod, RequestKey, SignatureCause, SignatureState } from './traffic.ts'

interface Job {
  readonly draft: Draft
  readonly signed: SignedTexts
  readonly key: RequestKey
}

/** How many other keys are tried to explain one failing signature, and how many trials one capture may cost. */
const MAX_KEYS = 32
const MAX_TRIALS = 20_000

/**
 * Verifies every signed request under the key that its jwk or kid names (RFC 8555 6.2, RFC 7515 5.2), keys of accounts by time. A
 * signature that fails is looked at again for the cause; one that cannot be verified says why.
 */
export class SignatureJudge {
  readonly #verifier: Verifier
  readonly #accounts: AccountBook
  readonly #operatorKeys: readonly JwkFacts[]
  #trials = 0
  #newestFirst: Account[] | null = null

  constructor(verifier: Verifier, accounts: AccountBook, operatorKeys: readonly JwkFacts[]) {
    this.#verifier = verifier
    this.#accounts = accounts
    this.#operatorKeys = operatorKeys
  }

  async judge(drafts: readonly Draft[]): Promise<void> {
    const jobs: Job[] = []
    for (const draft of drafts) {
      const job = this.#prepare(draft)
      if (job !== null) jobs.push(job)
    }
    await this.#verifier.verifyAll(
      jobs,
      ({ signed, key }) => ({ signed, key: key.facts }),
      (job, outcome) => {
        job.draft.signature = this.#conclude(job, outcome)
      },
    )
  }

  /** Finds the key; when there is nothing to verify, says so in the draft. */
  #prepare(draft: Draft): Job | null {
    const { jws } = draft
    if (jws === null) {
      if (draft.bodyLost) draft.signature = unchecked('U-GAP', 'the body of the request is not in the capture')
      return null
    }
    const { protectedText, payloadText, signatureText, signature } = jws
    if (
      protectedText === null ||
      payloadText === null ||
      signatureText === null ||
      signature === null ||
      signature.length === 0
    ) {
      draft.signature = unchecked('U-GAP', 'the JWS lacks a part that the signature needs')
      return null
    }
    draft.key = this.#keyOf(draft)
    if (draft.alg === null) {
      draft.signature = unchecked('U-KEY', 'the protected header has no alg, so that the signature has no defined meaning')
      return null
    }
    const signed = { protectedText, payloadText, signatureText, signature, alg: draft.alg }
    const algorithm = ALGORITHMS.get(draft.alg)
    if (algorithm === undefined || algorithm.kind !== 'signature') {
      draft.signature = unchecked(
        'U-KEY',
        `alg "${draft.alg}" is no signature algorithm, so that the signature has no defined meaning`,
      )
      return null
    }
    if (draft.key === null) {
      draft.signature = this.#withUnknownKey(draft, signed)
      return null
    }
    if (!fits(draft.key.facts, algorithm)) {
      draft.signature = this.#withUnfitKey(draft, signed)
      return null
    }
    return { draft, signed, key: draft.key }
  }

  #keyOf(draft: Draft): RequestKey | null {
    if (draft.kid !== null && draft.kid !== '' && draft.resource !== 'newAccount') {
      const account = this.#accounts.byUrl.get(draft.kid)
      const period = account === undefined ? null : keyAt(account, draft.time)
      if (period !== null) return { facts: period.key, source: period.source }
      if (draft.jwk === null || account !== undefined) return null
    }
    return draft.jwk === null ? null : { facts: draft.jwk, source: 'request' }
  }

  /** kid names an account whose key was never shown: the operator's keys may fit; another account's key that fits says who signed. */
  #withUnknownKey(draft: Draft, signed: SignedTexts): SignatureState {
    for (const facts of this.#operatorKeys) {
      if (this.#tryKey(signed, facts) !== 'valid') continue
      draft.key = { facts, source: 'operator' }
      if (draft.account !== null) this.#accounts.adopt(draft.account, facts)
      return { state: 'valid' }
    }
    const other = this.#otherKey(draft, signed, null)
    if (other !== null) {
      draft.key = { facts: other.period.key, source: other.period.source }
      const names =
        draft.kid === null || draft.kid === '' ? 'the request names no key' : 'kid names no account that this capture shows'
      return unchecked('U-KEY', `${names}; the signature verifies under the key of ${other.account.url}`, other.account)
    }
    const reason =
      draft.kid === null || draft.kid === ''
        ? 'the request names no key'
        : this.#operatorKeys.length > 0
          ? 'the account was registered outside the capture, and none of the account keys given verifies this signature'
          : 'the account was registered outside the capture; give its key with --account-key'
    return unchecked('U-KEY', reason)
  }

  /** alg does not fit the key that kid names; if another account's key verifies, that one signed. */
  #withUnfitKey(draft: Draft, signed: SignedTexts): SignatureState {
    const other = this.#otherKey(draft, signed, draft.key)
    if (other !== null)
      return {
        state: 'invalid',
        cause: {
          kind: 'other-key',
          account: other.account,
          thumbprint: other.period.key.thumbprint,
          stale: other.account === draft.account,
        },
      }
    return unchecked('U-KEY', `alg "${signed.alg}" does not fit the key, so that the signature has no defined meaning`)
  }

  #conclude({ draft, signed, key }: Job, outcome: Verification): SignatureState {
    if (outcome.result === 'valid') return { state: 'valid' }
    if (outcome.result === 'refused') return unchecked('U-KEY', outcome.reason)
    const other = this.#otherKey(draft, signed, key)
    if (other !== null) {
      const { account, period } = other
      // A key of the same account that came into force later: the change itself was not captured, or was in flight.
      if (account === draft.account && period.from > draft.time) {
        draft.key = { facts: period.key, source: period.source }
        return { state: 'valid' }
      }
      return {
        state: 'invalid',
        cause: { kind: 'other-key', account, thumbprint: period.key.thumbprint, stale: account === draft.account },
      }
    }
    return { state: 'invalid', cause: this.#encodingCause(draft, signed, key.facts) }
  }

  #otherKey(draft: Draft, signed: SignedTexts, tried: RequestKey | null): { account: Account; period: KeyPeriod } | null {
    const algorithm = ALGORITHMS.get(signed.alg)
    let keys = 0
    for (const account of this.#candidates(draft))
      for (const period of account.keys) {
        if (period.key.thumbprint === tried?.facts.thumbprint || algorithm === undefined || !fits(period.key, algorithm)) continue
        if (++keys > MAX_KEYS) return null
        if (this.#tryKey(signed, period.key) === 'valid') return { account, period }
      }
    return null
  }

  /** The account itself first (a superseded key), then the others of the same CA, newest first. */
  *#candidates(draft: Draft): Generator<Account> {
    if (draft.account !== null) yield draft.account
    this.#newestFirst ??= [...this.#accounts.byUrl.values()].reverse()
    for (const account of this.#newestFirst) if (account !== draft.account && account.ca === draft.ca) yield account
  }

  #tryKey(signed: SignedTexts, key: JwkFacts): Verification['result'] {
    if (++this.#trials > MAX_TRIALS) return 'refused'
    return this.#verifier.verifyOver(signed.alg, key, signingInput(signed.protectedText, signed.payloadText), signed.signature)
      .result
  }

  /** Known ways to sign the right thing wrongly; each is tried under the right key. */
  #encodingCause(draft: Draft, signed: SignedTexts, key: JwkFacts): SignatureCause | null {
    if (++this.#trials > MAX_TRIALS) return null
    const { alg, protectedText, payloadText, signature } = signed
    const input = signingInput(protectedText, payloadText)
    const verifies = (octets: Uint8Array, over: Uint8Array, name = alg) =>
      this.#verifier.verifyOver(name, key, over, octets).result === 'valid'
    const length = ALGORITHMS.get(alg)?.length ?? null
    if (length !== null && key.kty === 'EC') {
      const raw = signature.length === length ? null : derToRaw(signature, length / 2)
      if (raw !== null && verifies(raw, input)) return { kind: 'der' }
      for (const padded of padSignature(signature, length))
        if (verifies(padded, input)) return { kind: 'length', octets: signature.length }
    }
    const canonical = signingInput(canonicalBase64url(protectedText), canonicalBase64url(payloadText))
    if (latin1Text(canonical) !== latin1Text(input) && verifies(signature, canonical)) return { kind: 're-encoded' }
    if (draft.jws?.payload != null && verifies(signature, latin1Bytes(`${protectedText}.${latin1Text(draft.jws.payload)}`)))
      return { kind: 'raw-payload' }
    for (const name of SIBLINGS[alg] ?? []) if (verifies(signature, input, name)) return { kind: 'other-hash', alg: name }
    return null
  }
}

/** One or two octets short: a leading zero of R, of S, or of both was dropped (RFC 7518 3.4 forbids it). */
function padSignature(signature: Uint8Array, length: number): Uint8Array[] {
  const missing = length - signature.length
  if (missing < 1 || missing > 2) return []
  const half = length / 2
  const found: Uint8Array[] = []
  for (let first = 0; first <= missing; first++) {
    const padded = new Uint8Array(length)
    const r = half - first
    padded.set(signature.subarray(0, r), first)
    padded.set(signature.subarray(r), half + (missing - first))
    found.push(padded)
  }
  return found
}

/** Algorithms that use the same kind of key with another digest or padding. */
const RSA_NAMES = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const SIBLINGS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  RSA_NAMES.map((name) => [name, RSA_NAMES.filter((other) => other !== name)]),
)

function unchecked(code: 'U-GAP' | 'U-KEY', reason: string, verifiesFor: Account | null = null): SignatureState {
  return { state: 'unchecked', code, reason, verifiesFor }
}
