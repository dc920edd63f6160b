import test from 'ava'
import type { Handshake } from '../../src/tls/context.ts'
import { diagnosed, type Expected } from '../support/diagnosing.ts'
import { Key, newConnection, type Session } from '../support/session.ts'

const IDENTIFIERS = { identifiers: [{ type: 'dns', value: 'www.example' }] }

/** A registered key at a server that was seen from its beginning. */
function registered(session: Session): Key {
  const key = new Key('one')
  session.begin().register(key)
  return key
}

/** An authorization whose http-01 challenge failed with a problem. */
function failedValidation(session: Session, key: Key, problem: readonly [string, string], names = ['www.example']) {
  const order = session.order(key, names)
  const identifier = { type: 'dns', value: names[0] }
  const challenge = { type: 'http-01', url: order.challenge, token: 'token-of-22-characters', status: 'pending' }
  session.post(key, order.authorization, undefined, { answer: { status: 'pending', identifier, challenges: [challenge] } })
  session.post(key, order.challenge, {}, { answer: challenge })
  const error = { type: `urn:ietf:params:acme:error:${problem[0]}`, detail: problem[1] }
  session.post(key, order.authorization, undefined, {
    answer: { status: 'invalid', identifier, challenges: [{ ...challenge, status: 'invalid', error }] },
  })
}

function issue(session: Session, key: Key): void {
  const order = session.order(key)
  const valid = { ...order.object, status: 'valid', certificate: order.certificate }
  session.post(key, order.order, undefined, { answer: valid })
}

function handshake(alert: Partial<Handshake['alerts'][number]>, more: Partial<Handshake> = {}): Handshake {
  return {
    connection: newConnection(9),
    time: 0,
    frames: [1],
    clientRandom: null,
    serverName: 'ca.example',
    alpnOffered: [],
    alpn: null,
    alpnKnown: false,
    version: '1.2',
    cipherSuite: null,
    resumed: false,
    certificates: [],
    alerts: [
      {
        from: 'client',
        level: 2,
        description: 48,
        text: "the client refused the server's certificate: unknown_ca",
        time: 0,
        frames: [4],
        ...alert,
      },
    ],
    ...more,
  }
}

const UNKNOWN_CA = { failedHandshakes: [handshake({})] }
const HTML = [
  ['Content-Type', 'text/html'],
  ['Server', 'filter'],
] as const

