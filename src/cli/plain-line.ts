import { COMMANDS, DEFAULT_COMMAND, type Invocation, isCommandName } from './commands.ts'
import type { OptionRow } from './options.ts'

/**
 * A command line that needs no parser: a command, words, switches, and options with their value after a space or "=". Null for any
 * other, mistakes and a command after options included: the parser then reads or explains it. Loading that takes a good part of what a small
 * capture takes.
 */
export function readPlainLine(argv: readonly string[]): Invocation | null {
  const [first = ''] = argv
  const command = isCommandName(first) ? first : DEFAULT_COMMAND
  const rows = COMMANDS.find(({ name }) => name === command)?.options.flatMap(({ options }) => options) ?? []
  const words: string[] = []
  const options: Record<string, true | string | string[]> = {}
  for (let at = command === first ? 1 : 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word === '-' || !word.startsWith('-')) {
      if (isPeculiar(word) || (first.startsWith('-') && isCommandName(word))) return null
      words.push(word)
      continue
    }
    const [spelling = '', ...more] = word.split('=')
    const row = rows.find((one) => isSpelling(spelling, one))
    if (row === undefined) return null
    const given = options[row.name]
    if (row.takes === 'switch') {
      if (more.length > 0 || given !== undefined || /^(?:true|false)$/.test(argv[at + 1] ?? '')) return null
      options[row.name] = true
      continue
    }
    const value = more.length > 0 ? more.join('=') : (argv[++at] ?? '')
    if (isPeculiar(value) || value.startsWith('-')) return null
    options[row.name] = given === undefined || given === true ? value : [given, value].flat()
  }
  return { command, words, options }
}

function isSpelling(spelling: string, { name, alias }: OptionRow): boolean {
  return spelling === `--${name}` || (alias !== undefined && spelling === `-${alias}`)
}

/** Empty or quoted: the parser has ways of its own with these. */
function isPeculiar(word: string): boolean {
  return /^(?:$|["'])/.test(word)
}
