import test from 'ava'
import { readPolicy } from '../src/config.ts'
import { DIAGNOSES, diagnose } from '../src/diagnosis/diagnose.ts'
import { judge } from '../src/rules/judge.ts'
import { atLevel, type Policy, underPolicy } from '../src/rules/policy.ts'
import type { Level } from '../src/rules/rule.ts'
import { RULES } from '../src/rules/rules.ts'
import { Key, Session } from './support/session.ts'

async function under(levels: Readonly<Record<string, Level>>, scene: (s: Session) => void) {
  const s = new Session()
  scene(s)
  const traffic = await s.settle()
  const policy: Policy = new Map(Object.entries(levels))
  const judgements = judge(traffic).map((judgement) => underPolicy(judgement, policy))
  const last = judgements.at(-1)
  const { diagnoses, verdict } = diagnose(traffic, judgements, undefined, policy)
  return {
    verdict,
    first: diagnoses[0]?.kind.id ?? null,
    severity: diagnoses[0]?.severity ?? null,
    compliant: last?.compliant,
    checks: last?.checks,
    found: Object.fromEntries((last?.findings ?? []).map(({ rule, verdict: { severity } }) => [rule.id, severity])),
    waived: (last?.waived ?? []).map(({ id }) => id),
  }
}

const ORDER = { identifiers: [{ type: 'dns', value: 'www.example' }] }

/** newOrder with jwk instead of kid after a registration, refused. */
function kidless(s: Session): void {
  const key = new Key('one')
  s.begin().register(key)
  key.kid = null
  s.post(key, 'newOrder', ORDER, { status: 400, problem: ['malformed', 'No Key ID in JWS header'] })
}

for (const [severity, own, level, expected] of [
  ['error', 'error', 'warning', 'warning'],
  ['error', 'error', 'info', 'info'],
  ['warning', 'warning', 'error', 'error'],
  ['info', 'info', 'error', 'error'],
  ['warning', 'error', 'info', 'info'],
  ['warning', 'error', 'error', 'warning'],
  ['info', 'error', 'warning', 'info'],
  ['info', 'warning', 'error', 'info'],
] as const)
  test(`level: ${severity} of a rule of severity ${own} set to ${level} is ${expected}`, (t) => {
    t.is(atLevel(severity, own, level), expected)
  })

test('no policy changes nothing', async (t) => {
  const { verdict, compliant, checks, waived, found } = await under({}, kidless)
  t.is(verdict, 'client')
  t.false(compliant)
  t.is(checks?.kid, 'fail')
  t.is(checks?.jwk, 'fail')
  t.deepEqual(waived, [])
  t.is(found['kid-required'], 'error')
})

test('off: the finding is gone, its check does not apply, and nobody else is blamed for the refusal', async (t) => {
  const { verdict, first, compliant, checks, found, waived } = await under(
    { 'kid-required': 'off', 'jwk-forbidden': 'off' },
    kidless,
  )
  t.is(found['kid-required'], undefined)
  t.is(checks?.kid, 'not-applicable')
  t.is(checks?.jwk, 'not-applicable')
  t.true(compliant)
  t.deepEqual(waived.sort(), ['jwk-forbidden', 'kid-required'])
  t.is(first, null)
  t.is(verdict, 'undetermined', 'a client that is excused does not make the server guilty')
})

test('off for one rule leaves the other in force', async (t) => {
  const { compliant, checks, verdict } = await under({ 'kid-required': 'off' }, kidless)
  t.is(checks?.kid, 'not-applicable')
  t.is(checks?.jwk, 'fail')
  t.false(compliant)
  t.is(verdict, 'client')
})

test('warning: the finding stays, and the request is no longer called wrong', async (t) => {
  const { compliant, checks, found, first } = await under({ 'kid-required': 'warning', 'jwk-forbidden': 'warning' }, kidless)
  t.is(found['kid-required'], 'warning')
  t.is(checks?.kid, 'not-applicable')
  t.true(compliant)
  t.is(first, 'diag-kid-omitted-after-registration', 'a warning still explains why the server refused')
})

