import test from 'ava'
import { makeCsr, pem } from '../support/der.ts'
import { finalize, readyOrder, SITE } from '../support/issuance.ts'
import { base64url, Key, Session } from '../support/session.ts'
import { comparisons, held, issuer, object, stamp } from './holding.ts'

const ACCOUNT = new Key('acct')
const KID = ['malformed', 'Request must contain either KID header field'] as const

/** A session whose requests 3 and later are of a registered account. */
function registered(): Session {
  const s = new Session()
  ACCOUNT.kid = null
  s.begin().register(ACCOUNT, { payload: { contact: ['mailto:ops@shop.example'] } })
  return s
}

const status = (uri: string) => ({
  acme: { uri, lastRegisteredEmail: 'ops@shop.example' },
  conditions: [{ type: 'Ready', status: 'True', reason: 'ACMEAccountRegistered', message: 'The ACME account was registered' }],
})

test('an issuer that agrees with its traffic in everything', async (t) => {
  const s = registered()
  s.order(ACCOUNT)
  const found = comparisons(await held(s, [issuer(s, { email: 'Ops@shop.example' }, status(ACCOUNT.kid ?? ''))]))
  t.deepEqual(found, [
    'agrees spec.acme.server is the URL that request 1 fetched [1]',
    'agrees status.acme.uri is the Location that request 3 (newAccount) was given [3]',
    'agrees status.acme.uri is the kid that request 4 carried [4]',
    'agrees spec.acme.email is the contact in request 3 [3]',
  ])
})

test('jwk instead of the kid that the issuer stores', async (t) => {
  const s = registered()
  s.post(ACCOUNT, 'newOrder', { identifiers: [] }, { header: { jwk: ACCOUNT.jwk }, drop: ['kid'], status: 400, problem: KID })
  const found = comparisons(await held(s, [issuer(s, {}, status(ACCOUNT.kid ?? ''))]))
  t.is(found[2], 'differs status.acme.uri is stored, yet request 4 carried jwk instead of kid [4]')
})

test('another kid and another Location than the issuer stores', async (t) => {
  const s = registered()
  s.order(ACCOUNT)
  const found = comparisons(await held(s, [issuer(s, {}, status('https://ca.example/acct/Acct'))]))
  t.is(
    found[1],
    'differs status.acme.uri is "https://ca.example/acct/Acct", and the Location given in this capture is "https://ca.example/acct/acct" (request 3); they differ in path [3]',
  )
  t.regex(found[2] ?? '', /^differs status.acme.uri .* the kid of request 4 is "https:\/\/ca.example\/acct\/acct"/)
})

test('what another issuer of the same CA, or another client, claims is not held against an issuer', async (t) => {
  const s = registered()
  s.order(ACCOUNT)
  const own = issuer(s, {}, status('https://ca.example/acct/own'), 'own')
  const both = await held(s, [own, issuer(s, {}, status(ACCOUNT.kid ?? ''), 'other')])
  t.deepEqual(
    comparisons(both).filter((told) => told.startsWith('differs')),
    [],
  )
  t.deepEqual(
    comparisons(await held(registered(), [own], null, 'CertbotACMEClient/2.1')).filter((told) => told.startsWith('differs')),
    [],
  )
})

for (const [name, bend, expected] of [
  [
    'answered with a Location',
    {},
    /^differs .*registration never completed\. Yet request 3 \(newAccount\) was answered 201 with Location "https:\/\/ca.example\/acct\/acct"/,
  ],
  [
    'refused',
    { status: 403, problem: ['externalAccountRequired', 'No binding, no account'], answerHeaders: [] },
    /^agrees .*Request 3 \(newAccount\) was refused with 403 externalAccountRequired "No binding, no account", which is why \[3\]$/,
  ],
  [
    'answered without a Location',
    { answerHeaders: [] },
    /^agrees .*answered 201 without a Location, so there was no URL to store/,
  ],
] as const)
  test(`no status.acme.uri, and newAccount was ${name}`, async (t) => {
    const s = new Session()
    s.begin().register(new Key('acct'), bend as object)
    t.regex(comparisons(await held(s, [issuer(s, {})]))[1] ?? '', expected)
  })

test('no status.acme.uri, and no newAccount in the capture; or Ready all the same', async (t) => {
  const s = new Session().begin()
  t.regex(comparisons(await held(s, [issuer(s, {})]))[1] ?? '', /^not-captured .*registration never completed.*no newAccount/)
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
  t.regex(comparisons(await held(s, [issuer(s, {}, ready)]))[1] ?? '', /Ready is True, so the account URL was never stored/)
})

