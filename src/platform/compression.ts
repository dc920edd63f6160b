import { constants, crc32, createInflateRaw, type InflateRaw, inflateRawSync, type ZlibOptions } from 'node:zlib'
import { Decompress } from 'fzstd'

export type Compression = 'gzip' | 'zstd'

/** Why decompression ended before its input did, or what did not fit. */
export type OnFault = (kind: 'truncated' | 'malformed' | 'limit', detail: string) => void

/** Compressed octets handled in one go: a bound on what can come out of them before it is taken. */
const SLICE = 16 * 1024
/** Compressed octets of one member that are kept, so that nothing readable is lost when they turn out to be corrupt. */
const MAX_KEPT = 4 * 1024 * 1024
/** Octets that are decoded again to find the last readable one. */
const MAX_SALVAGED = 64 * 1024 * 1024
/** The largest window a Zstandard frame may claim: that of level 20. */
const MAX_WINDOW = 32 * 1024 * 1024

const ZSTD_MAGIC = 0xfd2fb528
const ZSTD_SKIPPABLE = 0x184d2a50

/** Told by the first octets (RFC 1952 2.3.1, RFC 8878 3.1.1 and 3.1.2). */
export function compressionOf(head: Uint8Array): Compression | null {
  if (head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'gzip'
  if (head.length < 4) return null
  const magic = new DataView(head.buffer, head.byteOffset).getUint32(0, true)
  return magic === ZSTD_MAGIC || (magic & 0xfffffff0) >>> 0 === ZSTD_SKIPPABLE ? 'zstd' : null
}

/**
 * Decompresses a stream, concatenated members and frames included. All that was readable comes out, and `onFault` is told why it ended
 * early. Chunks going in may be overwritten once the next is asked for; those coming out are the caller's.
 */
export async function* decompress(
  kind: Compression,
  chunks: AsyncIterable<Uint8Array>,
  onFault: OnFault,
): AsyncGenerator<Uint8Array> {
  const input = new Octets(chunks)
  const next = kind === 'gzip' ? gunzipMember : unzstdFrame
  let members = 0
  while (await input.has(1)) {
    if (members++ > 0 && (await isPadding(input))) return
    if (members > 1 && compressionOf(await input.peek(4)) !== kind) {
      onFault('malformed', `octets behind the ${kind} data were passed over`)
      return
    }
    if (!(yield* next(input, onFault))) return
  }
}

/** Zeros up to the end, as tapes and disk images leave them. */
async function isPadding(input: Octets): Promise<boolean> {
  while ((await input.has(1)) && input.rest.every((octet) => octet === 0)) input.skip(input.rest.length)
  return !(await input.has(1))
}

/** The compressed octets from front to back. */
class Octets {
  readonly #chunks: AsyncIterator<Uint8Array>
  #done = false
  /** Octets at hand; borrowed from the chunk they came in. */
  rest: Uint8Array = new Uint8Array(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Brings at least `count` octets to hand; false when there are not so many. */
  async has(count: number): Promise<boolean> {
    if (this.rest.length >= count) return true
    const parts = [this.rest.slice()]
    let length = this.rest.length
    while (length < count && !this.#done) {
      const { value, done } = await this.#chunks.next()
      this.#done = done === true
      if (value === undefined) continue
      length += value.length
      parts.push(length < count ? value.slice() : value)
    }
    this.rest = parts.length === 2 && parts[0]?.length === 0 ? (parts[1] as Uint8Array) : join(parts, length)
    return length >= count
  }

  /** Up to `count` octets, without going past them. */
  async peek(count: number): Promise<Uint8Array> {
    await this.has(count)
    return this.rest.subarray(0, count)
  }

  skip(count: number): void {
    this.rest = this.rest.subarray(count)
  }
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const GZIP_CUT = 'the gzip data is cut off'

/** One gzip member (RFC 1952 2.3); false when nothing behind it can be read. */
async function* gunzipMember(input: Octets, onFault: OnFault): AsyncGenerator<Uint8Array, boolean> {
  if (!(await skipGzipHeader(input))) {
    onFault('truncated', GZIP_CUT)
    return false
  }
  const inflater = new Inflater()
  let sum = 0
  let length = 0
  for (;;) {
    const step = (await input.has(1)) ? await inflater.push(input) : await inflater.end()
    if (step.octets.length > 0) {
      sum = crc32(step.octets, sum)
      length = (length + step.octets.length) % 2 ** 32
      yield step.octets
    }
    if (step.state === 'done') break
    if (step.state === 'more') continue
    onFault(step.state === 'cut' ? 'truncated' : 'malformed', step.state === 'cut' ? GZIP_CUT : 'the gzip data is corrupt')
    return false
  }
  if (!(await input.has(8))) {
    onFault('truncated', GZIP_CUT)
    return false
  }
  const trailer = new DataView(input.rest.buffer, input.rest.byteOffset)
  if (trailer.getUint32(0, true) !== sum || trailer.getUint32(4, true) !== length)
    onFault('malformed', 'the gzip data does not fit its checksum')
  input.skip(8)
  return true
}

async function skipGzipHeader(input: Octets): Promise<boolean> {
  if (!(await input.has(10))) return false
  const flags = input.rest[3] as number
  input.skip(10)
  if ((flags & 4) !== 0) {
    if (!(await input.has(2))) return false
    const extra = (input.rest[0] as number) | ((input.rest[1] as number) << 8)
    if (!(await input.has(2 + extra))) return false
    input.skip(2 + extra)
  }
  for (const bit of [8, 16]) if ((flags & bit) !== 0 && !(await skipText(input))) return false
  if ((flags & 2) === 0) return true
  if (!(await input.has(2))) return false
  input.skip(2)
  return true
}

async function skipText(input: Octets): Promise<boolean> {
  while (await input.has(1)) {
    const zero = input.rest.indexOf(0)
    input.skip(zero < 0 ? input.rest.length : zero + 1)
    if (zero >= 0) return true
  }
  return false
}

interface Inflated {
  readonly octets: Uint8Array
  readonly state: 'more' | 'done' | 'cut' | 'corrupt'
}

/** Everything that comes out of one slice waits in the stream until it is taken; the types do not know this option of streams. */
const STREAM_OPTIONS = { readableHighWaterMark: Number.MAX_SAFE_INTEGER, chunkSize: 64 * 1024 } as ZlibOptions

/** One deflate stream (RFC 1951), fed slice by slice so that memory is bounded and the end is known to the octet. */
class Inflater {
  readonly #stream: InflateRaw = createInflateRaw(STREAM_OPTIONS)
  #kept: Uint8Array[] | null = []
  #keptOctets = 0
  #written = 0
  #delivered = 0
  #failure: Error | null = null
  #onFailure: () => void = () => {}

  constructor() {
    this.#stream.on('error', (error) => {
      this.#failure = error
      this.#onFailure()
    })
  }

  /** Takes what it can from `input`. */
  async push(input: Octets): Promise<Inflated> {
    const slice = input.rest.subarray(0, SLICE)
    this.#keep(slice)
    this.#written += slice.length
    await this.#settled((done) => this.#stream.write(slice, done))
    if (this.#failure !== null) return { octets: this.#salvage(), state: 'corrupt' }
    const unused = this.#written - this.#stream.bytesWritten
    input.skip(slice.length - unused)
    const octets = this.#take()
    if (unused === 0) return { octets, state: 'more' }
    this.#stream.destroy()
    return { octets, state: 'done' }
  }

  /** No more input: that is where a stream may end, or is cut. */
  async end(): Promise<Inflated> {
    await this.#settled((done) => this.#stream.end(done))
    const octets = this.#failure === null ? this.#take() : new Uint8Array(0)
    return { octets, state: this.#failure === null ? 'done' : 'cut' }
  }

  #settled(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#onFailure = resolve
      if (this.#failure === null) start(() => resolve())
      else resolve()
    })
  }

  #take(): Uint8Array {
    const octets = (this.#stream.read() as Uint8Array | null) ?? new Uint8Array(0)
    this.#delivered += octets.length
    return octets
  }

  #keep(slice: Uint8Array): void {
    this.#keptOctets += slice.length
    if (this.#keptOctets > MAX_KEPT) this.#kept = null
    this.#kept?.push(slice.slice())
  }

  /** What the stream decoded before its fault and did not hand over. A fault once met stays met, so its place is found by halving. */
  #salvage(): Uint8Array {
    if (this.#kept === null) return new Uint8Array(0)
    const all = join(this.#kept, this.#keptOctets)
    let best = new Uint8Array(0)
    let bad = all.length + 1
    for (let good = 0; bad - good > 1; ) {
      const middle = (good + bad) >>> 1
      try {
        best = inflateRawSync(all.subarray(0, middle), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_SALVAGED })
        good = middle
      } catch {
        bad = middle
      }
    }
    return best.slice(this.#delivered)
  }
}

const ZSTD_CUT = 'the zstd data is cut off'

/** One Zstandard frame (RFC 8878 3.1), block by block; false when nothing behind it can be read. */
async function* unzstdFrame(input: Octets, onFault: OnFault): AsyncGenerator<Uint8Array, boolean> {
  if (!(await input.has(8))) return cutOff(onFault)
  const magic = new DataView(input.rest.buffer, input.rest.byteOffset).getUint32(0, true)
  if (magic !== ZSTD_MAGIC) return (await skipFrame(input)) || cutOff(onFault)
  const header = await zstdHeader(input)
  if (header === null) return cutOff(onFault)
  if (header.window > MAX_WINDOW) {
    onFault('limit', `the zstd data needs a window of ${header.window} bytes, more than ${MAX_WINDOW}`)
    return false
  }
  let out: Uint8Array[] = []
  const frame = new Decompress((chunk) => out.push(chunk.slice()))
  const push = (count: number, last: boolean): boolean => {
    try {
      frame.push(input.rest.slice(0, count), last)
    } catch {
      onFault('malformed', 'the zstd data is corrupt')
      return false
    }
    input.skip(count)
    return true
  }
  if (!push(header.length, false)) return false
  for (let last = false; !last; ) {
    if (!(await input.has(3))) return cutOff(onFault)
    const word = (input.rest[0] as number) | ((input.rest[1] as number) << 8) | ((input.rest[2] as number) << 16)
    last = (word & 1) === 1
    // RFC 8878 3.1.1.2.2: the block of one octet repeated says how often, not how long it is.
    const length = 3 + (((word >> 1) & 3) === 1 ? 1 : word >> 3)
    if (!(await input.has(length))) return cutOff(onFault)
    const pushed = push(length, false)
    yield* out
    out = []
    if (!pushed) return false
  }
  const checksum = header.checksum ? 4 : 0
  if (!(await input.has(checksum))) return cutOff(onFault)
  const finished = push(checksum, true)
  yield* out
  return finished
}

function cutOff(onFault: OnFault): false {
  onFault('truncated', ZSTD_CUT)
  return false
}

/** RFC 8878 3.1.2: user data between frames. */
async function skipFrame(input: Octets): Promise<boolean> {
  let left = 8 + new DataView(input.rest.buffer, input.rest.byteOffset).getUint32(4, true)
  while (left > 0 && (await input.has(1))) {
    const passed = Math.min(left, input.rest.length)
    input.skip(passed)
    left -= passed
  }
  return left === 0
}

/** RFC 8878 3.1.1.1. */
async function zstdHeader(input: Octets): Promise<{ length: number; window: number; checksum: boolean } | null> {
  const descriptor = input.rest[4] as number
  const single = (descriptor & 0x20) !== 0
  const size = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number
  const at = (single ? 5 : 6) + ([0, 1, 2, 4][descriptor & 3] as number)
  if (!(await input.has(at + size))) return null
  const view = new DataView(input.rest.buffer, input.rest.byteOffset)
  const exponent = view.getUint8(5)
  const window = single ? contentSize(view, at, size) : 2 ** (10 + (exponent >> 3)) * (1 + (exponent & 7) / 8)
  return { length: at + size, window, checksum: (descriptor & 4) !== 0 }
}

function contentSize(view: DataView, at: number, octets: number): number {
  if (octets === 1) return view.getUint8(at)
  if (octets === 2) return view.getUint16(at, true) + 256
  const low = view.getUint32(at, true)
  return octets === 4 ? low : low + view.getUint32(at + 4, true) * 2 ** 32
}
