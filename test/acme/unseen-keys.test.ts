import test from 'ava'
import { Key, Session } from '../support/session.ts'

/** A refused request that the account's known key does not verify, after an answer was lost. */
function refusedAfterLoss(usesOldKeyLater: boolean): Session {
  const s = new Session().begin()
  const key = new Key('a')
  const next = new Key('next', 'P-384')
  s.register(key)
  s.order(key, ['lost.example'], { unanswered: true })
  s.newNonce()
  next.kid = key.kid
  s.post(next, 'newOrder', { identifiers: [] }, { status: 400, problem: ['malformed', 'no'] })
  if (usesOldKeyLater) s.post(key, key.kid ?? '')
  return s
}

test('after a loss, a key that does not verify may have been replaced unseen', async (t) => {
  const judgement = (await refusedAfterLoss(false).judge())[5] ?? t.fail()
  t.is(judgement.request.alg, 'ES384')
  t.is(judgement.checks.signature, 'unknown')
  const rules = judgement.findings.map(({ rule }) => rule.id)
  t.false(
    rules.some((id) => id.startsWith('alg-') || id.startsWith('signature-')),
    rules.join(' '),
  )
})

test('an account that uses its known key again has not replaced it', async (t) => {
  const judgement = (await refusedAfterLoss(true).judge())[5] ?? t.fail()
  t.true(judgement.findings.some(({ rule }) => rule.id === 'alg-key-mismatch'))
})