const SCENES: Readonly<Record<string, Expected>> = {
  'nothing wrong': { scene: (s) => void issue(s, registered(s)), first: null, verdict: 'none' },
  'server-rejected-compliant: a good newOrder is refused': {
    scene: (s) =>
      void s.post(registered(s), 'newOrder', IDENTIFIERS, { status: 400, problem: ['malformed', 'no kid header field'] }),
    first: 'server-rejected-compliant',
    party: 'server',
    verdict: 'server',
  },
  'server-rejected-compliant: not when the words of the refusal were not captured': {
    scene: (s) => void s.post(registered(s), 'newOrder', IDENTIFIERS, { status: 400, answerLost: true }),
    first: null,
    verdict: 'undetermined',
  },
  'server-rejected-compliant: nor when the same request succeeds afterwards': {
    scene(s) {
      const key = registered(s)
      s.post(key, 'newOrder', IDENTIFIERS, { status: 400, answerLost: true })
      s.post(key, 'newOrder', IDENTIFIERS, { status: 201, answer: { status: 'pending' } })
    },
    first: null,
    verdict: 'none',
  },
  'lookup-failed: a refused look-up alone is the fault of the server': {
    scene(s) {
      const key = registered(s)
      s.post(
        key,
        'newAccount',
        { onlyReturnExisting: true },
        { status: 403, problem: ['externalAccountRequired', 'EAB required'] },
      )
    },
    first: 'server-rejected-compliant',
    party: 'server',
    verdict: 'server',
  },
  'lookup-failed: not when there is no account': {
    scene: (s) =>
      void s
        .begin()
        .post(
          new Key('one'),
          'newAccount',
          { onlyReturnExisting: true },
          { status: 400, problem: ['accountDoesNotExist', 'none'] },
        ),
    first: null,
    verdict: 'none',
  },
  'environment-mixup: not for account URLs that the CA gives elsewhere': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key, { answerHeaders: [['Location', 'https://accounts.example/1']] })
      key.kid = 'https://accounts.example/1'
      issue(s, key)
    },
    first: null,
    verdict: 'none',
  },
  'environment-mixup: the account that another CA in the capture gave': {
    scene(s) {
      const key = registered(s)
      const other = new (s.constructor as typeof Session)('https://other.example')
      other.now = s.now
      other.begin().post(key, 'newOrder', IDENTIFIERS, { status: 400, problem: ['accountDoesNotExist', 'Account not found'] })
      s.exchanges.push(...other.exchanges)
    },
    first: 'environment-mixup',
    party: 'client',
    verdict: 'client',
    says: /request 3/,
  },
  'account-missing: the CA lost an account that it gave': {
    scene: (s) =>
      void s.post(registered(s), 'newOrder', IDENTIFIERS, { status: 400, problem: ['accountDoesNotExist', 'Account not found'] }),
    first: 'account-missing',
    party: 'server',
    verdict: 'server',
  },
  'account-missing: registered outside the capture, so it cannot be told': {
    scene(s) {
      const key = new Key('one')
      key.kid = 'https://ca.example/acct/77'
      s.begin().post(key, 'newOrder', IDENTIFIERS, { status: 400, problem: ['accountDoesNotExist', 'Account not found'] })
    },
    first: 'account-missing',
    party: 'unknown',
    verdict: 'undetermined',
  },
  'account-key-mismatch: signed by another account': {
    scene(s) {
      const key = registered(s)
      const other = new Key('two')
      s.register(other)
      s.post(key, 'newOrder', IDENTIFIERS, { signer: other, status: 400, problem: ['malformed', 'JWS verification error'] })
    },
    first: 'account-key-mismatch',
    party: 'client',
    verdict: 'client',
  },
  'account-key-mismatch: not for a signature that verifies under no known key': {
    scene: (s) =>
      void s.post(registered(s), 'newOrder', IDENTIFIERS, {
        signer: new Key('stranger'),
        status: 400,
        problem: ['malformed', 'JWS verification error'],
      }),
    first: 'client-at-fault',
    verdict: 'client',
    never: ['account-key-mismatch'],
  },
  'kid-differs-from-location: not when the server accepts it': {
    scene(s) {
      const key = new Key('one')
      key.kid = 'https://ca.example/acct/one/'
      issue(s.begin(), key)
    },
    first: null,
    verdict: 'none',
  },
  'proxy-rewrote-url: not when the client signed another URL': {
    scene: (s) =>
      void s.post(registered(s), 'newOrder', IDENTIFIERS, {
        header: { url: 'https://ca.example:8443/newOrder' },
        status: 400,
        problem: [
          'malformed',
          'JWS header parameter \'url\' incorrect. Expected "https://ca.example/newOrder" got "https://ca.example:8443/newOrder"',
        ],
      }),
    first: 'client-at-fault',
    party: 'client',
    verdict: 'client',
    never: ['proxy-rewrote-url'],
  },
  'proxy-rewrote-url: the directory names plain HTTP and nothing follows': {
    scene: (s) =>
      void s.directory({ members: { newNonce: 'http://ca.example/newNonce', newAccount: 'http://ca.example/newAccount' } }),
    first: 'proxy-rewrote-url',
    party: 'proxy',
    verdict: 'proxy',
  },
  'proxy-rewrote-url: not for a directory that is fetched alone': {
    scene: (s) => void s.directory(),
    first: null,
    verdict: 'none',
  },
  'badnonce-loop: not for one refusal and a retry that works': {
    scene(s) {
      const key = registered(s)
      s.post(key, 'newOrder', IDENTIFIERS, { status: 400, problem: ['badNonce', 'bad nonce'] })
      s.post(key, 'newOrder', IDENTIFIERS, { status: 201, answer: { status: 'pending' } })
    },
    first: null,
    verdict: 'none',
  },
  'nonce-pool-stale: an old nonce is refused and the retry works': {
    scene(s) {
      const key = registered(s)
      s.now += 3600e6
      s.post(key, 'newOrder', IDENTIFIERS, { status: 400, problem: ['badNonce', 'bad nonce'] })
      s.post(key, 'newOrder', IDENTIFIERS, { status: 201, answer: { status: 'pending' } })
    },
    first: 'nonce-pool-stale',
    verdict: 'none',
  },
  'rate-limited: the CA says stop': {
    scene: (s) =>
      void s.post(registered(s), 'newOrder', IDENTIFIERS, {
        status: 429,
        problem: ['rateLimited', 'too many certificates'],
        answerHeaders: [['Retry-After', '3600']],
      }),
    first: 'rate-limited',
    party: 'unknown',
    verdict: 'undetermined',
    says: /Retry-After is 3600/,
  },
  'rate-limited: context alone when a later request is accepted': {
    scene(s) {
      const key = registered(s)
      s.post(key, 'newOrder', IDENTIFIERS, { status: 429, problem: ['rateLimited', 'too many'] })
      issue(s, key)
    },
    first: 'rate-limited',
    verdict: 'none',
  },
  'eab-consumed: the same external account key for two account keys': {
    scene(s) {
      const eab = (key: Key) => {
        const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
        const header = encode({ alg: 'HS256', kid: 'eab-1', url: s.url('newAccount') })
        return { externalAccountBinding: { protected: header, payload: encode(key.jwk), signature: 'c2lnbmF0dXJl' } }
      }
      const [one, two] = [new Key('one'), new Key('two')]
      s.begin().register(one, { payload: eab(one) })
      s.post(
        two,
        'newAccount',
        { termsOfServiceAgreed: true, ...eab(two) },
        { status: 401, problem: ['unauthorized', 'already bound'] },
      )
    },
    first: 'eab-consumed',
    party: 'client',
    verdict: 'client',
  },
  'eab-consumed: not when no binding was sent': {
    scene(s) {
      s.directory({ members: { meta: { externalAccountRequired: true } } })
      s.newNonce()
      s.post(
        new Key('one'),
        'newAccount',
        { termsOfServiceAgreed: true },
        { status: 401, problem: ['externalAccountRequired', 'EAB required'] },
      )
    },
    first: 'client-at-fault',
    verdict: 'client',
    never: ['eab-consumed'],
  },
  'middlebox-response: an HTML page instead of an answer': {
    scene: (s) =>
      void s.post(registered(s), 'newOrder', IDENTIFIERS, {
        status: 403,
        answer: '<html>blocked</html>',
        answerHeaders: [...HTML],
        withNonce: false,
      }),
    first: 'middlebox-response',
    party: 'proxy',
    verdict: 'proxy',
  },
  "middlebox-response: not for the CA's own problem document": {
    scene: (s) => void s.post(registered(s), 'newOrder', IDENTIFIERS, { status: 403, problem: ['malformed', 'no'] }),
    first: 'server-rejected-compliant',
    verdict: 'server',
    never: ['middlebox-response'],
  },
  'order-invalid: the validator saw another thumbprint': {
    scene(s) {
      const other = 'A'.repeat(43)
      failedValidation(s, registered(s), ['unauthorized', `got "token-of-22-characters.${other}"`])
    },
    first: 'order-invalid',
    party: 'client',
    verdict: 'client',
  },
  'order-invalid: the validator could not connect, whose fault is open': {
    scene: (s) => void failedValidation(s, registered(s), ['connection', 'Fetching http://www.example/: Connection refused']),
    first: 'order-invalid',
    party: 'unknown',
    verdict: 'undetermined',
    says: /"www\.example".*http-01.*connection/,
  },
  'order-invalid: context alone when the name is issued in another order': {
    scene(s) {
      const key = registered(s)
      failedValidation(s, key, ['connection', 'Connection refused'])
      issue(s, key)
    },
    first: 'order-invalid',
    verdict: 'none',
  },
  'client-gave-up: ready and then silence': {
    scene(s) {
      const key = registered(s)
      const order = s.order(key)
      s.post(key, order.order, undefined, { answer: { ...order.object, status: 'ready' } })
      return { end: s.now + 600e6 }
    },
    first: 'client-gave-up',
    party: 'unknown',
    verdict: 'undetermined',
  },
  'client-gave-up: not when the capture ends right then': {
    scene(s) {
      const key = registered(s)
      const order = s.order(key)
      s.post(key, order.order, undefined, { answer: { ...order.object, status: 'ready' } })
      return { end: s.now + 10e6 }
    },
    first: null,
    verdict: 'none',
  },
  'issuance-slow: processing for a minute, then valid': {
    scene(s) {
      const key = registered(s)
      const order = s.order(key)
      for (const status of ['processing', 'processing', 'valid']) {
        s.now += 40e6
        s.post(key, order.order, undefined, { answer: { ...order.object, status } })
      }
    },
    first: 'issuance-slow',
    verdict: 'none',
  },
  'tls-failure: the client does not trust the CA, and nothing follows': {
    scene: (s) => {
      s.begin()
      return { failedHandshakes: [handshake({}, { time: s.now })] }
    },
    first: 'tls-failure',
    party: 'unknown',
    verdict: 'undetermined',
    says: /frame 4.*unknown_ca/,
  },
  'tls-failure: context alone when a later connection works': {
    scene: (s) => {
      issue(s, registered(s))
      return UNKNOWN_CA
    },
    first: 'tls-failure',
    verdict: 'none',
  },
  'tls-failure: not for a server that has nothing to do with ACME': {
    scene: (s) => {
      issue(s, registered(s))
      const connection = { ...newConnection(9), server: '192.0.2.9:443' }
      return { failedHandshakes: [handshake({}, { connection, serverName: 'mail.example' })] }
    },
    first: null,
    verdict: 'none',
  },
  'clock-skew: the Date of the server is an hour ahead': {
    scene(s) {
      s.directory(dated(s, 3600))
      s.newNonce(dated(s, 3600))
      s.newNonce(dated(s, 3600))
    },
    first: 'clock-skew',
    party: 'unknown',
    verdict: 'none',
  },
  'clock-skew: not for a few seconds': {
    scene(s) {
      s.directory(dated(s, 5))
      s.newNonce(dated(s, 5))
      s.newNonce(dated(s, 5))
    },
    first: null,
    verdict: 'none',
  },
  'shared-account-race: two hosts in turns': {
    scene: (s) => void takeTurns(s, ['10.0.0.1:1', '10.0.0.9:1', '10.0.0.1:2', '10.0.0.9:2']),
    first: 'shared-account-race',
    verdict: 'none',
  },
  'shared-account-race: not when one host goes on after another': {
    scene: (s) => void takeTurns(s, ['10.0.0.1:1', '10.0.0.1:2', '10.0.0.9:1', '10.0.0.9:2']),
    first: null,
    verdict: 'none',
  },
}

