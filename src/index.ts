/** The library: `analyze` inputs into a report, `render` it, look at the `rules`. No work is done at import time. */
import { formatNamed } from './report/formats.ts'
import { DEFAULT_RENDER_OPTIONS, type RenderOptions } from './report/page.ts'
import type { Report } from './report/report.ts'

export { type AnalyzeOptions, analyze } from './analyze.ts'
export { CaptureError } from './capture/reader.ts'
export type { Input } from './capture/source.ts'
export type { RenderOptions } from './report/page.ts'
export type * from './report/report.ts'
export type { Rule } from './rules/rule.ts'
export { RULES as rules } from './rules/rules.ts'

/** A report as text in one of the formats, by the name that `--format` takes. @throws RangeError for a name that is none */
export function render(report: Report, format: string, options: Partial<RenderOptions> = {}): string {
  const chosen = formatNamed(format)
  if (chosen === undefined) throw new RangeError(`no report format is called ${format}`)
  return [...chosen.render(report, { ...DEFAULT_RENDER_OPTIONS, ...options })].join('')
}
