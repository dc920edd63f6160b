import { acmeType } from '../acme/answers.ts'
import type { AcmeRequest } from '../acme/traffic.ts'
import { lostContent } from '../rules/answer.ts'
import { type Finding, isClientError, type Judgement } from '../rules/judge.ts'
import type { Explains, Rule } from '../rules/rule.ts'
import { isUnchecked, type Recognised, turnOf } from './profiles.ts'

/**
 * Who is at fault for one refused request (rule catalogue 3.1). 'client': a broken client rule explains the refusal. 'server': a compliant
 * request was refused. 'policy': the answer depends on the server's policy or on the world outside. 'benign': a good nonce was refused and
 * the retry worked. 'undecided': something that could explain it cannot be told, see `missing`.
 */
export interface Attribution {
  readonly judgement: Judgement
  readonly verdict: 'client' | 'server' | 'policy' | 'benign' | 'undecided'
  /** The finding that explains the refusal. */
  readonly proximate: Finding | null
  /** 'words' the server's own text names it, 'type' only the problem type fits, 'none' it was found but fits neither. */
  readonly match: Match
  readonly missing: Judgement['undecided']
}

export type Match = 'words' | 'type' | 'none'

/** Answers that say something about policy or the world, not about the form of the request (section 5 of the catalogue). */
const POLICY: ReadonlySet<string> = new Set([
  'accountDoesNotExist',
  'agreementRequired',
  'alreadyReplaced',
  'alreadyRevoked',
  'badRevocationReason',
  'caa',
  'connection',
  'dns',
  'externalAccountRequired',
  'incorrectResponse',
  'invalidContact',
  'invalidProfile',
  'orderNotReady',
  'rateLimited',
  'rejectedIdentifier',
  'tls',
  'unauthorized',
  'unsupportedContact',
  'unsupportedIdentifier',
  'userActionRequired',
])

/** What servers say to nearly everything: such a text neither confirms nor excludes a rule. */
const GENERIC = /^(the request message was malformed|malformed|bad request|invalid request|unauthorized)?\.?$/i

/** True when the CA answered the request with an error of its own. */
export function wasRefused(request: AcmeRequest): boolean {
  return request.response !== null && request.response.status >= 400
}

/** What became of the operation of a refused request. */
export interface Aftermath {
  /** Refused as badNonce, it was sent again. */
  readonly wasRetried: (request: AcmeRequest) => boolean
  /** The same URL with the same payload was accepted later. */
  readonly succeededLater: (request: AcmeRequest) => boolean
}

export function attribute(
  judgement: Judgement,
  { wasRetried, succeededLater }: Aftermath,
  server: Recognised | null,
): Attribution {
  const { request, findings, undecided } = judgement
  const ranked = rankFindings(judgement, server)
  // An info note says that the request is in order, so it cannot put the blame on the client.
  const proximate =
    ranked.find(
      ({ finding, match }) => finding.verdict.party === 'client' && finding.verdict.severity !== 'info' && match !== 'none',
    ) ?? null
  if (proximate !== null)
    return { judgement, verdict: 'client', proximate: proximate.finding, match: proximate.match, missing: [] }
  const type = acmeType(request.problem)
  if (type === 'badNonce' && request.nonceRecord !== null && request.nonceRecord.issues.length > 0 && wasRetried(request))
    return { judgement, verdict: 'benign', proximate: null, match: 'none', missing: [] }
  // A fault that does not fit the server's words is still a fault: whether it caused the refusal cannot be told.
  const other = findings.find(({ verdict }) => isClientError(verdict)) ?? null
  if (other !== null) return { judgement, verdict: 'client', proximate: other, match: 'none', missing: [] }
  if (isRefusedLookUp(judgement)) return { judgement, verdict: 'server', proximate: null, match: 'none', missing: [] }
  if (isPolicy(request, type)) return { judgement, verdict: 'policy', proximate: null, match: 'none', missing: [] }
  // Without its words the refusal may be one of policy, or of a nonce.
  if (type === null && lostContent(request) !== null)
    return { judgement, verdict: succeededLater(request) ? 'benign' : 'undecided', proximate: null, match: 'none', missing: [] }
  const missing = undecided.filter(({ rule }) => explains(rule, request) !== 'none')
  // Whoever is excused from a rule by the policy in force is not thereby in the right.
  if (missing.length > 0 || judgement.compliant !== true || judgement.waived.length > 0)
    return { judgement, verdict: 'undecided', proximate: null, match: 'none', missing }
  return { judgement, verdict: 'server', proximate: null, match: 'none', missing: [] }
}

/** A key that has an account was refused its look-up: no policy allows that (RFC 8555 7.3.1). */
function isRefusedLookUp({ findings, compliant, waived }: Judgement): boolean {
  return (
    compliant === true &&
    waived.length === 0 &&
    findings.some(
      ({ rule, verdict }) => rule.id === 'server-lookup-refused' && verdict.severity === 'error' && verdict.party === 'server',
    )
  )
}

function isPolicy(request: AcmeRequest, type: string | null): boolean {
  if (type !== null && POLICY.has(type)) return true
  const status = request.response?.status ?? 0
  // An answer without an ACME problem type that is about the resource or the load, not about the message.
  return type === null && (status === 401 || status === 403 || status === 404 || status === 409 || status === 429)
}

interface Ranked {
  readonly finding: Finding
  readonly match: Match
}

/**
 * Findings with the one first that explains the answer best: by the server's words, by problem type, then what this kind of server looks at
 * first (3.1 step 3), gravest first where that is not known. What it never looks at explains nothing.
 */
export function rankFindings({ request, findings }: Judgement, server: Recognised | null): Ranked[] {
  const refused = wasRefused(request)
  const matchOf = ({ rule }: Finding): Match => (refused && !isUnchecked(rule, server) ? explains(rule, request) : 'none')
  return findings
    .map((finding, place) => {
      const match = matchOf(finding)
      const turn = match === 'none' || finding.verdict.severity === 'info' ? LAST : (turnOf(finding.rule, server) ?? LAST)
      return { finding, place, match, turn }
    })
    .sort(
      (a, b) =>
        MATCH_RANK[a.match] - MATCH_RANK[b.match] ||
        a.turn - b.turn ||
        SEVERITY_RANK[a.finding.verdict.severity] - SEVERITY_RANK[b.finding.verdict.severity] ||
        a.place - b.place,
    )
}

/** After everything whose turn is known. */
const LAST = 99
const MATCH_RANK = { words: 0, type: 1, none: 2 } as const
const SEVERITY_RANK = { error: 0, warning: 1, info: 2 } as const

/** Whether a broken rule explains the refusal of a request (3.1 step 2). */
function explains(rule: Rule & { explains: Explains }, request: AcmeRequest): Match {
  const { types, details } = rule.explains
  const detail = request.problem?.detail ?? ''
  if (details.some((pattern) => pattern.test(detail))) return 'words'
  const type = acmeType(request.problem)
  const fits = type === null ? types.length > 0 : types.includes(type)
  if (!fits) return 'none'
  const telling = type === 'externalAccountRequired' // names the one fault it can have, whatever the words
  return telling || details.length === 0 || GENERIC.test(detail.trim()) ? 'type' : 'none'
}
