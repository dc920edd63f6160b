import { hmac } from '../../platform/crypto.ts'
import { CATEGORIES, type Category } from './categories.ts'

/** An original value that was hidden, and what stands for it; null: nothing does. */
export interface Hidden {
  readonly original: string
  readonly category: Category
  readonly pseudonym: string | null
}

const NOTHING: readonly Hidden[] = []
const TEXT = new TextEncoder()

/**
 * The one place where pseudonyms are made: HMAC-SHA-256 of the original under a key that is random for each run, or the operator's, so that
 * equal values stay equal and nobody without the key can try candidates. No two originals share a pseudonym within a run.
 */
export class Pseudonyms {
  readonly keep: ReadonlySet<Category>
  readonly #key: Uint8Array
  readonly #hidden = new Map<string, Hidden>()
  readonly #inOrder: Hidden[] = []
  readonly #owners = new Map<string, string>()
  readonly #counted = new Map<Category, Set<string>>()

  constructor(key: Uint8Array, keep: ReadonlySet<Category>) {
    this.#key = key
    this.keep = keep
  }

  /** 32 octets that only this value has; `attempt` gives others for the same value. */
  digest(domain: string, original: string, attempt = 0): Uint8Array {
    return hmac('sha256', this.#key, TEXT.encode(`${domain}\0${attempt}\0${original}`))
  }

  /** What stands for a value: the same for the same value, and for no other one of the same domain. */
  unique(domain: string, original: string, make: (digest: Uint8Array) => string): string {
    for (let attempt = 0; ; attempt++) {
      const pseudonym = make(this.digest(domain, original, attempt))
      const slot = `${domain}\0${pseudonym}`
      const owner = this.#owners.get(slot)
      if (owner === undefined) this.#owners.set(slot, original)
      if (owner === undefined || owner === original || attempt === MAX_ATTEMPTS) return pseudonym
    }
  }

  /** "token-1f2e3d4c5b": 16 characters when the word has five letters, so that it is canonical base64url. */
  word(prefix: string, original: string): string {
    return this.unique('word', original, (digest) => `${prefix}-${hexOf(digest, 15 - prefix.length)}`)
  }

  /** Remembers a hidden value for free text and for the leak search, and counts it. Returns what is to be written. */
  hide(category: Category, original: string, pseudonym: string): string {
    if (this.keep.has(category)) return original
    this.note(category, original, pseudonym)
    return pseudonym
  }

  /** As `hide`, for what is removed without a trace. */
  note(category: Category, original: string, pseudonym: string | null = null): void {
    if (original === '') return
    this.count(category, original)
    const known = this.#hidden.get(original)
    if (known !== undefined && (known.pseudonym !== null || pseudonym === null)) return
    const hidden = { original, category, pseudonym }
    this.#hidden.set(original, hidden)
    if (known === undefined) this.#inOrder.push(hidden)
  }

  /** Counts a value that no text can hold as it is. */
  count(category: Category, original: string): void {
    const seen = this.#counted.get(category)
    if (seen === undefined) this.#counted.set(category, new Set([original]))
    else seen.add(original)
  }

  known(original: string): Hidden | undefined {
    return this.#hidden.get(original)
  }

  /** What was hidden after the first `count` values, in the order in which it was met. */
  since(count: number): readonly Hidden[] {
    return count === this.#inOrder.length ? NOTHING : this.#inOrder.slice(count)
  }

  /** Different values hidden of each category, in the order of the table; none that is zero. */
  counts(): { category: Category; count: number }[] {
    return CATEGORIES.map(({ name }) => ({ category: name, count: this.#counted.get(name)?.size ?? 0 })).filter(
      ({ count }) => count > 0,
    )
  }
}

/** So many different values that no pseudonym is left: only the addresses of IPv4 can come near. */
const MAX_ATTEMPTS = 1000

export function hexOf(digest: Uint8Array, digits: number): string {
  return Array.from(digest, (octet) => octet.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, digits)
}
