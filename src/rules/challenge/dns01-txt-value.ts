import type { AcmeTraffic } from '../../acme/traffic.ts'
import { decodeBase64, encodeBase64url, latin1Bytes } from '../../platform/base64.ts'
import { encodeHex } from '../../platform/crypto.ts'
import { encodeBase64 } from '../../platform/octets.ts'
import {
  type Contest,
  contestStartedBy,
  isDnsChallenge,
  keyAuthorizations,
  keyDigest,
  lookUpsOf,
  recordName,
  recordValues,
  windowOf,
} from '../challenges.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote } from '../scope.ts'

/** What a wrong value is, as a sentence part. */
function mistakeIn(value: string, right: string, contest: Contest, traffic: AcmeTraffic): string {
  if (value === `${right}=`) return 'it is padded with "="'
  const octets = decodeBase64(right)
  if (value === encodeBase64(octets) || value === encodeBase64(octets).replace(/=+$/, ''))
    return 'it is standard base64, not base64url'
  if (value.toLowerCase() === encodeHex(octets)) return 'it is the digest in hexadecimal'
  if (value === encodeBase64url(latin1Bytes(encodeHex(octets)))) return 'it is base64url of the hexadecimal digest'
  const unquoted = value.replace(/^"(.*)"$/s, '$1')
  if (unquoted === right) return 'it is in quotes'
  if (value.trim() === right) return 'it has white space around it'
  if (value !== '' && right.startsWith(value)) return 'it is cut short'
  if (value.includes('.') && value.split('.')[0] === contest.token) return 'it is the key authorization itself, not its digest'
  const other = otherAccount(value, contest, traffic)
  return other === null ? 'it is not of this token and key' : `it is made with the key of ${other}`
}

/** The account whose key makes the value with this token. */
function otherAccount(value: string, { token, account }: Contest, traffic: AcmeTraffic): string | null {
  if (token === null || value.length !== 43) return null
  for (const [thumbprint, owners] of [...traffic.accountsByKey].slice(0, 1000))
    if (encodeBase64url(keyDigest(`${token}.${thumbprint}`)) === value)
      return account !== null && owners.includes(account) ? 'this account at another time' : `account ${owners[0]?.url}`
  return null
}

export const dns01TxtValue: Rule = {
  id: 'dns01-txt-value',
  group: 'challenge',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'dns-01 TXT equals base64url(SHA-256(key authorization))',
  norm: 'The TXT record holds the unpadded base64url digest of the key authorization.',
  decide:
    "From captured DNS answers (UDP and TCP) for the name: pass if any TXT record, its character-strings joined, is the digest of the key authorization. On a mismatch between the response and its outcome the variant is named: padded, standard base64, hexadecimal, the key authorization itself, quoted, cut short, another account's. The finding stands with the response to the challenge and does not make it non-compliant.",
  traps: [
    'Several TXT values at one name are normal (apex plus wildcard).',
    "A TXT's character-strings are joined before comparison.",
  ],
  unknownWhen: ['U-SIDE', 'U-KEY', 'U-START'],
  inPractice: {
    Boulder: "challenge error unauthorized 'Incorrect TXT record' / 'No TXT record found'; lookup failure is dns",
    Pebble: 'unauthorized',
    'step-ca': 'rejectedIdentifier / dns, challenge stays pending',
    'golang.org/x/crypto/acme': 'DNS01ChallengeRecord',
  },
  remedy: 'Publish the digest, unpadded base64url.',
  references: ['RFC 8555 §8.4'],
  why: 'The CA finds another value than it computes, and the authorization is invalid.',
  fixes: { 'cert-manager': 'Compare the TXT record with spec.key of the Challenge.' },
  examples: {
    fails: '_acme-challenge.www.example TXT "TOKEN.THUMBPRINT"',
    passes: '_acme-challenge.www.example TXT "base64url(SHA-256(TOKEN.THUMBPRINT))"',
  },
  subjects: 'validation',
  explains: { types: ['unauthorized', 'dns', 'incorrectResponse'], details: [/TXT record/] },
  judge(request, traffic) {
    const contest = contestStartedBy(request, traffic)
    if (contest === null || !isDnsChallenge(contest)) return undefined
    const name = recordName(contest)
    if (name === null || contest.token === null)
      return unknown('U-START', 'the authorization that the challenge belongs to is not in the capture')
    const answers = lookUpsOf(name, traffic).filter(({ isAnswer, texts }) => isAnswer && texts.length > 0)
    if (answers.length === 0) return unknown('U-SIDE', `no TXT record of ${quote(name)} is in the capture`)
    const expected = recordValues(contest, request.time, answers.at(-1)?.time ?? request.time)
    const [right] = expected
    if (right === undefined) return unknown('U-KEY', 'the key of the account that the challenge belongs to is not known')
    if (answers.some(({ texts }) => texts.some(({ value }) => expected.includes(value)))) return HOLDS
    const { from, to } = windowOf(request, contest)
    const seen = answers.find(({ input, time }) => input === request.exchange.input && time >= from && time < to)
    if (seen === undefined || contest.succeeded)
      return unknown('U-SIDE', `what the validator found at ${quote(name)} is not in the capture`)
    const values = seen.texts.map(({ value }) => value)
    const [key] = keyAuthorizations(contest, request.time)
    return broken(
      dns01TxtValue,
      `The TXT ${values.length === 1 ? 'record' : 'records'} at ${quote(name)} ${values.length === 1 ? 'is' : 'are'} ${values.slice(0, 4).map(quote).join(', ')}, but the challenge demands ${quote(right)}: ${mistakeIn(values[0] ?? '', right, contest, traffic)}.`,
      {
        evidence: {
          name,
          values: values.slice(0, 10).map(quote),
          expected: right,
          keyAuthorization: key ?? null,
          frames: seen.frames.slice(0, 10),
        },
      },
    )
  },
}
