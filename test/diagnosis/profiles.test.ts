import test from 'ava'
import { DIAGNOSES, diagnose } from '../../src/diagnosis/diagnose.ts'
import { PROFILES } from '../../src/diagnosis/profile-table.ts'
import { recognised, turnOf } from '../../src/diagnosis/profiles.ts'
import type { Header } from '../../src/http/exchange.ts'
import { judge } from '../../src/rules/judge.ts'
import { RULES } from '../../src/rules/rules.ts'
import { Key, Session } from '../support/session.ts'

const NAMES = ['newNonce', 'newAccount', 'newOrder', 'revokeCert', 'keyChange']

/** A CA whose directory has these paths, in the order of NAMES. */
function at(origin: string, paths: readonly string[]): Session {
  return new Session(origin, Object.fromEntries(NAMES.map((name, index) => [name, `${origin}${paths[index]}`])))
}

const kebab = (prefix: string) =>
  ['new-nonce', 'new-account', 'new-order', 'revoke-cert', 'key-change'].map((name) => `${prefix}/${name}`)
const PEBBLE = ['/nonce-plz', '/sign-me-up', '/order-plz', '/revoke-cert', '/rollover-account-key']

test('profiles speak of rules and diagnoses that exist', (t) => {
  const ids = new Set([...RULES.map(({ id }) => id), ...DIAGNOSES.map(({ kind }) => kind.id)])
  t.is(new Set(PROFILES.map(({ id }) => id)).size, PROFILES.length)
  for (const { id, known } of PROFILES)
    for (const { rules } of known) for (const rule of rules) t.true(ids.has(rule), `${id}: ${rule}`)
})

for (const [title, session, meta, headers, expected] of [
  ['Pebble by its paths', at('https://ca.example', PEBBLE), {}, [], 'pebble'],
  ['step-ca by its paths', at('https://ca.example', kebab('/acme/acme')), {}, [], 'step-ca'],
  ['Vault by its paths', at('https://ca.example', kebab('/v1/pki/acme')), {}, [], 'vault'],
  ["Let's Encrypt by its name", at('https://acme-v02.api.letsencrypt.org', kebab('/acme')), {}, [], 'boulder'],
  ['Boulder by a field of its answers', at('https://ca.example', kebab('/acme')), {}, [['Boulder-Requester', '1']], 'boulder'],
  ['ZeroSSL by its name', at('https://acme.zerossl.com', kebab('/v2/DV90')), {}, [], 'zerossl'],
  [
    'acme2certifier by its meta',
    at('https://ca.example', kebab('/acme')),
    { home: 'https://github.com/grindsa/acme2certifier' },
    [],
    'acme2certifier',
  ],
  ['Dogtag by its meta', at('https://ca.example', kebab('/acme')), { website: 'https://www.dogtagpki.org' }, [], 'dogtag'],
  ['a host that only ends like one', at('https://evilzerossl.com', kebab('/acme')), {}, [], null],
  ['an unknown CA', at('https://ca.example', kebab('/acme')), {}, [], null],
] as const satisfies readonly (readonly [string, Session, object, readonly Header[], string | null])[])
  test(`recognised: ${title}`, async (t) => {
    const key = new Key('one')
    session.directory({ members: { meta } })
    session.newNonce()
    session.register(key, { answerHeaders: [['Location', `${session.origin}/acct/one`], ...headers] })
    const traffic = await session.settle()
    t.is(recognised(traffic.requests[0]?.ca ?? null, traffic)?.profile.id ?? null, expected)
  })

/** newOrder with a bad signature and another url in the header, refused in general words. */
async function twoFaults(session: Session) {
  const key = new Key('one')
  session.begin().register(key)
  session.post(
    key,
    'newOrder',
    { identifiers: [{ type: 'dns', value: 'www.example' }] },
    {
      header: { url: `${session.origin}/elsewhere` },
      signature: (octets) => octets.map((octet) => octet ^ 1),
      status: 400,
      problem: ['malformed', 'The request message was malformed'],
    },
  )
  const traffic = await session.settle()
  return diagnose(traffic, judge(traffic))
}

