import { latin1Range } from '../../platform/octets.ts'
import type { Mark } from '../../tcp/connection.ts'
import { OctetBuffer } from '../octet-buffer.ts'
import { METHODS } from './head.ts'
import type { Message } from './message.ts'

/** A longer line is no start line: of what is held without a line end only the last half of this is kept. */
export const MAX_START_LINE = 16 * 1024

const LF = 10

/**
 * Looks for the next octets that can be nothing but the beginning of a message: a start line, which may follow a body without
 * a line end, with a field line or an empty line after it. Each octet is looked at once or twice.
 */
export class StartLineSearch {
  readonly #isRequests: boolean
  /** The line being read, or a start line and the line after it. */
  readonly octets = new OctetBuffer()
  /** Marks of what is held, and the offset of each one's first octet. */
  #marks: Mark[] = []
  #offsets: number[] = []
  /** Length of the start line at the beginning of `octets`, 0 when there is none. */
  #startLine = 0
  found = false
  /** The section ends with the line after the start line. */
  headEnds = false

  constructor(isRequests: boolean) {
    this.#isRequests = isRequests
  }

  get marks(): readonly Mark[] {
    return this.#marks
  }

  begin(): void {
    this.octets.clear()
    this.#marks = []
    this.#offsets = []
    this.#startLine = 0
    this.found = false
    this.headEnds = false
  }

  /** Returns where it stopped: at `end`, or behind the line that proved the start line. Octets passed over go to `into`. */
  read(bytes: Uint8Array, start: number, end: number, mark: Mark, into: Message | null): number {
    let at = start
    while (at < end && !this.found) {
      let stop = at
      while (stop < end && bytes[stop] !== LF) stop++
      const whole = stop < end
      if (whole) stop++
      this.#hold(bytes, at, stop, mark, into)
      at = stop
      if (whole) this.#line(into)
    }
    return at
  }

  #hold(bytes: Uint8Array, start: number, end: number, mark: Mark, into: Message | null): void {
    let from = start
    if (this.octets.length + end - start > MAX_START_LINE) {
      const keep = MAX_START_LINE / 2
      this.#passHeld(Math.max(0, this.octets.length - Math.max(0, keep - (end - start))), into)
      this.#startLine = 0
      from = Math.max(start, end - keep)
      pass(bytes, start, from, into)
    }
    if (this.#marks[this.#marks.length - 1] !== mark) {
      this.#marks.push(mark)
      this.#offsets.push(this.octets.length)
    }
    this.octets.append(bytes, from, end)
  }

  /** Gives up the first `count` octets that are held. */
  #passHeld(count: number, into: Message | null): void {
    if (count === 0) return
    pass(this.octets.bytes, 0, count, into)
    this.octets.drop(count)
    let first = 0
    while (first + 1 < this.#offsets.length && (this.#offsets[first + 1] as number) <= count) first++
    this.#marks = this.#marks.slice(first)
    this.#offsets = this.#offsets.slice(first).map((offset) => Math.max(0, offset - count))
    if (this.octets.length === 0) {
      this.#marks = []
      this.#offsets = []
    }
  }

  /** A line is complete. */
  #line(into: Message | null): void {
    const { octets } = this
    if (this.#startLine > 0) {
      const line = latin1Range(octets.bytes, this.#startLine, octets.length)
      this.headEnds = EMPTY_LINE.test(line)
      this.found = this.headEnds || FIELD_LINE.test(line)
      if (this.found) return
      this.#passHeld(this.#startLine, into)
      this.#startLine = 0
    }
    const at = findStartLine(latin1Range(octets.bytes, 0, octets.length), this.#isRequests)
    if (at < 0) this.#passHeld(octets.length, into)
    else {
      this.#passHeld(at, into)
      this.#startLine = octets.length
    }
  }

  /** Nothing follows: what is held was no message. */
  end(into: Message | null): void {
    this.#passHeld(this.octets.length, into)
  }
}

function pass(bytes: Uint8Array, start: number, end: number, into: Message | null): void {
  if (into === null) return
  into.content(bytes, start, end)
  into.size += end - start
}

const EMPTY_LINE = /^\r*\n$/
const FIELD_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:/
const STATUS_LINE = /HTTP\/1\.\d [1-9]\d\d(?: [^\n]*|\r*)\n$/
const REQUEST_LINE = /([A-Z_]{3,16}) \S+ HTTP\/1\.\d\r*\n$/

/** Offset of a start line that reaches to the end of the line, -1 when there is none. */
function findStartLine(line: string, isRequests: boolean): number {
  const match = (isRequests ? REQUEST_LINE : STATUS_LINE).exec(line)
  if (match === null) return -1
  if (!isRequests) return match.index
  const letters = match[1] as string
  for (let i = 0; i + 3 <= letters.length; i++) if (METHODS.has(letters.slice(i))) return match.index + i
  return -1
}
