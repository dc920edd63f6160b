import test from 'ava'
import { diagnosed, type Expected } from '../support/diagnosing.ts'
import { Key, type Session } from '../support/session.ts'

/** The traffic that public threads tell of, rebuilt, and the resolution each came to. */
const NEEDS_BINDING = ['externalAccountRequired', 'external account binding required'] as const

function registeredThenFresh(session: Session, lookUp: Parameters<Session['post']>[3]): Key {
  const key = new Key('one')
  session.begin().register(key)
  session.post(key, 'newAccount', { onlyReturnExisting: true }, lookUp)
  session.newNonce()
  const fresh = Object.assign(Object.create(Key.prototype), key, { kid: null }) as Key
  session.post(fresh, 'newOrder', { identifiers: [] }, { status: 400, problem: ['malformed', 'No Key ID in JWS header'] })
  return key
}

const THREADS: Readonly<Record<string, Expected>> = {
  'cert-manager 7388: registered, then newOrder without kid at a CA with EAB': {
    scene: (s) => void registeredThenFresh(s, { status: 403, problem: NEEDS_BINDING }),
    first: 'lookup-failed',
    party: 'server',
    verdict: 'both',
    says: /look-up with onlyReturnExisting/,
  },
  'cert-manager 6682: the look-up was answered without Location': {
    scene: (s) => void registeredThenFresh(s, { status: 200, answer: { status: 'valid' } }),
    first: 'lookup-failed',
    party: 'server',
    verdict: 'both',
    says: /without a Location/,
  },
  'cert-manager 5987: step-ca with EAB refuses the look-up': {
    scene: (s) => void registeredThenFresh(s, { status: 401, problem: ['unauthorized', 'no external account binding'] }),
    first: 'lookup-failed',
    party: 'server',
    verdict: 'both',
  },
  'cert-manager 7830: kid left out although no look-up failed': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      key.kid = null
      s.post(key, 'newOrder', { identifiers: [] }, { status: 400, problem: ['malformed', 'No Key ID in JWS header'] })
    },
    first: 'kid-omitted-after-registration',
    party: 'client',
    verdict: 'client',
  },
  'cert-manager 2882: a bound key that presents its binding again is refused': {
    scene(s) {
      const key = new Key('one')
      const payload = { termsOfServiceAgreed: true, externalAccountBinding: binding(s, key) }
      s.begin().register(key, { payload: { externalAccountBinding: payload.externalAccountBinding } })
      s.post(key, 'newAccount', payload, { status: 401, problem: ['unauthorized', 'external account key already bound'] })
    },
    first: 'eab-consumed',
    party: 'server',
    verdict: 'server',
  },
  'lego 568: an account of the production server is used at the staging server': {
    scene(s) {
      const staging = new (s.constructor as typeof Session)('https://acme-staging-v02.api.letsencrypt.org')
      const key = new Key('one')
      key.kid = 'https://acme-v02.api.letsencrypt.org/acme/acct/1'
      staging.begin().post(
        key,
        'newOrder',
        { identifiers: [] },
        {
          status: 400,
          problem: ['malformed', 'JWS verification error: invalid account URL'],
        },
      )
      s.exchanges.push(...staging.exchanges)
    },
    first: 'environment-mixup',
    party: 'client',
    verdict: 'client',
    says: /lego 568/,
  },
  'smallstep 517: the account URL of one backend behind a load balancer': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key, { answerHeaders: [['Location', 'https://backend-1.example/acct/one']] })
      key.kid = null
      s.post(
        key,
        'newAccount',
        { onlyReturnExisting: true },
        {
          answer: { status: 'valid', orders: 'https://ca.example/acct/one/orders' },
          answerHeaders: [['Location', 'https://ca.example/acct/one']],
        },
      )
      key.kid = 'https://backend-1.example/acct/one'
      s.post(
        key,
        'newOrder',
        { identifiers: [{ type: 'dns', value: 'www.example' }] },
        {
          status: 401,
          problem: ['unauthorized', 'kid does not match stored account location'],
        },
      )
    },
    first: 'kid-differs-from-location',
    party: 'server',
    verdict: 'server',
  },
  'smallstep 623: the CA moved, the stored kid is refused': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      key.kid = 'https://old-ca.example/acct/one'
      s.post(
        key,
        'newOrder',
        { identifiers: [] },
        {
          status: 401,
          problem: ['unauthorized', 'kid does not match stored account location'],
        },
      )
    },
    first: 'kid-differs-from-location',
    party: 'client',
    verdict: 'client',
    says: /smallstep\/certificates 517 and 623/,
  },
  'lua-resty-auto-ssl 270: kid built under newAccount': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      key.kid = 'https://ca.example/newAccount/one'
      s.post(
        key,
        'newOrder',
        { identifiers: [] },
        { status: 400, problem: ['malformed', 'KeyID header missing required prefix'] },
      )
    },
    first: 'kid-differs-from-location',
    party: 'client',
    verdict: 'client',
    says: /auto-ssl/,
  },
  'boulder 4447: the server expects :443': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      s.post(
        key,
        'newOrder',
        { identifiers: [{ type: 'dns', value: 'www.example' }] },
        {
          status: 400,
          problem: [
            'malformed',
            'JWS header parameter \'url\' incorrect. Expected "https://ca.example:443/newOrder" got "https://ca.example/newOrder"',
          ],
        },
      )
    },
    first: 'proxy-rewrote-url',
    party: 'server',
    verdict: 'server',
  },
  'CertifiCat 7: X-Forwarded-Proto is forced to http': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      s.post(
        key,
        'newOrder',
        { identifiers: [{ type: 'dns', value: 'www.example' }] },
        {
          status: 401,
          problem: ['unauthorized', 'url header in JWS (https://ca.example/newOrder) does not match http://ca.example/newOrder'],
        },
      )
    },
    first: 'proxy-rewrote-url',
    party: 'proxy',
    verdict: 'proxy',
  },
  'nginx-acme 47: the client uses a nonce twice': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      const nonce = s.nonce()
      s.order(key, ['www.example'], { nonce })
      s.post(
        key,
        'newOrder',
        { identifiers: [{ type: 'dns', value: 'b.example' }] },
        {
          nonce,
          status: 400,
          problem: ['badNonce', 'invalid nonce'],
          withNonce: false,
        },
      )
    },
    first: 'client-at-fault',
    party: 'client',
    verdict: 'client',
    says: /nonce/,
  },
  'acmephp 211: retries after badNonce keep the old nonce': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      const nonce = s.nonce()
      for (let time = 0; time < 4; time++)
        s.post(
          key,
          'newOrder',
          { identifiers: [{ type: 'dns', value: 'www.example' }] },
          {
            nonce,
            status: 400,
            problem: ['badNonce', 'invalid nonce'],
          },
        )
    },
    first: 'badnonce-loop',
    party: 'client',
    verdict: 'client',
  },
  'smallstep 1631: R and S without their leading zeros': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      s.post(
        key,
        'newOrder',
        { identifiers: [] },
        {
          signature: (octets) => octets.slice(0, -1),
          status: 400,
          problem: ['malformed', 'The request message was malformed'],
        },
      )
    },
    first: 'client-at-fault',
    party: 'client',
    verdict: 'client',
    says: /signature/,
  },
  'acme4j 54: the EAB key identifier is used as kid': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key, { payload: { externalAccountBinding: binding(s, key) } })
      key.kid = 'eab-1'
      s.post(key, 'newOrder', { identifiers: [] }, { status: 400, problem: ['malformed', 'The request message was malformed'] })
    },
    first: 'client-at-fault',
    party: 'client',
    verdict: 'client',
    says: /eab-1/,
  },
  'acme.sh 1390: kid is no URL': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      key.kid = 'https://application/jose+json"'
      s.post(
        key,
        'newOrder',
        { identifiers: [] },
        { status: 400, problem: ['malformed', 'KeyID header contained an invalid account URL'] },
      )
    },
    first: 'client-at-fault',
    party: 'client',
    verdict: 'client',
    says: /application/,
  },
  'django-ca 141: every nonce is refused, fresh ones too': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      for (let time = 0; time < 4; time++)
        s.post(
          key,
          'newOrder',
          { identifiers: [{ type: 'dns', value: 'www.example' }] },
          { status: 400, problem: ['badNonce', 'Bad or invalid nonce.'] },
        )
    },
    first: 'badnonce-loop',
    party: 'server',
    verdict: 'server',
    says: /replicas/,
  },
  'cert-manager 5062: the order stays processing and the client stops': {
    scene(s) {
      const { key, order } = processing(s)
      for (let time = 0; time < 3; time++) {
        s.now += 20e6
        s.post(key, order.order, undefined, { answer: { ...order.object, status: 'processing' } })
      }
      return { end: s.now + 600e6 }
    },
    first: 'client-gave-up',
    verdict: 'undetermined',
    also: ['issuance-slow'],
    says: /5062/,
  },
  'LE forum 235722: deactivation posted to newAccount with kid': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      const kid = key.kid
      s.post(
        key,
        'newAccount',
        { status: 'deactivated' },
        {
          header: { kid },
          drop: ['jwk'],
          status: 400,
          problem: ['malformed', 'No embedded JWK in JWS header'],
        },
      )
    },
    first: 'client-at-fault',
    party: 'client',
    verdict: 'client',
    says: /newAccount/,
  },
}

function binding(session: Session, key: Key) {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    protected: encode({ alg: 'HS256', kid: 'eab-1', url: session.url('newAccount') }),
    payload: encode(key.jwk),
    signature: 'c2lnbmF0dXJl',
  }
}

export function processing(session: Session) {
  const key = new Key('one')
  session.begin().register(key)
  const order = session.order(key)
  return { key, order }
}

for (const [title, expected] of Object.entries(THREADS))
  test(title, async (t) => {
    const { diagnoses, verdict } = await diagnosed(expected.scene)
    const told = diagnoses.map(({ kind, party, explanation }) => `${kind.id} ${party}: ${explanation}`).join('\n')
    t.is(diagnoses[0]?.kind.id.replace('diag-', '') ?? null, expected.first, told)
    if (expected.party !== undefined) t.is(diagnoses[0]?.party, expected.party as never, told)
    t.is(verdict, expected.verdict as never)
    for (const id of expected.also ?? [])
      t.true(
        diagnoses.some(({ kind }) => kind.id === `diag-${id}`),
        id,
      )
    if (expected.says !== undefined) t.regex(diagnoses[0]?.explanation ?? '', expected.says)
  })
