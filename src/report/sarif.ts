import { exitWords } from './conduct.ts'
import { plainJson } from './escape.ts'
import { explainNothingJudged } from './nothing-judged.ts'
import { openPage, type Page, type RenderOptions } from './page.ts'
import { counted } from './phrases.ts'
import type { Report, ReportInput, ReportRequest } from './report.ts'
import { type Result, resultsOf, resultText } from './results.ts'
import { descriptorOf, LEVELS } from './sarif-rules.ts'
import { configText, countsText, storyOf } from './story.ts'
import { redactionText } from './text-inputs.ts'
import { damageTexts, undecryptedTexts, unknownTexts } from './text-notes.ts'

/** GitHub stores no more results of a run than these. */
export const MAX_RESULTS = 5000
/** Requests of one diagnosis that are named, and frames of one request. */
const MAX_RELATED = 20
const MAX_FRAMES = 100
const MAX_EVIDENCE = 2000
const MAX_NOTIFICATIONS = 200

type Json = Record<string, unknown>

/**
 * SARIF 2.1.0 (OASIS): one run, a result for each diagnosis and each finding. A capture has frames and no lines, so the region is its
 * first line, which GitHub asks for, and the frames stand in the message, the logical location and the properties.
 */
export function* renderSarif(report: Report, options: RenderOptions): Iterable<string> {
  const page = openPage(report, { ...options, charset: 'unicode', verbose: false })
  const all = resultsOf(report)
  const results = all.slice(0, MAX_RESULTS)
  const rules = [...new Set(results.map(({ rule }) => rule))].sort()
  const indexes = new Map(rules.map((rule, index) => [rule, index]))
  const catalogue = new Map(options.catalogue.map((entry) => [entry.id, entry]))
  const run = {
    tool: {
      driver: {
        name: report.generator.name,
        version: report.generator.version,
        semanticVersion: report.generator.version,
        rules: rules.map((id) => descriptorOf(id, catalogue.get(id))),
      },
    },
    invocations: [invocationOf(page, all.length)],
    artifacts: report.inputs.map((input) => artifactOf(page, input)),
    results: results.map((result) => resultOf(page, result, indexes.get(result.rule) ?? -1)),
    properties: {
      redaction: report.redaction,
      summary: report.summary,
      verdict: storyOf(page).headline,
      counts: countsText(page),
    },
  }
  yield `${plainJson({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }, 2)}\n`
}

/** Text in which a reader finds no placeholder and no link (3.11.5, 3.11.6). */
function message(text: string): { text: string } {
  return { text: text.replaceAll(/[{}]/g, '$&$&').replaceAll('](', '] (') }
}

function invocationOf(page: Page, results: number): Json {
  const { report, options } = page
  const nothing = explainNothingJudged(report)
  const notes = [...undecryptedTexts(page), ...damageTexts(page), ...unknownTexts(page)]
  const redaction = redactionText(page.report)
  const config = configText(page)
  const notifications = [
    ...(config === null ? [] : [notification('note', `Rules changed ${config}`)]),
    ...(redaction === null ? [] : [notification('note', `Redacted ${redaction}`)]),
    ...(nothing === null
      ? []
      : [notification('warning', page.safe(`No ACME request could be judged: ${nothing.reason}. ${nothing.remedy}`))]),
    ...(results > MAX_RESULTS
      ? [
          notification(
            'warning',
            `${counted(results - MAX_RESULTS, 'more result')} left out, the mildest: --format json has everything.`,
          ),
        ]
      : []),
    ...notes.slice(0, MAX_NOTIFICATIONS).map((text) => notification('note', text)),
    ...(notes.length > MAX_NOTIFICATIONS
      ? [notification('note', `${counted(notes.length - MAX_NOTIFICATIONS, 'more note')} left out.`)]
      : []),
  ]
  const { exitStatus } = options
  return {
    executionSuccessful: true,
    ...(exitStatus === null ? {} : { exitCode: exitStatus, exitCodeDescription: exitWords(exitStatus) }),
    ...(notifications.length === 0 ? {} : { toolExecutionNotifications: notifications }),
  }
}

function notification(level: 'warning' | 'note', text: string): Json {
  return { level, message: message(text) }
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  pcap: 'application/vnd.tcpdump.pcap',
  pcapng: 'application/x-pcapng',
  har: 'application/json',
}

function artifactOf(page: Page, input: ReportInput): Json {
  const mimeType = MEDIA_TYPES[input.format]
  return {
    location: { uri: uriOf(page, input) },
    length: input.bytes,
    roles: ['analysisTarget'],
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(input.sha256 === null ? {} : { hashes: { 'sha-256': input.sha256 } }),
  }
}

/** A relative reference (RFC 3986 4.2): a colon in a file's name would begin a scheme. */
function uriOf(page: Page, { name }: ReportInput): string {
  return page.safe(name, 400).split('/').map(encodeURIComponent).join('/')
}

function resultOf(page: Page, result: Result, ruleIndex: number): Json {
  const { rule, severity, party, requests, evidence, fingerprint } = result
  const [first, ...others] = requests
  const seen = plainJson(evidence)
  return {
    ruleId: rule,
    ruleIndex,
    level: LEVELS[severity],
    message: message(resultText(page, result)),
    locations: [locationOf(page, first)],
    ...(others.length === 0
      ? {}
      : {
          relatedLocations: others
            .slice(0, MAX_RELATED)
            .map((request, at) => ({ id: at + 1, message: { text: `request ${request.id}` }, ...locationOf(page, request) })),
        }),
    partialFingerprints: { 'acmescope/v1': fingerprint, primaryLocationLineHash: `${fingerprint}:1` },
    ...(first === undefined ? {} : webOf(page, first)),
    properties: {
      party,
      requests: requests.slice(0, MAX_FRAMES).map(({ id }) => id),
      ...(first === undefined ? {} : placeProperties(first)),
      ...(Object.keys(evidence).length === 0 || seen.length > MAX_EVIDENCE ? {} : { evidence }),
    },
  }
}

function placeProperties({ frames, entry, connection, resource, time }: ReportRequest): Json {
  return { resource, time, connection, ...(entry === null ? { frames: frames?.slice(0, MAX_FRAMES) ?? [] } : { entry }) }
}

function locationOf(page: Page, request: ReportRequest | undefined): Json {
  const at = request?.input ?? 0
  const input = page.report.inputs[at]
  return {
    ...(input === undefined
      ? {}
      : { physicalLocation: { artifactLocation: { uri: uriOf(page, input), index: at }, region: { startLine: 1 } } }),
    ...(request === undefined ? {} : { logicalLocations: [logicalOf(page, request)] }),
  }
}

function logicalOf(page: Page, { id, entry, frames, connection, method, resource }: ReportRequest): Json {
  const place = entry === null ? `connection ${connection ?? 'unknown'}/frame ${frames?.[0] ?? 'unknown'}` : `entry ${entry}`
  return { name: `request ${id}`, fullyQualifiedName: `${place}/${page.safe(method, 20)} ${resource}`, kind: 'request' }
}

/** The exchange itself (3.46, 3.47), without bodies. */
function webOf(page: Page, { method, url, httpVersion, response }: ReportRequest): Json {
  return {
    webRequest: {
      protocol: 'HTTP',
      version: page.safe(httpVersion, 20),
      method: page.safe(method, 20),
      target: page.safe(url, 2000),
    },
    ...(response === null
      ? {}
      : { webResponse: { protocol: 'HTTP', version: page.safe(httpVersion, 20), statusCode: response.status } }),
  }
}
