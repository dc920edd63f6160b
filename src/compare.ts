import { type AnalyzeOptions, study } from './analyze.ts'
import type { Input } from './capture/source.ts'
import { type Comparison, compareSides } from './export/diff/compare.ts'
import type { Report } from './report/report.ts'

/** Two sets of inputs held against each other, step by step. @throws CaptureError for an input that cannot be read or recognised */
export async function compare(
  good: readonly Input[],
  bad: readonly Input[],
  options: Partial<AnalyzeOptions> = {},
): Promise<{ comparison: Comparison; reports: readonly [Report, Report] }> {
  const [before, after] = [await study(good, options), await study(bad, options)]
  return { comparison: compareSides(before, after), reports: [before.report, after.report] }
}
