import type { Report, ReportRequest } from '../report/report.ts'

const GRAVITY = { info: 0, warning: 1, error: 2 } as const

/**
 * What a redacted capture, analysed again, must not differ in from the original: it has the same requests with the same answers, and nobody is
 * accused of anything new. Null when that is so, else what differs, in words without any value of the capture.
 */
export function unfaithfulness(before: Report, after: Report): string | null {
  if (after.requests.length !== before.requests.length)
    return `it has ${after.requests.length} ACME requests, and the capture ${before.requests.length}`
  for (const [at, request] of after.requests.entries()) {
    const original = before.requests[at] as ReportRequest
    if (outline(request) !== outline(original)) return `request ${request.id} reads differently`
    const news = request.findings.find(
      ({ rule, party, severity }) =>
        !original.findings.some((one) => one.rule === rule && one.party === party && GRAVITY[one.severity] >= GRAVITY[severity]),
    )
    if (news !== undefined) return `request ${request.id} has a finding that it had not (${news.rule})`
  }
  return null
}

function outline({ method, resource, response }: ReportRequest): string {
  return JSON.stringify([method, resource, response?.status ?? null])
}
