import { redactionOf } from '../acme/redacted.ts'
import type { AcmeRequest } from '../acme/traffic.ts'
import { isObject, type JsonObject } from '../jose/json-object.ts'
import { RULES } from '../rules/rules.ts'
import type { CheckName, CheckValue, Party, ReportQuote, Severity } from './report.ts'
import { CHECK_NAMES } from './report.ts'

const VALUES: readonly unknown[] = ['pass', 'fail', 'unknown', 'not-applicable'] satisfies CheckValue[]
const SEVERITIES: readonly unknown[] = ['error', 'warning', 'info'] satisfies Severity[]
const PARTIES: readonly unknown[] = ['client', 'server', 'proxy', 'capture', 'unknown'] satisfies Party[]
const MAX_FINDINGS = 50

/** What `_acme` of a redacted HAR entry says of the request; anybody can have written it, so nothing but known words is taken over. */
export function quoteOf({ exchange, jws }: AcmeRequest): ReportQuote | null {
  const said = redactionOf(exchange, jws) === null ? null : exchange.har?._acme
  if (!isObject(said) || !isObject(said.checks)) return null
  const { checks, compliant, findings } = said
  if (!CHECK_NAMES.every((name) => VALUES.includes((checks as JsonObject)[name]))) return null
  return {
    compliant: typeof compliant === 'boolean' ? compliant : null,
    checks: Object.fromEntries(CHECK_NAMES.map((name) => [name, (checks as JsonObject)[name]])) as Record<CheckName, CheckValue>,
    findings: (Array.isArray(findings) ? findings : []).slice(0, MAX_FINDINGS).flatMap((one) => {
      const finding = isObject(one) ? one : {}
      const rule = RULES.find(({ id }) => id === finding.rule)?.id
      return rule !== undefined && SEVERITIES.includes(finding.severity) && PARTIES.includes(finding.party)
        ? [{ rule, severity: finding.severity as Severity, party: finding.party as Party }]
        : []
    }),
  }
}
