import type { Verdict as SummaryVerdict } from '../diagnosis/diagnose.ts'
import type { Confidence } from '../diagnosis/diagnosis.ts'
import type { CheckName, CheckValue } from '../rules/judge.ts'
import type { Party, Severity } from '../rules/rule.ts'

export { CHECK_NAMES } from '../rules/judge.ts'
export type { CheckName, CheckValue, Confidence, Party, Severity, SummaryVerdict }

/**
 * The report, version 1: what `--format json` prints and every other format is rendered from. Unknown is null, never absent.
 * Times are ISO 8601 UTC with microseconds. The JSON Schema in schema.ts says the same and is checked against every sample.
 */
export interface Report {
  version: 1
  generator: { name: 'acmescope'; version: string }
  /** Null: everything stands as it was captured. */
  redaction: ReportRedaction | null
  inputs: ReportInput[]
  connections: ReportConnection[]
  requests: ReportRequest[]
  accounts: ReportAccount[]
  orders: ReportOrder[]
  diagnoses: ReportDiagnosis[]
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
  explanation: string
  remedy: string
  requests: number[]
}

export interface ReportSummary {
  requests: number
  compliant: number
  nonCompliant: number
  undetermined: number
  findings: { error: number; warning: number; info: number }
  verdict: SummaryVerdict
}
