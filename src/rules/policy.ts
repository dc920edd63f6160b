import { isJudged } from '../acme/traffic.ts'
import { CHECK_NAMES, type CheckName, complianceOf, decidesCheck, type Finding, isClientError, type Judgement } from './judge.ts'
import type { Level, Rule, Severity } from './rule.ts'

/** Levels by id of a rule or a diagnosis; an id that is absent has the level of its catalogue entry. */
export type Policy = ReadonlyMap<string, Level>

export const NO_POLICY: Policy = new Map()

const GRAVITY: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

/**
 * What a rule found at the level it was given: a verdict of the rule's own severity takes the level, a milder one stays as mild as it is,
 * since a note on a request that is in order must not become an accusation.
 */
export function atLevel(severity: Severity, own: Severity, level: Severity): Severity {
  return severity === own || GRAVITY[level] > GRAVITY[severity] ? level : severity
}

/**
 * A judgement as the policy in force wants it. It is applied when every rule has spoken, so that nobody is accused because somebody else's
 * fault was switched off: a rule that judges the server's answer has seen the request as it was. A check that failed, or could not be told,
 * through waived rules alone does not apply.
 */
export function underPolicy(judgement: Judgement, policy: Policy): Judgement {
  if (policy.size === 0) return judgement
  const waived = new Set<Rule>()
  const findings = judgement.findings.flatMap((finding): Finding[] => {
    const { rule, verdict } = finding
    const level = policy.get(rule.id)
    if (level === undefined) return [finding]
    const severity = level === 'off' ? 'info' : atLevel(verdict.severity, rule.severity, level)
    if (verdict.severity !== 'info' && GRAVITY[severity] > GRAVITY[verdict.severity]) waived.add(rule)
    return level === 'off' ? [] : [{ rule, verdict: { ...verdict, severity } }]
  })
  const undecided = judgement.undecided.filter(({ rule }) => {
    if (policy.get(rule.id) !== 'off') return true
    waived.add(rule)
    return false
  })
  const checkOf = (name: CheckName) => {
    const before = judgement.checks[name]
    if (findings.some(({ rule, verdict }) => rule.group === name && isClientError(verdict))) return 'fail'
    if (before === 'fail') return 'not-applicable'
    if (before !== 'unknown') return before
    return undecided.some(({ rule }) => rule.group === name && decidesCheck(rule)) ? 'unknown' : 'not-applicable'
  }
  const checks = { ...judgement.checks }
  for (const name of CHECK_NAMES) checks[name] = checkOf(name)
  const compliant = isJudged(judgement.request) ? complianceOf(findings, undecided, checks) : null
  return { ...judgement, findings, undecided, checks, compliant, waived: [...waived] }
}
