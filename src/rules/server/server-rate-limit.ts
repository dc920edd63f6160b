import { acmeType } from '../../acme/answers.ts'
import { field } from '../../http/exchange.ts'
import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'
import { retryAfter } from '../timestamps.ts'

export const serverRateLimit: Rule = {
  id: 'server-rate-limit',
  group: 'server',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 1,
  title: 'rateLimited has Retry-After',
  norm: 'Exceeding a limit is type rateLimited; Retry-After should say when; Link rel=help may explain.',
  decide:
    'A problem document with status 429 or type rateLimited: another type with 429, no Retry-After, or one that is neither seconds nor a date: warning. rateLimited with another status than 429: info.',
  traps: ["A CDN's 429 has no problem document."],
  unknownWhen: ['U-REDACT', 'U-GAP'],
  inPractice: {
    Boulder: '429, Retry-After, Link help; also used for paused identifiers, then with an unpause URL and no Retry-After',
    Pebble: 'No limits',
    'step-ca': '400 if used',
    'golang.org/x/crypto/acme': "Retries 429 with back-off; cert-manager's back-off gives up at once",
  },
  remedy: 'Server: add Retry-After.',
  references: ['RFC 8555 §6.6'],
  why: 'Without a time to wait clients try again at once and stay limited.',
  examples: { fails: 'HTTP/1.1 429 Too Many Requests without Retry-After', passes: 'Retry-After: 3600' },
  explains: { types: [], details: [] },
  judge(request) {
    const { response, problem } = request
    if (response === null) return undefined
    const type = acmeType(problem)
    if (type !== 'rateLimited' && (response.status !== 429 || problem?.object == null)) return undefined // a CDN's 429 has no problem document
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    const evidence = { status: response.status, type }
    if (type !== 'rateLimited')
      return broken(serverRateLimit, `Status 429 goes with the type rateLimited; here it is ${quote(problem?.type ?? null)}.`, {
        evidence,
      })
    const wait = retryAfter(response)
    if (wait === null)
      return broken(
        serverRateLimit,
        "The answer does not say with Retry-After when to try again. Let's Encrypt leaves it out for names it has paused.",
        { evidence },
      )
    if (Number.isNaN(wait) && !/gmt/i.test(field(response.headers, 'retry-after') ?? ''))
      return broken(
        serverRateLimit,
        `Retry-After ${quote(field(response.headers, 'retry-after'))} is neither seconds nor a date.`,
        { evidence },
      )
    return response.status === 429
      ? HOLDS
      : broken(serverRateLimit, `A rate limit was answered with status ${response.status}; clients expect 429 (RFC 6585 §4).`, {
          severity: 'info',
          evidence,
        })
  },
}
