import { randomOctets } from '../platform/crypto.ts'
import type { Category } from './redaction/categories.ts'
import { type Leak, LeakSearch } from './redaction/leaks.ts'
import { newRedactor, type Redactor } from './redaction/redactor.ts'
import { learnSource, sourceOf } from './redaction/source.ts'
import { walkReport } from './redaction/walk.ts'
import type { Report } from './report.ts'

export interface RedactOptions {
  /** Equal for all runs whose pseudonyms are to be equal; null: random for this run. */
  readonly key: Uint8Array | null
  readonly keep: readonly Category[]
}

export const HIDE_ALL: RedactOptions = { key: null, keep: [] }

/** Something that was to be hidden would have been written; nothing was. */
export class LeakFound extends Error {}

/** A redacted report, and the search for what must not be in whatever is made of it. */
export interface Redacted {
  readonly report: Report
  /** Reads finished output; to be done before any of it is written. @throws LeakFound */
  check(pieces: Iterable<string>): void
}

export function openRedactor({ key, keep }: RedactOptions): Redactor {
  return newRedactor(key ?? randomOctets(32), new Set(keep))
}

/**
 * The report with names replaced by pseudonyms and secrets removed. All checks were made before, on the real values: what they say stays.
 * `whole` is the report as `analyze` made it, when `report` is a part of it: everything that was seen may be quoted, and is hidden.
 */
export function redactReport(report: Report, options: RedactOptions, whole: Report = report): Redacted {
  const redactor = openRedactor(options)
  learnReport(whole, redactor)
  const made: Report = { ...walkReport(report, redactor), redaction: redactionOf(redactor, options) }
  return { report: made, check: (pieces) => checkOutput(pieces, redactor) }
}

/** Shows the redactor a report and all that it was made from; what it makes then, it makes of known values. */
export function learnReport(report: Report, redactor: Redactor): void {
  const source = sourceOf(report)
  if (source !== undefined) learnSource(source, redactor)
  walkReport(report, redactor)
}

/** What the report says of its own redaction. */
export function redactionOf({ pseudonyms }: Redactor, { key, keep }: RedactOptions): NonNullable<Report['redaction']> {
  return {
    checked: 'before',
    pseudonyms: key === null ? 'random' : 'keyed',
    kept: [...keep],
    hidden: pseudonyms.counts(),
  }
}

/** Reads finished output. @throws LeakFound */
export function checkOutput(pieces: Iterable<string>, redactor: Redactor): void {
  const search = new LeakSearch(redactor.pseudonyms.since(0))
  for (const piece of pieces) {
    const leak = search.write(piece)
    if (leak !== null) throw new LeakFound(refusal(leak))
  }
}

function refusal({ category, form }: Leak): string {
  return `nothing was written, because after redaction a value of the category ${category} would still be in it (${form})`
}
