import { DEFAULT_RENDER_OPTIONS, openPen } from '../report/page.ts'
import { UNKNOWN_CODES } from '../report/unknown-codes.ts'
import type { Catalogued, Rule } from '../rules/rule.ts'
import type { Invocation } from './commands.ts'
import { UsageError } from './errors.ts'
import type { Io } from './io.ts'
import { ruleList, rulePage } from './rule-page.ts'
import { readOptions } from './settings.ts'
import { writeStream } from './stream.ts'
import { nearest } from './suggest.ts'
import { lookOf } from './terminal.ts'

export const RULES_FORMATS = ['text', 'json'] as const

/** `acmescope rules [id]`: the catalogue, or one entry of it as a manual page. */
export async function rulesCommand(io: Io, invocation: Invocation): Promise<number> {
  const options = readOptions(invocation)
  const format = options.choice('format', RULES_FORMATS) ?? 'text'
  const pen = openPen({ ...DEFAULT_RENDER_OPTIONS, ...lookOf(io, options) })
  const [id, more] = invocation.words
  if (more !== undefined) throw new UsageError(`rules: one rule at a time; unexpected argument ${more}`)
  const catalogue = await io.loadCatalogue()
  if (id === undefined) {
    await writeStream(io.stdout, format === 'json' ? asJson(catalogue.map(describeEntry)) : ruleList(pen, catalogue))
    return 0
  }
  const entry = catalogue.find((candidate) => candidate.id === id)
  if (entry === undefined) {
    const near = nearest(
      id,
      catalogue.map((candidate) => candidate.id),
      3,
    )
    throw new UsageError(
      `no rule ${id}${near.length === 0 ? '; acmescope rules lists them' : `; did you mean ${near.join(', ')}?`}`,
    )
  }
  await writeStream(io.stdout, format === 'json' ? asJson(describeEntry(entry)) : rulePage(pen, entry))
  return 0
}

function asJson(value: unknown): string[] {
  return [`${JSON.stringify(value, null, 2)}\n`]
}

/** The fields of an entry; patterns as their source text, U-codes with their meaning. */
function describeEntry(entry: Catalogued & Partial<Pick<Rule, 'explains'>>): object {
  const { id, group, party, severity, level, title, norm, decide, traps, unknownWhen, inPractice, explains, remedy, references } =
    entry
  const { why = null, fixes = {}, examples = null } = entry
  return {
    id,
    group,
    party,
    severity,
    level,
    title,
    why,
    norm,
    decide,
    unknownWhen: unknownWhen.map((code) => ({ code, meaning: UNKNOWN_CODES[code].meaning })),
    traps,
    inPractice,
    explains: { types: explains?.types ?? [], details: (explains?.details ?? []).map((pattern) => pattern.source) },
    remedy,
    fixes,
    examples,
    references,
  }
}
