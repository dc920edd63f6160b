import test from 'ava'
import fc from 'fast-check'
import { CaptureError } from '../../src/capture/reader.ts'
import { correlateEvidence, readEvidence } from '../../src/evidence/evidence.ts'
import { readDocuments } from '../../src/evidence/kubernetes/manifest.ts'
import { readCluster } from '../../src/evidence/kubernetes/objects.ts'
import { readLog } from '../../src/evidence/log/read.ts'
import { readyOrder } from '../support/issuance.ts'
import { Session } from '../support/session.ts'
import { file, held } from './holding.ts'

const ORDER = 'apiVersion: acme.cert-manager.io/v1\nkind: Order\nmetadata:\n  name: web\n'

test('YAML documents, JSON, typed lists, comments, byte order mark, CRLF', async (t) => {
  const order = { metadata: { name: 'web' } }
  const forms = [
    ORDER,
    `---\n${ORDER}---\n# nothing\n---\n${ORDER.replace('web', 'other')}...\n`,
    `\ufeff${ORDER.replaceAll('\n', '\r\n')}`,
    `# kubectl get order -o yaml\n${ORDER}`,
    JSON.stringify({ apiVersion: 'acme.cert-manager.io/v1', kind: 'Order', ...order }),
    JSON.stringify({ apiVersion: 'acme.cert-manager.io/v1', kind: 'OrderList', items: [order] }),
    `apiVersion: v1\nkind: List\nitems:\n- apiVersion: certmanager.k8s.io/v1alpha1\n  kind: Order\n  metadata: {name: web}\n`,
  ]
  for (const form of forms) {
    const { objects } = await readCluster([file(form)])
    t.is(objects[0]?.name, 'web', form)
    t.is(objects[0]?.kind, 'Order', form)
  }
})

test('a file that is none of this: one line that quotes nothing of it', async (t) => {
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: k}\ndata: {key: aHVzaGh1c2g=}\n'
  const cases: readonly [content: string | Uint8Array, says: RegExp][] = [
    ['', /the file is empty/],
    ['\n \n', /the file is empty/],
    [secret, /holds no object of cert-manager, only 1 Secret$/],
    [`${secret} broken: [aHVzaGh1c2g=`, /neither YAML nor JSON: [A-Z_]+ in line \d+$/],
    ['key: aHVzaGh1c2g=', /holds no Kubernetes object/],
    ['aHVzaGh1c2g=', /holds no Kubernetes object/],
    ['[]', /holds no Kubernetes object/],
    ['{"items": [1, null, "aHVzaGh1c2g="]}', /holds no Kubernetes object/],
    [`kind: "aHVzaGh1c2g=\u001b[2J"\napiVersion: v1`, /only 1 of an odd kind$/],
    ['a: \0b', /NUL/],
    [new Uint8Array(4096).fill(0xff), /neither YAML nor JSON|no Kubernetes object/],
    [
      `a: &a [x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[at]}`)}]\n`).join('')}`,
      /would exhaust/,
    ],
    ['[\n'.repeat(100_000), /neither YAML nor JSON|would exhaust/],
    ['{"a":'.repeat(50_000), /neither YAML nor JSON|would exhaust|too large/],
    ['- - - - - - - -\n'.repeat(300_000), /too large for YAML/],
    [`a: ${'x'.repeat(17 * 1024 * 1024)}`, /too large for YAML/],
  ]
  for (const [content, says] of cases) {
    const error = await t.throwsAsync(readCluster([file(content)]), { instanceOf: CaptureError }, String(says))
    t.regex(error?.message ?? '', says)
    t.notRegex(error?.message ?? '', /aHVzaGh1c2g|\n/, String(says))
  }
})

test('an empty list says that there is nothing, and is read', async (t) => {
  const cluster = await readCluster([file('apiVersion: v1\nitems: []\nkind: List\n')])
  t.deepEqual(cluster.objects, [])
  t.deepEqual([...cluster.ignored], [])
})

test('a log that is none, and one whose only line has 50 MB', async (t) => {
  for (const content of ['', 'hello\nworld\n', '\0'.repeat(5000), '{}\n{}\n'])
    t.throws(() => readLog(file(content, 'log')), { instanceOf: CaptureError, message: /no line of it is a record/ })
  const line = 'E0101 00:00:04.000000       1 a.go:1] "failed" err="'
  const long = Buffer.concat([
    Buffer.from(`${line}x"\n${line}`),
    Buffer.alloc(50 * 1024 * 1024, 'y'),
    Buffer.from(`"\n${line}z"\n`),
  ])
  const read = readLog(file(long, 'log'))
  t.is(read.lines, 3)
  t.deepEqual(
    read.kept.map(({ line: at, error, message }) => [at, (error ?? message).length < 5000]),
    [
      [1, true],
      [2, true],
      [3, true],
    ],
  )
  t.is(read.kept[2]?.error, 'z')
  const session = readyOrderSession()
  t.is((await correlateEvidence({ cluster: null, logs: [read] }, await session.settle())).log?.lines.length, 3)
})

