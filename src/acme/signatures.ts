import type { Micros } from '../core/time.ts'
import { ALGORITHMS } from '../jose/algorithms.ts'
import { canonicalBase64url } from '../jose/base64url.ts'
import { derToRaw } from '../jose/ecdsa-der.ts'
import { fits, type JwkFacts } from '../jose/keys.ts'
import { type SignedTexts, signingInput, type Verification, type Verifier } from '../jose/verify.ts'
import { latin1Bytes, latin1Text } from '../platform/base64.ts'
import { type AccountBook, keyAt } from './accounts.ts'
import { type Draft, wasAccepted } from './draft.ts'
import { REDACTED_REASON, redactionOf } from './redacted.ts'
import type { Account, KeyPeriod, RequestKey, SignatureCause, SignatureState, UnknownCode } from './traffic.ts'
import { doubtUnseenChanges } from './unseen-keys.ts'

interface Job {
  readonly draft: Draft
  readonly signed: SignedTexts
  readonly key: RequestKey
}

/** How many other keys are tried to explain one failing signature, how many are looked at for it, and how many trials one capture may cost. */
const MAX_KEYS = 32
const MAX_LOOKS = 1000
const MAX_TRIALS = 20_000

/** A key that may be the account's own although it was not seen to be in force. `isKnown`: the capture shows when it came into force. */
interface OwnKey extends RequestKey {
  readonly isKnown: boolean
  /** Only requests before that moment may be explained by it: later ones should carry it, or its successor. */
  readonly until: Micros
}

/**
 * Verifies every signed request under the key that its jwk or kid names (RFC 8555 6.2, RFC 7515 5.2), keys of accounts by time. A
 * signature that fails is looked at again for the cause; one that cannot be verified says why.
 */
export class SignatureJudge {
  readonly #verifier: Verifier
  readonly #accounts: AccountBook
  readonly #operatorKeys: readonly JwkFacts[]
  #trials = 0
  #newestFirst: Map<Account['ca'], Account[]> | null = null
  /** What explained the last failing signature of an account explains the next. */
  readonly #lastOwn = new Map<Account, OwnKey>()

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
    doubtUnseenChanges(drafts)
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
    if (redactionOf(draft.exchange, jws) !== null) {
      draft.signature = unchecked('U-REDACT', REDACTED_REASON)
      return null
    }
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

