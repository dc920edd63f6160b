import type { AcmeTraffic } from '../../acme/traffic.ts'
import { type Contest, contestStartedBy, isDnsChallenge, lookUpsOf, recordName, windowOf } from '../challenges.ts'
import { fetchesOfToken, isSelfCheck } from '../fetches.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { seconds } from '../scope.ts'

/** One question of a validator: when, in which input, and what it got instead of the resource; null when it found that. */
interface Attempt {
  readonly input: number
  readonly time: number
  readonly failure: string | null
}

function attemptsAt(contest: Contest, traffic: AcmeTraffic): Attempt[] {
  if (contest.type === 'http-01' && contest.token !== null)
    return fetchesOfToken(contest.token, traffic)
      .filter((fetch) => !isSelfCheck(fetch, contest))
      .flatMap(({ hops }) => {
        const last = hops.at(-1)
        const status = last?.response?.status
        if (last === undefined || status === undefined || (status >= 300 && status < 400)) return []
        const missing = status === 404 || status === 410
        return [{ input: last.exchange.input, time: last.time, failure: missing ? `the answer ${status}` : null }]
      })
  const name = isDnsChallenge(contest) ? recordName(contest) : null
  if (name === null) return []
  return lookUpsOf(name, traffic)
    .filter(({ isAnswer, type, truncated }) => isAnswer && type === 'TXT' && !truncated)
    .map(({ input, time, denied, rcode }) => ({ input, time, failure: denied ? `${rcode} without a TXT record` : null }))
}

export const challengeTooEarly: Rule = {
  id: 'challenge-too-early',
  group: 'challenge',
  party: 'client',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'Response provisioned before the challenge is triggered',
  norm: "Clients should trigger only when they expect the server's query to succeed.",
  decide:
    "Of the validator's fetches (http-01) or look-ups (dns-01) between the response and its outcome: warn when one was answered 404 or 410, or was told that the name or its TXT record does not exist. Fetches before the response, or from the client's own address, are its own checks.",
  traps: [
    'Negative TXT answers are cached for the SOA minimum: a late record still fails.',
    'Multi-perspective validation comes from several networks.',
  ],
  unknownWhen: ['U-SIDE', 'U-CLOCK'],
  inPractice: {
    Boulder: 'No retry: one failed validation makes it invalid',
    Pebble: 'Validation delayed by a random sleep',
    'step-ca': 'Retryable failures keep it pending',
    'golang.org/x/crypto/acme': 'No self check; cert-manager does its own self check first',
  },
  remedy: 'Wait for propagation (all authoritative servers, all perspectives).',
  references: ['RFC 8555 §8.2'],
  why: 'The CA looks at once and finds nothing, and the authorization is lost: a new order is needed.',
  fixes: {
    'cert-manager':
      'It checks itself before it asks the CA. When it sees other DNS answers than the CA does, set --dns01-recursive-nameservers of the controller.',
    certbot: 'DNS plugins have a --dns-PLUGIN-propagation-seconds: raise it.',
    'acme.sh': 'Raise --dnssleep.',
  },
  examples: {
    fails: 'POST challenge {} before the answer is in place',
    passes: 'The answer is in place everywhere, then POST challenge {}',
  },
  explains: { types: ['dns', 'unauthorized', 'connection', 'incorrectResponse'], details: [] },
  judge(request, traffic) {
    const contest = contestStartedBy(request, traffic)
    if (contest === null || (contest.type !== 'http-01' && !isDnsChallenge(contest))) return undefined
    const attempts = attemptsAt(contest, traffic)
    if (attempts.length === 0) return unknown('U-SIDE', 'no validation of this challenge is in the capture')
    const { from, to } = windowOf(request, contest)
    const own = attempts.filter(({ input, time }) => input === request.exchange.input && time >= from && time < to)
    if (own.length === 0) {
      if (attempts.every(({ input }) => input !== request.exchange.input))
        return unknown('U-CLOCK', 'the validation is in another capture, whose clock may differ')
      return unknown('U-SIDE', 'no validation after this response is in the capture')
    }
    const failed = own.find(({ failure }) => failure !== null)
    if (failed === undefined) return HOLDS
    const later = own.find(({ failure, time }) => failure === null && time > failed.time)
    return broken(
      challengeTooEarly,
      `${seconds(failed.time - from)} after this response the validator got ${failed.failure}${later === undefined ? '' : `; the resource was there ${seconds(later.time - from)} after the response`}.`,
      { evidence: { type: contest.type, identifier: contest.identifier?.value ?? null, attempts: own.length } },
    )
  },
}
