import { CaptureError } from '../../capture/reader.ts'
import { nameOf, openFile } from '../../platform/files.ts'
import { type LogRecord, readLine } from './line.ts'

/** A record that may matter, with the number of its line from 1. */
export interface LoggedLine extends LogRecord {
  readonly line: number
}

export interface LogFile {
  readonly name: string
  readonly lines: number
  /** Lines that are no record and continue none. */
  readonly unread: number
  /** Records that may matter beyond those kept. */
  readonly dropped: number
  readonly kept: readonly LoggedLine[]
}

/** Octets of one line that are read; the rest of it is passed over. */
const MAX_LINE = 32 * 1024
/** Records kept of one file, and the length of their texts. */
const MAX_KEPT = 10_000
const MAX_TEXT = 4000
const CHUNK = 256 * 1024
const NEWLINE = 0x0a

/** Records that may speak of ACME requests: failures, what names a URL, and what the client says it does. */
const MATTERS = /https?:\/\/|\bcalling \w|acme|\border\b|challenge|authorization/i

/** Reads a log from front to back, whatever its size. @throws CaptureError for a file without a line that is klog or JSON */
export function readLog(path: string): LogFile {
  const file = openFile(path)
  const reader = new LogReader()
  try {
    const buffer = new Uint8Array(CHUNK)
    for (let octets = file.read(buffer, 0, CHUNK); octets > 0; octets = file.read(buffer, 0, CHUNK))
      reader.write(buffer.subarray(0, octets))
  } finally {
    file.close()
  }
  return reader.end(path)
}

class LogReader {
  readonly #line = new Uint8Array(MAX_LINE)
  readonly #decoder = new TextDecoder()
  readonly #kept: LoggedLine[] = []
  #length = 0
  #lines = 0
  #unread = 0
  #records = 0
  #dropped = 0
  /** The first line of a record whose text goes on: klog lays out texts of several lines. */
  #open: { text: string; line: number } | null = null

  write(octets: Uint8Array): void {
    for (let start = 0; start < octets.length; ) {
      const found = octets.indexOf(NEWLINE, start)
      const end = found < 0 ? octets.length : found
      const part = octets.subarray(start, Math.min(end, start + MAX_LINE - this.#length))
      this.#line.set(part, this.#length)
      this.#length += part.length
      if (found >= 0) this.#endLine()
      start = end + 1
    }
  }

  end(path: string): LogFile {
    if (this.#length > 0) this.#endLine()
    this.#close()
    if (this.#records === 0)
      throw new CaptureError(`${path}: no line of it is a record of klog or JSON; --log takes what kubectl logs writes`)
    return { name: nameOf(path), lines: this.#lines, unread: this.#unread, dropped: this.#dropped, kept: this.#kept }
  }

  #endLine(): void {
    this.#lines++
    const text = this.#decoder.decode(this.#line.subarray(0, this.#length)).trimEnd()
    this.#length = 0
    if (text === '') return
    if (readLine(text) !== null) {
      this.#close()
      this.#open = { text, line: this.#lines }
    } else if (this.#open !== null && /^\s/.test(text)) {
      if (this.#open.text.length < MAX_LINE) this.#open.text += `\n${text}`
    } else this.#unread++
  }

  #close(): void {
    const open = this.#open
    this.#open = null
    const record = open === null ? null : readLine(open.text)
    if (open === null || record === null) return
    this.#records++
    const { severity, message, error } = record
    if (severity === 'info' && error === null && !MATTERS.test(message.slice(0, MAX_TEXT))) return
    if (this.#kept.length >= MAX_KEPT) this.#dropped++
    else
      this.#kept.push({
        ...record,
        line: open.line,
        message: withoutCredentials(message.slice(0, MAX_TEXT)),
        error: error === null ? null : withoutCredentials(error.slice(0, MAX_TEXT)),
      })
  }
}

/** Logs of higher verbosity show requests to the Kubernetes API; their credentials have no place in a report. */
function withoutCredentials(text: string): string {
  return text.replace(/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 …')
}
