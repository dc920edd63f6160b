import type { Mark } from '../../tcp/connection.ts'
import type { StartLine } from './head.ts'
import { makeHead, parseRequestLine, parseStatusLine, TOKEN_OCTETS } from './head.ts'
import { Message } from './message.ts'
import type { StartLineSearch } from './search.ts'
import { SectionReader } from './section.ts'

const CR = 13
const SP = 32
/** What a status line begins with. */
const HTTP_SLASH = Uint8Array.of(72, 84, 84, 80, 47)
/** A longer method is not believed in. */
const MAX_METHOD = 64

/** Collects the octets of a head and makes a message of them. */
export class HeadReader {
  readonly #isRequests: boolean
  readonly #section = new SectionReader()
  #first: Mark | null = null
  /** Marks after the first one: most heads lie in one segment. */
  #more: Mark[] | null = null
  /** What the octets so far are; 'garbage' cannot become a start line any more. */
  outcome: 'more' | 'complete' | 'garbage' | 'too long' = 'more'

  constructor(isRequests: boolean) {
    this.#isRequests = isRequests
  }

  /** The octets of a head that is garbage, one character each. */
  get text(): string {
    return this.#section.text
  }

  get firstMark(): Mark | null {
    return this.#first
  }

  begin(): void {
    this.#section.begin()
    this.#first = null
    this.#more = null
    this.outcome = 'more'
  }

  /** Goes on behind what a search has found. */
  resume(search: StartLineSearch): void {
    this.begin()
    this.#section.resume(search.octets)
    for (const mark of search.marks) this.#note(mark)
    if (!search.headEnds) return
    this.#section.cut()
    this.outcome = 'complete'
  }

  read(bytes: Uint8Array, start: number, end: number, mark: Mark): number {
    const section = this.#section
    this.#note(mark)
    const at = section.read(bytes, start, end)
    if (section.complete) this.outcome = 'complete'
    else if (section.overflow) this.outcome = 'too long'
    else if (!this.#plausible()) {
      section.cut()
      this.outcome = 'garbage'
    }
    return at
  }

  #note(mark: Mark): void {
    if (this.#first === null) this.#first = mark
    else if (this.#more !== null) this.#more.push(mark)
    else if (this.#first !== mark) this.#more = [mark]
  }

  /** Could what is held of the first line still become a start line? */
  #plausible(): boolean {
    const length = Math.min(this.#section.length, MAX_METHOD + 1)
    const octets = this.#section.peek()
    if (!this.#isRequests) {
      for (let i = 0; i < length && i < HTTP_SLASH.length; i++) if (octets[i] !== HTTP_SLASH[i]) return false
      return true
    }
    for (let i = 0; i < length; i++) {
      const octet = octets[i] as number
      if (octet === SP) return i > 0
      if (TOKEN_OCTETS[octet] !== 1) return false
    }
    return length <= MAX_METHOD
  }

  /** The message of a complete head; null when its first line is no start line. */
  take(): Message | null {
    const { text } = this.#section
    return this.#make(text, text.indexOf('\n'))
  }

  /** A message of the lines that are there of an incomplete head; null when not even the start line is. */
  cut(): Message | null {
    const section = this.#section
    if (section.text === '') section.cut()
    const { text } = section
    const whole = text.lastIndexOf('\n') + 1
    const message = whole === 0 ? null : this.#make(text.slice(0, whole), text.indexOf('\n'))
    if (message !== null) message.cut = true
    return message
  }

  #make(text: string, lineFeed: number): Message | null {
    let end = lineFeed
    while (end > 0 && text.charCodeAt(end - 1) === CR) end--
    const startLine = this.#parse(text.slice(0, end))
    if (startLine === null) return null
    const head = makeHead(startLine, text, lineFeed + 1)
    const message = new Message(head, this.#first as Mark)
    if (this.#more !== null) for (const mark of this.#more) message.touch(mark)
    if (head.faults !== null) for (const fault of head.faults) message.hurt('malformed', fault)
    return message
  }

  #parse(line: string): StartLine | null {
    return this.#isRequests ? parseRequestLine(line) : parseStatusLine(line)
  }
}
