import { isObject } from '../jose/json-object.ts'
import { type JwkFacts, readJwk } from '../jose/keys.ts'
import type { Draft } from './draft.ts'
import type { InnerJws } from './inner-jws.ts'
import { absolute, isNowhere } from './roles.ts'
import type { Account, AcmeRequest, KeyPeriod } from './traffic.ts'

type MutableAccount = Account & {
  keys: KeyPeriod[]
  statuses: Account['statuses'][number][]
  requests: AcmeRequest[]
  registeredBy: AcmeRequest | null
}

/** Accounts, their keys by time, and their status, as the answers of the CAs showed them (RFC 8555 7.3). */
export class AccountBook {
  readonly byUrl = new Map<string, MutableAccount>()
  readonly byKey = new Map<string, Account[]>()
  /** For each key the first account at each CA that had it. */
  readonly #firstByKey = new Map<string, Map<Account['ca'], Account>>()
  readonly #keysOf = new Map<Account, Set<string>>()
  /** Keys of changes whose outcome the capture lacks. */
  readonly #attempted = new Map<string, JwkFacts[]>()

  /** Learns from an answered request; call in time order of the requests. */
  learn(draft: Draft): void {
    const { response, resource } = draft
    if (isOpenKeyChange(draft)) this.#noteAttempt(draft)
    if (response === null || response.status >= 300) return
    if (resource === 'newAccount' && draft.location !== null && draft.jwk !== null) {
      const account = this.#account(absolute(draft.location, draft.url) ?? draft.location, draft)
      account.registeredBy ??= draft
      this.#setKey(account, {
        key: draft.jwk,
        from: account.keys.length === 0 ? Number.NEGATIVE_INFINITY : response.endTime,
        source: 'newAccount',
        learntFrom: draft,
      })
      this.#setStatus(account, draft)
    } else if (resource === 'account' && draft.kid !== null)
      this.#setStatus(this.#account(isNowhere(draft) ? draft.kid : draft.url, draft), draft)
    else if (resource === 'keyChange' && draft.kid !== null && draft.inner !== null)
      this.#changeKey(this.#account(draft.kid, draft), draft, draft.inner)
  }

  /** Puts the histories in the order in which the answers came; call once, after the last request. */
  close(): void {
    for (const { keys, statuses } of this.byUrl.values()) {
      keys.sort((a, b) => (a.from === b.from ? 0 : a.from - b.from))
      statuses.sort((a, b) => a.time - b.time)
    }
  }

  /** The account a request speaks for: the one kid names, or the one its jwk belongs to. */
  of(draft: Draft): Account | null {
    if (draft.kid !== null && draft.kid !== '') return this.byUrl.get(draft.kid) ?? null
    if (draft.jwk?.thumbprint == null) return null
    if (draft.resource === 'newAccount' && draft.location !== null)
      return this.byUrl.get(absolute(draft.location, draft.url) ?? draft.location) ?? null
    return this.#firstByKey.get(draft.jwk.thumbprint)?.get(draft.ca) ?? null
  }

  /** Keys that the account may have changed to: the capture shows the request but not that it failed. */
  attemptedKeys(account: Account): readonly JwkFacts[] {
    return this.#attempted.get(account.url) ?? []
  }

  /** Notes that a request was made under an account URL the capture did not see registered, so that the report can list it. */
  mention(draft: Draft): void {
    const account =
      this.of(draft) ??
      (draft.kid !== null && /^https?:\/\//.test(draft.kid) && (draft.response?.status ?? 999) < 300
        ? this.#account(draft.kid, draft)
        : null)
    if (account === null) return
    draft.account = account
    ;(account as MutableAccount).requests.push(draft)
  }

  /** A key of the operator that turned out to verify this account's requests. */
  adopt(account: Account, key: JwkFacts): void {
    this.#setKey(account as MutableAccount, { key, from: Number.NEGATIVE_INFINITY, source: 'operator', learntFrom: null })
  }

  #account(url: string, draft: Draft): MutableAccount {
    let account = this.byUrl.get(url)
    if (account === undefined) {
      account = { url, ca: draft.ca, keys: [], statuses: [], registeredBy: null, requests: [] }
      this.byUrl.set(url, account)
    }
    return account
  }

  #setKey(account: MutableAccount, period: KeyPeriod): void {
    if (account.keys.at(-1)?.key.thumbprint === period.key.thumbprint && period.key.thumbprint !== null) return
    account.keys.push(period)
    const thumbprint = period.key.thumbprint
    if (thumbprint === null) return
    const known = this.#keysOf.get(account) ?? new Set()
    if (known.has(thumbprint)) return
    this.#keysOf.set(account, known.add(thumbprint))
    const accounts = this.byKey.get(thumbprint)
    if (accounts === undefined) this.byKey.set(thumbprint, [account])
    else accounts.push(account)
    const first = this.#firstByKey.get(thumbprint) ?? new Map<Account['ca'], Account>()
    if (!first.has(account.ca)) first.set(account.ca, account)
    this.#firstByKey.set(thumbprint, first)
  }

  #noteAttempt({ kid, inner }: Draft): void {
    if (kid === null || inner === null || inner.jwk === null) return
    const keys = this.#attempted.get(kid)
    if (keys === undefined) this.#attempted.set(kid, [inner.jwk])
    else if (keys.length < MAX_ATTEMPTS) keys.push(inner.jwk)
  }

  #setStatus(account: MutableAccount, draft: Draft): void {
    const status = isObject(draft.answer) ? draft.answer.status : undefined
    if (typeof status !== 'string') return
    account.statuses.push({ status, time: draft.response?.endTime ?? draft.time, request: draft })
  }

  /** RFC 8555 7.3.5: the inner JWS carries the new key; its payload names the old one, which a late capture may not have shown. */
  #changeKey(account: MutableAccount, draft: Draft, inner: InnerJws): void {
    if (inner.jwk === null) return
    const old = isObject(inner.payload) ? readJwk(inner.payload.oldKey) : null
    if (account.keys.length === 0 && old !== null)
      this.#setKey(account, { key: old, from: Number.NEGATIVE_INFINITY, source: 'keyChange', learntFrom: draft })
    this.#setKey(account, { key: inner.jwk, from: draft.response?.time ?? draft.time, source: 'keyChange', learntFrom: draft })
  }
}

/** The CA may have changed the key: its answer was not captured, or a gateway did not get one (RFC 9110 15.6.3, 15.6.5). */
export function isOpenKeyChange({ resource, response }: Draft): boolean {
  return resource === 'keyChange' && (response === null || response.status === 502 || response.status === 504)
}

/** How many key changes without an outcome are remembered of one account. */
const MAX_ATTEMPTS = 8

/** The key in force at a moment, and its place in the account's history; null when none is known. */
export function keyAt(account: Account, time: number): KeyPeriod | null {
  return lastBefore(account.keys, time, (period) => period.from)
}

/** The status an account had at a moment, as far as answers showed it by then; null when none did. */
export function statusAt(account: Account, time: number): Account['statuses'][number] | null {
  return lastBefore(account.statuses, time, (entry) => entry.time)
}

/** The last entry of a history that began by then, by bisection: busy accounts have long histories. */
function lastBefore<T>(history: readonly T[], time: number, begin: (entry: T) => number): T | null {
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (begin(history[middle] as T) <= time) low = middle + 1
    else high = middle
  }
  return history[low - 1] ?? null
}
