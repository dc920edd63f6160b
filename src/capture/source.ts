import { isRegularFile, newSha256, type OpenFile, openFile } from '../platform/files.ts'
import { closeStandardInput, standardInput } from '../platform/streams.ts'

/** What the program reads: a path, "-" for standard input, bytes, or chunks as they come. */
export type Input = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Bytes of an input from front to back. Files and bytes are read synchronously, everything else as it comes. */
export interface Source {
  /** Bytes in all; null when that is not known beforehand. */
  readonly size: number | null
  /** Bytes read so far. */
  readonly bytes: number
  /** Into buffer[offset, offset + length), which is not empty; 0 at the end. */
  read(buffer: Uint8Array, offset: number, length: number): number | Promise<number>
  close(): void
  /** Nobody wants what follows: goes to the end of the input, by reading if it is hashed. `buffer` is overwritten. */
  passOver(buffer: Uint8Array): void
  /** Of the whole input once it was read to its end; null before, and when it is large and nobody asked. */
  sha256(): string | null
}

/** Inputs up to this size are hashed always, larger ones on request. */
export const HASHED_ALWAYS = 64 * 1024 * 1024

/** Whether an input can be opened again, from the start. */
export function isReopenable(input: Input): boolean {
  return typeof input === 'string' ? input !== '-' && isRegularFile(input) : input instanceof Uint8Array
}

export function openSource(input: Input, hashAll: boolean): Source {
  if (typeof input === 'string')
    return input === '-'
      ? new StreamSource(standardInput(), hashAll, closeStandardInput)
      : new FileSource(openFile(input), hashAll)
  return input instanceof Uint8Array ? new BytesSource(input, hashAll) : new StreamSource(input, hashAll)
}

/** Digest of what was read, given up when that is more than is hashed unasked. */
class Digest {
  #hash: ReturnType<typeof newSha256> | null = newSha256()
  readonly #limit: number
  octets = 0
  #value: string | null = null

  constructor(all: boolean) {
    this.#limit = all ? Number.POSITIVE_INFINITY : HASHED_ALWAYS
  }

  add(bytes: Uint8Array): void {
    this.octets += bytes.length
    if (this.octets > this.#limit) this.#hash = null
    this.#hash?.update(bytes)
  }

  get active(): boolean {
    return this.#hash !== null
  }

  /** Null while not all was read. */
  value(): string | null {
    return this.#value
  }

  end(): void {
    this.#value ??= this.#hash?.digest('hex') ?? null
    this.#hash = null
  }
}

class FileSource implements Source {
  readonly #file: OpenFile
  readonly #digest: Digest

  constructor(file: OpenFile, hashAll: boolean) {
    this.#file = file
    this.#digest = new Digest(hashAll)
    // Not even begun for a file that is known to be too large.
    if (!hashAll && (file.size ?? 0) > HASHED_ALWAYS) this.#digest.end()
  }

  get size(): number | null {
    return this.#file.size
  }

  get bytes(): number {
    return this.#digest.octets
  }

  read(buffer: Uint8Array, offset: number, length: number): number {
    const count = this.#file.read(buffer, offset, length)
    if (count === 0) this.#digest.end()
    else this.#digest.add(buffer.subarray(offset, offset + count))
    return count
  }

  close(): void {
    this.#file.close()
  }

  passOver(buffer: Uint8Array): void {
    if (this.#digest.active) while (this.read(buffer, 0, buffer.length) > 0);
    else if (this.size !== null) this.#digest.octets = this.size
  }

  sha256(): string | null {
    return this.#digest.value()
  }
}

class BytesSource implements Source {
  readonly #bytes: Uint8Array
  readonly #digest: Digest

  constructor(bytes: Uint8Array, hashAll: boolean) {
    this.#bytes = bytes
    this.#digest = new Digest(hashAll)
  }

  get size(): number {
    return this.#bytes.length
  }

  get bytes(): number {
    return this.#digest.octets
  }

  read(buffer: Uint8Array, offset: number, length: number): number {
    const chunk = this.#bytes.subarray(this.bytes, this.bytes + length)
    buffer.set(chunk, offset)
    if (chunk.length === 0) this.#digest.end()
    else this.#digest.add(chunk)
    return chunk.length
  }

  close(): void {}

  passOver(): void {
    this.#digest.add(this.#bytes.subarray(this.bytes))
    this.#digest.end()
  }

  sha256(): string | null {
    return this.#digest.value()
  }
}

class StreamSource implements Source {
  readonly size = null
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  readonly #digest: Digest
  #rest: Uint8Array = new Uint8Array(0)
  #closed = false

  readonly #release: () => void

  constructor(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, hashAll: boolean, release: () => void = () => {}) {
    this.#release = release
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
    this.#digest = new Digest(hashAll)
  }

  get bytes(): number {
    return this.#digest.octets
  }

  read(buffer: Uint8Array, offset: number, length: number): number | Promise<number> {
    return this.#rest.length > 0 ? this.#take(buffer, offset, length) : this.#fetch(buffer, offset, length)
  }

  async #fetch(buffer: Uint8Array, offset: number, length: number): Promise<number> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#chunks.next()
      if (done === true) {
        this.#digest.end()
        return 0
      }
      this.#rest = value
      this.#digest.add(value)
    }
    return this.#take(buffer, offset, length)
  }

  #take(buffer: Uint8Array, offset: number, length: number): number {
    const chunk = this.#rest.subarray(0, length)
    buffer.set(chunk, offset)
    this.#rest = this.#rest.subarray(chunk.length)
    return chunk.length
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    // Nobody waits for an iterator that may be stuck in a read.
    Promise.resolve(this.#chunks.return?.()).catch(() => {})
    this.#release()
  }

  /** What a stream still has to say may never come. */
  passOver(): void {}

  sha256(): string | null {
    return this.#digest.value()
  }
}
