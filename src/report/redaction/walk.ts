import { isObject, type JsonObject } from '../../jose/json-object.ts'
import type {
  Report,
  ReportAccount,
  ReportComparison,
  ReportConfig,
  ReportConnection,
  ReportDamage,
  ReportDiagnosis,
  ReportFinding,
  ReportInput,
  ReportKubernetes,
  ReportKubernetesObject,
  ReportLog,
  ReportLogLine,
  ReportOrder,
  ReportQuote,
  ReportRequest,
  ReportServer,
  ReportStatement,
  ReportSummary,
} from '../report.ts'
import { mediaType } from './messages.ts'
import type { Redactor } from './redactor.ts'

/** What is done with one member of the report; never called with null. */
type Decision = (value: unknown, redactor: Redactor) => unknown

/** A decision for every member: a member that is added to the report and not here does not compile, and is refused when it comes. */
type Decisions<T> = { readonly [Member in keyof T]-?: Decision }

/** The report holds something that nobody decided about. */
export class UndecidedField extends Error {}

const keep: Decision = (value) => value
const own: Decision = (value, { prose }) => prose.own(String(value))
const foreign: Decision = (value, { prose }) => prose.foreign(String(value))
const media: Decision = (value, { documents }) => mediaType(String(value), documents)
const url: Decision = (value, { documents }) => documents.link(String(value))
const endpoint: Decision = (value, { names }) => names.endpoint(String(value))

function members<T>(what: string, decisions: Decisions<T>): Decision {
  return (value, redactor) => {
    if (!isObject(value)) throw new UndecidedField(`${what} is not what the redactor knows`)
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        if (!Object.hasOwn(decisions, name)) throw new UndecidedField(`the redactor does not know the member ${name} of ${what}`)
        return [name, item === null ? null : decisions[name as keyof T](item, redactor)]
      }),
    )
  }
}

function list(each: Decision): Decision {
  return (value, redactor) => (value as unknown[]).map((item) => each(item, redactor))
}

const damage = members<ReportDamage>('damage', { kind: keep, layer: keep, detail: own, count: keep, firstFrame: keep })

/** Evidence quotes values of any kind: a text that says what it is by its shape is hidden as that, another one is rewritten like prose. */
const evidence: Decision = (value, redactor) => evidenceOf(value, redactor, 0)

function evidenceOf(value: unknown, redactor: Redactor, depth: number, member = ''): unknown {
  if (typeof value === 'string')
    return DOCUMENT_MEMBERS.has(member) ? redactor.documents.text(value, member) : redactor.prose.own(value)
  if (Array.isArray(value)) return value.map((item) => evidenceOf(item, redactor, depth + 1, member))
  if (!isObject(value)) return value
  if (depth > 20) return null
  if (typeof value.kty === 'string') return redactor.documents.key(value)
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [redactor.prose.own(name), evidenceOf(item, redactor, depth + 1, name)]),
  )
}

/** Members of evidence that stand for members of ACME's documents, whatever their text looks like. */
const DOCUMENT_MEMBERS: ReadonlySet<string> = new Set(['kid', 'nonce', 'token', 'keyAuthorization', 'contact', 'csr', 'replaces'])

function fileName(prefix: string): Decision {
  return (value, { pseudonyms }) => {
    const name = String(value)
    const ending = /\.(?:pcap|pcapng|cap|har|json|keys|ya?ml|log|txt)(?:\.(?:gz|zst))?$/i.exec(name)?.[0] ?? ''
    return /^(?:standard input|input \d+)$/.test(name)
      ? name
      : pseudonyms.hide('file', name, `${pseudonyms.word(prefix, name)}${ending}`)
  }
}

const input = members<ReportInput>('an input', {
  name: fileName('capture'),
  format: keep,
  bytes: keep,
  sha256: keep,
  packets: keep,
  firstTime: keep,
  lastTime: keep,
  linkTypes: keep,
  crossCheck: members('crossCheck', { reader: keep, packets: keep, agrees: keep, reason: own }),
  comments: list(
    members('a comment', {
      frame: keep,
      text: (value, { pseudonyms, prose }) => {
        const text = String(value)
        if (pseudonyms.keep.has('comment')) return prose.foreign(text)
        pseudonyms.note('comment', text, '(comment, not shown)')
        return `(comment of ${text.length} characters, not shown)`
      },
    }),
  ),
  damage: list(damage),
})

const connection = members<ReportConnection>('a connection', {
  id: keep,
  input: keep,
  client: endpoint,
  server: endpoint,
  startTime: keep,
  tls: members<NonNullable<ReportConnection['tls']>>('tls', {
    version: keep,
    cipherSuite: keep,
    serverName: (value, { names }) => names.host(String(value)),
    alpn: (value, { documents }) => (/^[a-z0-9./-]{1,12}$/i.test(String(value)) ? value : documents.value(String(value))),
    decrypted: keep,
    secrets: keep,
    reason: own,
  }),
  http: keep,
  requests: keep,
  damage: list(damage),
})

