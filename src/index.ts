/** The library: `analyze` inputs into a report, `render` it, look at the `rules`. No work is done at import time. */
import { DIAGNOSES } from './diagnosis/diagnose.ts'
import { formatNamed } from './report/formats.ts'
import { DEFAULT_RENDER_OPTIONS, type RenderOptions } from './report/page.ts'
import { HIDE_ALL, redactReport } from './report/redact.ts'
import type { Report } from './report/report.ts'
import type { Catalogued } from './rules/rule.ts'
import { RULES } from './rules/rules.ts'

export { type AnalyzeOptions, analyze } from './analyze.ts'
export { CaptureError } from './capture/reader.ts'
export type { Input } from './capture/source.ts'
export type { ConfigChoice } from './config.ts'
export type { RenderOptions } from './report/page.ts'
export { HIDE_ALL, LeakFound, type RedactOptions, redactReport } from './report/redact.ts'
export type * from './report/report.ts'
export type { Rule } from './rules/rule.ts'
export { RULES as rules } from './rules/rules.ts'

/**
 * A report as text in one of the formats, by the name that `--format` takes. Formats that are made to be shared are redacted, unless the
 * report is already or `redact` says otherwise.
 * @throws RangeError for a name that is none, LeakFound when something secret would be in the text
 */
export function render(
  report: Report,
  format: string,
  options: Partial<RenderOptions> & { readonly redact?: boolean } = {},
): string {
  const chosen = formatNamed(format)
  if (chosen === undefined) throw new RangeError(`no report format is called ${format}`)
  if (report.redaction === null && (options.redact ?? chosen.redacts)) {
    const redacted = redactReport(report, HIDE_ALL)
    const text = render(redacted.report, format, options)
    redacted.check([text])
    return text
  }
  const catalogue: readonly Catalogued[] = [...RULES, ...DIAGNOSES.map(({ kind }) => kind)]
  return [...chosen.render(report, { ...DEFAULT_RENDER_OPTIONS, catalogue, ...options })].join('')
}
