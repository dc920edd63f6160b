import type { Report } from './report.ts'

/** One object a line, each with its type, a changed configuration first; the last one, `summary`, also names the version of the report and of its maker. */
export function* renderNdjson(report: Report): Iterable<string> {
  if (report.config !== null) yield* lines('config', [report.config])
  yield* lines('input', report.inputs)
  yield* lines('connection', report.connections)
  yield* lines('request', report.requests)
  yield* lines('server', report.servers)
  yield* lines('account', report.accounts)
  yield* lines('order', report.orders)
  yield* lines('diagnosis', report.diagnoses)
  if (report.kubernetes !== null) yield* lines('kubernetes', [report.kubernetes])
  if (report.log !== null) yield* lines('log', [report.log])
  yield* lines('summary', [
    { version: report.version, generator: report.generator, redaction: report.redaction, ...report.summary },
  ])
}

function* lines(type: string, items: readonly object[]): Iterable<string> {
  // What JSON.stringify({ type, ...item }) gives, without copying every item.
  for (const item of items) yield `{"type":${JSON.stringify(type)},${JSON.stringify(item).slice(1)}\n`
}
