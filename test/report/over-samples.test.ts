import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import test from 'ava'
import { XMLValidator } from 'fast-xml-parser'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { validateXML } from 'xmllint-wasm'
import { DIAGNOSES } from '../../src/diagnosis/diagnose.ts'
import { exitStatusOf } from '../../src/report/conduct.ts'
import { FORMATS } from '../../src/report/formats.ts'
import { MAX_MARKDOWN } from '../../src/report/markdown.ts'
import { DEFAULT_RENDER_OPTIONS } from '../../src/report/page.ts'
import { redactReport } from '../../src/report/redact.ts'
import type { Report } from '../../src/report/report.ts'
import { RULES } from '../../src/rules/rules.ts'
import { SAMPLES, sampleReport } from '../support/samples.ts'

/** Every format over every sample, as captured and redacted: checked by outside readers, with what it says in a snapshot. */

const ajv = new Ajv2020({ strict: false })
const withFormats = addFormats as unknown as (to: Ajv2020) => void
withFormats(ajv)
const isSarif = ajv.compile(JSON.parse(readFileSync('test/report/schemas/sarif-2.1.0.json', 'utf8')) as object)
const xsd = readFileSync('test/report/schemas/junit-10.xsd', 'utf8')
const catalogue = [...RULES, ...DIAGNOSES.map(({ kind }) => kind)]
/** This one is small and is kept whole as it is handed on; the tests of each format keep what is not redacted. */
const WHOLE = 'story-client-omits-kid.har'

function render(report: Report, format: string): string {
  const { render: write } = FORMATS.find(({ name }) => name === format) as (typeof FORMATS)[number]
  const unversioned: Report = { ...report, generator: { ...report.generator, version: '0.0.0' } }
  return [...write(unversioned, { ...DEFAULT_RENDER_OPTIONS, catalogue, exitStatus: exitStatusOf(report, 'error') })].join('')
}

const tagged = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => (match[1] ?? '').replace(/<[^>]*>/g, '')).filter((found) => found !== '')

/** The lines by which a reader finds the way: what a change of a sentence leaves alone, and a change of the report does not. */
const OUTLINES: Readonly<Record<string, (text: string) => unknown>> = {
  text: (text) => text.split('\n')[0],
  json: (text) =>
    Object.entries(JSON.parse(text) as Record<string, unknown>).map(
      ([name, value]) => `${name}${Array.isArray(value) ? `: ${value.length}` : ''}`,
    ),
  ndjson: (text) =>
    tally(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ),
  markdown: (text) => tagged(text, /^#+ (.*)|^\*\*(?:Requests?) .*$/gm),
  html: (text) => tagged(text, /<h[1-3][^>]*>([\s\S]*?)<\/h[1-3]>/g),
  sarif: (text) => {
    const [run] = (JSON.parse(text) as { runs: { results: { level: string; ruleId: string }[] }[] }).runs
    return tally((run?.results ?? []).map(({ level, ruleId }) => `${level} ${ruleId}`))
  },
  junit: (text) => tagged(text, /<(testsuite .*)>/g),
  github: (text) => tagged(text, /^::(\w+ .*?)::/gm),
  gitlab: (text) =>
    tally(
      (JSON.parse(text) as { severity: string; check_name: string }[]).map((issue) => `${issue.severity} ${issue.check_name}`),
    ),
}

function tally(names: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => `${name}: ${count}`)
}

for (const name of SAMPLES)
  test(`${name}: every format, as captured and redacted`, async (t) => {
    const report = await sampleReport(name)
    const xml: { fileName: string; contents: string }[] = []
    const redacted = redactReport(report, { key: new Uint8Array(32).fill(7), keep: [] })
    for (const [kind, made] of [
      ['as captured', report],
      ['redacted', redacted.report],
    ] as const) {
      const texts = new Map(FORMATS.map((format) => [format.name, render(made, format.name)]))
      if (made.redaction !== null) for (const text of texts.values()) t.notThrows(() => redacted.check([text]))
      t.true(isSarif(JSON.parse(texts.get('sarif') ?? '')), JSON.stringify(isSarif.errors?.[0]))
      t.true(XMLValidator.validate(texts.get('junit') ?? ''))
      xml.push({ fileName: `${xml.length}.xml`, contents: texts.get('junit') ?? '' })
      const markdown = texts.get('markdown') ?? ''
      t.true(markdown.length <= MAX_MARKDOWN)
      const tree = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })
      t.is(tree.children.filter(({ type }) => type === 'table').length, made.requests.length === 0 ? 0 : 1)
      t.snapshot(
        Object.fromEntries(FORMATS.map((format) => [format.name, OUTLINES[format.name]?.(texts.get(format.name) ?? '')])),
        kind,
      )
      if (name === WHOLE && made.redaction !== null)
        for (const format of FORMATS) if (format.redacts) t.snapshot(texts.get(format.name), `${format.name}, ${kind}`)
    }
    const { valid, rawOutput } = await validateXML({ xml, schema: xsd })
    t.true(valid, rawOutput.slice(0, 1000))
  })
