import { ACME_BODIES, AcmeCollector } from './acme/recognise.ts'
import { type SettleOptions, settle } from './acme/settle.ts'
import type { AcmeRequest } from './acme/traffic.ts'
import type { Input } from './capture/source.ts'
import { type ConfigChoice, readPolicy } from './config.ts'
import { diagnose } from './diagnosis/diagnose.ts'
import { HarWriter } from './export/har.ts'
import type { BodyPolicy, HttpExchange } from './http/exchange.ts'
import { privateParts, readAccountKeys, readEabKeys, readKeyFile, secretsIn } from './operator-keys.ts'
import { type Reading, type ReadOptions, readInputs } from './read.ts'
import { buildReport } from './report/build.ts'
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
  /** False: signatures stay unverified. */
  readonly verify: boolean
  /** Levels of rules and diagnoses that are not to be those of the catalogue, and where they were set. */
  readonly config?: ConfigChoice | null
  /** Print private key members that a client sent. */
  readonly revealPrivateKeys?: boolean
}

const DEFAULTS: AnalyzeOptions = {
  keyLogs: [],
  tlsKeys: [],
  accountKeys: [],
  eabKeys: {},
  verify: true,
  crossCheck: false,
  hash: false,
}

/**
 * The whole dataflow: inputs are read down to HTTP exchanges, what may be ACME is gathered, settled over the whole timeline, judged rule by
 * rule, diagnosed, and put into a report.
 * @throws CaptureError for an input that cannot be read or recognised
 */
export async function analyze(inputs: readonly Input[], options: Partial<AnalyzeOptions> = {}): Promise<Report> {
  const all = { ...DEFAULTS, ...options }
  const collector = new AcmeCollector()
  const reading = await readInputs(inputs, all, { policy: ACME_BODIES, sink: collector })
  collector.end()
  const { report } = await reportOn(collector.exchanges, reading, all)
  return report
}

async function reportOn(exchanges: readonly HttpExchange[], reading: Reading, options: AnalyzeOptions) {
  const settleOptions: SettleOptions = {
    accountKeys: readAccountKeys(options.accountKeys),
    verify: options.verify,
    eabKeys: readEabKeys(options.eabKeys),
    connections: reading.connections,
  }
  const traffic = await settle(exchanges, settleOptions, reading.side)
  const { policy, config } = readPolicy(options.config ?? null)
  const judgements = judge(traffic).map((judgement) => underPolicy(judgement, policy))
  const outcome = diagnose(traffic, judgements, reading, policy)
  const revealPrivateKeys = options.revealPrivateKeys ?? false
  const report = buildReport({ ...reading, traffic, judgements, outcome, config, revealPrivateKeys })
  rememberSource(report, { exchanges, traffic, secrets: () => secretsOf(reading, options) })
  return { report, traffic }
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

/** Every HTTP exchange as HAR 1.2: others as they complete, ACME ones last with their judgement, which needs the whole timeline. */
export async function exportHar(
  inputs: readonly Input[],
  options: Partial<AnalyzeOptions> & { readonly acmeOnly?: boolean },
  write: (text: string) => void,
): Promise<{ exchanges: number }> {
  const all = { ...DEFAULTS, ...options }
  const writer = new HarWriter(write, { creator: { name: 'acmescope', version: VERSION } })
  let exchanges = 0
  const put = (exchange: HttpExchange, acme?: ReportRequest) => {
    exchanges++
    writer.write(exchange, acme)
  }
  const collector = new AcmeCollector(options.acmeOnly === true ? undefined : (exchange) => put(exchange))
  const reading = await readInputs(inputs, all, { policy: ALL_BODIES, sink: collector })
  collector.end()
  const { report, traffic } = await reportOn(collector.exchanges, reading, all)
  const judged = new Map<HttpExchange, ReportRequest | undefined>(
    traffic.requests.map((request: AcmeRequest) => [request.exchange, report.requests[request.id - 1]]),
  )
  for (const exchange of collector.exchanges) {
    const acme = judged.get(exchange)
    if (acme !== undefined || options.acmeOnly !== true) put(exchange, acme)
  }
  writer.end()
  return { exchanges }
}
