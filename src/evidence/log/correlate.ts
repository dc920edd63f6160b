import type { AcmeRequest } from '../../acme/traffic.ts'
import type { Micros } from '../../core/time.ts'
import { endOf, type Match, type TrafficIndex, WINDOW } from '../traffic-index.ts'
import { alignClock, asUtc, type LogClock } from './clock.ts'
import type { LogFile, LoggedLine } from './read.ts'

/** One record with the requests that it is about. */
export interface MatchedLine extends LoggedLine {
  readonly file: number
  /** In UTC by the log's clock. */
  readonly at: Micros | null
  readonly match: Match | null
  /** Written while the capture ran, or at a time that is not known. */
  readonly within: boolean
}

export interface LogEvidence {
  readonly files: readonly (LogFile & { readonly clock: LogClock })[]
  /** In order of files and lines: what is about requests, and failures that are about none. */
  readonly lines: readonly MatchedLine[]
}

/** Requests that one line is tried with when the clock of a log is looked for. */
const MAX_CANDIDATES = 200

export function correlateLogs(files: readonly LogFile[], index: TrafficIndex): LogEvidence {
  const middle = (index.first + index.last) / 2
  const read = files.map((file) => ({ ...file, clock: clockOf(file, index, middle) }))
  const lines = read.flatMap((file, at) =>
    file.kept.map((line): MatchedLine => {
      const utc = line.time === null ? null : asUtc(line.time, middle)
      const time = utc === null || line.time?.kind === 'exact' ? utc : utc - file.clock.offset * 1e6
      const text = textOf(line)
      const failure = line.severity !== 'info'
      const match = time === null ? (failure ? index.about(text) : null) : index.at(time, text, failure)
      return { ...line, file: at, at: time, match, within: time === null || index.covers(time) }
    }),
  )
  return { files: read, lines: lines.filter(({ match, severity }) => match !== null || severity !== 'info') }
}

function clockOf({ kept }: LogFile, index: TrafficIndex, middle: Micros): LogClock {
  const local = kept.filter(({ time }) => time?.kind === 'local')
  if (local.length === 0) return { basis: 'stated', offset: 0 }
  return alignClock(
    local.flatMap((line) => {
      const utc = line.time === null ? null : asUtc(line.time, middle)
      const text = textOf(line)
      const candidates: AcmeRequest[] = [...index.quoted(text), ...index.named(text)]
      return utc === null || candidates.length === 0 ? [] : [[utc, candidates.slice(0, MAX_CANDIDATES).map(endOf)] as const]
    }),
    WINDOW,
  )
}

function textOf({ message, error }: LoggedLine): string {
  return error === null ? message : `${message}: ${error}`
}
