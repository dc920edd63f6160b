import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import test from 'ava'
import { COMMANDS } from '../../src/cli/commands.ts'
import { manualPage } from '../../src/cli/manual.ts'

const PAGE = manualPage('2026-01-02')

test('the manual has every command with its options, and ships in the package', (t) => {
  const text = PAGE.replaceAll('\\-', '-').replaceAll('\\fB', '').replaceAll('\\fR', '')
  for (const { name, options } of COMMANDS) {
    t.true(text.includes(`.B ${name}`), name)
    for (const { name: option } of options.flatMap((group) => group.options)) t.true(text.includes(`--${option}`), option)
  }
  const shipped = JSON.parse(readFileSync('package.json', 'utf8')) as { man: string; files: string[] }
  t.true(shipped.files.includes('man'))
  const withoutDate = (page: string) => page.split('\n').slice(1).join('\n')
  t.is(withoutDate(readFileSync(shipped.man, 'utf8')), withoutDate(PAGE))
})

const lint = (command: string, args: readonly string[]) => spawnSync(command, args, { input: PAGE })

const withMandoc = lint('mandoc', []).error === undefined ? test : test.skip
withMandoc('mandoc finds nothing to say about it', (t) => {
  t.is(lint('mandoc', ['-T', 'lint']).stdout.toString(), '')
})

const withGroff = lint('groff', ['-man']).error === undefined ? test : test.skip
withGroff('groff warns of nothing and shows hyphens as hyphens', (t) => {
  const { stdout, stderr } = lint('groff', ['-man', '-ww', '-Tascii', '-P-c'])
  t.is(stderr.toString(), '')
  t.regex(stdout.toString().replace(/.\u0008/g, ''), /^ +--only-failing$/m)
})
