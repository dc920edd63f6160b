import { existsSync, readdirSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { analyze } from '../../src/analyze.ts'
import { FORMATS } from '../../src/report/formats.ts'
import { DEFAULT_RENDER_OPTIONS } from '../../src/report/page.ts'
import { HIDE_ALL, openRedactor, redactReport } from '../../src/report/redact.ts'
import { CATEGORIES } from '../../src/report/redaction/categories.ts'
import { UndecidedField, walkReport } from '../../src/report/redaction/walk.ts'
import type { Report } from '../../src/report/report.ts'
import { REPORT_SCHEMA } from '../../src/report/schema.ts'
import { leaksOf, privateValues } from '../support/leaks.ts'
import * as reports from './reports.ts'

const validate = new Ajv2020({ strict: false }).compile(REPORT_SCHEMA)
const samples = readdirSync('samples').filter((name) => /\.(pcap|pcapng|har)$/.test(name))
const key = new TextEncoder().encode('a key of the operator')

function analysed(name: string): Promise<Report> {
  const keys = `samples/${name.replace(/\.\w+$/, '.keys')}`
  return analyze([`samples/${name}`], { keyLogs: existsSync(keys) ? [keys] : [] })
}

function rendered(report: Report, name: string): string {
  const format = FORMATS.find((one) => one.name === name)
  return [...(format?.render(report, { ...DEFAULT_RENDER_OPTIONS, verbose: true }) ?? [])].join('')
}

for (const name of samples)
  test(`${name}: no private value of the report is in any redacted format, and the verdicts are the same`, async (t) => {
    const report = await analysed(name)
    const { report: redacted, check } = redactReport(report, HIDE_ALL)
    t.true(validate(redacted), JSON.stringify(validate.errors?.slice(0, 3)))
    const values = privateValues(report)
    if (report.summary.requests > 0) t.true(values.size > 10, `${values.size} values`)
    for (const { name: format } of FORMATS) {
      const text = rendered(redacted, format)
      t.notThrows(() => check([text]))
      t.deepEqual(leaksOf(text, values), [], format)
    }
    const verdicts = ({ requests, summary, diagnoses }: Report) => ({
      summary,
      diagnoses: diagnoses.map(({ id, party, requests: ids }) => ({ id, party, ids })),
      requests: requests.map(({ id, checks, compliant, findings, resource, frames }) => ({
        id, checks, compliant, resource, frames,
        findings: findings.map(({ rule, severity, party }) => `${rule} ${severity} ${party}`),
      })), // biome-ignore format: one row
    })
    t.deepEqual(verdicts(redacted), verdicts(report))
  })

test('the search for leaks finds what redaction would have missed, in every form', async (t) => {
  const report = await analysed('story-broken-server.pcap')
  const { report: redacted, check } = redactReport(report, HIDE_ALL)
  const text = rendered(redacted, 'json')
  check([text])
  const host = new URL(report.requests[0]?.url ?? '').hostname
  const forms: Record<string, string> = {
    plain: host,
    'JSON-escaped': [...host].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    'percent-encoded': [...host].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join(''),
    'XML-escaped': [...host].map((letter) => `&#${letter.charCodeAt(0)};`).join(''),
    base64: Buffer.from(`?${host}>`).toString('base64'),
    base64url: Buffer.from(`{"a":"${host}"}`).toString('base64url'),
    'base64 in base64': Buffer.from(Buffer.from(`??${host}`).toString('base64')).toString('base64'),
  }
  for (const [form, value] of Object.entries(forms)) {
    t.throws(
      () => check([`${text}"${value}"`]),
      { message: /^nothing was written, because .* category (?:host|identifier) / },
      form,
    )
    // however the pieces fall
    const half = Math.floor(value.length / 2)
    if (form === 'plain')
      t.throws(() => check([text, value.slice(0, half), value.slice(half)]), undefined, `${form} in two pieces`)
  }
})

test('pseudonyms: equal within a run, equal across runs with a key only, never the original', async (t) => {
  const report = await analysed('honest-lego.har')
  const once = redactReport(report, { key, keep: [] }).report
  const again = redactReport(await analysed('honest-lego.har'), { key, keep: [] }).report
  t.deepEqual(again, once)
  t.is(once.redaction?.pseudonyms, 'keyed')
  const random = redactReport(report, HIDE_ALL).report
  t.not(random.requests[0]?.url, once.requests[0]?.url)
  // what was equal is equal, what was not is not
  const kids = (one: Report) => one.requests.map((request) => request.protected?.kid ?? request.account)
  const classes = (values: readonly unknown[]) => values.map((value) => values.indexOf(value))
  for (const read of [
    kids,
    (one: Report) => one.requests.map(({ url }) => url),
    (one: Report) => one.requests.flatMap(({ response, protected: header }) => [header?.nonce, response?.replayNonce]),
    (one: Report) => one.connections.flatMap(({ client, server }) => [client, server]),
  ])
    t.deepEqual(classes(read(random)), classes(read(report)))
})

test('names keep their structure', (t) => {
  const { names } = openRedactor({ key, keep: [] })
  names.learnIdentifier('shop.corp-dev.test')
  const [host, below, wild] = ['shop.corp-dev.test', 'www.shop.corp-dev.test', '*.shop.corp-dev.test'].map((name) =>
    names.host(name),
  )
  t.regex(host ?? '', /^n\w+\.n\w+\.example$/)
  t.true(below?.endsWith(`.${host}`))
  t.is(wild, `*.${host}`)
  t.is(names.url('https://SHOP.corp-dev.test:14000/acme/acct/17?x=1#y').split('/').slice(3, 5).join('/'), 'acme/acct')
  t.regex(names.url('https://u:p@shop.corp-dev.test:14000/dir'), /^https:\/\/removed@n\w+\.n\w+\.example:14000\/dir$/)
  t.regex(names.endpoint('10.1.2.3:443'), /^24[0-7]\.\d+\.\d+\.\d+:443$/)
  t.regex(names.endpoint('[fe80::1]:443'), /^\[2001:db8:[0-9a-f:]+\]:443$/)
  t.is(names.endpoint('127.0.0.1:80'), '127.0.0.1:80')
  t.regex(
    names.contact('mailto:ann@shop.corp-dev.test,bob@x.example?subject=hi'),
    /^mailto:person-\w+@n[\w.]+\.example,person-\w+@n\w+\.example\?person-\w+=person-\w+$/,
  )
  t.regex(names.token('abcDEF123456.thumbprint7'), /^token-\w+\.thumb-\w+$/)
})

test('kept categories stay readable, the others do not', async (t) => {
  const report = await analysed('story-broken-server.pcap')
  const { report: redacted, check } = redactReport(report, { key: null, keep: ['host', 'address'] })
  const host = new URL(report.requests[0]?.url ?? '').host
  t.is(new URL(redacted.requests[0]?.url ?? '').host, host)
  t.is(redacted.connections[0]?.server, report.connections[0]?.server ?? null)
  t.not(redacted.requests[2]?.protected?.nonce, report.requests[2]?.protected?.nonce)
  t.deepEqual(redacted.redaction?.kept, ['host', 'address'])
  t.false(redacted.redaction?.hidden.some(({ category }) => category === 'host'))
  check([rendered(redacted, 'json')])
})

/** A value that the schema allows, with every member that it knows. */
function sample(schema: Record<string, unknown>, path: string[]): unknown {
  const defs = REPORT_SCHEMA.$defs as Record<string, Record<string, unknown>>
  if (typeof schema.$ref === 'string') return sample(defs[schema.$ref.replace('#/$defs/', '')] ?? {}, path)
  if (schema.anyOf !== undefined) return sample((schema.anyOf as Record<string, unknown>[])[0] ?? {}, path)
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return (schema.enum as unknown[])[0]
  const type = [schema.type].flat()[0]
  if (type === 'array') return [sample((schema.items ?? {}) as Record<string, unknown>, path)]
  if (type === 'object')
    return Object.fromEntries(
      Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>).map(([name, member]) => [
        name,
        sample(member, [...path, name]),
      ]),
    )
  if (type === 'string') return `private-${path.join('-')}-8a7b6c5d4e3f2a1b`
  return type === 'boolean' ? true : type === 'integer' || type === 'number' ? 1 : null
}

