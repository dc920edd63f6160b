import { readdirSync } from 'node:fs'
import test from 'ava'
import { RULES } from '../src/rules/rules.ts'
import type { CaseTable, RuleCases, Scene } from './support/cases.ts'
import { Session } from './support/session.ts'

const folder = new URL('./rules/', import.meta.url)
const tables: Record<string, CaseTable> = {}
for (const file of readdirSync(folder).filter((name) => name.endsWith('.js')))
  tables[file.replace('.js', '')] = ((await import(new URL(file, folder).href)) as { CASES: CaseTable }).CASES

test('every rule has cases that break it and cases that do not', (t) => {
  const covered: Record<string, RuleCases> = Object.assign({}, ...Object.values(tables))
  for (const rule of RULES) {
    const cases = covered[rule.id]
    if (
      !t.truthy(cases, `write cases for ${rule.id} in test/rules/${rule.group}.ts; test/rules/kid.ts shows how`) ||
      cases === undefined
    )
      continue
    t.true(Object.keys(cases.broken).length > 0 || rule.id === 'nonce-never-issued', `${rule.id}: no case that breaks it`)
    t.true(Object.keys({ ...cases.holds, ...cases.silent }).length > 0, `${rule.id}: no case that does not break it`)
  }
  t.deepEqual(
    Object.keys(covered).filter((id) => !RULES.some((rule) => rule.id === id)),
    [],
    'cases for a rule that is not in RULES',
  )
})

test('rule identifiers are those of their files, and unique', (t) => {
  t.is(new Set(RULES.map(({ id }) => id)).size, RULES.length)
  for (const rule of RULES)
    t.true(
      rule.references.every((reference) => /^RFC \d+( (§|App\.).*)?$/.test(reference) || reference.startsWith('draft-')),
      rule.id,
    )
})

for (const [group, table] of Object.entries(tables))
  for (const [id, cases] of Object.entries(table)) {
    for (const [name, scene] of Object.entries(cases.holds ?? {}))
      test(`${group}: ${id} holds: ${name}`, async (t) => {
        const { findings, undecided, judgement, traffic } = await look(id, scene)
        t.is(findings?.verdict.message, undefined)
        t.is(undecided?.reason, undefined)
        const rule = RULES.find((candidate) => candidate.id === id)
        t.is((rule?.judge?.(judgement.request, traffic) ?? rule?.review?.(judgement, traffic))?.outcome, 'holds')
      })
    for (const [name, entry] of Object.entries(cases.broken))
      test(`${group}: ${id} broken: ${name}`, async (t) => {
        const expected = typeof entry === 'function' ? { scene: entry } : entry
        const { findings } = await look(id, expected.scene)
        t.truthy(findings, 'no finding')
        if (expected.severity !== undefined) t.is(findings?.verdict.severity, expected.severity as never)
        if (expected.party !== undefined) t.is(findings?.verdict.party, expected.party as never)
        if (expected.says !== undefined) t.regex(findings?.verdict.message ?? '', expected.says)
      })
    for (const [name, scene] of Object.entries(cases.unknown ?? {}))
      test(`${group}: ${id} unknown: ${name}`, async (t) => {
        const { findings, undecided } = await look(id, scene)
        t.is(findings?.verdict.message, undefined)
        t.is(undecided?.code, name.split(':')[0] as never)
        t.true(undecided?.rule.unknownWhen.includes(undecided.code), 'a reason that the rule does not name in unknownWhen')
      })
    for (const [name, scene] of Object.entries(cases.silent ?? {}))
      test(`${group}: ${id} silent: ${name}`, async (t) => {
        const { findings, undecided } = await look(id, scene)
        t.is(findings?.verdict.message, undefined)
        t.is(undecided?.reason, undefined)
      })
  }

async function look(id: string, scene: Scene) {
  const session = new Session()
  const wanted = scene(session)
  const traffic = await session.settle()
  const { judge } = await import('../src/rules/judge.ts')
  const judgements = judge(traffic)
  const judgement = wanted === undefined ? judgements.at(-1) : judgements[wanted - 1]
  if (judgement === undefined) throw new Error('the scene makes no ACME request')
  return {
    judgement,
    traffic,
    findings: judgement.findings.find(({ rule }) => rule.id === id),
    undecided: judgement.undecided.find(({ rule }) => rule.id === id),
  }
}
