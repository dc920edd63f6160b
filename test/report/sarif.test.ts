import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import test from 'ava'
import { DIAGNOSES } from '../../src/diagnosis/diagnose.ts'
import { DEFAULT_RENDER_OPTIONS, type RenderOptions } from '../../src/report/page.ts'
import type { Report } from '../../src/report/report.ts'
import { MAX_RESULTS, renderSarif } from '../../src/report/sarif.ts'
import { descriptorOf } from '../../src/report/sarif-rules.ts'
import { RULES } from '../../src/rules/rules.ts'
import { hostileReport } from './hostile.ts'
import * as reports from './reports.ts'

interface Location {
  physicalLocation: { artifactLocation: { uri: string; index: number }; region: { startLine: number } }
  logicalLocations: { name: string; fullyQualifiedName: string }[]
}
interface Sarif {
  runs: {
    tool: {
      driver: {
        rules: { id: string; helpUri?: string; help: { text: string; markdown: string }; properties: { tags: string[] } }[]
      }
    }
    invocations: { exitCode?: number; toolExecutionNotifications?: { level: string; message: { text: string } }[] }[]
    artifacts: { location: { uri: string } }[]
    results: {
      ruleId: string
      ruleIndex: number
      level: string
      message: { text: string }
      locations: Location[]
      relatedLocations?: Location[]
      partialFingerprints: Record<string, string>
      webRequest?: { target: string }
      properties: { party: string; requests: number[]; frames?: number[]; entry?: number }
    }[]
  }[]
}

const ajv = new Ajv2020({ strict: false, allErrors: true })
// the CommonJS module's default export, as Node hands it over
const withFormats = addFormats as unknown as (to: Ajv2020) => void
withFormats(ajv)
const validate = ajv.compile(JSON.parse(readFileSync('test/report/schemas/sarif-2.1.0.json', 'utf8')) as object)

const catalogue = [...RULES, ...DIAGNOSES.map(({ kind }) => kind)]

function render(report: Report, options: Partial<RenderOptions> = {}): { text: string; run: Sarif['runs'][number] } {
  const text = [...renderSarif(report, { ...DEFAULT_RENDER_OPTIONS, catalogue, ...options })].join('')
  const log = JSON.parse(text) as Sarif
  return { text, run: log.runs[0] as Sarif['runs'][number] }
}

const odd = reports.report('undetermined', {
  inputs: [reports.input({ name: 'a b/:%ü\ud800.pcap', sha256: null }), reports.input({ name: '-' })],
  requests: [
    reports.request(1, {
      input: 7,
      findings: [reports.finding({ rule: 'rule-of-tomorrow', severity: 'error', party: 'capture' })],
    }),
  ],
})

test('sarif: valid against the schema of SARIF 2.1.0, whatever the report', (t) => {
  const empty = reports.report('none', { inputs: [], connections: [] })
  for (const report of [reports.serverStory(), reports.honestHar(), reports.largeReport(50), hostileReport(), odd, empty])
    t.true(validate(JSON.parse(render(report, { exitStatus: 1 }).text)), JSON.stringify(validate.errors?.slice(0, 3)))
  t.false(validate({ version: '2.1.0', runs: [{ tool: { driver: {} } }] }), 'the schema is looked at')
})

test('sarif: the diagnosis comes first, and each result says where and what to do', (t) => {
  const { run } = render(reports.serverStory())
  const [first] = run.results
  t.like(first, { ruleId: 'diag-server-rejected-compliant', level: 'error' })
  t.regex(first?.message.text ?? '', /^The server refused .* Seen in request 5 \(frames 50, 51\)\. Fix: For the CA operator/)
  t.deepEqual(
    run.results.map(({ ruleId, level }) => [ruleId, level]),
    [
      ['diag-server-rejected-compliant', 'error'],
      ['diag-client-at-fault', 'error'],
      ['kid-required', 'error'],
      ['jwk-forbidden', 'error'],
      ['server-nonce-on-error', 'warning'],
    ],
  )
  for (const result of run.results) {
    t.is(run.tool.driver.rules[result.ruleIndex]?.id, result.ruleId)
    t.is(result.locations[0]?.physicalLocation.artifactLocation.uri, run.artifacts[0]?.location.uri)
  }
  t.like(run.results[2], {
    webRequest: { target: 'https://ca.example/acme/new-order' },
    properties: { party: 'client', frames: [60, 61] },
  })
  t.is(run.results[2]?.locations[0]?.logicalLocations[0]?.fullyQualifiedName, 'connection 0/frame 60/POST newOrder')
})

