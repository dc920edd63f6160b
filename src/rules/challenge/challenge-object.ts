import { objects } from '../../acme/answers.ts'
import type { AcmeRequest } from '../../acme/traffic.ts'
import { isObject, type JsonObject } from '../../jose/json-object.ts'
import { lostContent } from '../answer.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, uncertainRole, wasAccepted } from '../scope.ts'
import { readTimestamp } from '../timestamps.ts'

const STATUSES = ['pending', 'processing', 'valid', 'invalid']
/** Their definitions require a token (RFC 8555 8.3, 8.4; RFC 8737 3). */
const WITH_TOKEN: ReadonlySet<string> = new Set(['http-01', 'dns-01', 'tls-alpn-01', 'dns-account-01'])
/** RFC 8555 8.1: the base64url alphabet, and 128 bits, which take 22 characters. */
const TOKEN = /^[A-Za-z0-9_-]{22,}$/

/** Members that RFC 8555 8 requires, with their types. */
function flawsOf({ type, url, status, token, validated, error }: JsonObject): string[] {
  const flaws: string[] = []
  if (typeof type !== 'string') flaws.push(`type is ${quote(type ?? null)}`)
  if (typeof url !== 'string') flaws.push(`url is ${quote(url ?? null)}`)
  if (!STATUSES.includes(String(status))) flaws.push(`status is ${quote(status ?? null)}`)
  if (WITH_TOKEN.has(String(type)) && !(typeof token === 'string' && TOKEN.test(token)))
    flaws.push(`token is ${quote(token ?? null)}; it has to be base64url with at least 22 characters`)
  if (validated === undefined ? status === 'valid' : readTimestamp(validated) === null)
    flaws.push(
      validated === undefined
        ? 'validated is missing, which a valid challenge has to have'
        : `validated ${quote(validated)} is no RFC 3339 date`,
    )
  if (error !== undefined && error !== null && !isObject(error)) flaws.push('error is no problem document')
  return flaws
}

/** The challenges that an answer shows. */
function challengesIn({ resource, answer }: AcmeRequest): JsonObject[] {
  if (!isObject(answer)) return []
  return resource === 'challenge' ? [answer] : objects(answer.challenges)
}

export const challengeObject: Rule = {
  id: 'challenge-object',
  group: 'challenge',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'Challenge object is well formed',
  norm: 'type, url, status required; token with the right alphabet and at least 128 bits (22 characters); validated with valid; invalid carries error, and error implies invalid once final.',
  decide:
    'Answers 2xx that show challenges: type, url and status (one of four) with their types; for types that define a token, base64url with at least 22 characters; validated with valid, and RFC 3339; error is an object. Invalid without error, or an error with another status than invalid or processing: warning.',
  traps: [
    '§8.2 lets a processing challenge carry error entries while retrying.',
    'Draft challenge types have other members.',
    'Erratum 5732: error may appear with status processing as well as invalid.',
  ],
  unknownWhen: ['U-RESP', 'U-GAP'],
  inPractice: {
    Boulder: 'Conforms; shuffles order; dns-persist-01 has no token',
    Pebble: 'Conforms',
    'step-ca': 'May keep error with status pending (retryable failure)',
    'golang.org/x/crypto/acme': 'Reads type,url,token,status,error,validated',
  },
  remedy: 'Server: fix the object.',
  references: ['RFC 8555 §8', 'RFC 8555 §8.2', 'RFC 8555 §8.3', 'RFC 8555 §8.4'],
  why: 'The client cannot tell what to provide, or whether the validation is over.',
  examples: {
    fails: '{"type": "http-01", "url": "https://ca.example/chall/1"}',
    passes:
      '{"type": "http-01", "url": "https://ca.example/chall/1", "status": "pending", "token": "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ"}',
  },
  explains: { types: [], details: [] },
  judge(request) {
    const { resource } = request
    if ((resource !== 'challenge' && resource !== 'authorization' && resource !== 'newAuthz') || request.method !== 'POST')
      return undefined
    if (request.response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (!wasAccepted(request) || uncertainRole(request) !== null) return undefined
    const lost = lostContent(request)
    if (lost !== null) return lost
    const challenges = challengesIn(request)
    if (challenges.length === 0) return undefined
    for (const challenge of challenges) {
      const flaws = flawsOf(challenge)
      if (flaws.length === 0) continue
      return broken(challengeObject, `In the challenge ${quote(challenge.url ?? null)} ${flaws.join('; ')}.`, {
        evidence: { url: challenge.url ?? null, flaws },
      })
    }
    const silent = challenges.find(({ status, error }) => status === 'invalid' && !isObject(error))
    if (silent !== undefined)
      return broken(challengeObject, `The challenge ${quote(silent.url)} is invalid, but no error says why.`, {
        severity: 'warning',
        evidence: { url: silent.url },
      })
    const early = challenges.find(({ status, error }) => isObject(error) && status !== 'invalid' && status !== 'processing')
    if (early !== undefined)
      return broken(challengeObject, `The challenge ${quote(early.url)} carries an error but is ${quote(early.status)}.`, {
        severity: 'warning', // RFC 8555 erratum 5732: with invalid or processing
        evidence: { url: early.url, status: early.status },
      })
    return HOLDS
  },
}
