import type { Comparison } from '../export/diff/compare.ts'
import { renderDiffMarkdown } from '../export/diff/markdown.ts'
import { renderDiffText } from '../export/diff/text.ts'
import { plainJson } from '../report/escape.ts'
import { DEFAULT_RENDER_OPTIONS, type RenderOptions } from '../report/page.ts'
import type { Invocation } from './commands.ts'
import { complain } from './complain.ts'
import { UsageError } from './errors.ts'
import { readSources } from './inputs.ts'
import type { Io } from './io.ts'
import { checkUse, readRedaction } from './redaction.ts'
import { readOptions } from './settings.ts'
import { writeStream } from './stream.ts'
import { lookOf } from './terminal.ts'
import { workOn } from './work.ts'

export const DIFF_FORMATS = ['text', 'json', 'markdown'] as const

const FORMATS: Readonly<
  Record<(typeof DIFF_FORMATS)[number], (comparison: Comparison, options: RenderOptions) => Iterable<string>>
> = {
  text: renderDiffText,
  json: (comparison) => [`${plainJson(comparison, 2)}\n`],
  markdown: renderDiffMarkdown,
}

/** `acmescope diff GOOD BAD`: 0 no difference that matters, 1 one found, 3 when one of the two has no ACME request. */
export async function diffCommand(io: Io, invocation: Invocation): Promise<number> {
  const options = readOptions(invocation)
  const format = options.choice('format', DIFF_FORMATS) ?? 'text'
  const [good, bad, more] = invocation.words
  if (good === undefined || bad === undefined || more !== undefined)
    throw new UsageError('diff: name two captures, one that worked and one that did not: acmescope diff worked.har fails.har')
  const redaction = readRedaction(options)
  const hides = redaction.chosen ?? format === 'markdown'
  checkUse(redaction, hides)
  const look = lookOf(io, options)
  const sources = readSources(io, [good, bad], options)
  const { compare } = await io.loadComparison()
  const { comparison, reports } = await workOn(io, sources, options.isOn('quiet'), (_, how) => compare([good], [bad], how))
  const empty = [comparison.good, comparison.bad].find(({ requests }) => requests === 0)
  if (empty !== undefined) {
    complain(
      io,
      `${empty.inputs.join(', ')}: no ACME request could be read, so there is nothing to compare`,
      'Is it TLS without its secrets? Then pass them with --keylog.',
    )
    return 3
  }
  const how = { ...DEFAULT_RENDER_OPTIONS, ...look, verbose: options.isOn('verbose'), quiet: options.isOn('quiet') }
  const render = (one: Comparison) => FORMATS[format](one, how)
  if (hides) {
    const { redactComparison } = await import('../export/diff/redact.ts')
    const hidden = redactComparison(comparison, reports, redaction.options)
    hidden.check(render(hidden.comparison))
    await writeStream(io.stdout, render(hidden.comparison))
  } else await writeStream(io.stdout, render(comparison))
  return comparison.first === null ? 0 : 1
}
