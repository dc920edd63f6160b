import { type Completable, type CompletedOption, quoted } from './model.ts'

/** Works in a folder of $fpath (as _acmescope) and when it is sourced. */
export function zshScript(commands: readonly Completable[]): string {
  const [usual] = commands
  return `#compdef acmescope
# acmescope completion for zsh
_acmescope() {
  local -a commands
  commands=(
${commands.map(({ name, describe }) => `    ${quoted(`${name}:${describe}`)}`).join('\n')}
  )
  local command=${usual?.name ?? ''}
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    _files
    return
  fi
  if (( CURRENT > 2 )) && [[ -n \${(M)commands:#\${(b)words[2]}:*} ]]; then
    command=$words[2]
    shift words
    (( CURRENT-- ))
  fi
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _acmescope "$@"
elif (( $+functions[compdef] )); then compdef _acmescope acmescope
fi
`
}

function commandCase({ name, words, options }: Completable): string {
  const specs = options.flatMap(specsOf)
  const rest = words === null ? "'*:capture:_files'" : words.length === 0 ? '' : quoted(`1:word:(${words.join(' ')})`)
  return `    ${name}) _arguments -S ${[...specs, rest].filter((spec) => spec !== '').join(' \\\n      ')} ;;`
}

function specsOf({ name, alias, describe, value, repeats }: CompletedOption): string[] {
  const text = describe.replace(/[[\]:\\]/g, '\\$&')
  const action =
    value === null ? '' : value === 'file' ? ':file:_files' : `:value:${value.length === 0 ? ' ' : `(${value.join(' ')})`}`
  const spellings = [
    `--${name}${value === null ? '' : '='}`,
    ...(alias === undefined ? [] : [`-${alias}${value === null ? '' : '+'}`]),
  ]
  return spellings.map((spelling) => quoted(`${repeats === true ? '*' : ''}${spelling}[${text}]${action}`))
}
