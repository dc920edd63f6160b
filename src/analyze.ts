import { Preview, type SeenRequest } from './acme/preview.ts'
import { ACME_BODIES, AcmeCollector } from './acme/recognise.ts'
import { type SettleOptions, settle } from './acme/settle.ts'
import type { AcmeTraffic } from './acme/traffic.ts'
import type { Input } from './capture/source.ts'
import { type ConfigChoice, readPolicy } from './config.ts'
import type { Sink } from './core/sink.ts'
import { corroborate } from './diagnosis/corroborate.ts'
import { diagnose } from './diagnosis/diagnose.ts'
import type { Evidence, EvidenceFiles } from './evidence/evidence.ts'
import type { BodyPolicy, HttpExchange } from './http/exchange.ts'
import { privateParts, readAccountKeys, readEabKeys, readKeyFile, secretsIn } from './operator-keys.ts'
import { type Reading, type ReadOptions, readInputs } from './read.ts'
import { buildReport } from './report/build.ts'
import type { RedactOptions } from './report/redact.ts'
import { rememberSource } from './report/redaction/source.ts'
import type { Report, ReportRequest } from './report/report.ts'
import { VERSION } from './report/version.ts'
import { judge } from './rules/judge.ts'
import { underPolicy } from './rules/policy.ts'

export interface AnalyzeOptions extends ReadOptions {
  /** Files with public or private account keys (JWK, PEM, Kubernetes Secret). */
  readonly accountKeys: readonly string[]
  /** External account key identifier to the file with its MAC key as the CA gave it. */
  readonly eabKeys: Readonly<Record<string, string>>
  /** Output of `kubectl get clusterissuer,certificaterequest,order,challenge -o yaml` (or json), to hold against the traffic. */
  readonly kubernetes: readonly string[]
  /** Logs of cert-manager's controller (klog text or JSON), to match with the requests. */
  readonly logs: readonly string[]
  /** False: signatures stay unverified. */
  readonly verify: boolean
  /** Levels of rules and diagnoses that are not to be those of the catalogue, and where they were set. */
  readonly config?: ConfigChoice | null
  /** Print private key members that a client sent. */
  readonly revealPrivateKeys?: boolean
}

export interface Following {
  /** Called for each ACME request as soon as its answer is complete, before anything is judged. */
  readonly onRequest?: ((seen: SeenRequest) => void) | undefined
}

const DEFAULTS: AnalyzeOptions = {
  keyLogs: [],
  tlsKeys: [],
  accountKeys: [],
  eabKeys: {},
  kubernetes: [],
  logs: [],
  verify: true,
  crossCheck: false,
  hash: false,
}

/**
 * The whole dataflow: inputs are read down to HTTP exchanges, what may be ACME is gathered, settled over the whole timeline, judged rule by
 * rule, diagnosed, and put into a report.
 * @throws CaptureError for an input that cannot be read or recognised
 */
export async function analyze(inputs: readonly Input[], options: Partial<AnalyzeOptions> & Following = {}): Promise<Report> {
  return (await study(inputs, options)).report
}

/** A report together with what it was made from. */
export interface Study {
  readonly report: Report
  readonly traffic: AcmeTraffic
  /** Texts with the secrets that were given or found. */
  readonly secrets: () => Iterable<string>
}

export async function study(inputs: readonly Input[], options: Partial<AnalyzeOptions> & Following): Promise<Study> {
  const { onRequest, ...given } = options
  const all = { ...DEFAULTS, ...given }
  const evidence = await openEvidence(all)
  const collector = new AcmeCollector()
  const sink = onRequest === undefined ? collector : previewing(collector, onRequest)
  const reading = await readInputs(inputs, all, { policy: ACME_BODIES, sink })
  collector.end()
  return reportOn(collector.exchanges, reading, all, evidence)
}

/** What the files of the client's side say about the traffic. */
type Witness = (traffic: AcmeTraffic) => Promise<Evidence>

const NO_WITNESS: Witness = async () => ({ kubernetes: null, log: null })

/** Reads these files before any capture, so that a wrong one is told at once. @throws CaptureError for a file that is not what its option takes */
async function openEvidence(files: EvidenceFiles): Promise<Witness> {
  if (files.kubernetes.length === 0 && files.logs.length === 0) return NO_WITNESS
  const { correlateEvidence, readEvidence } = await import('./evidence/evidence.ts')
  const sources = await readEvidence(files)
  return (traffic) => correlateEvidence(sources, traffic)
}

/** Tells of what the collector keeps, as soon as it keeps it. */
function previewing(collector: AcmeCollector, onRequest: (seen: SeenRequest) => void): Sink<HttpExchange> {
  const preview = new Preview()
  let told = 0
  return {
    write(exchange) {
      collector.write(exchange)
      for (const kept of collector.exchanges.slice(told)) {
        const seen = preview.see(kept)
        if (seen !== null) onRequest(seen)
      }
      told = collector.exchanges.length
    },
    end() {},
  }
}

