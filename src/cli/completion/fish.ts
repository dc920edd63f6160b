import type { Completable, CompletedOption } from './model.ts'

export function fishScript(commands: readonly Completable[]): string {
  return `# acmescope completion for fish
function __acmescope_command
  set -l words (commandline -opc)
  if set -q words[2]; and contains -- $words[2] ${commands.map(({ name }) => name).join(' ')}
    echo $words[2]
  else
    echo ${commands[0]?.name ?? ''}
  end
end
function __acmescope_is
  test (__acmescope_command) = $argv[1]
end
function __acmescope_first
  test (count (commandline -opc)) -eq 1
end

${commands.flatMap(lines).join('\n')}
`
}

function lines({ name, describe, words, options }: Completable): string[] {
  const condition = `complete -c acmescope -n ${single(`__acmescope_is ${name}`)}`
  const all = [
    `complete -c acmescope -n __acmescope_first -a ${name} -d ${single(describe)}`,
    ...options.map((option) => `${condition} ${optionArguments(option)}`),
  ]
  if (words === null) all.push(`${condition} -F`)
  else all.push(`${condition} -f${words.length === 0 ? '' : ` -a ${single(words.join(' '))}`}`)
  return all
}

function optionArguments({ name, alias, describe, value }: CompletedOption): string {
  const parts = [`-l ${name}`]
  if (alias !== undefined) parts.push(`-s ${alias}`)
  parts.push(`-d ${single(describe)}`)
  if (value === 'file') parts.push('-r -F')
  else if (value !== null) parts.push(`-x${value.length === 0 ? '' : ` -a ${single(value.join(' '))}`}`)
  return parts.join(' ')
}

/** In single quotes fish knows two escapes. */
function single(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
