import { type Completable, type CompletedOption, quoted } from './model.ts'

/** Names of files are left to bash itself (-o default), which knows best how to quote them. */
export function bashScript(commands: readonly Completable[]): string {
  const names = commands.map(({ name }) => name)
  const [usual] = names
  return `# acmescope completion for bash 3.2 and later
_acmescope() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command=${usual} words=
  COMPREPLY=()
  # bash takes --option=value apart at the "="
  if [[ $cur == '=' ]]; then cur=
  elif [[ $prev == '=' ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  if (( COMP_CWORD > 1 )); then
    case "\${COMP_WORDS[1]}" in ${names.join('|')}) command="\${COMP_WORDS[1]}" ;; esac
  fi
  case "$command $prev" in
${commands.flatMap(valueCases).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case "$command" in
${commands.map(({ name, options }) => `      ${name}) words=${quoted(options.map(spelled).join(' '))} ;;`).join('\n')}
    esac
  else
    case "$command" in
${commands
  .filter(({ words }) => words !== null && words.length > 0)
  .map(({ name, words }) => `      ${name}) words=${quoted((words ?? []).join(' '))} ;;`)
  .join('\n')}
    esac
    if (( COMP_CWORD == 1 )); then words="$words ${names.join(' ')}"; fi
  fi
  COMPREPLY=( $(compgen -W "$words" -- "$cur") )
}
complete -o bashdefault -o default -F _acmescope acmescope
`
}

function spelled({ name }: CompletedOption): string {
  return `--${name}`
}

function valueCases({ name: command, options }: Completable): string[] {
  return options.flatMap(({ name, alias, value }) => {
    if (value === null) return []
    const patterns = [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])].map((option) => `'${command} ${option}'`)
    const reply =
      value === 'file' || value.length === 0 ? '' : `COMPREPLY=( $(compgen -W ${quoted(value.join(' '))} -- "$cur") ); `
    return [`    ${patterns.join('|')}) ${reply}return ;;`]
  })
}
