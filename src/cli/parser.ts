import type { Arguments, Argv } from 'yargs'
import yargs from 'yargs'
import { VERSION } from '../report/version.ts'
import { COMMANDS, type CommandRow, DEFAULT_COMMAND, type Invocation } from './commands.ts'
import { UsageError } from './errors.ts'
import { optionNames } from './options.ts'
import { didYouMean } from './suggest.ts'

/** Help or the version: text for standard output instead of a command. */
export interface Printed {
  readonly print: string
}

const EPILOGUE = `<capture>: a pcap, pcapng or HAR file, told by its content; a folder of them; - for standard input. Several are one timeline.

Exit status: 0 nothing at or above --fail-on, 1 something was, 2 wrong usage or unreadable input, 3 read but no ACME request could be judged, 70 internal error.`

/** A new parser for every call, as yargs keeps state; `choose` is told the command. */
function buildParser(width: number, choose: (invocation: Invocation) => void): Argv {
  const parser = yargs()
    .scriptName('acmescope')
    .locale('en')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .exitProcess(false)
    // words are judged by the commands: yargs drops a "-" that it takes for a positional
    .strictOptions()
    .wrap(Math.min(width, 110))
    .version(VERSION)
    .help()
    .alias('help', 'h')
    .epilogue(EPILOGUE)
    .fail((message, error) => {
      throw error ?? new UsageError(message)
    })
  for (const row of COMMANDS) {
    const build = (command: Argv) => describe(command, row)
    const run = ({ _: words, $0: _script, ...options }: Arguments) =>
      choose({ command: row.name, words: words.map(String).slice(words[0] === row.name ? 1 : 0), options })
    parser.command(row.name, row.describe, build, run)
    if (row.name === DEFAULT_COMMAND) parser.command('$0', false, build, run)
  }
  return parser
}

function describe(command: Argv, row: CommandRow): Argv {
  command.usage(
    `Usage: ${['acmescope', row.name === DEFAULT_COMMAND ? '' : row.name, row.words, '[options]'].filter(Boolean).join(' ')}`,
  )
  for (const [line, meaning] of row.examples) command.example(line, meaning)
  for (const { title, options } of row.options)
    for (const { name, alias, takes, describe: text } of options)
      command.option(name, {
        group: title,
        describe: text,
        ...(alias === undefined ? {} : { alias }),
        ...(takes === 'switch' ? { boolean: true } : { string: true, nargs: 1 }),
      })
  return command.group(['help', 'version'], 'Other:')
}

/** @throws UsageError with one line that says what is wrong and, for a typo, what was probably meant */
export function parseArguments(argv: readonly string[], width: number): Invocation | Printed {
  let chosen: Invocation | undefined
  let printed = ''
  const parser = buildParser(width, (invocation) => {
    chosen = invocation
  })
  try {
    parser.parse([...argv], {}, (_error: unknown, _args: unknown, output: string) => {
      printed = output
    })
  } catch (error) {
    // what yargs-parser itself dislikes is an error of yargs' own class
    if (error instanceof UsageError || (error instanceof Error && error.name === 'YError'))
      throw new UsageError(explain(error.message, argv))
    throw error
  }
  if (printed !== '') return { print: arrange(printed) }
  return chosen ?? { command: DEFAULT_COMMAND, words: [], options: {} }
}

/**
 * The examples come first: they are what most readers of a help look for. Types say nothing that the words do not, and a blank line
 * before an indented one is what yargs makes of a line that just fits. The bare name is yargs' usage of the command without a name.
 */
function arrange(help: string): string {
  const text = help
    .replace(/ +\[(?:boolean|string)\]/g, '')
    .replace(/\n\s*\n(?= )/g, '\n')
    .replace(/^acmescope\n+(?=Usage:)/m, '')
  const blocks = text.split(/\n\s*\n/)
  const first = blocks.filter((block) => block.startsWith('Examples:'))
  return `${[...first, ...blocks.filter((block) => !block.startsWith('Examples:'))].join('\n\n').trimEnd()}\n`
}

/** yargs' complaint in our words. */
function explain(message: string, argv: readonly string[]): string {
  const unknown = /^Unknown arguments?: (.*)$/s.exec(message)?.[1]?.split(', ')[0]
  if (unknown !== undefined) {
    const row = COMMANDS.find(({ name }) => name === argv[0]) ?? COMMANDS[0]
    const typed = argv.find((argument) => argument.startsWith('-') && nameOf(argument).replace(/^-+/, '') === unknown)
    return `unknown option ${typed === undefined ? unknown : nameOf(typed)}${didYouMean(unknown, optionNames(row?.options ?? []), '--')}`
  }
  const missing = /^Not enough arguments following: (.*)$/s.exec(message)?.[1]
  if (missing !== undefined) return `option ${missing.length === 1 ? '-' : '--'}${missing} needs a value`
  return message.split('\n')[0] ?? message
}

function nameOf(argument: string): string {
  return argument.split('=')[0] ?? argument
}