test('sarif: what the capture lacks is a note and a notification, never more', (t) => {
  t.is(render(odd).run.results[0]?.level, 'note')
  const texts =
    render(reports.serverStory()).run.invocations[0]?.toolExecutionNotifications?.map(({ message }) => message.text) ?? []
  t.true(texts.some((text) => text.includes('the last record has 12 of 66 bytes')))
  t.true(texts.some((text) => text.includes('U-START')))
})

test('sarif: the exit status of the program, when there is one', (t) => {
  t.is(render(reports.serverStory(), { exitStatus: 3 }).run.invocations[0]?.exitCode, 3)
  t.false('exitCode' in (render(reports.serverStory()).run.invocations[0] ?? {}))
})

test('sarif: fingerprints differ within a report and stay over captures of the same failure', (t) => {
  const prints = (report: Report) =>
    render(report).run.results.map(({ partialFingerprints }) => partialFingerprints['acmescope/v1'])
  const all = prints(reports.largeReport(100))
  t.is(new Set(all).size, all.length)
  const again = reports.serverStory()
  for (const request of again.requests) {
    request.frames = [900]
    request.url = request.url.replace('ca.example', 'h1.invalid')
    for (const finding of request.findings)
      finding.message = finding.message.replace(/https:\S+acct\/1/, 'https://h1.invalid/a/b')
  }
  t.deepEqual(prints(again), prints(reports.serverStory()))
})

test('sarif: no text holds a link or a placeholder that a viewer would follow', (t) => {
  const report = reports.report('none', {
    requests: [reports.request(1, { findings: [reports.finding({ message: '[x](1) [y](http://evil.example) {0}' })] })],
  })
  t.regex(render(report).run.results[0]?.message.text ?? '', /^\[x\] \(1\) \[y\] \(http:\/\/evil\.example\) \{\{0\}\}/)
})

test("sarif: every rule and diagnosis has help within GitHub's limits", (t) => {
  for (const entry of catalogue) {
    const { id } = entry
    const rule = descriptorOf(id, entry) as unknown as {
      name: string
      shortDescription: { text: string }
      fullDescription: { text: string }
      help: { text: string; markdown: string }
      helpUri?: string
      properties: { tags: string[] }
    }
    t.regex(rule.name, /^[A-Z][A-Za-z0-9]+$/)
    t.true(rule.name.length <= 255)
    for (const { text } of [rule.shortDescription, rule.fullDescription]) t.true(text.length > 0 && text.length <= 1024, id)
    t.true(rule.help.text.length > 20 && rule.help.markdown.length > 20, id)
    t.true(rule.properties.tags.length <= 10 && new Set(rule.properties.tags).size === rule.properties.tags.length, id)
    if (rule.helpUri !== undefined) t.regex(rule.helpUri, /^https:\/\/(www\.rfc-editor\.org|datatracker\.ietf\.org)\//)
  }
  t.deepEqual(descriptorOf('rule-of-tomorrow', undefined), { id: 'rule-of-tomorrow' })
})

test('sarif: a huge report keeps the gravest results, and says what it left out', (t) => {
  const report = reports.largeReport(60_000)
  report.requests[59_999]?.findings.push(reports.finding({ severity: 'warning' }))
  report.requests[0]?.findings.push(reports.finding({ severity: 'info' }))
  const { text, run } = render(report)
  t.is(run.results.length, MAX_RESULTS)
  t.deepEqual([...new Set(run.results.map(({ level }) => level))], ['error'])
  t.true(gzipSync(text).length < 10_000_000)
  t.regex(run.invocations[0]?.toolExecutionNotifications?.[0]?.message.text ?? '', /^21,002 more results left out/)
  const related = reports.report('server', {
    requests: Array.from({ length: 500 }, (_, at) => reports.request(at + 1)),
    diagnoses: [reports.diagnosis({ requests: Array.from({ length: 500 }, (_, at) => at + 1) })],
  })
  const [diagnosis] = render(related).run.results
  t.true((diagnosis?.relatedLocations?.length ?? 0) < 100)
})
