import type { Resource } from '../acme/traffic.ts'
import { COMPARED_FIELDS } from '../evidence/facts.ts'

/**
 * JSON Schema (2020-12) of the report, version 1. Objects whose members the contract names are closed: a new member is a new version of
 * the schema. What a peer wrote (protected header, payload, evidence) is open. Times are ISO 8601 UTC with microseconds.
 */
type Schema = Readonly<Record<string, unknown>>

const TEXT: Schema = { type: 'string' }
const TEXT_OR_NULL: Schema = { type: ['string', 'null'] }
const COUNT: Schema = { type: 'integer', minimum: 0 }
const COUNT_OR_NULL: Schema = { type: ['integer', 'null'], minimum: 0 }
const TIME_OR_NULL: Schema = {
  type: ['string', 'null'],
  pattern: '^[+-]?\\d{4,6}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$',
}
/** Frames count from 1, as Wireshark does. */
const FRAMES_OR_NULL: Schema = { type: ['array', 'null'], items: { type: 'integer', minimum: 1 } }
const REQUEST_ID: Schema = { type: 'integer', minimum: 1 }
const REQUEST_IDS: Schema = list(REQUEST_ID)

function list(items: Schema): Schema {
  return { type: 'array', items }
}

function oneOf(...values: readonly string[]): Schema {
  return { enum: values }
}

/** Every member is required and no other is allowed: unknown is null, never absent. */
function closed(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] }
}

function defined(name: string): Schema {
  return { $ref: `#/$defs/${name}` }
}

const SEVERITY = oneOf('error', 'warning', 'info')
const PARTY = oneOf('client', 'server', 'proxy', 'capture', 'unknown')
const CHECK = oneOf('pass', 'fail', 'unknown', 'not-applicable')
export const RESOURCES: readonly Resource[] = [
  'directory',
  'newNonce',
  'newAccount',
  'account',
  'accountOrders',
  'newOrder',
  'order',
  'newAuthz',
  'authorization',
  'challenge',
  'finalize',
  'certificate',
  'revokeCert',
  'keyChange',
  'renewalInfo',
  'validation',
  'other',
]

const damage = closed({
  kind: oneOf('truncated', 'malformed', 'gap', 'conflict', 'unsupported', 'undecrypted', 'limit'),
  layer: oneOf('capture', 'link', 'ip', 'tcp', 'tls', 'http', 'har', 'jose', 'acme'),
  detail: TEXT,
  count: { type: 'integer', minimum: 1 },
  firstFrame: COUNT_OR_NULL,
})

const input = closed({
  name: TEXT,
  format: TEXT,
  bytes: COUNT,
  sha256: { type: ['string', 'null'], pattern: '^[0-9a-f]{64}$' },
  packets: COUNT,
  firstTime: TIME_OR_NULL,
  lastTime: TIME_OR_NULL,
  linkTypes: list(TEXT),
  crossCheck: orNull(
    closed({ reader: { const: 'pcap-parser' }, packets: COUNT, agrees: { type: 'boolean' }, reason: TEXT_OR_NULL }),
  ),
  comments: list(closed({ frame: COUNT_OR_NULL, text: TEXT })),
  damage: list(defined('damage')),
})

const connection = closed({
  id: COUNT,
  input: COUNT,
  client: TEXT_OR_NULL,
  server: TEXT_OR_NULL,
  startTime: TIME_OR_NULL,
  tls: orNull(
    closed({
      version: TEXT_OR_NULL,
      cipherSuite: TEXT_OR_NULL,
      serverName: TEXT_OR_NULL,
      alpn: TEXT_OR_NULL,
      decrypted: { type: 'boolean' },
      secrets: TEXT_OR_NULL,
      reason: TEXT_OR_NULL,
    }),
  ),
  http: TEXT_OR_NULL,
  requests: COUNT,
  damage: list(defined('damage')),
})

