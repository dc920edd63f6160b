import type { Account, AcmeTraffic, Ca, Order } from '../acme/traffic.ts'
import { isJudged } from '../acme/traffic.ts'
import { isoMicros } from '../core/time.ts'
import { rankFindings } from '../diagnosis/attribute.ts'
import type { Outcome, Weighed } from '../diagnosis/diagnose.ts'
import type { Reader } from '../diagnosis/diagnosis.ts'
import { recognised } from '../diagnosis/profiles.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { field, type HttpExchange } from '../http/exchange.ts'
import { isObject, type JsonObject } from '../jose/json-object.ts'
import { type Judgement, leavesOpen } from '../rules/judge.ts'
import type { Connection } from '../tcp/connection.ts'
import { kubernetesOf, logOf } from './evidence.ts'
import { capitalised } from './phrases.ts'
import { concealPrivateMembers } from './private-keys.ts'
import { quoteOf } from './quote.ts'
import type {
  Report,
  ReportAccount,
  ReportConfig,
  ReportConnection,
  ReportDiagnosis,
  ReportInput,
  ReportOrder,
  ReportRequest,
  ReportServer,
  ReportSummary,
} from './report.ts'
import { VERSION } from './version.ts'

export interface ReportFacts {
  readonly inputs: readonly ReportInput[]
  readonly connections: readonly Connection[]
  readonly traffic: AcmeTraffic
  readonly judgements: readonly Judgement[]
  readonly outcome: Outcome
  readonly config: ReportConfig | null
  readonly evidence: Evidence
  /** Print private members of a jwk that a client sent; else they are replaced, also in reports that are not redacted. */
  readonly revealPrivateKeys: boolean
}

/** Connections listed at most; those with ACME requests come first. */
const MAX_CONNECTIONS = 2000

/** The report as data: everything a format prints, nothing it has to compute. */
export function buildReport(facts: ReportFacts): Report {
  const requests = facts.judgements.map((judgement) => requestOf(judgement, facts))
  return {
    version: 1,
    generator: { name: 'acmescope', version: VERSION },
    redaction: null,
    config: facts.config,
    inputs: [...facts.inputs],
    connections: connectionsOf(facts.connections, facts.traffic),
    requests,
    servers: facts.traffic.cas.map((ca) => serverOf(ca, facts)),
    accounts: [...facts.traffic.accounts.values()].map(accountOf),
    orders: [...facts.traffic.orders.values()].map(orderOf),
    diagnoses: facts.outcome.diagnoses.map(diagnosisOf),
    kubernetes: kubernetesOf(facts.evidence.kubernetes),
    log: logOf(facts.evidence.log),
    summary: summaryOf(facts, requests),
  }
}

function connectionsOf(connections: readonly Connection[], traffic: AcmeTraffic): ReportConnection[] {
  const used = new Set<Connection | null>()
  for (const { exchange, alsoSeen } of traffic.requests)
    for (const seen of [exchange, ...alsoSeen]) if (seen.entry === null) used.add(seen.connection)
  const shown = connections.filter((connection) => used.has(connection) || (connection.tls !== null && !connection.tls.decrypted))
  return shown
    .sort((a, b) => Number(used.has(b)) - Number(used.has(a)) || a.id - b.id)
    .slice(0, MAX_CONNECTIONS)
    .sort((a, b) => a.id - b.id)
    .map((connection) => ({
      id: connection.id,
      input: connection.input,
      client: connection.client,
      server: connection.server,
      startTime: isoMicros(connection.startTime),
      tls: connection.tls,
      http: connection.http,
      requests: connection.requests,
      damage: [...connection.damage],
    }))
}

function requestOf(judgement: Judgement, { traffic, revealPrivateKeys }: ReportFacts): ReportRequest {
  const { request, checks, undecided } = judgement
  const { exchange, http, response, jws, key } = request
  const header = jws?.header ?? null
  return {
    id: request.id,
    input: exchange.input,
    connection: exchange.entry === null ? (exchange.connection?.id ?? null) : null,
    streamId: exchange.streamId,
    frames: framesOf(exchange),
    entry: exchange.entry,
    alsoSeen: request.alsoSeen.map((seen) => ({
      connection: seen.entry === null ? (seen.connection?.id ?? null) : null,
      frames: framesOf(seen),
    })),
    time: isoMicros(request.time),
    duration: response === null ? null : Math.max(0, response.endTime - request.time) / 1e6,
    method: request.method,
    url: request.url,
    observedUrl: request.observedUrl === request.url ? null : request.observedUrl,
    httpVersion: http.httpVersion,
    resource: request.resource,
    userAgent: field(http.headers, 'user-agent'),
    contentType: field(http.headers, 'content-type'),
    protected: header === null || revealPrivateKeys ? header : concealPrivateMembers(header),
    payload:
      request.payloadKind === 'none' || request.payloadKind === 'garbled'
        ? null
        : revealPrivateKeys
          ? request.payload
          : concealPrivateMembers(request.payload),
    account: request.account?.url ?? null,
    key: key === null ? null : { kty: key.facts.kty, thumbprint: key.facts.thumbprint, source: key.source },
    response:
      response === null
        ? null
        : {
            status: response.status,
            contentType: field(response.headers, 'content-type'),
            replayNonce: request.replayNonce,
            location: request.location,
            retryAfter: field(response.headers, 'retry-after'),
            problem: request.problem === null ? null : { type: request.problem.type, detail: request.problem.detail },
          },
    checks: { ...checks },
    unknown: undecided
      .filter(({ rule }) => leavesOpen(rule))
      .map(({ rule, code, reason }) => ({ check: Object.hasOwn(checks, rule.group) ? rule.group : rule.id, code, reason })),
    compliant: judgement.compliant,
    findings: rankFindings(judgement, recognised(request.ca, traffic)).map(({ finding: { rule, verdict } }) => ({
      rule: rule.id,
      severity: verdict.severity,
      party: verdict.party,
      message: verdict.message,
      reference: rule.references.join(', '),
      remedy: verdict.remedy ?? rule.remedy,
      evidence: { ...verdict.evidence },
    })),
    beforeRedaction: quoteOf(request),
  }
}

