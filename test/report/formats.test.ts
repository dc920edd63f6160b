import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { filterReport, type RequestFilter, SHOW_ALL } from '../../src/report/filter.ts'
import { FORMATS, formatNamed, formatOfFile } from '../../src/report/formats.ts'
import { renderJson } from '../../src/report/json.ts'
import { renderNdjson } from '../../src/report/ndjson.ts'
import { DEFAULT_RENDER_OPTIONS } from '../../src/report/page.ts'
import type { Report } from '../../src/report/report.ts'
import { REPORT_SCHEMA } from '../../src/report/schema.ts'
import { VERSION } from '../../src/report/version.ts'
import { hostileReport } from './hostile.ts'
import * as reports from './reports.ts'

const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(REPORT_SCHEMA)

test('schema: hand-made reports are valid', (t) => {
  for (const report of [reports.serverStory(), reports.honestHar(), reports.largeReport(30)])
    t.true(validate(report), JSON.stringify(validate.errors?.slice(0, 3)))
})

/** A report with one thing changed. */
function changed(change: (report: Record<string, never>) => void): unknown {
  const report = structuredClone(reports.serverStory()) as unknown as Record<string, never>
  change(report)
  return report
}

test('schema: a report with anything missing, added, or of another type is not', (t) => {
  // every member of every closed object, wherever it first appears
  const paths = new Map<string, (string | number)[]>()
  const open = new Set(['protected', 'payload', 'evidence'])
  const walk = (value: unknown, path: (string | number)[]): void => {
    if (typeof value !== 'object' || value === null || open.has(String(path.at(-1)))) return
    const isArray = Array.isArray(value)
    for (const [name, member] of Object.entries(value)) {
      const next = [...path, isArray ? Number(name) : name]
      const shape = next.map((step) => (typeof step === 'number' ? '*' : step)).join('.')
      if (!isArray && !paths.has(shape)) paths.set(shape, next)
      walk(member, next)
    }
  }
  walk(reports.serverStory(), [])
  t.true(paths.size > 90, `${paths.size} members found`)
  for (const [shape, path] of paths) {
    const last = path.at(-1) as string
    const parentOf = (report: unknown) => path.slice(0, -1).reduce<unknown>((at, step) => (at as never)[step], report)
    t.false(validate(changed((report) => delete (parentOf(report) as Record<string, unknown>)[last])), `${shape} may be missing`)
    t.false(
      validate(changed((report) => ((parentOf(report) as Record<string, unknown>)[`${last}x`] = null))),
      `${shape}x may be added`,
    )
    // a value of a type that no member of the contract has
    if (last !== 'payload')
      t.false(
        validate(changed((report) => ((parentOf(report) as Record<string, unknown>)[last] = [[0]]))),
        `${shape} may be [[0]]`,
      )
  }
})

for (const [title, change] of [
  ['a check of another value', (report: Report) => Object.assign(report.requests[0]?.checks ?? {}, { kid: 'passed' })],
  ['an unknown resource', (report: Report) => Object.assign(report.requests[0] ?? {}, { resource: 'order2' })],
  [
    'a diagnosis among findings',
    (report: Report) => Object.assign(report.requests[5]?.findings[0] ?? {}, { rule: 'diag-client-at-fault' }),
  ],
  [
    'milliseconds instead of microseconds',
    (report: Report) => Object.assign(report.requests[0] ?? {}, { time: '2026-01-02T03:04:05.123Z' }),
  ],
  ['frame 0', (report: Report) => Object.assign(report.requests[0] ?? {}, { frames: [0] })],
  ['request 0', (report: Report) => Object.assign(report.requests[0] ?? {}, { id: 0 })],
  ['another version', (report: Report) => Object.assign(report, { version: 2 })],
  ['a verdict of another word', (report: Report) => Object.assign(report.summary, { verdict: 'capture' })],
] as const) {
  test(`schema: refuses ${title}`, (t) => {
    const report = structuredClone(reports.serverStory())
    change(report)
    t.false(validate(report))
  })
}

test('json: the pieces are JSON.stringify with two spaces', (t) => {
  const empty: Report = { ...reports.report('none'), inputs: [], connections: [] }
  for (const report of [reports.serverStory(), reports.honestHar(), reports.largeReport(500), empty])
    t.is([...renderJson(report)].join(''), `${JSON.stringify(report, null, 2)}\n`)
})