test('off for what cannot be told: it no longer leaves the request open', async (t) => {
  const late = (s: Session) => {
    const key = new Key('one')
    s.begin()
    key.kid = 'https://ca.example/acct/one'
    s.post(key, 'newOrder', ORDER, { status: 201, answer: { status: 'pending' } })
  }
  t.is((await under({}, late)).compliant, null)
  const off = Object.fromEntries(
    RULES.filter(({ group }) => group === 'signature' || group === 'kid' || group === 'jws').map(({ id }) => [
      id,
      'off' as const,
    ]),
  )
  const { compliant, checks } = await under(off, late)
  t.is(checks?.signature, 'not-applicable')
  t.true(compliant)
})

test('error: a warning of the catalogue becomes grave, and makes the request non-compliant', async (t) => {
  const odd = (s: Session) => {
    const key = new Key('one')
    s.begin().register(key)
    s.order(key, ['www.example'], {
      headers: [
        ['Content-Type', 'application/jose+json'],
        ['Replay-Nonce', 'x'],
      ],
    })
  }
  const normal = await under({}, odd)
  t.is(normal.found['replay-nonce-in-request'], 'warning')
  t.true(normal.compliant)
  const strict = await under({ 'replay-nonce-in-request': 'error' }, odd)
  t.is(strict.found['replay-nonce-in-request'], 'error')
  t.false(strict.compliant)
  t.is(strict.verdict, 'client')
})

test('a server that refuses a look-up is not judged by what the client was excused from', async (t) => {
  // the look-up is signed wrongly: that is why it is refused
  const scene = (s: Session) => {
    const key = new Key('one')
    s.begin().register(key)
    s.post(
      key,
      'newAccount',
      { onlyReturnExisting: true },
      { signature: (octets) => octets.map((octet) => octet ^ 1), status: 400, problem: ['malformed', 'JWS verification error'] },
    )
  }
  const { verdict, found } = await under({ 'signature-invalid': 'off' }, scene)
  t.is(found['server-lookup-refused'], undefined)
  t.is(verdict, 'undetermined')
})

test('diagnoses: off is silent, info is context and decides nothing, warning is milder', async (t) => {
  const off = await under({ 'diag-kid-omitted-after-registration': 'off' }, kidless)
  t.is(off.first, 'diag-client-at-fault', 'the next one that explains the refusal')
  const info = await under({ 'diag-kid-omitted-after-registration': 'info' }, kidless)
  t.is(info.severity, 'info')
  t.is(info.verdict, 'client', 'by the finding')
  const mild = await under({ 'diag-kid-omitted-after-registration': 'warning' }, kidless)
  t.is(mild.severity, 'warning')
  t.is(mild.verdict, 'client')
})

test('config: only levels that are not those of the catalogue are named, options before the file', (t) => {
  const { policy, config } = readPolicy({
    file: 'x.json',
    fromFile: { 'kid-required': 'error', 'nonce-old': 'off', 'accept-language': 'off' },
    fromOptions: { 'nonce-old': 'error' },
  })
  t.deepEqual(
    [...policy],
    [
      ['nonce-old', 'error'],
      ['accept-language', 'off'],
    ],
  )
  t.deepEqual(config, {
    file: 'x.json',
    rules: [
      { rule: 'accept-language', level: 'off', default: 'info', from: 'file' },
      {
        rule: 'nonce-old',
        level: 'error',
        default: RULES.find(({ id }) => id === 'nonce-old')?.severity ?? 'info',
        from: 'option',
      },
    ],
  })
  t.deepEqual(readPolicy({ file: null, fromFile: {}, fromOptions: {} }), { policy: new Map(), config: null })
  t.deepEqual(readPolicy({ file: 'y.json', fromFile: {}, fromOptions: {} }).config, { file: 'y.json', rules: [] })
  t.throws(() => readPolicy({ file: null, fromFile: {}, fromOptions: { nothing: 'off' } }), { instanceOf: RangeError })
  t.throws(() => readPolicy({ file: null, fromFile: {}, fromOptions: { 'nonce-old': 'loud' as never } }), {
    instanceOf: RangeError,
  })
})

test('every rule and diagnosis can be switched off, and then says nothing', async (t) => {
  const off = Object.fromEntries([...RULES, ...DIAGNOSES.map(({ kind }) => kind)].map(({ id }) => [id, 'off' as const]))
  const { found, first, compliant, verdict } = await under(off, kidless)
  t.deepEqual(found, {})
  t.is(first, null)
  t.true(compliant)
  t.is(verdict, 'undetermined')
})