const finding = closed({
  rule: { type: 'string', pattern: '^(?!diag-)[a-z0-9-]+$' },
  severity: SEVERITY,
  party: PARTY,
  message: TEXT,
  reference: TEXT,
  remedy: TEXT,
  evidence: { type: 'object' },
})

const checks = closed({ kid: CHECK, jwk: CHECK, nonce: CHECK, url: CHECK, signature: CHECK })

const request = closed({
  id: REQUEST_ID,
  input: COUNT,
  connection: COUNT_OR_NULL,
  streamId: COUNT_OR_NULL,
  frames: FRAMES_OR_NULL,
  entry: COUNT_OR_NULL,
  alsoSeen: list(closed({ connection: COUNT_OR_NULL, frames: FRAMES_OR_NULL })),
  time: TIME_OR_NULL,
  duration: { type: ['number', 'null'] },
  method: TEXT,
  url: TEXT,
  observedUrl: TEXT_OR_NULL,
  httpVersion: TEXT,
  resource: oneOf(...RESOURCES),
  userAgent: TEXT_OR_NULL,
  contentType: TEXT_OR_NULL,
  protected: { type: ['object', 'null'] },
  payload: true as unknown as Schema,
  account: TEXT_OR_NULL,
  key: orNull(
    closed({
      kty: TEXT_OR_NULL,
      thumbprint: TEXT_OR_NULL,
      source: { enum: ['request', 'newAccount', 'keyChange', 'operator', null] },
    }),
  ),
  response: orNull(
    closed({
      status: { type: 'integer' },
      contentType: TEXT_OR_NULL,
      replayNonce: TEXT_OR_NULL,
      location: TEXT_OR_NULL,
      retryAfter: TEXT_OR_NULL,
      problem: orNull(closed({ type: TEXT_OR_NULL, detail: TEXT_OR_NULL })),
    }),
  ),
  checks,
  unknown: list(closed({ check: TEXT, code: { type: 'string', pattern: '^U-[A-Z]+$' }, reason: TEXT })),
  compliant: { type: ['boolean', 'null'] },
  findings: list(defined('finding')),
  beforeRedaction: orNull(
    closed({
      compliant: { type: ['boolean', 'null'] },
      checks,
      findings: list(closed({ rule: { type: 'string', pattern: '^(?!diag-)[a-z0-9-]+$' }, severity: SEVERITY, party: PARTY })),
    }),
  ),
})

const config = closed({
  file: TEXT_OR_NULL,
  rules: list(
    closed({ rule: TEXT, level: oneOf('off', 'info', 'warning', 'error'), default: SEVERITY, from: oneOf('file', 'option') }),
  ),
})

const server = closed({
  directory: TEXT_OR_NULL,
  authorities: list(TEXT),
  profile: orNull(closed({ id: TEXT, name: TEXT, recognisedBy: TEXT })),
  known: list(closed({ rules: list(TEXT), text: TEXT })),
})

const account = closed({
  url: TEXT_OR_NULL,
  thumbprint: TEXT_OR_NULL,
  status: TEXT_OR_NULL,
  registeredBy: { type: ['integer', 'null'], minimum: 1 },
  requests: REQUEST_IDS,
})

const order = closed({
  url: TEXT,
  account: TEXT_OR_NULL,
  identifiers: list(closed({ type: TEXT, value: TEXT })),
  status: TEXT_OR_NULL,
  requests: REQUEST_IDS,
  authorizations: list(TEXT),
})

const diagnosis = closed({
  id: { type: 'string', pattern: '^diag-[a-z0-9-]+$' },
  severity: SEVERITY,
  party: PARTY,
  confidence: oneOf('certain', 'likely', 'possible'),
  title: TEXT,
  story: TEXT_OR_NULL,
  explanation: TEXT,
  remedy: TEXT,
  remedies: list(closed({ to: oneOf('client operator', 'CA operator', 'proxy operator', 'whoever captures'), text: TEXT })),
  upstream: list(
    closed({ repository: { type: 'string', pattern: '^[\\w.-]+/[\\w.-]+$' }, number: { type: 'integer', minimum: 1 } }),
  ),
  evidence: list(closed({ request: REQUEST_ID, frames: FRAMES_OR_NULL, entry: COUNT_OR_NULL })),
  requests: REQUEST_IDS,
})

