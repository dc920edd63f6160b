import test from 'ava'
import { alter } from '../support/altering.ts'
import { Key, Session } from '../support/session.ts'

const LOST = [
  {
    kind: 'gap',
    layer: 'http',
    detail: 'header fields that refer to HPACK table entries that were not captured',
    count: 1,
    firstFrame: 1,
  },
] as const

/** The last request as HTTP/2 gives it whose path was in a header block that was not captured. */
function losePath(s: Session): void {
  alter(s, { exchange: { streamId: 1 }, request: { target: '', url: s.origin, damage: LOST } })
}

test('the signed URL stands in for a path that was lost, and the url check stays open', async (t) => {
  const s = new Session().begin()
  const key = new Key('a')
  s.register(key)
  s.order(key)
  losePath(s)
  const { request, checks, compliant } = (await s.judge())[3] ?? t.fail()
  t.is(request.url, s.url('newOrder'))
  t.is(request.resource, 'newOrder')
  t.is(checks.url, 'unknown')
  t.is(compliant, null)
})

test('requests whose path was lost do not share a role', async (t) => {
  const s = new Session() // no directory: roles are learnt from the answers
  const key = new Key('a')
  const other = new Key('b')
  key.kid = `${s.origin}/acct/a`
  s.post(
    key,
    'newOrder',
    { identifiers: [{ type: 'dns', value: 'www.example' }] },
    {
      status: 201,
      drop: ['url'],
      answer: { status: 'pending', identifiers: [], authorizations: [], finalize: `${s.origin}/f` },
      answerHeaders: [['Location', `${s.origin}/order/1`]],
    },
  )
  losePath(s)
  s.register(other, { drop: ['url'] })
  losePath(s)
  const judgements = await s.judge()
  t.deepEqual(
    judgements.map(({ request }) => request.resource),
    ['newOrder', 'newAccount'],
  )
  t.deepEqual(
    judgements.flatMap(({ findings }) => findings.filter(({ verdict }) => verdict.severity === 'error')),
    [],
  )
})

test('a client that names an account at newAccount does not turn the URL into an account', async (t) => {
  const s = new Session()
  const key = new Key('a')
  key.kid = `${s.origin}/acct/a`
  s.post(
    key,
    s.url('newAccount'),
    { onlyReturnExisting: true },
    { answer: { status: 'valid', contact: [], orders: `${key.kid}/orders` }, answerHeaders: [['Location', key.kid]] },
  )
  s.register(new Key('b'))
  const [, second] = await s.judge()
  t.is(second?.request.resource, 'newAccount')
  t.deepEqual(
    second?.findings.filter(({ verdict }) => verdict.severity === 'error'),
    [],
  )
})

test('a wrong signed URL does not teach what a request was for whose path was lost', async (t) => {
  const s = new Session().begin()
  const key = new Key('a')
  s.register(key, { header: { url: s.url('newOrder') } })
  losePath(s)
  s.post(key, key.kid ?? '', { contact: [] }, { answer: { status: 'valid', contact: [], orders: `${key.kid}/orders` } })
  const [, , lost, update] = await s.judge()
  t.is(lost?.request.roleBasis, 'guessed')
  t.is(update?.request.resource, 'account')
  t.deepEqual(
    update?.findings.filter(({ verdict }) => verdict.severity === 'error'),
    [],
  )
})
