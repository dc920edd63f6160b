import type { Micros } from '../core/time.ts'
import type { Mark, StreamPair } from '../tcp/connection.ts'

type How = 'fin' | 'rst' | 'capture'

/** One direction of the decrypted connection, as far as the next layer is not open yet. */
interface Side {
  /** Octets missing that the next layer was not told of; undefined: none, null: unknown how many. */
  missing: number | null | undefined
  mark: Mark | null
  end: { readonly how: How; readonly time: Micros } | null
}

/** The decrypted byte stream again: opens the next layer with the first application data, of whichever direction. */
export class Plaintext {
  readonly #open: () => StreamPair
  #next: StreamPair | null = null
  #client: Side = { missing: undefined, mark: null, end: null }
  #server: Side = { missing: undefined, mark: null, end: null }

  constructor(open: () => StreamPair) {
    this.#open = open
  }

  get finished(): boolean {
    return this.#next?.finished === true
  }

  /** What was taken for the client is the server. */
  swap(): void {
    const client = this.#client
    this.#client = this.#server
    this.#server = client
  }

  data(fromClient: boolean, bytes: Uint8Array, start: number, end: number, mark: Mark): void {
    if (this.#side(fromClient).end !== null) return
    if (this.#next === null) {
      this.#next = this.#open()
      this.#flush(true)
      this.#flush(false)
    }
    const sink = fromClient ? this.#next.fromClient : this.#next.fromServer
    sink.data(bytes, start, end, mark)
  }

  gap(fromClient: boolean, missing: number | null, mark: Mark): void {
    const side = this.#side(fromClient)
    if (side.end !== null) return
    const before = side.missing === undefined ? 0 : side.missing
    side.missing = before === null || missing === null ? null : before + missing
    side.mark = mark
    if (this.#next !== null) this.#flush(fromClient)
  }

  end(fromClient: boolean, how: How, time: Micros): void {
    const side = this.#side(fromClient)
    if (side.end !== null) return
    side.end = { how, time }
    if (this.#next !== null) this.#flush(fromClient)
  }

  /** Tells the open next layer what it does not know yet. */
  #flush(fromClient: boolean): void {
    const side = this.#side(fromClient)
    const sink = fromClient ? this.#next?.fromClient : this.#next?.fromServer
    if (side.missing !== undefined && side.mark !== null) sink?.gap(side.missing, side.mark)
    side.missing = undefined
    if (side.end !== null) sink?.end(side.end.how, side.end.time)
  }

  #side(fromClient: boolean): Side {
    return fromClient ? this.#client : this.#server
  }
}