function dated(session: Session, ahead: number) {
  const date = new Date(session.now / 1000 + ahead * 1000).toUTCString()
  return { answerHeaders: [['Date', date]] as [string, string][] }
}

function takeTurns(session: Session, clients: readonly string[]): void {
  const key = registered(session)
  for (const [index, client] of clients.entries()) {
    session.connection = { ...newConnection(index + 1), client }
    issue(session, key)
  }
}

for (const [title, expected] of Object.entries(SCENES))
  test(title, async (t) => {
    const { diagnoses, verdict } = await diagnosed(expected.scene)
    const told = diagnoses.map(({ kind, party, explanation }) => `${kind.id} ${party}: ${explanation}`).join('\n')
    t.is(diagnoses[0]?.kind.id.replace('diag-', '') ?? null, expected.first, told)
    if (expected.party !== undefined) t.is(diagnoses[0]?.party, expected.party as never, told)
    t.is(verdict, expected.verdict as never, told)
    for (const id of expected.never ?? [])
      t.false(
        diagnoses.some(({ kind }) => kind.id === `diag-${id}`),
        id,
      )
    if (expected.says !== undefined) t.regex(diagnoses[0]?.explanation ?? '', expected.says)
  })

test('a client whose key the server need not take has to change, and is not called at fault', async (t) => {
  const outcome = await diagnosed((s) => {
    const key = new Key('ed', 'Ed25519')
    s.begin().post(
      key,
      'newAccount',
      { termsOfServiceAgreed: true },
      { status: 400, problem: ['badPublicKey', 'unsupported key type'] },
    )
    return undefined
  })
  const [first] = outcome.diagnoses
  t.is(outcome.verdict, 'client')
  t.is(first?.title, 'Not forbidden, but this server does not take it: jwk-key-type')
  t.regex(first?.explanation ?? '', /No MUST of the protocol is broken/)
})
