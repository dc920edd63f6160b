import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { validateXML } from 'xmllint-wasm'
import { exitStatusOf } from '../../src/report/conduct.ts'
import { MAX_CASES, renderJunit } from '../../src/report/junit.ts'
import { markup } from '../../src/report/markup.ts'
import { DEFAULT_RENDER_OPTIONS, type RenderOptions } from '../../src/report/page.ts'
import type { Report } from '../../src/report/report.ts'
import { hostileReport } from './hostile.ts'
import * as reports from './reports.ts'

interface Outcome {
  message?: string
  type?: string
  '#text'?: string
}
interface Case {
  name: string
  classname: string
  failure?: Outcome
  error?: Outcome
  skipped?: Outcome
  'system-out'?: string
}
interface Suite {
  name: string
  tests: string
  failures: string
  errors: string
  skipped: string
  testcase: Case[]
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => ['testsuite', 'testcase'].includes(name),
  processEntities: { enabled: true, maxTotalExpansions: 1e7, maxExpandedLength: 1e9 },
})

function render(report: Report, options: Partial<RenderOptions> = {}): string {
  return [...renderJunit(report, { ...DEFAULT_RENDER_OPTIONS, ...options })].join('')
}

function suitesOf(xml: string): Suite[] {
  const { testsuites } = parser.parse(xml) as { testsuites: { testsuite?: Suite[] } | '' }
  return testsuites === '' ? [] : (testsuites.testsuite ?? [])
}

async function isValid(...documents: readonly string[]): Promise<string> {
  const schema = readFileSync('test/report/schemas/junit-10.xsd', 'utf8')
  const xml = documents.map((contents, at) => ({ fileName: `report${at}.xml`, contents }))
  const { valid, rawOutput } = await validateXML({ xml, schema })
  return valid ? 'valid' : rawOutput.slice(0, 2000)
}

const undecided = reports.report('undetermined', {
  requests: [
    reports.request(1, { compliant: null, unknown: [{ check: 'signature', code: 'U-KEY', reason: 'no key is known' }] }),
    reports.request(2, { compliant: null, findings: [reports.finding({ party: 'server' })] }),
  ],
})

test("junit: valid against the schema of Jenkins' xUnit plugin, by libxml2", async (t) => {
  const documents = [reports.serverStory(), reports.honestHar(), hostileReport(), undecided, reports.largeReport(50)]
  t.is(await isValid(...documents.map((report) => render(report))), 'valid')
  t.regex(await isValid('<testsuites><testsuite/></testsuites>'), /required/)
})

test('junit: a suite for each CA, a case for each request, one for each diagnosis', (t) => {
  const suites = suitesOf(render(reports.serverStory()))
  t.deepEqual(
    suites.map(({ name, tests, failures, errors, skipped }) => ({ name, tests, failures, errors, skipped })),
    [
      { name: 'diagnoses', tests: '2', failures: '2', errors: '0', skipped: '0' },
      { name: 'ca.example', tests: '9', failures: '1', errors: '0', skipped: '2' },
    ],
  )
  const cases = suites[1]?.testcase ?? []
  t.like(cases[5], { name: 'request 6: POST newOrder', classname: 'ca.example.newOrder', failure: { type: 'kid-required' } })
  t.regex(
    cases[5]?.failure?.['#text'] ?? '',
    /frames 60, 61.*\nclient error: This key .*\n {2}Rule: kid-required, RFC 8555 §6\.2\n {2}Fix: /,
  )
  t.regex(cases[5]?.failure?.['#text'] ?? '', /jwk-forbidden/)
  t.is(cases[3]?.skipped?.message, 'nonce: the capture began after the nonce was issued (U-START)')
  t.regex(cases[6]?.['system-out'] ?? '', /server warning: The answer has no Replay-Nonce/)
})

test('junit: the file is red exactly when the exit status is not 0', (t) => {
  const warned = reports.report('none', {
    requests: [reports.request(1, { findings: [reports.finding({ severity: 'warning' })] })],
  })
  const noted = reports.report('none', { requests: [reports.request(1, { findings: [reports.finding({ party: 'capture' })] })] })
  const fetched = reports.report('client', {
    requests: [
      reports.request(1),
      reports.request(2, { resource: 'validation', compliant: null, findings: [reports.finding()] }),
    ],
  })
  const nothing = reports.report('undetermined', { connections: [] })
  for (const failOn of ['error', 'warning', null] as const)
    for (const report of [
      reports.serverStory(),
      reports.honestHar(),
      warned,
      noted,
      undecided,
      fetched,
      nothing,
      hostileReport(),
    ]) {
      const suites = suitesOf(render(report, { failOn }))
      const red = suites.some(({ failures, errors }) => failures !== '0' || errors !== '0')
      t.is(red, exitStatusOf(report, failOn) !== 0)
    }
})

test('junit: the counts are those of the elements', (t) => {
  for (const suite of suitesOf(render(hostileReport()))) {
    const count = (name: 'failure' | 'error' | 'skipped') => String(suite.testcase.filter((one) => name in one).length)
    t.is(suite.tests, String(suite.testcase.length))
    t.deepEqual([suite.failures, suite.errors, suite.skipped], [count('failure'), count('error'), count('skipped')])
  }
})

test('junit: a huge report keeps what fails, and says what it left out', (t) => {
  const report = reports.report('client', {
    requests: Array.from({ length: MAX_CASES + 5 }, (_, at) =>
      reports.request(at + 1, at < MAX_CASES + 4 ? {} : { compliant: false, findings: [reports.finding()] }),
    ),
  })
  const xml = render(report)
  t.true(XMLValidator.validate(xml))
  t.regex(xml, /failures="1"/)
  t.regex(xml, /5 more requests left out/)
})

test('markup: whatever the text, an outside parser gives it back, but for what XML forbids', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const xml = markup`<a b="${text}">|${text}|</a>`.markup
      t.true(XMLValidator.validate(xml), xml)
      const shown = text.replace(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
      const { a } = parser.parse(xml) as { a: { b: string; '#text': string } }
      t.is(a['#text'], `|${shown}|`)
      t.is(a.b, shown.replace(/[\t\n]/g, ' '))
    }),
    { numRuns: 500 },
  )
})

test('markup: is not escaped twice, and null is nothing', (t) => {
  t.is(markup`<p>${null}${1}${[markup`<b>${'<'}</b>`, markup`${'"'}`]}</p>`.markup, '<p>1<b>&lt;</b>"</p>')
})
