import type { Frame } from './frame.ts'

/** The largest exponents for which a double holds every intermediate result; finer clocks are read with 64-bit integers. */
const MAX_FAST_DECIMAL = 11
const MAX_FAST_BINARY = 23

/** Turns a 64-bit count of ticks since the epoch (pcapng, if_tsresol and if_tsoffset) into seconds and nanoseconds, exactly. */
export class TickClock {
  /** Ticks a second. */
  readonly #ticks: number
  readonly #decimal: number | null
  readonly #big: bigint | null
  readonly #offset: number

  /** `resolution`: the octet of if_tsresol, a negative power of 10, or of 2 with the top bit set; `offset`: seconds to add. */
  constructor(resolution: number, offset: number) {
    const exponent = resolution & 0x7f
    const binary = (resolution & 0x80) !== 0
    const fast = exponent <= (binary ? MAX_FAST_BINARY : MAX_FAST_DECIMAL)
    this.#ticks = (binary ? 2 : 10) ** exponent
    this.#decimal = binary ? null : exponent
    this.#big = fast ? null : (binary ? 2n : 10n) ** BigInt(exponent)
    this.#offset = offset
  }

  set(frame: Frame, high: number, low: number): void {
    if (this.#big !== null) this.#setBig(frame, high, low, this.#big)
    else {
      const ticks = this.#ticks
      if (high < 0x20_0000) {
        const all = high * 0x1_0000_0000 + low
        const seconds = Math.floor(all / ticks)
        frame.seconds = seconds
        frame.nanoseconds = this.#nanoseconds(all - seconds * ticks)
      } else {
        // Long division in steps of 16 bits, so that no step leaves the 53 bits of a double.
        const top = Math.floor(high / ticks)
        const upper = (high - top * ticks) * 0x1_0000 + (low >>> 16)
        const middle = Math.floor(upper / ticks)
        const lower = (upper - middle * ticks) * 0x1_0000 + (low & 0xffff)
        const bottom = Math.floor(lower / ticks)
        frame.seconds = top * 0x1_0000_0000 + middle * 0x1_0000 + bottom
        frame.nanoseconds = this.#nanoseconds(lower - bottom * ticks)
      }
    }
    frame.seconds += this.#offset
  }

  #nanoseconds(rest: number): number {
    if (this.#decimal === 6) return rest * 1000
    if (this.#decimal === null) return Math.floor((rest * 1e9) / this.#ticks)
    return this.#decimal <= 9 ? rest * 10 ** (9 - this.#decimal) : Math.floor(rest / 10 ** (this.#decimal - 9))
  }

  #setBig(frame: Frame, high: number, low: number, ticks: bigint): void {
    const all = (BigInt(high) << 32n) | BigInt(low)
    frame.seconds = Number(all / ticks)
    frame.nanoseconds = Number(((all % ticks) * 1_000_000_000n) / ticks)
  }
}
