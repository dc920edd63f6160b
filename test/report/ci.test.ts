import test from 'ava'
import { renderGithub } from '../../src/report/github.ts'
import { MAX_ISSUES, renderGitlab } from '../../src/report/gitlab.ts'
import { DEFAULT_RENDER_OPTIONS, type RenderOptions } from '../../src/report/page.ts'
import type { Report } from '../../src/report/report.ts'
import { hostileReport } from './hostile.ts'
import * as reports from './reports.ts'

function github(report: Report, options: Partial<RenderOptions> = {}): string {
  return [...renderGithub(report, { ...DEFAULT_RENDER_OPTIONS, ...options })].join('')
}

interface Command {
  level: string
  properties: Record<string, string>
  text: string
}

/** As the runner of GitHub Actions takes a line apart: from the first "::" to the next, properties at commas, then unescaped. */
function commandOf(line: string): Command {
  const [, head = '', text = ''] = /^::(.*?)::(.*)$/s.exec(line) ?? []
  const space = head.indexOf(' ')
  const plain = (value: string) => value.replaceAll('%0D', '\r').replaceAll('%0A', '\n')
  const properties = head.slice(space + 1).split(',')
  return {
    level: head.slice(0, space),
    properties: Object.fromEntries(
      properties.map((pair) => {
        const [name = '', value = ''] = pair.split('=', 2)
        return [name, plain(value).replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%')]
      }),
    ),
    text: plain(text).replaceAll('%25', '%'),
  }
}

test('github: the verdict is the first annotation', (t) => {
  const [first, second] = github(reports.serverStory()).trimEnd().split('\n').map(commandOf)
  t.like(first, {
    level: 'error',
    properties: { file: 'issue-123.pcapng', title: 'The server is at fault: The server refused a compliant newOrder request' },
  })
  t.regex(first?.text ?? '', /\nWhat to do: CA operator: [\s\S]*\n9 ACME requests: /)
  t.is(second?.properties.title, 'The client is at fault: kid-required (client, likely, not certain)')
})

test('github: levels', (t) => {
  const levels = (report: Report) =>
    github(report)
      .trimEnd()
      .split('\n')
      .map((line) => commandOf(line).level)
  t.deepEqual(levels(reports.serverStory()), ['error', 'error', 'error', 'error', 'warning'])
  t.deepEqual(levels(reports.honestHar()), ['notice'])
  const noted = reports.report('none', { requests: [reports.request(1, { findings: [reports.finding({ party: 'capture' })] })] })
  t.deepEqual(levels(noted), ['notice', 'notice'])
  t.deepEqual(levels(reports.report('undetermined', { connections: [] })), ['warning'])
})

test('github: each line is one command, whatever the report', (t) => {
  const lines = github(hostileReport())
    .trimEnd()
    .split(/\r\n|[\r\n\u2028\u2029]/)
  for (const line of lines) {
    t.regex(line, /^::(error|warning|notice) file=[^,]*,title=[^,]*::/)
    const { properties } = commandOf(line)
    t.deepEqual(Object.keys(properties), ['file', 'title'])
  }
  t.true(lines.some((line) => commandOf(line).text.includes('%s')))
})

test('github: no more of a level than are shown, and the last says how many there are', (t) => {
  const lines = github(reports.largeReport(400)).trimEnd().split('\n').map(commandOf)
  t.is(lines.length, 10)
  t.regex(lines.at(-1)?.text ?? '', /^\d+ more error/)
})

test('github: quiet leaves the verdict', (t) => {
  t.is(github(reports.serverStory(), { quiet: true }).trimEnd().split('\n').length, 1)
})

interface Issue {
  description: string
  check_name: string
  fingerprint: string
  severity: string
  location: { path: string; lines: { begin: number } }
}

function gitlab(report: Report): Issue[] {
  return JSON.parse([...renderGitlab(report, DEFAULT_RENDER_OPTIONS)].join('')) as Issue[]
}

test('gitlab: what its code quality report needs, gravest first, with fingerprints of their own', (t) => {
  for (const report of [reports.serverStory(), hostileReport(), reports.largeReport(100)]) {
    const issues = gitlab(report)
    t.true(issues.length > 4)
    for (const issue of issues) {
      t.deepEqual(Object.keys(issue), ['description', 'check_name', 'fingerprint', 'severity', 'location'])
      t.true(['info', 'minor', 'major', 'critical', 'blocker'].includes(issue.severity))
      t.is(typeof issue.location.path, 'string')
      t.is(issue.location.lines.begin, 1)
    }
    t.is(new Set(issues.map(({ fingerprint }) => fingerprint)).size, issues.length)
  }
  t.deepEqual(
    gitlab(reports.serverStory()).map(({ check_name, severity }) => [check_name, severity]),
    [
      ['diag-server-rejected-compliant', 'critical'],
      ['diag-client-at-fault', 'critical'],
      ['kid-required', 'major'],
      ['jwk-forbidden', 'major'],
      ['server-nonce-on-error', 'minor'],
    ],
  )
  t.deepEqual(gitlab(reports.honestHar()), [])
})

test('gitlab: a huge report is cut and says so', (t) => {
  const issues = gitlab(reports.largeReport(20_000))
  t.is(issues.length, MAX_ISSUES + 1)
  t.regex(issues.at(-1)?.description ?? '', /more results, the mildest, are left out/)
})
