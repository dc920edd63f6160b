import { type Micros, rfc3339Micros } from '../../core/time.ts'
import { readJson } from '../../jose/json-object.ts'
import { objectAt, textAt } from '../fields.ts'

export type LogSeverity = 'error' | 'warning' | 'info'

/** When a line was written, as far as it says so. klog knows neither year nor time zone. */
export type LogTime =
  | { readonly kind: 'exact'; readonly time: Micros }
  /** Month from 1; micros since midnight, in the zone of whoever wrote it. */
  | { readonly kind: 'local'; readonly month: number; readonly day: number; readonly micros: Micros }

/** One record of a log; its values are as the client wrote them. */
export interface LogRecord {
  readonly severity: LogSeverity
  readonly time: LogTime | null
  /** "sync.go:271" */
  readonly source: string | null
  readonly message: string
  /** What the record gives as its error. */
  readonly error: string | null
}

/** klog: severity, month and day, time, thread, file and line. */
const KLOG = /^([IWEF])(\d{2})(\d{2}) (\d{2}):(\d{2}):(\d{2})\.(\d{6})\s+\d+ ([^\s\]]{1,120})\] ?/
/** What stands before it: a time of `kubectl logs --timestamps`, a pod's name of `--prefix` or of another tool. */
const BEFORE = /^(?:[^{]{0,200}?\s)?(?=[IWEF]\d{4} \d{2}:\d{2}:\d{2}\.\d{6}\s)/
const STAMP = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})/i

const SEVERITIES: Readonly<Record<string, LogSeverity>> = { E: 'error', F: 'error', W: 'warning', I: 'info' }

/** A line of klog text or JSON; null when it is neither. */
export function readLine(line: string): LogRecord | null {
  const at = line.indexOf('{')
  if (at >= 0 && at < 200 && /"(?:msg|message)"/.test(line)) {
    const record = readJsonLine(line.slice(at), line.slice(0, at))
    if (record !== null) return record
  }
  return readKlog(line)
}

function readKlog(line: string): LogRecord | null {
  const before = BEFORE.exec(line)?.[0] ?? ''
  const head = KLOG.exec(line.slice(before.length))
  if (head === null) return null
  const [whole, letter = '', month, day, hour, minute, second, micros, source = ''] = head
  const text = line.slice(before.length + whole.length)
  const fields = fieldsOf(text)
  const stamped = rfc3339Micros(STAMP.exec(before)?.[0])
  const local: LogTime = {
    kind: 'local',
    month: Number(month),
    day: Number(day),
    micros: ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1e6 + Number(micros),
  }
  const error = fields.get('err') ?? fields.get('error') ?? null
  return {
    severity: SEVERITIES[letter] ?? 'info',
    time: stamped === null ? local : { kind: 'exact', time: stamped },
    source,
    message: fields.get('msg') ?? leadingMessage(text),
    error: error === '' || error === '<nil>' ? null : error,
  }
}

/** Pairs read of one line. */
const MAX_PAIRS = 100
/** key="value" and "key"="value"; klog quotes as Go does, and lays texts of several lines out between < and >. */
const PAIR = /(?:^|\s)"?([A-Za-z_][\w.-]{0,60})"?=(?:"((?:[^"\\]|\\.)*)"|<([^>]*)>|(\S+))/g

function fieldsOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [, name = '', inQuotes, laidOut, bare] of text.matchAll(PAIR)) {
    if (found.size === MAX_PAIRS) break
    if (!found.has(name)) found.set(name, inQuotes === undefined ? (laidOut?.trim() ?? bare ?? '') : unquoted(inQuotes))
  }
  return found
}

/** "text" key=value, or `cert-manager/controller "msg"=...`, or free text. */
function leadingMessage(text: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"(?=\s|$)/.exec(text)
  return quoted === null ? text : unquoted(quoted[1] ?? '')
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

/** A Go string literal. */
function unquoted(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))/gi, (_, octet?: string, unit?: string, other?: string) =>
    other === undefined ? String.fromCharCode(Number.parseInt(octet ?? unit ?? '0', 16)) : (ESCAPES[other] ?? other),
  )
}

function readJsonLine(text: string, before: string): LogRecord | null {
  const record = objectAt(readJson(text))
  const message = textAt(record, 'msg') ?? textAt(record, 'message')
  if (record === null || message === null) return null
  const error = textAt(record, 'err') ?? textAt(record, 'error') ?? textAt(record, 'err', 'message')
  const level = (textAt(record, 'level') ?? textAt(record, 'severity') ?? (error === null ? 'info' : 'error')).toLowerCase()
  const time = jsonTime(record.ts ?? record.time ?? record.timestamp) ?? rfc3339Micros(STAMP.exec(before)?.[0])
  return {
    severity: /^(?:err|fatal|panic|dpanic)/.test(level) ? 'error' : level.startsWith('warn') ? 'warning' : 'info',
    time: time === null ? null : { kind: 'exact', time },
    source: textAt(record, 'caller') ?? textAt(record, 'logger'),
    message,
    error,
  }
}

/** Kubernetes components write milliseconds since 1970 with a fraction, zap alone seconds, others RFC 3339. */
function jsonTime(value: unknown): Micros | null {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0)
    return Math.round(value < 1e11 ? value * 1e6 : value < 1e14 ? value * 1e3 : value)
  return rfc3339Micros(value)
}