const finding = members<ReportFinding>('a finding', {
  rule: keep,
  severity: keep,
  party: keep,
  message: own,
  reference: keep,
  remedy: own,
  evidence,
})

const thumbprint: Decision = (value, { names }) => names.thumbprint(String(value))

const request = members<ReportRequest>('a request', {
  id: keep,
  input: keep,
  connection: keep,
  streamId: keep,
  frames: keep,
  entry: keep,
  alsoSeen: keep,
  time: keep,
  duration: keep,
  method: (value, { documents }) => (/^[A-Z]{0,10}$/.test(String(value)) ? value : documents.value(String(value))),
  url,
  observedUrl: url,
  httpVersion: (value, { documents }) => (/^[A-Z0-9./]{0,10}$/i.test(String(value)) ? value : documents.value(String(value))),
  resource: keep,
  userAgent: foreign,
  contentType: media,
  protected: (value, { documents }) => documents.header(value as JsonObject),
  payload: (value, { documents }) => documents.payload(value),
  account: url,
  key: members<NonNullable<ReportRequest['key']>>('key', {
    kty: (value, { documents }) => (/^(?:EC|RSA|OKP|oct|AKP)$/.test(String(value)) ? value : documents.value(String(value))),
    thumbprint,
    source: keep,
  }),
  response: members<NonNullable<ReportRequest['response']>>('response', {
    status: keep,
    contentType: media,
    replayNonce: (value, { documents }) => documents.nonce(String(value)),
    location: url,
    retryAfter: foreign,
    problem: members<NonNullable<NonNullable<ReportRequest['response']>['problem']>>('problem', {
      type: (value, { documents }) => documents.text(String(value), 'type'),
      detail: foreign,
    }),
  }),
  checks: keep,
  unknown: list(members<ReportRequest['unknown'][number]>('unknown', { check: keep, code: keep, reason: own })),
  compliant: keep,
  findings: list(finding),
  // known words alone: quote.ts takes nothing else over
  beforeRedaction: members<ReportQuote>('beforeRedaction', {
    compliant: keep,
    checks: keep,
    findings: list(members<ReportQuote['findings'][number]>('a quoted finding', { rule: keep, severity: keep, party: keep })),
  }),
})

const account = members<ReportAccount>('an account', {
  url,
  thumbprint,
  status: (value, { documents }) => documents.text(String(value), 'status'),
  registeredBy: keep,
  requests: keep,
})

const order = members<ReportOrder>('an order', {
  url,
  account: url,
  identifiers: list(
    members<ReportOrder['identifiers'][number]>('an identifier', {
      type: (value, { documents }) => documents.text(String(value), 'type'),
      value: (value, { names }) => names.host(String(value)),
    }),
  ),
  status: (value, { documents }) => documents.text(String(value), 'status'),
  requests: keep,
  authorizations: list(url),
})

const diagnosis = members<ReportDiagnosis>('a diagnosis', {
  id: keep,
  severity: keep,
  party: keep,
  confidence: keep,
  title: own,
  story: own,
  explanation: own,
  remedy: own,
  remedies: list(members<ReportDiagnosis['remedies'][number]>('a remedy', { to: keep, text: own })),
  upstream: list(members<ReportDiagnosis['upstream'][number]>('a thread', { repository: keep, number: keep })),
  evidence: list(members<ReportDiagnosis['evidence'][number]>('a place', { request: keep, frames: keep, entry: keep })),
  requests: keep,
})

const server = members<ReportServer>('a server', {
  directory: url,
  authorities: list(endpoint),
  profile: members<NonNullable<ReportServer['profile']>>('a profile', { id: keep, name: keep, recognisedBy: own }),
  known: list(members<ReportServer['known'][number]>('what is known', { rules: keep, text: keep })),
})

/** Folders have the names of people and projects; the name that every configuration has tells nothing. */
const config = members<ReportConfig>('the configuration', {
  file: (value, { pseudonyms }) => {
    const name = String(value)
    return /^(?:\.\.\/)*acmescope\.config\.json$/.test(name)
      ? name
      : pseudonyms.hide('file', name, `${pseudonyms.word('config', name)}.json`)
  },
  rules: list(members<ReportConfig['rules'][number]>('a level', { rule: keep, level: keep, default: keep, from: keep })),
})

/** Names that every cluster has. */
const EVERY_CLUSTERS = /^(?:default|kube-system|cert-manager)$/
const objectName: Decision = (value, { pseudonyms }) => {
  const name = String(value)
  return EVERY_CLUSTERS.test(name) ? name : pseudonyms.hide('name', name, pseudonyms.word('object', name))
}
/** Words of controllers and of Kubernetes ("condition Ready=False"), or the file and line that wrote a log line. */
const WORDS = /^(?:status\.reason|[A-Za-z]{1,60}(?:=[A-Za-z]{1,20})?(?: [A-Za-z]{1,60}(?:=[A-Za-z]{1,20})?){0,3})$/
const CODE_LINE = /^[a-z_]{1,40}(?:\/[a-z_]{1,40}){0,3}\.go:\d{1,6}$/
const word: Decision = (value, { documents }) => {
  const text = String(value)
  return WORDS.test(text) || CODE_LINE.test(text) ? text : documents.value(text)
}

