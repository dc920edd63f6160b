import { spawnSync } from 'node:child_process'
import test from 'ava'
import { COMMANDS, type CommandName } from '../../src/cli/commands.ts'
import { completionCommand } from '../../src/cli/completion-command.ts'
import { UsageError } from '../../src/cli/errors.ts'
import { FORMATS } from '../../src/report/formats.ts'
import { CATALOGUE, stubIo } from './stub.ts'

async function scriptOf(words: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { io, ran } = stubIo({ env })
  await completionCommand(io, { command: 'completion' satisfies CommandName, words, options: {} })
  return ran.stdout
}

const has = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0

type Ask = (line: string) => readonly string[]

/** What every shell must offer, whatever the order. */
function asks(t: { deepEqual: (a: unknown, b: unknown, message?: string) => void }, ask: Ask): void {
  const cases: readonly (readonly [line: string, offered: readonly string[]])[] = [
    ['acmescope an', ['analyze']],
    ['acmescope rules kid-r', ['kid-required']],
    ['acmescope rules diag', ['diag-lookup-failed']],
    ['acmescope completion ', ['bash', 'fish', 'zsh']],
    ['acmescope x --only-f', ['--only-failing']],
    ['acmescope har x --acme', ['--acme-only']],
    ['acmescope diff a b --format ', ['json', 'markdown', 'text']],
    ['acmescope rules --format ', ['json', 'text']],
    ['acmescope x --format ', FORMATS.map(({ name }) => name).sort()],
    ['acmescope x --fail-on w', ['warning']],
    ['acmescope analyze x --resource newO', ['newOrder']],
    ['acmescope x -o README', ['README.md']],
  ]
  for (const [line, offered] of cases) t.deepEqual([...ask(line)].sort(), offered, line)
}

const forBash = has('bash') ? test : test.skip
forBash('bash completes commands, options, values, rules and files', async (t) => {
  const script = await scriptOf(['bash'])
  // what -o default does: names of files where the function offers nothing
  const program = `eval "$SCRIPT"; line=$1; read -ra COMP_WORDS <<<"$line"; [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _acmescope acmescope
    if (( \${#COMPREPLY[@]} )); then printf '%s\\n' "\${COMPREPLY[@]}"; else compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"; fi`
  asks(t, (line) => linesOf(spawnSync('bash', ['--norc', '-c', program, 'x', line], { env: { ...process.env, SCRIPT: script } })))
  const equals = `eval "$SCRIPT"; COMP_WORDS=(acmescope x --format = ma); COMP_CWORD=4; _acmescope; echo "\${COMPREPLY[@]}"`
  const run = spawnSync('bash', ['--norc', '-c', equals], { env: { ...process.env, SCRIPT: script } })
  t.is(run.stdout.toString(), 'markdown\n')
})

const forFish = has('fish') ? test : test.skip
forFish('fish completes the same', async (t) => {
  const script = await scriptOf(['fish'])
  asks(t, (line) => {
    const run = spawnSync('fish', ['--no-config', '-c', 'echo $SCRIPT | source; complete -C $LINE'], {
      env: { ...process.env, SCRIPT: script, LINE: line },
    })
    return linesOf(run).map((offered) => offered.split('\t')[0] ?? '')
  })
})

const forZsh = has('zsh') ? test : test.skip
forZsh('zsh hands its completion system what it needs', async (t) => {
  const script = await scriptOf(['zsh'])
  const program = `eval "$SCRIPT"; _describe() { print -rl -- $commands; }; _files() { print FILES; }; _arguments() { print -rl -- "$@"; }
    words=(\${(@Q)\${(z)1}}); CURRENT=$#words; _acmescope`
  const ask = (line: string) =>
    linesOf(spawnSync('zsh', ['-f', '-c', program, 'x', line], { env: { ...process.env, SCRIPT: script } }))
  const first = ask('acmescope a')
  t.deepEqual(
    first.slice(0, -1),
    COMMANDS.map(({ name, describe }) => `${name}:${describe}`),
  )
  t.is(first.at(-1), 'FILES')
  t.true(ask('acmescope x --').includes('--fail-on=[error, warning or never]:value:(error warning never)'))
  t.true(ask('acmescope diff x --').some((spec) => spec.endsWith(':value:(text json markdown)')))
  t.true(ask('acmescope x --').some((spec) => spec.startsWith('*-o+[') && spec.endsWith(':file:_files')))
  t.true(
    ask('acmescope rules x').includes(
      `1:word:(${CATALOGUE.map(({ id }) => id)
        .sort()
        .join(' ')})`,
    ),
  )
})

function linesOf({ stdout, stderr }: { stdout: Buffer; stderr: Buffer }): string[] {
  const complaints = stderr.toString()
  if (complaints !== '') return [complaints]
  return stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
}

test('the shell in use is the default; others are refused', async (t) => {
  t.is(await scriptOf([], { SHELL: '/usr/bin/fish' }), await scriptOf(['fish']))
  await t.throwsAsync(scriptOf([], { SHELL: '/bin/tcsh' }), {
    instanceOf: UsageError,
    message: /name the shell: bash, zsh, fish/,
  })
  await t.throwsAsync(scriptOf(['zhs']), { instanceOf: UsageError, message: /did you mean zsh/ })
  await t.throwsAsync(scriptOf(['bash', 'zsh']), { instanceOf: UsageError, message: /unexpected argument zsh/ })
})

test('every option that takes a value says what stands for it', (t) => {
  for (const { options } of COMMANDS.flatMap(({ options }) => options))
    for (const { name, takes, placeholder } of options)
      t.is(placeholder === undefined, takes === 'switch', `give --${name} a placeholder in options.ts`)
})