function framesOf({ entry, request, response }: HttpExchange): number[] | null {
  if (entry !== null) return null
  const frames = [...(request?.frames ?? []), ...(response?.frames ?? [])]
  // Most answers come behind their requests.
  const isSorted = frames.every((frame, index) => index === 0 || (frames[index - 1] as number) < frame)
  return isSorted ? frames : [...new Set(frames)].sort((a, b) => a - b)
}

function serverOf(ca: Ca, { traffic }: ReportFacts): ReportServer {
  const known = recognised(ca, traffic)
  return {
    directory: ca.directoryUrl,
    authorities: [...ca.authorities],
    profile: known === null ? null : { id: known.profile.id, name: known.profile.name, recognisedBy: known.by },
    known: (known?.profile.known ?? []).map(({ rules, text }) => ({ rules: [...rules], text })),
  }
}

function accountOf(account: Account): ReportAccount {
  return {
    url: account.url,
    thumbprint: account.keys.at(-1)?.key.thumbprint ?? null,
    status: account.statuses.at(-1)?.status ?? null,
    registeredBy: account.registeredBy?.id ?? null,
    requests: account.requests.map(({ id }) => id),
  }
}

function orderOf(order: Order): ReportOrder {
  const { identifiers, status } = order.object
  return {
    url: order.url,
    account: order.account,
    identifiers: Array.isArray(identifiers) ? identifiers.filter(isObject).map(identifierOf) : [],
    status: typeof status === 'string' ? status : null,
    requests: [...new Set(order.requests.map(({ id }) => id))],
    authorizations: [...order.authorizations],
  }
}

function identifierOf({ type, value }: JsonObject): { type: string; value: string } {
  return { type: String(type), value: String(value) }
}

function diagnosisOf(diagnosis: Weighed): ReportDiagnosis {
  const requests = [...new Set([...diagnosis.explains, ...diagnosis.evidence])]
  const remedies = diagnosis.remedies.map(({ to, text }) => ({ to, text: capitalised(text) }))
  return {
    id: diagnosis.kind.id,
    severity: diagnosis.severity,
    party: diagnosis.party,
    confidence: diagnosis.confidence,
    title: diagnosis.title,
    story: diagnosis.story ?? null,
    explanation: diagnosis.explanation,
    remedy: diagnosis.remedies.map(({ to, text }) => `For ${READERS[to]}: ${text}`).join(' '),
    remedies,
    upstream: (diagnosis.upstream ?? []).map((thread) => {
      const [repository = '', number] = thread.split(' ')
      return { repository, number: Number(number) }
    }),
    evidence: requests.map(({ id, exchange }) => ({ request: id, frames: framesOf(exchange), entry: exchange.entry })),
    requests: requests.map(({ id }) => id),
  }
}

/** How a remedy addresses its reader. */
const READERS: Readonly<Record<Reader, string>> = {
  'client operator': "the client's operator",
  'CA operator': 'the CA operator',
  'proxy operator': "the proxy's operator",
  'whoever captures': 'whoever captures',
}

/** Counts ACME requests alone; the CA's validation fetches and what is not ACME are listed but not counted. */
function summaryOf({ judgements, outcome }: ReportFacts, requests: readonly ReportRequest[]): ReportSummary {
  const counted = judgements.filter(({ request }) => isJudged(request))
  const findings = { error: 0, warning: 0, info: 0 }
  for (const request of requests) for (const { severity } of request.findings) findings[severity]++
  return {
    requests: counted.length,
    compliant: counted.filter(({ compliant }) => compliant === true).length,
    nonCompliant: counted.filter(({ compliant }) => compliant === false).length,
    undetermined: counted.filter(({ compliant }) => compliant === null).length,
    findings,
    verdict: outcome.verdict,
  }
}
