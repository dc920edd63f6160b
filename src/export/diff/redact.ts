import { checkOutput, openRedactor, type RedactOptions } from '../../report/redact.ts'
import { learnSource, sourceOf } from '../../report/redaction/source.ts'
import { walkReport } from '../../report/redaction/walk.ts'
import type { Report } from '../../report/report.ts'
import type { ComparedSide, Comparison, Occurrence } from './compare.ts'

/** A redacted comparison, and the search for what must not be in whatever is made of it. */
export interface RedactedComparison {
  readonly comparison: Comparison
  /** Reads finished output; to be done before any of it is written. @throws LeakFound */
  check(pieces: Iterable<string>): void
}

/** The comparison with names replaced by pseudonyms, the same ones on both sides, and secrets removed. */
export function redactComparison(comparison: Comparison, reports: readonly Report[], options: RedactOptions): RedactedComparison {
  const redactor = openRedactor(options)
  const { prose, documents } = redactor
  for (const report of reports) {
    const source = sourceOf(report)
    if (source !== undefined) learnSource(source, redactor)
  }
  const fileNames = new Map<string, string>()
  for (const report of reports) {
    const hidden = walkReport(report, redactor)
    for (const [at, { name }] of report.inputs.entries()) fileNames.set(name, hidden.inputs[at]?.name ?? '(removed)')
  }
  const fileName = (name: string) => fileNames.get(name) ?? '(removed)'
  const side = (one: ComparedSide): ComparedSide => ({
    ...one,
    inputs: one.inputs.map(fileName),
    userAgents: one.userAgents.map((agent) => prose.foreign(agent)),
  })
  const occurrence = (seen: Occurrence | null): Occurrence | null =>
    seen === null
      ? null
      : {
          ...seen,
          input: seen.input === null ? null : fileName(seen.input),
          method: prose.own(seen.method),
          url: documents.link(seen.url),
          answer: prose.foreign(seen.answer),
        }
  const made: Comparison = {
    ...comparison,
    good: side(comparison.good),
    bad: side(comparison.bad),
    steps: comparison.steps.map((step) => ({
      ...step,
      lane: prose.own(step.lane),
      good: occurrence(step.good),
      bad: occurrence(step.bad),
      differences: step.differences.map((difference) => {
        const hide = (text: string) => (difference.aspect.startsWith('rule ') ? prose.own(text) : prose.foreign(text))
        return { ...difference, aspect: prose.own(difference.aspect), good: hide(difference.good), bad: hide(difference.bad) }
      }),
    })),
  }
  return { comparison: made, check: (pieces) => checkOutput(pieces, redactor) }
}
