import test from 'ava'
import { judge } from '../src/rules/judge.ts'
import { broken, HOLDS, type Rule } from '../src/rules/rule.ts'
import { spentBefore } from '../src/rules/spent.ts'
import { alter, seenAgain } from './support/altering.ts'
import { Key, Session } from './support/session.ts'

const LOST = [{ layer: 'http', kind: 'gap', detail: 'lost', count: 1, firstFrame: 1 }] as const

/** A rule that finds fault with whatever it sees. */
const HARSH = {
  id: 'kid-required',
  group: 'kid',
  party: 'client',
  severity: 'error',
  unknownWhen: [],
  explains: { types: [], details: [] },
  judge: () => broken({ severity: 'error', party: 'client' }, 'wrong'),
} as unknown as Rule

async function harshly(bend: (s: Session) => void, rule: Rule = HARSH) {
  const s = new Session()
  const key = new Key('one')
  s.begin().register(key)
  s.order(key)
  bend(s)
  const judgement = judge(await s.settle(), [rule]).at(-1)
  return { found: judgement?.findings.length, code: judgement?.undecided[0]?.code ?? null, compliant: judgement?.compliant }
}

for (const [title, bend, expected] of [
  ['a whole request is judged', () => {}, { found: 1, code: null, compliant: false }],
  [
    'HTTP/1.1: damage elsewhere in the request leaves method and target readable',
    (s) => alter(s, { request: { damage: LOST } }),
    { found: 1, code: null, compliant: false },
  ],
  [
    'HTTP/1.1: a target that was lost accuses nobody',
    (s) => alter(s, { request: { damage: LOST, target: '' } }),
    { found: 0, code: 'U-GAP', compliant: null },
  ],
  [
    'HTTP/1.1: a method that was lost accuses nobody',
    (s) => alter(s, { request: { damage: LOST, method: '' } }),
    { found: 0, code: 'U-GAP', compliant: null },
  ],
  [
    'HTTP/2: any damage may have taken the table that the fields refer to',
    (s) => alter(s, { request: { damage: LOST }, exchange: { streamId: 5 } }),
    { found: 0, code: 'U-GAP', compliant: null },
  ],
  [
    'HTTP/2: a whole request is judged',
    (s) => alter(s, { exchange: { streamId: 5 } }),
    { found: 1, code: null, compliant: false },
  ],
] as const satisfies readonly (readonly [string, (s: Session) => void, object])[])
  test(`as far as seen: ${title}`, async (t) => {
    t.deepEqual(await harshly(bend), expected)
  })

test('as far as seen: what holds and what is silent stays so in a damaged request', async (t) => {
  const holds = { ...HARSH, judge: () => HOLDS } as unknown as Rule
  const silent = { ...HARSH, judge: () => undefined } as unknown as Rule
  const damaged = (s: Session) => alter(s, { request: { damage: LOST }, exchange: { streamId: 5 } })
  for (const rule of [holds, silent]) {
    const { found, code } = await harshly(damaged, rule)
    t.is(found, 0)
    t.is(code, null)
  }
})

test('as far as seen: a rule that reviews is held back as well', async (t) => {
  const reviewing = { ...HARSH, judge: undefined, review: () => broken({ severity: 'error', party: 'server' }, 'wrong') }
  const { found, code } = await harshly(
    (s) => alter(s, { request: { damage: LOST }, exchange: { streamId: 5 } }),
    reviewing as unknown as Rule,
  )
  t.is(found, 0)
  t.is(code, 'U-GAP')
})

/** One request captured in two places; the second view's answer is changed. */
async function seenTwice(response: Parameters<typeof alter>[1]['response']) {
  const s = new Session()
  const key = new Key('one')
  s.begin().register(key)
  s.order(key)
  seenAgain(s, 7, response === undefined ? {} : { response })
  const traffic = await s.settle()
  return { traffic, spent: spentBefore(traffic) }
}

test('spent: another answer tells two requests from one seen twice', async (t) => {
  const { traffic, spent } = await seenTwice({ status: 400 })
  const second = traffic.requests.at(-1)
  t.truthy(second)
  const copies = second === undefined ? undefined : spent.get(second)?.copies
  t.is(copies?.count, 1)
  t.false(copies?.maybeOne)
})

test('spent: a damaged answer is no answer, so it tells nothing apart', async (t) => {
  const { traffic, spent } = await seenTwice({ status: 400, damage: LOST })
  const second = traffic.requests.at(-1)
  t.truthy(second)
  const copies = second === undefined ? undefined : spent.get(second)?.copies
  t.is(copies?.count, 1)
  t.true(copies?.maybeOne)
})
