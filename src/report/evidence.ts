import type { AcmeRequest } from '../acme/traffic.ts'
import { isoMicros } from '../core/time.ts'
import type { Comparison, ObjectFacts, Statement } from '../evidence/facts.ts'
import type { KubernetesEvidence } from '../evidence/kubernetes/correlate.ts'
import { stateOf } from '../evidence/kubernetes/objects.ts'
import type { LogEvidence, MatchedLine } from '../evidence/log/correlate.ts'
import { WINDOW } from '../evidence/traffic-index.ts'
import type {
  ReportComparison,
  ReportKubernetes,
  ReportKubernetesObject,
  ReportLog,
  ReportLogLine,
  ReportStatement,
} from './report.ts'

/** Objects, log lines and things without an object that a report lists, and requests that one entry names. */
const MAX_OBJECTS = 500
const MAX_LINES = 1000
const MAX_UNCLAIMED = 200
const MAX_IDS = 100

export function kubernetesOf(evidence: KubernetesEvidence | null): ReportKubernetes | null {
  if (evidence === null) return null
  const { cluster, objects, unclaimed } = evidence
  // What has something to do with the capture goes before what has not.
  const listed = [...objects.filter(isConnected), ...objects.filter((facts) => !isConnected(facts))].slice(0, MAX_OBJECTS)
  return {
    files: cluster.files.map((file) => ({ ...file })),
    ignored: [...cluster.ignored].map(([kind, count]) => ({ kind, count })),
    objects: listed.map(objectOf),
    unlisted: cluster.dropped + cluster.objects.length - listed.length,
    unclaimed: unclaimed.slice(0, MAX_UNCLAIMED).map(({ what, url, requests }) => ({ what, url, requests: idsOf(requests) })),
  }
}

function isConnected({ requests, comparisons }: ObjectFacts): boolean {
  return requests.length > 0 || comparisons.some(({ outcome }) => outcome === 'differs')
}

function objectOf({ object, requests, comparisons, statements }: ObjectFacts): ReportKubernetesObject {
  return {
    file: object.file,
    kind: object.kind,
    namespace: object.namespace,
    name: object.name,
    state: stateOf(object),
    requests: idsOf(requests),
    comparisons: comparisons.map(comparisonOf),
    statements: statements.map(statementOf),
  }
}

function comparisonOf({ field, outcome, object, capture, message, requests }: Comparison): ReportComparison {
  return { field, outcome, object, capture, message, requests: idsOf(requests) }
}

function statementOf({ source, time, text, failure, match }: Statement): ReportStatement {
  return {
    source,
    time: isoMicros(time),
    text,
    failure,
    requests: idsOf(match?.requests ?? []),
    matchedBy: match?.by ?? null,
  }
}

export function logOf(evidence: LogEvidence | null): ReportLog | null {
  if (evidence === null) return null
  const { files, lines } = evidence
  const failures = lines.filter(({ severity }) => severity !== 'info')
  const unmatched = failures.filter(({ match }) => match === null)
  // Failures first when not all can be listed.
  const infos = lines.filter(({ severity }) => severity === 'info')
  const listed = new Set([...failures, ...infos].slice(0, MAX_LINES))
  return {
    files: files.map(({ name, lines: count, unread, clock }) => ({
      name,
      lines: count,
      unread,
      clock: clock.basis,
      offset: clock.offset,
    })),
    window: WINDOW / 1e6,
    counts: {
      matched: lines.filter(({ match }) => match !== null).length,
      failures: failures.length,
      failuresWithoutTraffic: unmatched.filter(({ within }) => within).length,
      failuresOutside: unmatched.filter(({ within }) => !within).length,
    },
    lines: lines.filter((line) => listed.has(line)).map(lineOf),
    unlisted: lines.length - listed.size + files.reduce((sum, { dropped }) => sum + dropped, 0),
  }
}

function lineOf({ file, line, at, severity, source, message, error, match }: MatchedLine): ReportLogLine {
  return {
    file,
    line,
    time: isoMicros(at),
    severity,
    source,
    message,
    error,
    requests: idsOf(match?.requests ?? []),
    matchedBy: match?.by ?? null,
  }
}

function idsOf(requests: readonly AcmeRequest[]): number[] {
  return [...new Set(requests.map(({ id }) => id))].slice(0, MAX_IDS)
}