async function reportOn(
  exchanges: readonly HttpExchange[],
  reading: Reading,
  options: AnalyzeOptions,
  witness: Witness = NO_WITNESS,
): Promise<Study> {
  const settleOptions: SettleOptions = {
    accountKeys: readAccountKeys(options.accountKeys),
    verify: options.verify,
    eabKeys: readEabKeys(options.eabKeys),
    connections: reading.connections,
  }
  const traffic = await settle(exchanges, settleOptions, reading.side)
  const { policy, config } = readPolicy(options.config ?? null)
  const judgements = judge(traffic).map((judgement) => underPolicy(judgement, policy))
  const evidence = await witness(traffic)
  const outcome = corroborate(diagnose(traffic, judgements, reading, policy), evidence)
  const revealPrivateKeys = options.revealPrivateKeys ?? false
  const report = buildReport({ ...reading, traffic, judgements, outcome, evidence, config, revealPrivateKeys })
  const secrets = () => secretsOf(reading, options)
  rememberSource(report, { exchanges, traffic, secrets })
  return { report, traffic, secrets }
}

/** Texts with secrets in them, to look for when something is written to be shared. */
function* secretsOf({ secretsBlocks }: Reading, { keyLogs, tlsKeys, accountKeys, eabKeys }: AnalyzeOptions): Iterable<string> {
  for (const block of secretsBlocks) yield new TextDecoder().decode(block)
  for (const path of [...keyLogs, ...tlsKeys, ...Object.values(eabKeys)]) yield* secretsIn(path)
  for (const path of accountKeys) yield* privateParts(readKeyFile(path))
}

/** Content that a HAR keeps of one message; longer bodies are cut and say so. */
const MAX_HAR_BODY = 64 * 1024 * 1024
const ALL_BODIES: BodyPolicy = { request: () => MAX_HAR_BODY, response: () => MAX_HAR_BODY }

export interface ExportOptions extends AnalyzeOptions {
  readonly acmeOnly?: boolean
  /** Null: everything as captured. */
  readonly redaction?: RedactOptions | null
}

export interface Exported {
  readonly exchanges: number
  /** Of what was read, before anything was hidden. */
  readonly report: Report
  /** Reads what was written, before anybody else does. @throws LeakFound */
  readonly check: (pieces: Iterable<string>) => void
}

/** Every HTTP exchange as HAR 1.2: others as they complete, ACME ones last with their judgement, which needs the whole timeline. */
export async function exportHar(
  inputs: readonly Input[],
  options: Partial<ExportOptions>,
  write: (text: string) => void,
): Promise<Exported> {
  const all = { ...DEFAULTS, ...options }
  const { redaction = null, acmeOnly = false } = options
  const hide = redaction === null ? null : await openHiding(redaction)
  const { HarWriter } = await import('./export/har.ts')
  const writer = new HarWriter(write, { creator: { name: 'acmescope', version: VERSION }, redaction: hide?.mark })
  let exchanges = 0
  const put = (exchange: HttpExchange, isAcme: boolean, acme?: ReportRequest) => {
    exchanges++
    writer.write(hide === null ? exchange : hide.exchange(exchange, isAcme), acme)
  }
  // which names stay readable is known only at the end
  const held: HttpExchange[] = []
  const other = (exchange: HttpExchange) =>
    void (redaction !== null && redaction.keep.length > 0 ? held.push(exchange) : put(exchange, false))
  const collector = new AcmeCollector(acmeOnly ? undefined : other)
  const reading = await readInputs(inputs, all, { policy: hide === null ? ALL_BODIES : ACME_BODIES, sink: collector })
  collector.end()
  const { report, traffic } = await reportOn(collector.exchanges, reading, all)
  const shown = hide === null ? report : hide.report(report)
  const judged = new Map(traffic.requests.map((request) => [request.exchange, shown.requests[request.id - 1]]))
  // a HAR has no places: a request that was captured in two would be two
  const again = new Set(traffic.requests.flatMap(({ alsoSeen }) => alsoSeen))
  for (const exchange of held) put(exchange, false)
  for (const exchange of collector.exchanges) {
    const acme = judged.get(exchange)
    if (acme !== undefined || !(acmeOnly || again.has(exchange))) put(exchange, acme !== undefined, acme)
  }
  writer.end()
  return { exchanges, report, check: hide?.check ?? (() => {}) }
}

/** What hides names and secrets of a HAR; loaded when it is wanted. */
async function openHiding(options: RedactOptions) {
  const [{ checkOutput, learnReport, openRedactor, redactionOf }, { keyMark }, { walkReport }] = await Promise.all([
    import('./report/redact.ts'),
    import('./report/redaction/redactor.ts'),
    import('./report/redaction/walk.ts'),
  ])
  const redactor = openRedactor(options)
  return {
    mark: { key: keyMark(redactor), about: () => redactionOf(redactor, options) },
    exchange: (exchange: HttpExchange, isAcme: boolean) => redactor.messages.exchange(exchange, isAcme),
    report(report: Report): Report {
      learnReport(report, redactor)
      return walkReport(report, redactor)
    },
    check: (pieces: Iterable<string>) => checkOutput(pieces, redactor),
  }
}