/** Texts of the schema that are words of this program, or describe the file and not who made it. */
const WORDS_OF_OURS =
  /^(?:generator\.version|inputs\.(?:format|sha256|firstTime|lastTime|linkTypes)|connections\.(?:startTime|http|tls\.(?:version|cipherSuite|secrets))|requests\.(?:time|unknown\.(?:check|code)|(?:beforeRedaction\.)?findings\.(?:rule|reference))|diagnoses\.(?:id|upstream\.repository)|config\.rules\.rule|kubernetes\.objects\.statements\.time|log\.lines\.time|servers\.(?:profile\.(?:id|name)|known\.(?:rules|text))|redaction\.(?:kept|hidden\.category))$/

test('every member of the JSON Schema has a decision, and one that is not known is refused', (t) => {
  const whole = sample(REPORT_SCHEMA, []) as Report
  const walk = (report: unknown) => walkReport(report as Report, openRedactor(HIDE_ALL))
  const redacted = walk(whole)
  const compare = (before: unknown, after: unknown, path: string): void => {
    if (typeof before === 'string' && before.startsWith('private-')) {
      if (!WORDS_OF_OURS.test(path)) t.not(after, before, `${path} is passed on`)
    } else if (Array.isArray(before)) before.forEach((item, at) => void compare(item, (after as unknown[])[at], path))
    else if (typeof before === 'object' && before !== null) {
      const isOpen =
        /(?:evidence|protected|payload|checks)$/.test(path) ||
        path === 'summary.findings' ||
        /redaction|generator|alsoSeen/.test(path)
      if (!isOpen) {
        const more = structuredClone(whole)
        const place = path.split('.').filter((step) => step !== '').reduce<unknown>((at, step) => {
          const next = (at as Record<string, unknown>)[step]
          return Array.isArray(next) ? next[0] : next
        }, more) // biome-ignore format: a walk
        ;(place as Record<string, unknown>).notKnown = 'secret'
        t.throws(() => walk(more), { instanceOf: UndecidedField }, `${path} takes a member that nobody decided about`)
      }
      for (const [name, item] of Object.entries(before))
        compare(item, (after as Record<string, unknown>)?.[name], path === '' ? name : `${path}.${name}`)
    }
  }
  compare(whole, redacted, '')
})

test('the report names what was hidden in words of the table', (t) => {
  const { report } = redactReport(reports.serverStory(), HIDE_ALL)
  const known = CATEGORIES.map(({ name }) => name as string)
  t.true((report.redaction?.hidden.length ?? 0) > 3)
  for (const { category, count } of report.redaction?.hidden ?? []) {
    t.true(known.includes(category))
    t.true(count > 0)
  }
  t.regex(rendered(report, 'text'), /Redacted\s+after every check was made: host \d/)
  t.regex(rendered(report, 'markdown'), /Redacted after every check was made/)
})
