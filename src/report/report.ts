import type { Verdict as SummaryVerdict } from '../diagnosis/diagnose.ts'
import type { Confidence, Reader } from '../diagnosis/diagnosis.ts'
import type { ComparedField, ComparisonOutcome, Unclaimed } from '../evidence/facts.ts'
import type { LogClock } from '../evidence/log/clock.ts'
import type { LogSeverity } from '../evidence/log/line.ts'
import type { MatchedBy } from '../evidence/traffic-index.ts'
import type { CheckName, CheckValue } from '../rules/judge.ts'
import type { Level, Party, Severity } from '../rules/rule.ts'

export { CHECK_NAMES } from '../rules/judge.ts'
export type { CheckName, CheckValue, Confidence, Level, Party, Reader, Severity, SummaryVerdict }

/**
 * The report, version 1: what `--format json` prints and every other format is rendered from. Unknown is null, never absent.
 * Times are ISO 8601 UTC with microseconds. The JSON Schema in schema.ts says the same and is checked against every sample.
 */
export interface Report {
  version: 1
  generator: { name: 'acmescope'; version: string }
  /** Null: everything stands as it was captured. */
  redaction: ReportRedaction | null
  /** What the user changed about the rules; null when the catalogue's own levels are in force. */
  config: ReportConfig | null
  inputs: ReportInput[]
  connections: ReportConnection[]
  requests: ReportRequest[]
  /** The CAs of the capture, told by their directories. */
  servers: ReportServer[]
  accounts: ReportAccount[]
  orders: ReportOrder[]
  diagnoses: ReportDiagnosis[]
  /** What --kubernetes files say beside the capture; null when none was given. */
  kubernetes: ReportKubernetes | null
  /** What --log files say beside the capture; null when none was given. */
  log: ReportLog | null
  summary: ReportSummary
}

export interface ReportRedaction {
  /** Signatures were verified, and every check made, before anything was hidden. */
  checked: 'before'
  /** 'keyed': other reports made with the same --pseudonym-key have the same pseudonyms. */
  pseudonyms: 'random' | 'keyed'
  /** Categories left readable. */
  kept: string[]
  /** How many different values were hidden, by category. */
  hidden: { category: string; count: number }[]
}

export interface ReportConfig {
  /** The configuration file, as it was named or found; null when only options changed something. */
  file: string | null
  /** Levels that are not those of the catalogue. */
  rules: { rule: string; level: Level; default: Severity; from: 'file' | 'option' }[]
}

export interface ReportServer {
  directory: string | null
  authorities: string[]
  /** The CA software or service that it was recognised as, and by what; null when it is none that is known. */
  profile: { id: string; name: string; recognisedBy: string } | null
  /** Where this software or service is known to differ; it explains answers and never decides a verdict. */
  known: { rules: string[]; text: string }[]
}

export interface ReportDamage {
  kind: string
  layer: string
  detail: string
  count: number
  firstFrame: number | null
}

export interface ReportInput {
  name: string
  format: string
  bytes: number
  sha256: string | null
  packets: number
  firstTime: string | null
  lastTime: string | null
  linkTypes: string[]
  crossCheck: { reader: 'pcap-parser'; packets: number; agrees: boolean; reason: string | null } | null
  /** pcapng comments, HAR creator and browser; bounded. */
  comments: { frame: number | null; text: string }[]
  damage: ReportDamage[]
}

export interface ReportConnection {
  id: number
  input: number
  client: string | null
  server: string | null
  startTime: string | null
  tls: {
    version: string | null
    cipherSuite: string | null
    serverName: string | null
    alpn: string | null
    decrypted: boolean
    secrets: string | null
    reason: string | null
  } | null
  http: string | null
  requests: number
  damage: ReportDamage[]
}

export interface ReportFinding {
  rule: string
  severity: Severity
  party: Party
  message: string
  reference: string
  remedy: string
  evidence: Record<string, unknown>
}