  /** alg does not fit the key that kid names: another key signed, or none. */
  #withUnfitKey(draft: Draft, signed: SignedTexts): SignatureState {
    const state = this.#signedOtherwise(draft, signed, draft.key)
    if (state !== null) return state
    if (isLearntLater(draft)) {
      draft.key = null
      return LEARNT_LATER
    }
    return unchecked('U-KEY', `alg "${signed.alg}" does not fit the key, so that the signature has no defined meaning`)
  }

  #conclude({ draft, signed, key }: Job, outcome: Verification): SignatureState {
    if (outcome.result === 'valid') return { state: 'valid' }
    if (outcome.result === 'refused') return unchecked('U-KEY', outcome.reason)
    const state = this.#signedOtherwise(draft, signed, key)
    if (state !== null) return state
    const cause = this.#encodingCause(draft, signed, key.facts)
    if (cause !== null || key.source === 'request') return { state: 'invalid', cause }
    if (isLearntLater(draft)) return LEARNT_LATER
    if (this.#trials > MAX_TRIALS)
      return unchecked('U-KEY', `after ${MAX_TRIALS} trials no further key is tried for signatures that do not verify`)
    return { state: 'invalid', cause: null }
  }

  /** Another key verifies the signature: one that the account may have had, or that of somebody else. */
  #signedOtherwise(draft: Draft, signed: SignedTexts, tried: RequestKey | null): SignatureState | null {
    const own = tried?.source === 'request' ? null : this.#ownKey(draft, signed)
    if (own !== null) {
      const isItsKey = own.isKnown || wasAccepted(draft)
      draft.key = isItsKey ? { facts: own.facts, source: own.source } : null
      if (isItsKey) return { state: 'valid' }
      return unchecked('U-RESP', 'it verifies under the new key of a key change whose outcome is not known')
    }
    const other = this.#otherKey(draft, signed, tried)
    if (other === null) return tried?.source === 'request' ? null : this.#signedByOperator(draft, signed)
    const { account, period } = other
    if (account !== draft.account && isLearntLater(draft)) return unchecked('U-START', LEARNT_LATER.reason, account)
    return otherKey(account, period.key, account === draft.account)
  }

  /** A key of the operator that the CA takes is the account's new one; else it is some other account's. */
  #signedByOperator(draft: Draft, signed: SignedTexts): SignatureState | null {
    const algorithm = ALGORITHMS.get(signed.alg)
    for (const facts of this.#operatorKeys) {
      if (algorithm === undefined || !fits(facts, algorithm) || this.#tryKey(signed, facts) !== 'valid') continue
      if (!wasAccepted(draft)) return otherKey(null, facts, false)
      draft.key = { facts, source: 'operator' }
      return { state: 'valid' }
    }
    return null
  }

  /** A key of the account that came into force later (the change itself was not captured, or was in flight), or may have. */
  #ownKey(draft: Draft, signed: SignedTexts): OwnKey | null {
    const { account } = draft
    const algorithm = ALGORITHMS.get(signed.alg)
    if (account === null || algorithm === undefined || draft.resource === 'newAccount') return null
    const last = this.#lastOwn.get(account)
    if (last !== undefined && last.until > draft.time && fits(last.facts, algorithm) && this.#verifies(signed, last.facts))
      return last
    for (const candidate of this.#ownKeys(draft, account)) {
      if (!fits(candidate.facts, algorithm) || this.#tryKey(signed, candidate.facts) !== 'valid') continue
      this.#lastOwn.set(account, candidate)
      return candidate
    }
    return null
  }

  *#ownKeys(draft: Draft, account: Account): Generator<OwnKey> {
    for (const { key, source, from } of account.keys.slice(-MAX_KEYS))
      if (from > draft.time) yield { facts: key, source, isKnown: true, until: from }
    const until = Number.POSITIVE_INFINITY
    for (const facts of this.#accounts.attemptedKeys(account)) yield { facts, source: 'keyChange', isKnown: false, until }
  }

  #otherKey(draft: Draft, signed: SignedTexts, tried: RequestKey | null): { account: Account; period: KeyPeriod } | null {
    const algorithm = ALGORITHMS.get(signed.alg)
    let looks = 0
    let keys = 0
    for (const account of this.#candidates(draft))
      for (const period of account.keys) {
        if (++looks > MAX_LOOKS) return null
        if (period.key.thumbprint === tried?.facts.thumbprint || algorithm === undefined || !fits(period.key, algorithm)) continue
        if (++keys > MAX_KEYS) return null
        if (this.#tryKey(signed, period.key) === 'valid') return { account, period }
      }
    return null
  }

  /** The account itself first (a superseded key), then the others of the same CA whose keys are known, newest first. */
  *#candidates(draft: Draft): Generator<Account> {
    if (draft.account !== null) yield draft.account
    if (this.#newestFirst === null) {
      this.#newestFirst = new Map()
      for (const account of [...this.#accounts.byUrl.values()].reverse()) {
        if (account.keys.length === 0) continue
        const list = this.#newestFirst.get(account.ca)
        if (list === undefined) this.#newestFirst.set(account.ca, [account])
        else list.push(account)
      }
    }
    for (const account of this.#newestFirst.get(draft.ca) ?? []) if (account !== draft.account) yield account
  }

  #tryKey(signed: SignedTexts, key: JwkFacts): Verification['result'] {
    if (++this.#trials > MAX_TRIALS) return 'refused'
    return this.#verifies(signed, key) ? 'valid' : 'invalid'
  }

  #verifies({ alg, protectedText, payloadText, signature }: SignedTexts, key: JwkFacts): boolean {
    return this.#verifier.verifyOver(alg, key, signingInput(protectedText, payloadText), signature).result === 'valid'
  }

  /** Known ways to sign the right thing wrongly; each is tried under the right key. */
  #encodingCause(draft: Draft, signed: SignedTexts, key: JwkFacts): SignatureCause | null {
    const { alg, protectedText, payloadText, signature } = signed
    const input = signingInput(protectedText, payloadText)
    const verifies = (octets: Uint8Array, over: Uint8Array, name = alg) =>
      ++this.#trials <= MAX_TRIALS && this.#verifier.verifyOver(name, key, over, octets).result === 'valid'
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

function otherKey(account: Account | null, key: JwkFacts, stale: boolean): SignatureState {
  return { state: 'invalid', cause: { kind: 'other-key', account, thumbprint: key.thumbprint, stale } }
}

function unchecked(code: UnknownCode, reason: string, verifiesFor: Account | null = null): Unchecked {
  return { state: 'unchecked', code, reason, verifiesFor }
}

type Unchecked = Extract<SignatureState, { state: 'unchecked' }>

/** The only key known of the account was shown after the request, so that it may have had another one. */
function isLearntLater({ account, key, time }: Draft): boolean {
  if (account === null || key === null || key.source === 'request') return false
  const period = keyAt(account, time)
  return period !== null && period.learntFrom !== null && period.learntFrom.time > time
}

const LEARNT_LATER = unchecked(
  'U-START',
  'the key of the account was shown only later, and the request was signed with another one',
)