for (const [title, paths, first, masked] of [
  ['Pebble looks at the signature before the url', PEBBLE, 'signature-invalid', 'url-mismatch'],
  ['step-ca looks at the url before the signature', kebab('/acme/acme'), 'url-mismatch', 'signature-invalid'],
] as const)
  test(`order of checks: ${title}; the verdict is the same`, async (t) => {
    const { diagnoses, verdict } = await twoFaults(at('https://ca.example', paths))
    t.is(verdict, 'client')
    t.is(diagnoses[0]?.title, `The client is at fault: ${first}`)
    t.regex(diagnoses[0]?.explanation ?? '', new RegExp(`masked by the first fault, which .* looks at before them: ${masked}`))
  })

test('what a server was not seen to look at explains nothing', async (t) => {
  const key = new Key('one')
  const session = at('https://ca.example', kebab('/acme'))
  session.directory({ members: { meta: { website: 'https://www.dogtagpki.org' } } })
  session.newNonce()
  session.register(key)
  session.post(
    key,
    'newOrder',
    { identifiers: [{ type: 'dns', value: 'www.example' }] },
    { header: { url: `${session.origin}/elsewhere` }, status: 400, problem: ['malformed', 'bad request'] },
  )
  const traffic = await session.settle()
  const { diagnoses, verdict } = diagnose(traffic, judge(traffic))
  t.is(verdict, 'client', 'the fault is one all the same')
  t.is(diagnoses[0]?.kind.id, 'diag-client-at-fault')
  t.is(diagnoses[0]?.confidence, 'possible')
  t.regex(diagnoses[0]?.explanation ?? '', /may not be the reason/)
})

test('wording: how this server is known to answer a mistake is told', async (t) => {
  const key = new Key('one')
  const session = at('https://ca.example', PEBBLE)
  session.begin().register(key)
  session.post(
    key,
    'newOrder',
    { identifiers: [] },
    {
      signature: (octets) => octets.map((octet) => octet ^ 1),
      status: 400,
      problem: ['malformed', 'JWS verification error'],
    },
  )
  const traffic = await session.settle()
  const { diagnoses } = diagnose(traffic, judge(traffic))
  t.regex(diagnoses[0]?.explanation ?? '', /Pebble is known to answer this mistake with 400 malformed/)
})

test('wording: whether a refused request uses up its nonce is told where a nonce came twice', async (t) => {
  const key = new Key('one')
  const session = at('https://ca.example', kebab('/acme/acme'))
  session.begin().register(key)
  const nonce = session.nonce()
  session.order(key, ['www.example'], { nonce })
  session.post(
    key,
    'newOrder',
    { identifiers: [{ type: 'dns', value: 'b.example' }] },
    { nonce, status: 400, problem: ['badNonce', 'The nonce is not valid'] },
  )
  const traffic = await session.settle()
  const { diagnoses } = diagnose(traffic, judge(traffic))
  t.is(diagnoses[0]?.title, 'The client is at fault: nonce-reused')
  t.regex(diagnoses[0]?.explanation ?? '', /Nearly every request that is refused has used up its nonce/)
})

test('order of checks: what the payload says comes last, a copy is found by its nonce', (t) => {
  const ruleOf = (id: string) => RULES.find((rule) => rule.id === id) as (typeof RULES)[number]
  for (const profile of PROFILES.filter(({ order }) => order !== undefined)) {
    const turn = (id: string) => turnOf(ruleOf(id), { profile, by: '' }) ?? -1
    for (const id of ['payload-not-json', 'legacy-resource-field', 'post-as-get-payload', 'order-identifiers'])
      t.is(turn(id), (profile.order?.length ?? 0) - 1, `${profile.id}: ${id}`)
    t.is(turn('jws-resent-verbatim'), turn('nonce-reused'), profile.id)
  }
})
