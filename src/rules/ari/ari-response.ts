import { field } from '../../http/exchange.ts'
import { isObject } from '../../jose/json-object.ts'
import { lostAnswer, lostContent } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'
import { readTimestamp } from '../timestamps.ts'

function* faults(answer: unknown): Generator<string> {
  if (!isObject(answer)) {
    yield 'it is no JSON object'
    return
  }
  const window = answer.suggestedWindow
  if (!isObject(window)) {
    yield window === undefined ? 'it has no suggestedWindow' : `suggestedWindow is ${quote(window)}, not an object`
    return
  }
  const times = (['start', 'end'] as const).map((name) => ({ name, value: window[name], time: readTimestamp(window[name]) }))
  for (const { name, value, time } of times)
    if (time === null)
      yield value === undefined ? `suggestedWindow has no ${name}` : `${name} ${quote(value)} is no RFC 3339 date`
  const [start, end] = times
  if (start?.time != null && end?.time != null && end.time <= start.time)
    yield `the window ends (${quote(end.value)}) before it has begun (${quote(start.value)})`
}

export const ariResponse: Rule = {
  id: 'ari-response',
  group: 'ari',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 2,
  title: 'renewalInfo object and Retry-After',
  norm: 'suggestedWindow start strictly before end, RFC 3339; Retry-After is the scheduling signal; explanationURL optional.',
  decide: 'Parse; fail on end <= start, missing window, bad dates; warn on missing Retry-After.',
  traps: ['A window in the past means renew now: valid.'],
  unknownWhen: ['U-RESP', 'U-GAP', 'U-REDACT'],
  inPractice: {
    Boulder: 'Conforms',
    Pebble: 'Conforms (management override may serve anything)',
    'golang.org/x/crypto/acme': 'Fork rejects inverted windows',
  },
  remedy: 'Server: fix window.',
  references: ['RFC 9773 §4.2', 'RFC 9773 §4.3'],
  why: 'Without a window and a time to ask again the client cannot plan the renewal.',
  examples: {
    fails: '{"suggestedWindow": {}}',
    passes: '{"suggestedWindow": {"start": "2026-03-01T00:00:00Z", "end": "2026-03-03T00:00:00Z"}}',
  },
  explains: { types: [], details: [] },
  resources: ['renewalInfo'],
  judge(request) {
    if (request.roleBasis === 'guessed' || request.method !== 'GET') return undefined
    const { response, answer } = request
    if (response !== null && response.status !== 200) return undefined
    const lost = lostAnswer(request) ?? lostContent(request)
    if (lost !== null || response === null) return lost ?? undefined
    const found = [...faults(answer)]
    if (found.length > 0)
      return broken(ariResponse, `The renewal information cannot be used: ${found.join('; ')}.`, {
        evidence: { answer: answer ?? null },
      })
    if (field(response.headers, 'retry-after') === null)
      return broken(
        ariResponse,
        'The answer has no Retry-After, so that clients do not know when to ask again and fall back to six hours.',
        { severity: 'warning' },
      )
    return HOLDS
  },
}