const MATCHED_BY: Schema = { enum: ['url', 'problem', 'time', null] }

const kubernetes = closed({
  files: list(closed({ name: TEXT, objects: COUNT, events: COUNT })),
  ignored: list(closed({ kind: TEXT, count: COUNT })),
  objects: list(
    closed({
      file: COUNT,
      kind: oneOf('ClusterIssuer', 'Issuer', 'Certificate', 'CertificateRequest', 'Order', 'Challenge'),
      namespace: TEXT_OR_NULL,
      name: TEXT,
      state: TEXT_OR_NULL,
      requests: REQUEST_IDS,
      comparisons: list(
        closed({
          field: oneOf(...COMPARED_FIELDS),
          outcome: oneOf('agrees', 'differs', 'not-captured'),
          object: TEXT_OR_NULL,
          capture: TEXT_OR_NULL,
          message: TEXT,
          requests: REQUEST_IDS,
        }),
      ),
      statements: list(
        closed({
          source: TEXT,
          time: TIME_OR_NULL,
          text: TEXT,
          failure: { type: 'boolean' },
          requests: REQUEST_IDS,
          matchedBy: MATCHED_BY,
        }),
      ),
    }),
  ),
  unlisted: COUNT,
  unclaimed: list(
    closed({
      what: oneOf('directory', 'account', 'order', 'refused newOrder', 'challenge'),
      url: TEXT_OR_NULL,
      requests: REQUEST_IDS,
    }),
  ),
})

const log = closed({
  files: list(
    closed({
      name: TEXT,
      lines: COUNT,
      unread: COUNT,
      clock: oneOf('stated', 'aligned', 'assumed'),
      offset: { type: 'integer' },
    }),
  ),
  window: { type: 'number' },
  counts: closed({ matched: COUNT, failures: COUNT, failuresWithoutTraffic: COUNT, failuresOutside: COUNT }),
  lines: list(
    closed({
      file: COUNT,
      line: { type: 'integer', minimum: 1 },
      time: TIME_OR_NULL,
      severity: SEVERITY,
      source: TEXT_OR_NULL,
      message: TEXT,
      error: TEXT_OR_NULL,
      requests: REQUEST_IDS,
      matchedBy: MATCHED_BY,
    }),
  ),
  unlisted: COUNT,
})

const summary = closed({
  requests: COUNT,
  compliant: COUNT,
  nonCompliant: COUNT,
  undetermined: COUNT,
  findings: closed({ error: COUNT, warning: COUNT, info: COUNT }),
  verdict: oneOf('client', 'server', 'both', 'proxy', 'none', 'undetermined'),
})

export const REPORT_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'acmescope report, version 1',
  ...closed({
    version: { const: 1 },
    generator: closed({ name: { const: 'acmescope' }, version: TEXT }),
    redaction: orNull(
      closed({
        checked: { const: 'before' },
        pseudonyms: oneOf('random', 'keyed'),
        kept: list(TEXT),
        hidden: list(closed({ category: TEXT, count: { type: 'integer', minimum: 1 } })),
      }),
    ),
    config: orNull(defined('config')),
    inputs: list(defined('input')),
    connections: list(defined('connection')),
    requests: list(defined('request')),
    servers: list(defined('server')),
    accounts: list(defined('account')),
    orders: list(defined('order')),
    diagnoses: list(defined('diagnosis')),
    kubernetes: orNull(defined('kubernetes')),
    log: orNull(defined('log')),
    summary,
  }),
  $defs: { damage, config, input, connection, request, finding, server, account, order, diagnosis, kubernetes, log },
}
