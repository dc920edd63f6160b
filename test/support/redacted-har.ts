import validator from 'har-validator/lib/async.js'
import { analyze, exportHar } from '../../src/analyze.ts'
import { HIDE_ALL, type RedactOptions } from '../../src/report/redact.ts'
import type { Report } from '../../src/report/report.ts'

/** A capture written as redacted HAR, searched as the program does it, and analysed again. */
export async function redactedHar(path: string, keyLogs: readonly string[], options: RedactOptions = HIDE_ALL) {
  const pieces: string[] = []
  const { exchanges, check } = await exportHar([path], { keyLogs, redaction: options }, (piece) => void pieces.push(piece))
  check(pieces)
  const text = pieces.join('')
  const again = await analyze([new TextEncoder().encode(text)])
  return { text, exchanges, again }
}

/** What har-validator finds wrong with a HAR. */
export function harFaults(text: string): string[] {
  let faults: string[] = []
  validator.har(JSON.parse(text), (error) => {
    faults = error === null ? [] : error.errors.map(({ dataPath, message }) => `${dataPath} ${message}`)
  })
  return faults
}

const GRAVITY: Readonly<Record<string, number>> = { info: 0, warning: 1, error: 2 }

/** Everything that a redacted HAR is said of and the original is not: it must be nothing. */
export function newAccusations(before: Report, after: Report): string[] {
  const news: string[] = []
  after.requests.forEach((request, at) => {
    const original = before.requests[at]
    for (const finding of request.findings) {
      const known = original?.findings.some(
        ({ rule, party, severity }) =>
          rule === finding.rule && party === finding.party && (GRAVITY[severity] ?? 0) >= (GRAVITY[finding.severity] ?? 0),
      )
      if (known !== true) news.push(`${request.id} ${finding.rule} ${finding.severity} ${finding.party}: ${finding.message}`)
    }
    for (const [name, value] of Object.entries(request.checks)) {
      const was = original?.checks[name as keyof typeof request.checks]
      if (value !== was && value !== 'unknown') news.push(`${request.id} ${name}: ${was}, now ${value}`)
    }
    if (request.compliant !== null && request.compliant !== original?.compliant)
      news.push(`${request.id} compliant: ${original?.compliant}, now ${request.compliant}`)
  })
  // a milder explanation of the same requests by the same party is none
  for (const { id, party, title, requests } of after.diagnoses)
    if (
      party !== 'unknown' &&
      !before.diagnoses.some(
        (one) => one.party === party && (one.id === id || requests.some((each) => one.requests.includes(each))),
      )
    )
      news.push(`${id} ${party}: ${title}`)
  const { verdict } = after.summary
  if (verdict !== before.summary.verdict && verdict !== 'undetermined' && verdict !== 'none')
    news.push(`verdict ${before.summary.verdict}, now ${verdict}`)
  return news
}

/** What has to be the same: which requests there are, and what was answered. */
export function shapes({ requests }: Report): unknown[] {
  return requests.map(({ method, resource, response, httpVersion }) => ({
    method,
    resource,
    httpVersion,
    status: response?.status ?? null,
  }))
}
