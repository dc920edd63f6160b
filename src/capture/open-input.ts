import { DamageLog } from '../core/damage.ts'
import { type Compression, compressionOf, decompress, type OnFault } from '../platform/compression.ts'
import { type Frame, newFrame } from './frame.ts'
import type { CaptureFacts, PacketFormat, PacketReader } from './reader.ts'
import { READERS } from './readers.ts'
import { type Input, isReopenable, openSource, type Source } from './source.ts'
import { newWindow, refill, releaseWindow, type Window } from './window.ts'

/** Bytes read at a time, into one buffer that is reused: for a look at the beginning, and for reading. */
const LOOK = 64 * 1024
const CHUNK = 256 * 1024
/** Bytes that tell a format or a compression, and those that are looked at when neither is known. */
const MAGIC = 4
const HEAD = 64
/** Bytes of the beginning that are kept, for whoever reads other formats. */
const KEPT_HEAD = 4096
/** Bytes that are looked at for the time of the first packet. */
const MAX_LOOK = 4 * 1024 * 1024

/**
 * One input, told by its first bytes. What can be opened again is closed after the look at its beginning and opened when its first packet
 * is due, so that a thousand rotated files need neither a thousand buffers nor a thousand file handles.
 */
export class OpenInput {
  readonly index: number
  readonly name: string
  readonly facts: CaptureFacts = newFacts()
  readonly frame: Frame
  packets = 0
  /** The compression it came in, if any. */
  compression: Compression | null = null
  /** Epoch seconds and nanoseconds of the first packet; null when they are not known before reading begins. */
  due: { readonly seconds: number; readonly nanoseconds: number } | null = null
  readonly #input: Input
  readonly #hashAll: boolean
  #source: Source
  #content: Source
  #window: Window
  #head: Uint8Array = new Uint8Array(0)
  #format: PacketFormat | null = null
  #reader: PacketReader | null = null
  /** Never null: a field that is always a double is overwritten in place. */
  #earliest = Number.POSITIVE_INFINITY
  #latest = Number.NEGATIVE_INFINITY
  #parked = false
  #ended = false
  #pending: Promise<void> | null = null
  #stopped = false
  #stop: () => void = () => {}
  readonly #stopping = new Promise<void>((resolve) => {
    this.#stop = resolve
  })

  private constructor(input: Input, index: number, name: string, hashAll: boolean) {
    this.#input = input
    this.index = index
    this.name = name
    this.#hashAll = hashAll
    this.frame = newFrame(index)
    this.#source = openSource(input, hashAll)
    this.#content = this.#source
    this.#window = newWindow(LOOK)
  }

  /**
   * Opens an input and looks at its beginning.
   * @throws CaptureError when it is a capture whose file header cannot be read
   */
  static async open(input: Input, index: number, name: string, hashAll: boolean): Promise<OpenInput> {
    const opened = new OpenInput(input, index, name, hashAll)
    try {
      await opened.#look()
    } catch (error) {
      opened.#source.close()
      throw error
    }
    return opened
  }

  /** Whether bytes begin like a packet capture, compressed or not. */
  static recognises(head: Uint8Array): boolean {
    return compressionOf(head) !== null || READERS.some((format) => format.recognises(head))
  }

  /** The input as it is read: sizes and digest are those of the file, compressed or not. */
  get source(): Source {
    return this.#source
  }

  /** As if the input ended here; a read that waits is given up. */
  stop(): void {
    this.#stopped = true
    this.#stop()
  }

  /** "pcap", "pcapng", or null when the bytes are no packet capture. */
  get format(): string | null {
    return this.#format?.name ?? null
  }

  /** Microseconds since the epoch; null when there is no packet. */
  get firstTime(): number | null {
    return this.packets === 0 ? null : this.#earliest
  }

  get lastTime(): number | null {
    return this.packets === 0 ? null : this.#latest
  }

  /** The first bytes of the content: of one that is no packet capture at least 64, if there are so many. */
  head(): Uint8Array {
    return this.#head
  }

  /** Decodes the next packet into `frame`. 'wait': the bytes are still to come, see `refill`. */
  next(): 'frame' | 'wait' | 'end' {
    if (this.#parked) this.#begin()
    for (;;) {
      if (this.#stopped || this.#ended) return this.#finish()
      const answer = this.#reader === null ? this.#openReader() : this.#reader.next(this.frame)
      if (answer === 'frame') {
        this.#count()
        return 'frame'
      }
      if (answer === 'end') return this.#finish()
      const more = refill(this.#window, this.#content)
      if (more !== undefined) {
        this.#pending = more
        return 'wait'
      }
    }
  }

  async refill(): Promise<void> {
    await Promise.race([this.#pending, this.#stopping])
    this.#pending = null
  }

  /** The content chunk by chunk, for formats that are no packets; each chunk is valid until the next is asked for. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    if (this.#parked) this.#begin()
    yield* chunksOf(this.#content, this.#window)
  }

  close(): void {
    this.#content.close()
    this.#source.close()
  }

  async #look(): Promise<void> {
    const canReopen = isReopenable(this.#input)
    const facts = canReopen ? newFacts() : this.facts
    await this.#fill(MAGIC)
    this.compression = compressionOf(this.#unread())
    if (this.compression !== null) {
      this.#decompress(facts, LOOK)
      await this.#fill(MAGIC)
    }
    this.#format = READERS.find((candidate) => candidate.recognises(this.#unread())) ?? null
    await this.#fill(this.#format?.header ?? HEAD)
    this.#head = this.#unread().slice(0, KEPT_HEAD)
    this.#reader = this.#format?.open(this.#window, facts) ?? null
    if (!canReopen) return
    await this.#lookForTime()
    this.close()
    this.#reader = null
    this.#parked = true
    releaseWindow(this.#window)
  }

  async #lookForTime(): Promise<void> {
    const reader = this.#reader
    while (reader !== null && this.#content.bytes < MAX_LOOK) {
      const answer = reader.next(this.frame)
      if (answer === 'frame') this.due = { seconds: this.frame.seconds, nanoseconds: this.frame.nanoseconds }
      if (answer !== 'more') return
      await refill(this.#window, this.#content)
    }
  }

  /** Opens the input again, now to read all of it. */
  #begin(): void {
    this.#parked = false
    this.#source = openSource(this.#input, this.#hashAll)
    this.#content = this.#source
    this.#window = newWindow((this.#source.size ?? CHUNK) < LOOK ? LOOK : CHUNK)
    if (this.compression !== null) this.#decompress(this.facts, CHUNK)
  }

  /** The content becomes what comes out of the decompressor; what is in the window goes into it first. */
  #decompress(facts: CaptureFacts, size: number): void {
    const compressed = chunksOf(this.#source, this.#window)
    const onFault: OnFault = (kind, detail) => facts.damage.add('capture', kind, detail)
    this.#content = openSource(decompress(this.compression as Compression, compressed, onFault), false)
    this.#window = newWindow(size)
  }

  #openReader(): 'frame' | 'more' | 'end' {
    const window = this.#window
    if (this.#format === null) return 'end'
    if (!window.final && window.end - window.start < this.#format.header) return 'more'
    this.#reader = this.#format.open(window, this.facts)
    return this.#reader.next(this.frame)
  }

  async #fill(wanted: number): Promise<void> {
    const window = this.#window
    while (!window.final && window.end - window.start < wanted) await refill(window, this.#content)
  }

  #unread(): Uint8Array {
    return this.#window.bytes.subarray(this.#window.start, this.#window.end)
  }

  #finish(): 'end' {
    if (this.#ended) return 'end'
    this.#ended = true
    this.#reader = null
    // A read that was given up may still write into its buffer.
    if (!this.#stopped) {
      this.#source.passOver(this.#window.bytes)
      releaseWindow(this.#window)
    }
    this.close()
    return 'end'
  }

  #count(): void {
    const time = this.frame.seconds * 1e6 + ((this.frame.nanoseconds / 1000) | 0)
    this.packets++
    if (time < this.#earliest) this.#earliest = time
    if (time > this.#latest) this.#latest = time
  }
}

function newFacts(): CaptureFacts {
  return { damage: new DamageLog(), linkTypes: new Set(), comments: [], secrets: [], names: new Map() }
}

/** What is in the window and then the rest of the source; each chunk is valid until the next is asked for. */
async function* chunksOf(source: Source, window: Window): AsyncGenerator<Uint8Array> {
  for (;;) {
    if (window.end > window.start) yield window.bytes.subarray(window.start, window.end)
    window.start = window.end
    if (window.final) return
    await refill(window, source)
  }
}