function readyOrderSession(): Session {
  const session = new Session()
  readyOrder(session)
  return session
}

/** Members that are read, each with any value. */
const value = fc.oneof(
  { depthSize: 'small' },
  fc.constantFrom(
    null,
    0,
    -1,
    1e300,
    true,
    '',
    'x',
    '__proto__',
    '2026-01-01T00:00:00Z',
    '2026-13-41T99:00:00Z',
    '\0',
    '\ud800',
    [],
    {},
  ),
  fc.constantFrom(
    'https://ca.example/dir',
    'https://ca.example/acct/issuance',
    'http://',
    'https://[',
    'MII',
    '-----BEGIN X-----',
  ),
  fc.array(fc.constantFrom(null, 'www.example', 7, {}, { url: 'https://ca.example/authz/1', challenges: [{ token: 1 }, null] }), {
    maxLength: 4,
  }),
)
const NAMES = [
  'url', 'finalizeURL', 'authorizations', 'state', 'reason', 'failureTime', 'dnsNames', 'ipAddresses', 'commonName', 'request', 'acme',
  'server', 'uri', 'email', 'externalAccountBinding', 'keyID', 'conditions', 'type', 'status', 'message', 'lastTransitionTime', 'token', 'key',
] // biome-ignore format: a list
const members = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    value,
    fc.dictionary(fc.constantFrom(...NAMES), tie('tree'), { maxKeys: 6 }),
    fc.array(tie('tree'), { maxLength: 3 }),
  ),
})).tree
const anyObject = fc.record(
  {
    apiVersion: fc.oneof(fc.constantFrom('cert-manager.io/v1', 'acme.cert-manager.io/v1', 'v1'), value),
    kind: fc.oneof(
      fc.constantFrom('ClusterIssuer', 'Issuer', 'Certificate', 'CertificateRequest', 'Order', 'Challenge', 'Event'),
      value,
    ),
    metadata: fc.oneof(
      fc.record({ name: fc.oneof(fc.constant('web'), value), ownerReferences: value, creationTimestamp: value }),
      value,
    ),
    spec: fc.oneof(members, fc.record({ acme: members, url: value, request: value, dnsNames: value })),
    status: fc.oneof(
      members,
      fc.record({ acme: members, conditions: fc.array(members), url: value, reason: value, failureTime: value }),
    ),
    involvedObject: fc.oneof(
      fc.record({ kind: fc.constant('Order'), name: fc.constant('web'), apiVersion: fc.constant('acme.cert-manager.io/v1') }),
      value,
    ),
    message: value,
    lastTimestamp: value,
  },
  { requiredKeys: [] },
)

test('objects with any values in any place are read, compared and never throw', async (t) => {
  const session = readyOrderSession()
  const real = {
    apiVersion: 'cert-manager.io/v1',
    kind: 'ClusterIssuer',
    metadata: { name: 'real' },
    spec: { acme: { server: session.directoryUrl } },
  }
  await fc.assert(
    fc.asyncProperty(fc.array(anyObject, { maxLength: 8 }), async (objects) => {
      const { kubernetes } = await held(session, [real, ...objects])
      t.truthy(kubernetes?.objects.every(({ comparisons }) => comparisons.every(({ message }) => typeof message === 'string')))
    }),
    { numRuns: 150 },
  )
})

test('any octets as a manifest or a log: read, or refused in one line', async (t) => {
  const pieces = fc.constantFrom(
    ORDER,
    '---\n',
    '- ',
    '{',
    '[',
    '&a ',
    '*a ',
    '"',
    'E0101 00:00:04.000000       1 a.go:1] "x" err=',
    '{"msg":"x","ts":1',
    '}',
    '\n',
    '<',
    'I0231 ',
  )
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(fc.oneof(pieces, fc.string({ maxLength: 10 })), { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''))),
  )
  await fc.assert(
    fc.asyncProperty(content, async (octets) => {
      for (const kind of ['kubernetes', 'logs'] as const) {
        try {
          await readEvidence({ kubernetes: [], logs: [], [kind]: [file(octets)] })
        } catch (error) {
          if (!(error instanceof CaptureError)) throw error
          t.notRegex(error.message, /[\n\0]/)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('deep but honest documents are read', async (t) => {
  const deep = `${ORDER}spec: ${'{a: '.repeat(40)}1${'}'.repeat(40)}\n`
  t.is((await readDocuments(file(deep))).length, 1)
})
