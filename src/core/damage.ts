/**
 * Damage is what a capture lacks or garbles. It is the capture's fault, never a peer's, so it is data that travels with the
 * smallest value it hurts; a rule that would accuse on damaged evidence answers "unknown" instead.
 */
export type Layer = 'capture' | 'link' | 'ip' | 'tcp' | 'tls' | 'http' | 'har' | 'jose' | 'acme'

export type DamageKind =
  | 'truncated' // bytes end before they should (snap length, cut file)
  | 'malformed' // bytes that contradict their own format
  | 'gap' // bytes in the middle were not captured
  | 'conflict' // two captured versions of the same bytes differ
  | 'unsupported' // valid, but this tool does not read it
  | 'undecrypted' // encrypted and no secret known
  | 'limit' // a bound of this tool was reached

export interface Damage {
  readonly layer: Layer
  readonly kind: DamageKind
  /** What was being read, what was needed, what was there: stable text, so that equal damage is counted, not repeated. */
  readonly detail: string
  readonly count: number
  /** Frame number (from 1, as Wireshark counts) or HAR entry (from 0) where it was met first; null when it has no place. */
  readonly firstFrame: number | null
}

/** How many different damages one list keeps; a hostile capture must not grow the report without bound. */
const MAX_KINDS = 64

/** Collects damage, counting repetitions of the same text instead of listing them. */
export class DamageLog {
  readonly #byText = new Map<
    string,
    { layer: Layer; kind: DamageKind; detail: string; count: number; firstFrame: number | null }
  >()
  #dropped = 0

  add(layer: Layer, kind: DamageKind, detail: string, frame: number | null = null): void {
    const key = `${layer} ${kind} ${detail}`
    const known = this.#byText.get(key)
    if (known !== undefined) known.count++
    else if (this.#byText.size < MAX_KINDS) this.#byText.set(key, { layer, kind, detail, count: 1, firstFrame: frame })
    else this.#dropped++
  }

  get size(): number {
    return this.#byText.size
  }

  list(): Damage[] {
    const all: Damage[] = [...this.#byText.values()]
    if (this.#dropped > 0)
      all.push({
        layer: 'capture',
        kind: 'limit',
        detail: 'more damage of other kinds, not listed',
        count: this.#dropped,
        firstFrame: null,
      })
    return all
  }
}
