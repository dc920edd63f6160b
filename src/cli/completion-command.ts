import { FORMATS } from '../report/formats.ts'
import { KEEPABLE } from '../report/redaction/categories.ts'
import { RESOURCES } from '../report/schema.ts'
import { COMMANDS, type CommandName, type Invocation } from './commands.ts'
import { bashScript } from './completion/bash.ts'
import { fishScript } from './completion/fish.ts'
import type { Completable, CompletedOption } from './completion/model.ts'
import { zshScript } from './completion/zsh.ts'
import { DIFF_FORMATS } from './diff-command.ts'
import { UsageError } from './errors.ts'
import type { Io } from './io.ts'
import type { OptionRow, Placeholder } from './options.ts'
import { RULES_FORMATS } from './rules-command.ts'
import { SCHEMAS } from './schema-command.ts'
import { FAIL_ON } from './settings.ts'
import { writeStream } from './stream.ts'
import { didYouMean } from './suggest.ts'

const SHELLS: Readonly<Record<string, (commands: readonly Completable[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** `acmescope completion [shell]`; without a name for the shell that is in use. */
export async function completionCommand(io: Io, { words }: Invocation): Promise<number> {
  const [named, more] = words
  if (more !== undefined) throw new UsageError(`completion: unexpected argument ${more}`)
  const usual = (io.env.SHELL ?? '').replace(/^.*[/\\]/, '')
  const shell = named ?? usual
  const names = Object.keys(SHELLS)
  const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
  if (script === undefined)
    throw new UsageError(
      named === undefined
        ? `completion: name the shell: ${names.join(', ')}`
        : `completion: no script for ${named}; there are ${names.join(', ')}${didYouMean(named, names)}`,
    )
  const rules = (await io.loadCatalogue()).map(({ id }) => id).sort()
  await writeStream(io.stdout, [script(COMMANDS.map((row) => completable(row, rules, names)))])
  return 0
}

type Row = (typeof COMMANDS)[number]

function completable({ name, describe, options }: Row, rules: readonly string[], shells: readonly string[]): Completable {
  const wordsOf: Partial<Record<CommandName, readonly string[]>> = { rules, completion: shells, schema: SCHEMAS }
  return {
    name,
    describe,
    words: wordsOf[name] ?? null,
    options: [
      ...options.flatMap((group) => group.options).map((option) => completedOption(name, option, rules)),
      { name: 'help', alias: 'h', describe: 'Show help', value: null },
    ],
  }
}

function completedOption(
  command: CommandName,
  { name, alias, takes, placeholder, describe }: OptionRow,
  rules: readonly string[],
): CompletedOption {
  const value = takes === 'switch' ? null : wordsFor(command, placeholder, rules)
  return { name, alias, describe: shortly(describe), value, repeats: takes === 'values' }
}

function wordsFor(
  command: CommandName,
  placeholder: Placeholder | undefined,
  rules: readonly string[],
): CompletedOption['value'] {
  switch (placeholder) {
    case 'FILE':
      return 'file'
    case 'FORMAT':
      return command === 'rules' ? RULES_FORMATS : command === 'diff' ? DIFF_FORMATS : FORMATS.map(({ name }) => name)
    case 'SEVERITY':
      return FAIL_ON
    case 'RESOURCE':
      return RESOURCES
    case 'ID=LEVEL':
      return rules
    case 'CATEGORY':
      return KEEPABLE
    default:
      return []
  }
}

/** The first part of a description: there is a line for it at most. */
function shortly(describe: string): string {
  return (/^[^;:(]{8,}?(?=[;:(]|$)/.exec(describe)?.[0] ?? describe).trim()
}