test('spec.acme.server against the directory that was fetched', async (t) => {
  const s = registered()
  const moved = issuer(s, { server: 'https://ca.example/directory' })
  t.regex(
    comparisons(await held(s, [moved]))[0] ?? '',
    /^differs spec.acme.server is "https:\/\/ca.example\/directory", and .* "https:\/\/ca.example\/dir" \(request 1\); they differ in path/,
  )
  const foreign = await held(s, [issuer(s, { server: 'https://other.example/dir' })])
  t.is(comparisons(foreign)[0], 'not-captured spec.acme.server is of a CA to which this capture has no request []')
  t.deepEqual(
    foreign.kubernetes?.unclaimed.map(({ what, url }) => `${what} ${url}`),
    ['directory https://ca.example/dir', 'account https://ca.example/acct/acct'],
  )
})

test('the external account binding that was sent, another one, none', async (t) => {
  const key = new Key('bound')
  const inner = (kid: string) => ({
    protected: base64url(JSON.stringify({ alg: 'HS256', kid, url: 'https://ca.example/newAccount' })),
    payload: base64url(JSON.stringify(key.jwk)),
    signature: 'AAAA',
  })
  const field = 'spec.acme.externalAccountBinding.keyID'
  const told = async (payload: object, keyID: string | null) => {
    const s = new Session()
    key.kid = null
    s.begin().register(key, { payload })
    const given = keyID === null ? {} : { externalAccountBinding: { keyID } }
    return comparisons(await held(s, [issuer(s, given)])).filter((line) => line.includes(field))
  }
  t.deepEqual(await told({ externalAccountBinding: inner('kid-1') }, 'kid-1'), [
    `agrees ${field} is the kid of the binding in request 3 [3]`,
  ])
  t.deepEqual(await told({ externalAccountBinding: inner('kid-2') }, 'kid-1'), [
    `differs ${field} is "kid-1", and the binding in request 3 names "kid-2" [3]`,
  ])
  t.deepEqual(await told({}, 'kid-1'), [`differs ${field} is "kid-1", yet request 3 registered without a binding [3]`])
  t.deepEqual(await told({ externalAccountBinding: inner('kid-1') }, null), [
    `differs ${field} is not set, yet request 3 registered with a binding to "kid-1" [3]`,
  ])
  t.deepEqual(await told({}, null), [])
})

test('two issuers with one key at one CA and two account URLs', async (t) => {
  const s = new Session().begin()
  const of = (uri: string) => ({ acme: { uri, lastPrivateKeyHash: 'c2hhcmVk' } })
  const both = await held(s, [
    issuer(s, {}, of('https://ca.example/acct/1'), 'a'),
    issuer(s, {}, of('https://ca.example/acct/2'), 'b'),
  ])
  t.regex(comparisons(both).at(-1) ?? '', /^differs status.acme.lastPrivateKeyHash is that of ClusterIssuer b too/)
})

test('an Order, its CertificateRequest and its Challenge against a whole issuance', async (t) => {
  const s = new Session()
  const order = readyOrder(s, ['www.example'])
  s.post(order.account, order.authorization, undefined, {
    answer: {
      status: 'pending',
      identifier: { type: 'dns', value: 'www.example' },
      challenges: [{ type: 'http-01', url: order.challenge, token: 'token-1', status: 'pending' }],
    },
  })
  const csr = makeCsr(SITE.privateKey, { names: ['www.example'] })
  finalize(s, order, base64url(csr))
  const request = Buffer.from(pem(csr, 'CERTIFICATE REQUEST')).toString('base64')
  const traffic = await s.settle()
  const thumbprint = [...traffic.accounts.values()][0]?.keys[0]?.key.thumbprint
  const authorizations = [{ url: order.authorization, challenges: [{ url: order.challenge, token: 'token-1', type: 'http-01' }] }]
  const good = [
    object(
      'Order',
      'web-1-1',
      { dnsNames: ['www.example'], request },
      { url: order.order, finalizeURL: order.finalize, authorizations, state: 'valid' },
      { ownerReferences: [{ kind: 'CertificateRequest', name: 'web-1' }] },
    ),
    object('CertificateRequest', 'web-1', { request }),
    object('Challenge', 'web-1-1-2', {
      url: order.challenge,
      authorizationURL: order.authorization,
      token: 'token-1',
      key: `token-1.${thumbprint}`,
    }),
    object('Certificate', 'web', { commonName: 'Shop', dnsNames: ['WWW.example'] }),
  ]
  const evidence = await held(s, good)
  t.deepEqual(
    [0, 1, 2, 3].map((at) => comparisons(evidence, at).map((line) => line.split(' ').slice(0, 2).join(' '))),
    [
      ['status.url', 'status.finalizeURL', 'status.authorizations', 'spec.dnsNames', 'status.state', 'spec.request'],
      ['spec.request'],
      ['spec.url', 'spec.authorizationURL', 'spec.token', 'spec.key'],
      ['spec.dnsNames'],
    ].map((fields) => fields.map((field) => `agrees ${field}`)),
  )
  t.deepEqual(evidence.kubernetes?.unclaimed, [])

  const other = Buffer.from(pem(makeCsr(SITE.privateKey, { names: ['other.example'] }), 'CERTIFICATE REQUEST')).toString('base64')
  const bad = await held(s, [
    object(
      'Order',
      'web-1-1',
      { dnsNames: ['www.example', 'other.example'], request: other },
      {
        url: order.order,
        finalizeURL: `${order.finalize}/`,
        authorizations: [{ url: `${order.authorization}x` }],
        state: 'invalid',
      },
      { ownerReferences: [{ kind: 'CertificateRequest', name: 'web-1' }] },
    ),
    object('CertificateRequest', 'web-1', { request: other }),
    object('Challenge', 'web-1-1-2', {
      url: order.challenge,
      authorizationURL: `${order.authorization}x`,
      token: 'token-2',
      key: `token-1.${ACCOUNT.name}`,
    }),
  ])
  t.snapshot([0, 1, 2].map((at) => comparisons(bad, at).map((line) => line.replace(thumbprint ?? '', 'THUMBPRINT'))))
})