test('json: pieces stay small, however long the report', (t) => {
  const pieces = [...renderJson(reports.largeReport(2000))]
  t.true(pieces.length > 20)
  t.true(Math.max(...pieces.map(({ length }) => length)) < 100_000)
})

test('ndjson: one object a line, each with its type, the summary last', (t) => {
  const report = reports.serverStory()
  const lines = [...renderNdjson(report)]
  for (const line of lines) t.is(line.indexOf('\n'), line.length - 1)
  const objects = lines.map((line) => JSON.parse(line) as { type: string })
  t.deepEqual(
    [...new Set(objects.map(({ type }) => type))],
    ['config', 'input', 'connection', 'request', 'server', 'account', 'order', 'diagnosis', 'summary'],
  )
  t.deepEqual(
    objects.filter(({ type }) => type === 'request').map(({ type: _, ...request }) => request as unknown),
    report.requests,
  )
  t.like(objects.at(-1), { type: 'summary', version: 1, ...report.summary })
})

test('formats: no line of a report is a command to the log of a CI system, but for those that are meant', (t) => {
  const options = { ...DEFAULT_RENDER_OPTIONS, verbose: true, width: 60 }
  const report = hostileReport()
  for (const request of report.requests)
    request.findings.push(reports.finding({ message: `${'x'.repeat(48)}::error::a ${'y '.repeat(30)} ::error::b` }))
  for (const { name, render } of FORMATS.filter(({ name }) => !['json', 'ndjson'].includes(name))) {
    const lines = [...render(report, options)].join('').split('\n')
    t.true(lines.length > 5)
    for (const line of lines) {
      t.notRegex(line, /##\w*\[/, name)
      if (name !== 'github') t.notRegex(line, /^\s*::/, name)
    }
  }
})

test('formats: names and endings are unique, and found in any case', (t) => {
  t.is(new Set(FORMATS.map(({ name }) => name)).size, FORMATS.length)
  const endings = FORMATS.flatMap((format) => format.endings)
  t.is(new Set(endings).size, endings.length)
  t.is(formatOfFile('a/B.JSON')?.name, 'json')
  t.is(formatOfFile('x.ndjson')?.name, 'ndjson')
  t.is(formatOfFile('x.sarif.json')?.name, 'sarif')
  t.is(formatOfFile('json'), undefined)
  t.is(formatNamed('text')?.redacts, false)
  t.is(formatNamed('xml'), undefined)
})

for (const [title, filter, expected] of [
  ['all', {}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  ['host in any case', { host: 'CA.example' }, [1, 2, 3, 4, 5, 6, 7, 8, 10]],
  ['host with port', { host: 'ca.example:443' }, [1, 2, 3, 4, 5, 6, 7, 8, 10]],
  ['another host', { host: 'www.example' }, [9]],
  ['no such host', { host: 'example' }, []],
  ['port of the URL', { port: 80 }, [9]],
  ['port of the client', { port: 41022 }, [1, 2, 3, 4, 5, 6, 7, 9, 10]],
  ['since, inclusive', { since: '2026-01-02T03:04:07.123456Z' }, [7, 8, 9]],
  ['until, inclusive', { until: '2026-01-02T03:04:02.123456Z' }, [1, 2]],
  ['resources', { resources: ['directory', 'newAccount'] }, [1, 3]],
  ['only failing: broken, refused', { onlyFailing: true }, [5, 6, 8]],
  ['all parts together', { onlyFailing: true, until: '2026-01-02T03:04:05.999999Z' }, [5]],
] as const satisfies readonly (readonly [string, Partial<RequestFilter>, readonly number[]])[]) {
  test(`filter: ${title}`, (t) => {
    const report = reports.serverStory()
    const shown = filterReport(report, { ...SHOW_ALL, ...filter })
    t.deepEqual(
      shown.requests.map(({ id }) => id),
      [...expected],
    )
    t.is(shown.summary, report.summary)
    t.is(shown.diagnoses, report.diagnoses)
    t.true(validate(shown))
  })
}

test('the version is that of the package', (t) => {
  t.is(VERSION, (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version)
})
