import { keyAt } from '../acme/accounts.ts'
import { statusOf } from '../acme/orders.ts'
import type { Account, AcmeRequest, AcmeTraffic, Challenge } from '../acme/traffic.ts'
import type { ChallengeLookUp } from '../dns/lookups.ts'
import { comparableIp } from '../pki/names.ts'
import { encodeBase64url, latin1Bytes } from '../platform/base64.ts'
import { digest } from '../platform/crypto.ts'
import { type Identifier, isIdentifier } from './identifiers.ts'
import { remembered, wasAccepted } from './scope.ts'

/** What rules about validation ask of the whole traffic: which challenge something belongs to, and what it demands. */

export interface Contest {
  readonly challenge: Challenge
  /** "http-01", ...; null when no answer told. */
  readonly type: string | null
  readonly token: string | null
  /** Of its authorization; null when that was not seen. */
  readonly identifier: Identifier | null
  readonly account: Account | null
  /** Responses to it (RFC 8555 7.5.1) that the CA did not refuse, in time order; of many the first ones. */
  readonly triggers: readonly AcmeRequest[]
  /** It, or its authorization, turned out valid. */
  readonly succeeded: boolean
  /** When an answer first showed its final status (RFC 8555 7.1.6); infinite when none did. */
  readonly finished: number
}

/** Responses to one challenge that are held against validation traffic; whoever repeats one more often has said enough. */
const MAX_TRIGGERS = 16

interface Contests {
  readonly byUrl: ReadonlyMap<string, Contest>
  readonly byToken: ReadonlyMap<string, readonly Contest[]>
}

/** The challenge that a request is sent to; null when no answer showed it. */
export function contestOf(request: AcmeRequest, traffic: AcmeTraffic): Contest | null {
  return remembered(traffic, contests).byUrl.get(request.url) ?? null
}

export function contestsOfToken(token: string, traffic: AcmeTraffic): readonly Contest[] {
  return remembered(traffic, contests).byToken.get(token) ?? []
}

function contests(traffic: AcmeTraffic): Contests {
  const triggers = new Map<string, AcmeRequest[]>()
  for (const request of traffic.requests) {
    if (!isTrigger(request) || (request.response !== null && request.response.status >= 300)) continue
    const known = triggers.get(request.url)
    if (known === undefined) triggers.set(request.url, [request])
    else if (known.length < MAX_TRIGGERS) known.push(request)
  }
  const byUrl = new Map<string, Contest>()
  const byToken = new Map<string, Contest[]>()
  for (const challenge of traffic.challenges.values()) {
    const contest = readContest(challenge, triggers.get(challenge.url) ?? [], traffic)
    byUrl.set(challenge.url, contest)
    if (contest.token === null) continue
    const same = byToken.get(contest.token)
    if (same === undefined) byToken.set(contest.token, [contest])
    else same.push(contest)
  }
  return { byUrl, byToken }
}

function readContest(challenge: Challenge, triggers: readonly AcmeRequest[], traffic: AcmeTraffic): Contest {
  const authorization = challenge.authorization === null ? undefined : traffic.authorizations.get(challenge.authorization)
  const text = (name: string) => challenge.history.map(({ object }) => object[name]).find((value) => typeof value === 'string')
  const identifier = authorization?.history.map(({ object }) => object.identifier).find(isIdentifier) ?? null
  const owner = challenge.account ?? triggers[0]?.kid ?? null
  return {
    challenge,
    type: (text('type') as string | undefined) ?? null,
    token: (text('token') as string | undefined) ?? null,
    identifier,
    account: owner === null ? null : (traffic.accounts.get(owner) ?? null),
    triggers,
    finished:
      challenge.history.find((seen) => ['valid', 'invalid'].includes(statusOf(seen) ?? ''))?.time ?? Number.POSITIVE_INFINITY,
    succeeded: [...challenge.history, ...(authorization?.history ?? [])].some((seen) => statusOf(seen) === 'valid'),
  }
}

/** A response to a challenge: a POST of a JSON object, which is {} for the types of RFC 8555 (7.5.1). */
export function isTrigger({ resource, method, payloadKind }: AcmeRequest): boolean {
  return resource === 'challenge' && method === 'POST' && payloadKind === 'object'
}

/** The challenge that a request responds to, when validation traffic may answer to it. */
export function contestStartedBy(request: AcmeRequest, traffic: AcmeTraffic): Contest | null {
  const contest = isTrigger(request) && wasAccepted(request) ? contestOf(request, traffic) : null
  return contest?.triggers.includes(request) === true ? contest : null
}

