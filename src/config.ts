import { DIAGNOSES } from './diagnosis/diagnose.ts'
import type { ReportConfig } from './report/report.ts'
import type { Policy } from './rules/policy.ts'
import { LEVELS, type Level, type Severity } from './rules/rule.ts'
import { RULES } from './rules/rules.ts'

/** Which levels somebody chose, in which file and by which options; an option goes before the file. */
export interface ConfigChoice {
  /** The file as a reader of the report may see it named; null when there is none. */
  readonly file: string | null
  readonly fromFile: Readonly<Record<string, Level>>
  readonly fromOptions: Readonly<Record<string, Level>>
}

/** The choice as a policy, and as the report names it. @throws RangeError for an id or a level that is none */
export function readPolicy(choice: ConfigChoice | null): { readonly policy: Policy; readonly config: ReportConfig | null } {
  if (choice === null) return { policy: new Map(), config: null }
  const own = new Map<string, Severity>(
    [...RULES, ...DIAGNOSES.map(({ kind }) => kind)].map(({ id, severity }) => [id, severity]),
  )
  const policy = new Map<string, Level>()
  const rules: ReportConfig['rules'] = []
  for (const [rule, level] of Object.entries({ ...choice.fromFile, ...choice.fromOptions })) {
    const standard = own.get(rule)
    if (standard === undefined) throw new RangeError(`no rule is called ${rule}`)
    if (!LEVELS.includes(level)) throw new RangeError(`${rule}: no level is called ${level}`)
    if (level === standard) continue
    policy.set(rule, level)
    rules.push({ rule, level, default: standard, from: Object.hasOwn(choice.fromOptions, rule) ? 'option' : 'file' })
  }
  rules.sort((a, b) => (a.rule < b.rule ? -1 : 1))
  return { policy, config: choice.file === null && rules.length === 0 ? null : { file: choice.file, rules } }
}