test('an order under another URL than the object has', async (t) => {
  const s = new Session()
  const order = readyOrder(s)
  const found = comparisons(
    await held(s, [
      object('Order', 'web', { dnsNames: ['www.example'] }, { url: 'https://ca.internal/order/1', finalizeURL: order.finalize }),
    ]),
  )
  t.regex(found[0] ?? '', /^differs status.url is "https:\/\/ca.internal\/order\/1", and the order with these authorizations is /)
})

/** Three refused newOrder requests, 3, 4 and 5 seconds after the beginning. */
function refusedOrders(): Session {
  const s = registered()
  const start = Date.UTC(2026, 0, 1) * 1000
  for (const second of [3, 4, 5])
    s.post(
      ACCOUNT,
      'newOrder',
      { identifiers: [{ type: 'dns', value: 'www.example' }] },
      {
        time: start + second * 1e6 + 300_000,
        status: 400,
        problem: KID,
      },
    )
  return s
}

const REASON = `Failed to create Order: 400 urn:ietf:params:acme:error:malformed: ${KID[1]}`

test('a failed Order: the reason is matched to the request that was answered at that second', async (t) => {
  const s = refusedOrders()
  const order = object(
    'Order',
    'web-1-1',
    { dnsNames: ['www.example'] },
    { state: 'errored', reason: REASON, failureTime: stamp(4) },
  )
  const { kubernetes } = await held(s, [order])
  const facts = kubernetes?.objects[0]
  t.deepEqual(
    facts?.statements.map(({ source, failure, match }) => [source, failure, match?.by, match?.requests.map(({ id }) => id)]),
    [['status.reason', true, 'problem', [5]]],
  )
  t.deepEqual(
    facts?.comparisons.map(({ field, outcome, requests }) => [field, outcome, requests.map(({ id }) => id)]),
    [['status.url', 'agrees', [4, 5, 6]]],
    'a request after the failure is within the window of two clocks',
  )
})

test('the same words at another time, or on another day, are not about these requests', async (t) => {
  const s = refusedOrders()
  const event = (time: string, message = REASON) => ({
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: { apiVersion: 'acme.cert-manager.io/v1', kind: 'Order', name: 'web-1-1', namespace: 'shop' },
    reason: 'Failed',
    message,
    lastTimestamp: time,
  })
  const order = object('Order', 'web-1-1', { dnsNames: ['other.example'] })
  const matches = async (time: string, message?: string) => {
    const { kubernetes } = await held(s, [order, event(time, message)])
    const [said] = kubernetes?.objects[0]?.statements ?? []
    return [said?.match?.by ?? null, said?.match?.requests.map(({ id }) => id) ?? null]
  }
  t.deepEqual(await matches(stamp(5)), ['problem', [6]])
  t.deepEqual(await matches(stamp(300)), ['problem', [6]], 'a controller may quote an answer minutes later')
  t.deepEqual(await matches(stamp(86_400)), [null, null])
  t.deepEqual(await matches(stamp(-60)), [null, null], 'nothing is quoted before it was said')
  t.deepEqual(await matches(stamp(3), 'Failed to create Order: timeout'), ['time', [4]])
  t.deepEqual(await matches(stamp(3), 'Failed to register ACME account: timeout'), [null, null])
})

test('objects of other kinds are counted by kind, events about other things too, and empty lists are knowledge', async (t) => {
  const s = registered()
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'k' }, data: { 'tls.key': 'aHVzaA==' } }
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'p' },
    message: 'Failed',
  }
  const { kubernetes } = await held(s, [secret, secret, event, issuer(s, {}), null, 7, { kind: 'Order' }])
  t.deepEqual(
    [...(kubernetes?.cluster.ignored ?? [])],
    [
      ['Secret', 2],
      ['Event', 1],
      ['without a kind', 2],
      ['Order', 1],
    ],
  )
  t.false(JSON.stringify(kubernetes?.cluster).includes('aHVzaA'))
  t.is((await held(s, [])).kubernetes?.objects.length, 0)
})
