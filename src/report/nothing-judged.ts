import { counted } from './phrases.ts'
import type { Report, ReportConnection } from './report.ts'
import { isUnknownCode, UNKNOWN_CODES } from './unknown-codes.ts'

/** Why a report has no judgement at all, and what would help; texts may quote the capture and are not yet escaped. */
export interface NothingJudged {
  readonly reason: string
  readonly remedy: string
}

/** Null when at least one request was judged compliant or not. */
export function explainNothingJudged(report: Report): NothingJudged | null {
  if (report.summary.compliant + report.summary.nonCompliant > 0) return null
  const unknown = commonestUnknown(report)
  if (report.summary.requests > 0 && unknown !== null)
    return {
      reason: `${counted(report.summary.requests, 'ACME request')} found, but none can be judged: ${unknown.reason} (${unknown.code})`,
      remedy: isUnknownCode(unknown.code)
        ? UNKNOWN_CODES[unknown.code].remedy
        : 'Capture the whole session, from the start of the client.',
    }
  const undecrypted = report.connections.filter((connection) => connection.tls !== null && !connection.tls.decrypted)
  if (undecrypted.length > 0) return explainUndecrypted(undecrypted)
  const lossy = report.connections.filter(({ damage }) => damage.some(({ kind }) => kind === 'gap' || kind === 'truncated'))
  if (lossy.length > 0)
    return {
      reason: `no ACME request was found in ${counted(report.connections.length, 'connection')}, and octets are missing in ${lossy.length}`,
      remedy: UNKNOWN_CODES['U-GAP'].remedy,
    }
  const packets = report.inputs.reduce((sum, input) => sum + input.packets, 0)
  const damage = report.inputs.flatMap((input) => input.damage)[0]
  if (packets === 0 && damage !== undefined)
    return { reason: `nothing could be read: ${damage.detail}`, remedy: 'Capture again, and copy the whole file.' }
  return {
    reason:
      report.connections.length === 0
        ? 'no HTTP and no TLS connection was found'
        : `no ACME request was found in ${counted(report.connections.length, 'connection')}`,
    remedy: 'Check that the capture was taken while the client ran, on the interface and port that it uses to reach the CA.',
  }
}

function explainUndecrypted(undecrypted: readonly ReportConnection[]): NothingJudged {
  const names = [
    ...new Set(undecrypted.map((connection) => connection.tls?.serverName ?? connection.server ?? 'an unknown server')),
  ]
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
  const reason = undecrypted.find((connection) => connection.tls?.reason !== null)?.tls?.reason
  return {
    reason: `${counted(undecrypted.length, 'TLS connection')} (${shown}) could not be decrypted${reason == null ? '' : `: ${reason}`}`,
    remedy: UNKNOWN_CODES['U-TLS'].remedy,
  }
}

function commonestUnknown(report: Report): { code: string; reason: string } | null {
  const counts = new Map<string, { code: string; reason: string; count: number }>()
  for (const request of report.requests)
    for (const { code, reason } of request.unknown) {
      const known = counts.get(code)
      if (known === undefined) counts.set(code, { code, reason, count: 1 })
      else known.count++
    }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0] ?? null
}
