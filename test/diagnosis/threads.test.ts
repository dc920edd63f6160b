import test from 'ava'
import { makeCsr } from '../support/der.ts'
import { diagnosed, type Expected } from '../support/diagnosing.ts'
import { RealSession } from '../support/real-session.ts'
import { base64url, Key, type Session } from '../support/session.ts'

/** The traffic that public threads tell of, made from a real flow, and the resolution each came to. */
const CERT_MANAGER =
  'cert-manager-clusterissuers/v1.14.4 (linux/amd64) cert-manager/3f1d5a7c github.com/cert-manager/cert-manager/third_party/forked/acme'
const BACKEND = 'https://backend-1.example/my-account/one'
const NEEDS_BINDING = ['externalAccountRequired', 'external account binding required'] as const

/** cert-manager: registered, then a new client object that looks its account up and orders with what that gave it. */
function registeredThenFresh(session: Session, lookUp: Parameters<Session['post']>[3]): Key {
  const key = new Key('one', 'RSA-2048')
  session.userAgent = CERT_MANAGER
  session.begin().register(key, { payload: { externalAccountBinding: binding(session, key) } })
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
    upstream: ['cert-manager/cert-manager 7388', 'cert-manager/cert-manager 8262'],
  },
  'cert-manager 6682: the look-up was answered without Location': {
    scene: (s) => void registeredThenFresh(s, { status: 200, answer: { status: 'valid' } }),
    first: 'lookup-failed',
    party: 'server',
    verdict: 'both',
    upstream: ['cert-manager/cert-manager 6682'],
  },
  'cert-manager 5987: step-ca with EAB refuses the look-up': {
    scene: (s) => void registeredThenFresh(s, { status: 401, problem: ['unauthorized', 'no external account binding'] }),
    first: 'lookup-failed',
    party: 'server',
    verdict: 'both',
    upstream: ['cert-manager/cert-manager 5987'],
  },
  'cert-manager 5775: the look-up fails for a while only': {
    scene: (s) => void registeredThenFresh(s, { status: 503, problem: ['serverInternal', 'try again later'] }),
    first: 'lookup-failed',
    party: 'server',
    verdict: 'both',
    says: /temporary failure/,
    upstream: ['cert-manager/cert-manager 5775'],
  },
  'cert-manager 3346: the look-up is refused as malformed': {
    scene: (s) => void registeredThenFresh(s, { status: 400, problem: ['malformed', 'externalAccountBinding is missing'] }),
    first: 'lookup-failed',
    party: 'server',
    verdict: 'both',
    says: /onlyReturnExisting|status\.acme\.uri/,
    upstream: ['cert-manager/cert-manager 3346'],
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
    upstream: ['cert-manager/cert-manager 7830'],
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
    upstream: ['cert-manager/cert-manager 2882'],
  },
  'lego 568: an account of the production server is used at the staging server': {
    scene(s) {
      const staging = new RealSession('https://acme-staging-v02.api.letsencrypt.org')
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
    upstream: ['go-acme/lego 568', 'opnsense/plugins 1528'],
  },
  'smallstep 517: the account URL of one backend behind a load balancer': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key, { answerHeaders: [['Location', BACKEND]] })
      key.kid = null
      s.post(
        key,
        'newAccount',
        { onlyReturnExisting: true },
        {
          answer: { status: 'valid', orders: `${s.origin}/my-account/one/orders` },
          answerHeaders: [['Location', `${s.origin}/my-account/one`]],
        },
      )
      key.kid = BACKEND
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
    upstream: ['smallstep/certificates 517'],
  },
  'smallstep 623: the CA moved, the stored kid is refused': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      key.kid = 'https://old-ca.example/my-account/one'
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
    upstream: ['smallstep/certificates 623'],
  },
  'lua-resty-auto-ssl 270: kid built under newAccount': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      key.kid = `${s.url('newAccount')}/one`
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
    upstream: ['auto-ssl/lua-resty-auto-ssl 270'],
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
            `JWS header parameter 'url' incorrect. Expected "${s.origin}:443/order-plz" got "${s.origin}/order-plz"`,
          ],
        },
      )
    },
    first: 'proxy-rewrote-url',
    party: 'server',
    verdict: 'server',
    upstream: ['letsencrypt/boulder 4447', 'unixcharles/acme-client 168'],
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
          problem: [
            'unauthorized',
            `url header in JWS (${s.url('newOrder')}) does not match ${s.url('newOrder').replace('https', 'http')}`,
          ],
        },
      )
    },
    first: 'proxy-rewrote-url',
    party: 'proxy',
    verdict: 'proxy',
    upstream: ['RIT-ITS/CertifiCat 7'],
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
    upstream: ['nginx/nginx-acme 47'],
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
    upstream: ['acmephp/acmephp 211'],
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
    upstream: ['smallstep/certificates 1631'],
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
    upstream: ['shred/acme4j 54'],
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
    upstream: ['acmesh-official/acme.sh 1390'],
  },
  'certes 76 and boulder 3603: a charset parameter on the Content-Type': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      s.post(
        key,
        'newOrder',
        { identifiers: [{ type: 'dns', value: 'www.example' }] },
        {
          headers: [['Content-Type', 'application/jose+json; charset=utf-8']],
          status: 400,
          problem: ['malformed', "Invalid Content-Type header on POST. Content-Type must be 'application/jose+json'"],
        },
      )
    },
    first: 'client-at-fault',
    party: 'client',
    verdict: 'client',
    says: /charset/,
    upstream: ['fszlin/certes 76', 'letsencrypt/boulder 3603'],
  },
  'smallstep 939: the CSR carries padding': {
    scene(s) {
      const key = new Key('one')
      s.begin().register(key)
      const order = s.order(key)
      s.post(key, order.order, undefined, { answer: { ...order.object, status: 'ready' } })
      s.post(
        key,
        order.finalize,
        { csr: paddedCsr() },
        { status: 400, problem: ['malformed', 'The request message was malformed'] },
      )
    },
    first: 'client-at-fault',
    party: 'client',
    verdict: 'client',
    says: /padd/,
    upstream: ['smallstep/certificates 939'],
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
    upstream: ['mathiasertl/django-ca 141'],
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
    upstream: ['cert-manager/cert-manager 5062'],
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

/** A CSR with the padding of plain base64, which base64url in ACME leaves out. */
function paddedCsr(): string {
  const key = new Key('site').privateKey
  let der = makeCsr(key, {})
  // An ECDSA signature in DER has one length or another; padding takes one that is no multiple of three.
  for (let length = 1; der.length % 3 === 0; length++) der = makeCsr(key, { commonName: `${'w'.repeat(length)}.example` })
  return base64url(der).padEnd(Math.ceil(der.length / 3) * 4, '=')
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
    const { diagnoses, verdict } = await diagnosed(expected.scene, new RealSession())
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
    for (const thread of expected.upstream ?? []) t.true(diagnoses[0]?.upstream?.includes(thread), `${thread}\n${told}`)
    t.true((diagnoses[0]?.remedies.length ?? 0) > 0)
  })