/** Values of these fields are no URL, host name or address that their shape would tell. */
const SECRET_FIELDS: Readonly<Partial<Record<ReportComparison['field'], Decision>>> = {
  'spec.acme.externalAccountBinding.keyID': (value, { documents }) => documents.value(String(value), 'eab'),
  'status.acme.lastPrivateKeyHash': (value, { documents }) => documents.value(String(value), 'secret'),
  'spec.token': (value, { names }) => names.token(String(value)),
  'status.authorizations.challenges.token': (value, { names }) => names.token(String(value)),
  'spec.acme.email': (value, { names }) => names.contact(String(value)),
  'status.acme.lastRegisteredEmail': (value, { names }) => names.contact(String(value)),
}

const comparisonParts = members<ReportComparison>('a comparison', {
  field: keep,
  outcome: keep,
  object: foreign,
  capture: foreign,
  message: own,
  requests: keep,
})

const comparison: Decision = (value, redactor) => {
  const { field, object, capture, ...rest } = value as unknown as ReportComparison
  const decide = SECRET_FIELDS[field] ?? foreign
  const hidden = (said: string | null) => (said === null ? null : decide(said, redactor))
  const values = { object: hidden(object), capture: hidden(capture) }
  return { ...(comparisonParts({ field, object: null, capture: null, ...rest }, redactor) as object), ...values }
}

const kubernetes = members<ReportKubernetes>('the objects', {
  files: list(members<ReportKubernetes['files'][number]>('a file', { name: fileName('objects'), objects: keep, events: keep })),
  ignored: list(members<ReportKubernetes['ignored'][number]>('a kind', { kind: word, count: keep })),
  objects: list(
    members<ReportKubernetesObject>('an object', {
      file: keep,
      kind: keep,
      namespace: objectName,
      name: objectName,
      state: word,
      requests: keep,
      comparisons: list(comparison),
      statements: list(
        members<ReportStatement>('a statement', {
          source: word,
          time: keep,
          text: foreign,
          failure: keep,
          requests: keep,
          matchedBy: keep,
        }),
      ),
    }),
  ),
  unlisted: keep,
  unclaimed: list(members<ReportKubernetes['unclaimed'][number]>('an unclaimed thing', { what: keep, url, requests: keep })),
})

const log = members<ReportLog>('the log', {
  files: list(
    members<ReportLog['files'][number]>('a file', {
      name: fileName('log'),
      lines: keep,
      unread: keep,
      clock: keep,
      offset: keep,
    }),
  ),
  window: keep,
  counts: members<ReportLog['counts']>('counts', {
    matched: keep,
    failures: keep,
    failuresWithoutTraffic: keep,
    failuresOutside: keep,
  }),
  lines: list(
    members<ReportLogLine>('a line', {
      file: keep,
      line: keep,
      time: keep,
      severity: keep,
      source: word,
      message: foreign,
      error: foreign,
      requests: keep,
      matchedBy: keep,
    }),
  ),
  unlisted: keep,
})

const summary = members<ReportSummary>('the summary', {
  requests: keep,
  compliant: keep,
  nonCompliant: keep,
  undetermined: keep,
  findings: keep,
  verdict: keep,
})

const report = members<Report>('the report', {
  version: keep,
  generator: keep,
  redaction: keep,
  config,
  inputs: list(input),
  connections: list(connection),
  requests: list(request),
  servers: list(server),
  accounts: list(account),
  orders: list(order),
  diagnoses: list(diagnosis),
  kubernetes,
  log,
  summary,
})

/** Identifiers and names first, so that the same name is one wherever it stands. */
function learnNames({ orders, requests, kubernetes }: Report, redactor: Redactor): void {
  const { names } = redactor
  const learn = (identifier: unknown) => {
    if (isObject(identifier) && typeof identifier.value === 'string') names.learnIdentifier(identifier.value)
  }
  // Names of objects, before sentences that quote them.
  for (const { namespace, name } of kubernetes?.objects ?? [])
    for (const one of [namespace, name]) if (one !== null) objectName(one, redactor)
  for (const { identifiers } of orders) identifiers.forEach(learn)
  for (const { payload } of requests)
    if (isObject(payload)) for (const value of [payload.identifiers, payload.identifier].flat()) learn(value)
}

/**
 * The report with every member hidden or kept as decided above. It is walked twice: sentences can quote a value that is met only later.
 * @throws UndecidedField for a member without a decision
 */
export function walkReport(original: Report, redactor: Redactor): Report {
  learnNames(original, redactor)
  report(original, redactor)
  return report(original, redactor) as Report
}