export interface ReportRequest {
  id: number
  input: number
  connection: number | null
  streamId: number | null
  frames: number[] | null
  entry: number | null
  alsoSeen: { connection: number | null; frames: number[] | null }[]
  time: string | null
  /** Seconds from the first octet of the request to the last of the response. */
  duration: number | null
  method: string
  url: string
  /** The URL on the captured leg when it differs: plain HTTP behind a TLS terminator. */
  observedUrl: string | null
  httpVersion: string
  resource: string
  userAgent: string | null
  contentType: string | null
  protected: Record<string, unknown> | null
  /** Decoded JSON payload; "" for POST-as-GET; null when there is none or it cannot be read. */
  payload: unknown
  account: string | null
  key: { kty: string | null; thumbprint: string | null; source: string | null } | null
  response: {
    status: number
    contentType: string | null
    replayNonce: string | null
    location: string | null
    retryAfter: string | null
    problem: { type: string | null; detail: string | null } | null
  } | null
  checks: Record<CheckName, CheckValue>
  /** U-code and reason of each check that is unknown. */
  unknown: { check: string; code: string; reason: string }[]
  compliant: boolean | null
  findings: ReportFinding[]
  /** What a redacted HAR says was found before it was redacted: quoted, not checked, and counted nowhere. Null elsewhere. */
  beforeRedaction: ReportQuote | null
}

export interface ReportQuote {
  compliant: boolean | null
  checks: Record<CheckName, CheckValue>
  findings: { rule: string; severity: Severity; party: Party }[]
}

export interface ReportAccount {
  url: string | null
  thumbprint: string | null
  status: string | null
  registeredBy: number | null
  requests: number[]
}

export interface ReportOrder {
  url: string
  account: string | null
  identifiers: { type: string; value: string }[]
  status: string | null
  requests: number[]
  authorizations: string[]
}

export interface ReportDiagnosis {
  id: string
  severity: Severity
  party: Party
  confidence: Confidence
  title: string
  /** What happened, in order of events, in one sentence; null when the explanation is all there is to tell. */
  story: string | null
  explanation: string
  remedy: string
  /** The same remedy by who can apply it. */
  remedies: { to: Reader; text: string }[]
  /** Public threads that tell of the same. */
  upstream: { repository: string; number: number }[]
  /** Where the requests that it speaks of stand: frames as Wireshark counts, or the entry of a HAR. */
  evidence: { request: number; frames: number[] | null; entry: number | null }[]
  requests: number[]
}

export interface ReportKubernetes {
  files: { name: string; objects: number; events: number }[]
  /** Objects of kinds that say nothing about ACME: counted, never shown. */
  ignored: { kind: string; count: number }[]
  objects: ReportKubernetesObject[]
  /** Objects and events read but not listed. */
  unlisted: number
  /** What the capture shows and no object speaks of. */
  unclaimed: { what: Unclaimed['what']; url: string | null; requests: number[] }[]
}

export interface ReportKubernetesObject {
  /** Index into `files`. */
  file: number
  kind: string
  namespace: string | null
  name: string
  /** status.state, or "Ready=False"; null when it has neither. */
  state: string | null
  /** Requests that it was matched to, in any way. */
  requests: number[]
  comparisons: ReportComparison[]
  statements: ReportStatement[]
}

/** A field of an object held against the capture. A difference is something to explain, not a fault; it never counts for the verdict. */
export interface ReportComparison {
  field: ComparedField
  outcome: ComparisonOutcome
  object: string | null
  capture: string | null
  message: string
  requests: number[]
}

export interface ReportStatement {
  /** "status.reason", "condition Ready=False", "event Failed". */
  source: string
  time: string | null
  text: string
  failure: boolean
  requests: number[]
  matchedBy: MatchedBy | null
}

export interface ReportLog {
  files: {
    name: string
    lines: number
    /** Lines that are no record of klog or JSON. */
    unread: number
    /** How local times were read; `offset` is what they are ahead of UTC, in seconds. */
    clock: LogClock['basis']
    offset: number
  }[]
  /** Seconds between a line and a request within which they are taken to belong together. */
  window: number
  /** Of records that were matched or are failures; `outside` the time of the capture. */
  counts: { matched: number; failures: number; failuresWithoutTraffic: number; failuresOutside: number }
  lines: ReportLogLine[]
  /** Records matched or failed, but not listed. */
  unlisted: number
}

export interface ReportLogLine {
  /** Index into `files`, and the number of the line from 1. */
  file: number
  line: number
  time: string | null
  severity: LogSeverity
  source: string | null
  message: string
  error: string | null
  requests: number[]
  matchedBy: MatchedBy | null
}

export interface ReportSummary {
  requests: number
  compliant: number
  nonCompliant: number
  undetermined: number
  findings: { error: number; warning: number; info: number }
  verdict: SummaryVerdict
}