/** The key authorizations (RFC 8555 8.1) of the account's keys in force at some moments; empty when no key is known. */
export function keyAuthorizations({ token, account }: Contest, ...times: readonly number[]): string[] {
  if (account === null || token === null) return []
  const thumbprints = new Set<string>()
  for (const time of times) {
    const thumbprint = keyAt(account, time)?.key.thumbprint ?? null
    if (thumbprint !== null) thumbprints.add(thumbprint)
  }
  return [...thumbprints].map((thumbprint) => `${token}.${thumbprint}`)
}

/** SHA-256 of a key authorization (RFC 8555 8.4, RFC 8737 3). */
export function keyDigest(keyAuthorization: string): Uint8Array {
  return digest('sha256', latin1Bytes(keyAuthorization))
}

/** Whose key a thumbprint is, in words that follow "is that of"; null when the capture does not know it. */
export function ownerOfThumbprint(thumbprint: string, { account }: Contest, traffic: AcmeTraffic): string | null {
  const owners = traffic.accountsByKey.get(thumbprint)
  if (owners === undefined) return null
  if (account !== null && owners.includes(account)) return 'an earlier or later key of this account'
  return `account ${owners[0]?.url}`
}

/** The name that a validator asks for TXT records (RFC 8555 8.4); null when the challenge is no such one, or its name is not known. */
export function recordName({ type, identifier, account, challenge }: Contest): string | null {
  if (identifier === null || identifier.type !== 'dns') return null
  const name = identifier.value.toLowerCase().replace(/^\*\./, '').replace(/\.$/, '')
  if (type === 'dns-01') return `_acme-challenge.${name}`
  const url = account?.url ?? challenge.account
  // draft-ietf-acme-dns-account-label: the first ten octets of the digest of the account URL
  if (type === 'dns-account-01' && url !== null)
    return `_${base32(digest('sha256', latin1Bytes(url)).subarray(0, 10))}._acme-challenge.${name}`
  return null
}

/** RFC 4648 6, lower case; of a multiple of five octets. */
function base32(octets: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) text += 'abcdefghijklmnopqrstuvwxyz234567'[(held >> (bits - 5)) & 31]
  }
  return text
}

export function isDnsChallenge({ type }: Contest): boolean {
  return type === 'dns-01' || type === 'dns-account-01'
}

/** Questions and answers about a name, in time order. */
export function lookUpsOf(name: string, traffic: AcmeTraffic): readonly ChallengeLookUp[] {
  return remembered(traffic, lookUpsByName).get(name) ?? []
}

function lookUpsByName({ side }: AcmeTraffic): ReadonlyMap<string, readonly ChallengeLookUp[]> {
  const found = new Map<string, ChallengeLookUp[]>()
  for (const lookUp of side.lookUps) {
    const known = found.get(lookUp.question)
    if (known === undefined) found.set(lookUp.question, [lookUp])
    else known.push(lookUp)
  }
  return found
}

/** What TXT records at the name have to hold (RFC 8555 8.4), with the keys in force at some moments; empty when no key is known. */
export function recordValues(contest: Contest, ...times: readonly number[]): string[] {
  return keyAuthorizations(contest, ...times).map((text) => encodeBase64url(keyDigest(text)))
}

/** RFC 8737 3: the server name of a validation handshake; for an address its reverse name (RFC 8738 6). */
export function validationServerName({ type, value }: Identifier): string | null {
  if (type === 'dns') return value.toLowerCase().replace(/^\*\./, '')
  const ip = type === 'ip' ? comparableIp(value) : null
  if (ip === null) return null
  if (!ip.includes(':')) return `${ip.split('.').reverse().join('.')}.in-addr.arpa`
  const [front = '', back = ''] = ip.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const middle = ip.includes('::') ? Array<string>(8 - groups(front).length - groups(back).length).fill('0') : []
  const digits = [...groups(front), ...middle, ...groups(back)].map((group) => group.padStart(4, '0')).join('')
  return `${[...digits].reverse().join('.')}.ip6.arpa`
}

/** From this response until the next one to the same challenge, or until the outcome was known: what a validator did then answers to this response. */
export function windowOf(request: AcmeRequest, { triggers, finished }: Contest): { readonly from: number; readonly to: number } {
  const next = triggers.find(({ time, id }) => time >= request.time && id > request.id)
  return { from: request.time, to: Math.min(next?.time ?? Number.POSITIVE_INFINITY, finished) }
}
