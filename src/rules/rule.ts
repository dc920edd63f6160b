import type { AcmeRequest, AcmeTraffic, Resource, UnknownCode } from '../acme/traffic.ts'
import type { Judgement } from './judge.ts'

export type Severity = 'error' | 'warning' | 'info'
/** What a user makes of a rule: nothing, or the severest that it gives. */
export type Level = 'off' | Severity
export const LEVELS: readonly Level[] = ['off', 'info', 'warning', 'error']
export type Party = 'client' | 'server' | 'proxy' | 'capture' | 'unknown'

/**
 * What a rule says of one request. `undefined` instead of a verdict: the rule does not speak of this request.
 * A broken verdict may be milder than the rule's severity where its procedure says so, never harsher, and names the party itself
 * when the rule's party is 'either'.
 */
export type Verdict = typeof HOLDS | Broken | Unknown

export const HOLDS = { outcome: 'holds' } as const

export interface Broken {
  readonly outcome: 'broken'
  readonly severity: Severity
  readonly party: Party
  /** One or two sentences: what was seen, with the values. Untrusted text in it is escaped by whoever prints it. */
  readonly message: string
  /** Instead of the rule's own remedy, when the case allows a better one. */
  readonly remedy: string | null
  readonly evidence: Readonly<Record<string, unknown>>
}

export interface Unknown {
  readonly outcome: 'unknown'
  readonly code: UnknownCode
  /** Why the capture cannot tell, in words. */
  readonly reason: string
}

export type Group =
  | 'transport'
  | 'jws'
  | 'kid'
  | 'jwk'
  | 'nonce'
  | 'url'
  | 'signature'
  | 'account'
  | 'eab'
  | 'order'
  | 'authorization'
  | 'challenge'
  | 'finalize'
  | 'certificate'
  | 'revocation'
  | 'key-change'
  | 'ari'
  | 'server'
  | 'capture'

/** What is known about a rule or a diagnosis, printed by `acmescope rules ID` from these fields. */
export interface Catalogued {
  readonly id: string
  readonly group: Group | 'session'
  /** Whose conduct it judges; 'either': each verdict names the party. */
  readonly party: 'client' | 'server' | 'either' | 'capture'
  /** The severest it gives. */
  readonly severity: Severity
  readonly level: 'request' | 'exchange' | 'session' | 'capture'
  readonly tier: 1 | 2
  readonly title: string
  /** The requirement in our words, the procedure, and why to be careful. */
  readonly norm: string
  readonly decide: string
  readonly traps: readonly string[]
  readonly unknownWhen: readonly UnknownCode[]
  /** How servers and clients behave, by name. */
  readonly inPractice: Readonly<Record<string, string>>
  readonly remedy: string
  readonly references: readonly string[]
  /** What goes wrong, and for whom, when the rule is broken. */
  readonly why?: string
  /** What the operator of a client does, where there is more to say than the remedy. */
  readonly fixes?: Readonly<Partial<Record<FixedClient, string>>>
  /** The smallest part of a message that shows it, broken and right: JSON as it is before base64url, or header fields. */
  readonly examples?: { readonly fails: string; readonly passes: string }
}

export type FixedClient = 'cert-manager' | 'certbot' | 'lego' | 'acme.sh'

/** Which refusals by a server a broken rule explains (problem types without the urn prefix, texts of the detail). */
export interface Explains {
  readonly types: readonly string[]
  readonly details: readonly RegExp[]
}

/** A rule looks at the request itself, or at what all such rules said of it. */
export type Rule = Catalogued & {
  readonly group: Group
  readonly explains: Explains
  /**
   * 'validation': it judges what validators fetched, looked up or were shown. It sees the CA's fetches too, and what it finds never makes a
   * request non-compliant: how a challenge is provisioned is no matter of the ACME message (RFC 8555 8.1).
   */
  readonly subjects?: 'validation'
} & (Judging | Reviewing)

interface Judging {
  /** Roles of the URLs whose requests it is about; it is not asked of others. Absent: it is about any. */
  readonly resources?: readonly Resource[]
  /** Pure: looks at one request within its settled traffic. */
  judge(request: AcmeRequest, traffic: AcmeTraffic): Verdict | undefined
  readonly review?: undefined
}

/** For conduct of the server that is right or wrong by what the request was: whether it was faulty, whether it was in order. */
interface Reviewing {
  readonly judge?: undefined
  readonly resources?: undefined
  /** Pure: runs when every judging rule has spoken, and sees their judgement. It judges the server, so it cannot change `compliant`. */
  review(judgement: Judgement, traffic: AcmeTraffic): Verdict | undefined
}

const NOTHING: Broken['evidence'] = {}

/** A broken verdict with the rule's own severity and party; for rules of party 'either' pass the party. */
export function broken(
  rule: Pick<Rule, 'severity' | 'party'>,
  message: string,
  more: Partial<Omit<Broken, 'outcome' | 'message'>> = {},
): Broken {
  const party: Party = rule.party === 'either' ? 'unknown' : rule.party
  return {
    outcome: 'broken',
    severity: more.severity ?? rule.severity,
    party: more.party ?? party,
    message,
    remedy: more.remedy ?? null,
    evidence: more.evidence ?? NOTHING,
  }
}

export function unknown(code: UnknownCode, reason: string): Unknown {
  return { outcome: 'unknown', code, reason }
}
