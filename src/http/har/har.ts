import { CaptureError } from '../../capture/reader.ts'
import type { DamageLog } from '../../core/damage.ts'
import type { Sink } from '../../core/sink.ts'
import type { Micros } from '../../core/time.ts'
import { utf8Text } from '../../platform/base64.ts'
import { utf8Range } from '../../platform/octets.ts'
import type { Connection } from '../../tcp/connection.ts'
import type { BodyPolicy, HttpExchange } from '../exchange.ts'
import { HarConnections } from './connections.ts'
import { readEntry } from './entry.ts'
import { HarSplitter, MAX_ENTRY } from './splitter.ts'
import type { HarObject } from './values.ts'
import { asObject, asText, readTime } from './values.ts'

export interface HarOptions {
  /** Index of the input. */
  readonly input: number
  readonly policy: BodyPolicy
  /** Takes each exchange as its entry is read. It is not ended here. */
  readonly sink: Sink<HttpExchange>
  /** Of the input as a whole: faults of the format, by entry. */
  readonly damage: DamageLog
  readonly nextConnectionId: () => number
  /** Takes each connection when it is met first. */
  readonly onConnection?: (connection: Connection) => void
  /** Reads a file in the HAR's folder by its plain name, for bodies that Playwright attaches; null when there is none. */
  readonly readAttached?: (name: string) => Uint8Array | null
}

/** What a HAR says about itself: "name version". */
export interface HarFacts {
  version: string | null
  creator: string | null
  browser: string | null
}

type EntryValidator = typeof import('har-validator/lib/async.js').entry

/** Whether octets can be the beginning of a HAR: an optional byte order mark, white space and a brace. */
export function recognisesHar(head: Uint8Array): boolean {
  const encoding = encodingOf(head)
  const text =
    encoding === null ? utf8Range(head, 0, Math.min(head.length, 256)) : new TextDecoder(encoding).decode(head.subarray(0, 256))
  return /^\ufeff?[ \t\r\n]*\{/.test(text)
}

/** UTF-16 by its byte order mark; null for UTF-8, the only encoding that RFC 8259 8.1 allows. */
function encodingOf(head: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : null
}

/** Opens a HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/). Asynchronous only because its validator is loaded when needed. */
export async function openHar(options: HarOptions): Promise<HarReader> {
  const { entry } = (await import('har-validator/lib/async.js')).default
  return new HarReader(options, entry)
}

/** Takes the octets of a HAR as they come and writes its exchanges. */
export class HarReader implements Sink<Uint8Array> {
  readonly facts: HarFacts = { version: null, creator: null, browser: null }
  /** Entries met so far. */
  entries = 0
  readonly #options: HarOptions
  readonly #validate: EntryValidator
  readonly #connections: HarConnections
  readonly #splitter: HarSplitter
  #head: Uint8Array | null = new Uint8Array(0)
  #transcoder: InstanceType<typeof TextDecoder> | null = null
  #lastTime: Micros = 0

  constructor(options: HarOptions, validate: EntryValidator) {
    this.#options = options
    this.#validate = validate
    this.#connections = new HarConnections(options)
    this.#splitter = new HarSplitter({
      entry: (bytes, start, end) => this.#entry(bytes, start, end),
      entryTooLarge: () => this.#options.damage.add('har', 'limit', `an entry of more than ${MAX_ENTRY} octets`, this.entries++),
      member: (name, json) => this.#member(name, json),
    })
  }

  /**
   * Takes the next octets, which are borrowed.
   * @throws CaptureError when they cannot be JSON
   */
  write(chunk: Uint8Array): void {
    let bytes = chunk
    if (this.#head !== null) {
      const joined = new Uint8Array(this.#head.length + chunk.length)
      joined.set(this.#head)
      joined.set(chunk, this.#head.length)
      this.#head = joined
      if (joined.length < 3) return
      bytes = this.#begin()
    }
    this.#pass(bytes)
  }

  /** Looks at the byte order mark and returns the octets behind it. */
  #begin(): Uint8Array {
    const head = this.#head as Uint8Array
    this.#head = null
    const encoding = encodingOf(head)
    if (encoding !== null) {
      this.#transcoder = new TextDecoder(encoding)
      return head
    }
    return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head
  }

  #pass(bytes: Uint8Array): void {
    // Windows PowerShell redirects text as UTF-16.
    const octets = this.#transcoder === null ? bytes : new TextEncoder().encode(this.#transcoder.decode(bytes, { stream: true }))
    const { fault, found } = this.#splitter
    this.#splitter.write(octets)
    if (fault === null && this.#splitter.fault !== null) {
      if (!found && !this.#splitter.found) throw new CaptureError(`not a HAR: ${this.#splitter.fault}`)
      this.#options.damage.add('har', 'malformed', this.#splitter.fault, this.entries)
    }
  }

  /**
   * Nothing follows.
   * @throws CaptureError when there was no log.entries
   */
  end(): void {
    if (this.#head !== null) this.#pass(this.#begin())
    const { found, over, withinEntry, fault } = this.#splitter
    if (!found) throw new CaptureError(over ? 'not a HAR: the JSON has no log.entries' : 'not a HAR: it ends before log.entries')
    if (this.facts.version === null) this.#options.damage.add('har', 'malformed', 'log has no version')
    if (this.facts.creator === null) this.#options.damage.add('har', 'malformed', 'log has no creator')
    if (!over && fault === null)
      this.#options.damage.add(
        'har',
        'truncated',
        withinEntry ? 'the file ends within an entry' : 'the file ends within log',
        this.entries,
      )
  }

  #member(name: string, json: string): void {
    const value = parseJson(json)
    if (name === 'version') this.facts.version = asText(value)
    else if (name === 'creator') this.facts.creator = nameAndVersion(value)
    else this.facts.browser = nameAndVersion(value)
  }

  #entry(bytes: Uint8Array, start: number, end: number): void {
    const index = this.entries++
    const { damage, input, policy, sink } = this.#options
    const text = utf8Range(bytes, start, end)
    if (text.includes('\ufffd') && utf8Text(bytes.subarray(start, end)) === null)
      damage.add('har', 'malformed', 'an entry that is not UTF-8', index)
    const entry = asObject(parseJson(text))
    if (entry === null) {
      damage.add('har', 'malformed', 'an entry that is no JSON object', index)
      return
    }
    this.#check(entry, index)
    const time = this.#time(entry, index)
    const exchange = readEntry(entry, {
      input,
      entry: index,
      policy,
      readAttached: this.#options.readAttached ?? (() => null),
      time,
      connection: this.#connections.find(entry, time),
    })
    if (exchange === null) damage.add('har', 'malformed', 'an entry with neither request nor response', index)
    else sink.write(exchange)
  }

  /** An entry without a time keeps its place: it takes that of the entry before it. */
  #time(entry: HarObject, index: number): Micros {
    const time = readTime(entry.startedDateTime)
    if (time === null)
      this.#options.damage.add('har', 'malformed', 'an entry without a time, which takes that of the entry before it', index)
    else this.#lastTime = time
    return this.#lastTime
  }

  #check(entry: HarObject, index: number): void {
    this.#validate(entry, (error) => {
      if (error === null) return
      for (const { dataPath, message } of error.errors) {
        const place = dataPath.replace(/\[\d+\]/g, '[]')
        this.#options.damage.add('har', 'malformed', `entry${place} ${message ?? 'is not valid'}`, index)
      }
    })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function nameAndVersion(value: unknown): string | null {
  const object = asObject(value)
  const name = asText(object?.name)
  const version = asText(object?.version)
  return name === null ? null : version === null ? name : `${name} ${version}`
}
