import { acmeType, objects } from '../acme/answers.ts'
import { statusOf } from '../acme/orders.ts'
import type { AcmeRequest, Authorization, Challenge, Order, Seen } from '../acme/traffic.ts'
import { isObject, type JsonObject } from '../jose/json-object.ts'
import { isClientError } from '../rules/judge.ts'
import type { Party } from '../rules/rule.ts'
import { quote } from '../rules/scope.ts'
import { type Case, MAX_TOLD } from './case.ts'
import { type Confidence, type Diagnosis, type DiagnosisKind, forCapturer, forClient, type Remedy } from './diagnosis.ts'
import { taleOf } from './tale.ts'
import { capitalised, moment, requestList } from './words.ts'

export const diagOrderInvalid: DiagnosisKind = {
  id: 'diag-order-invalid',
  group: 'session',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Order invalid because of challenge X',
  norm: "Names the identifier, challenge type, problem and the validator's words.",
  decide:
    "Follow order -> authz invalid -> challenge.error (type, detail, subproblems); join with side evidence (http-01/dns-01/tls-alpn rules) to say whether the client's provisioning or the CA's reachability failed.",
  traps: ['order.error may be absent; the authorization has it.'],
  unknownWhen: ['U-START', 'U-SIDE'],
  inPractice: {
    Boulder: 'validationRecord gives URL, addresses and port',
    'step-ca': 'Retryable errors stay pending',
    'golang.org/x/crypto/acme': 'OrderError/AuthorizationError',
  },
  remedy: 'Fix the named challenge, then a new order.',
  references: ['RFC 8555 §7.1.6', 'RFC 8555 §8'],
}

/** Authorizations that became invalid, with the challenge that failed; and orders that did without one. */
export function orderInvalid(facts: Case): Diagnosis[] {
  const { authorizations, orders } = facts.traffic
  const failed = [...authorizations.values()].flatMap((authorization) => {
    const seen = authorization.history.find((each) => statusOf(each) === 'invalid')
    return seen === undefined ? [] : [{ authorization, seen }]
  })
  const told = new Set(failed.flatMap(({ authorization }) => authorization.orders))
  const others = [...orders.values()].flatMap((order) => {
    const seen = order.history.find((each) => statusOf(each) === 'invalid')
    return seen === undefined || told.has(order.url) ? [] : [{ order, seen }]
  })
  return [
    ...failed.slice(0, MAX_TOLD).map(({ authorization, seen }) => failedAuthorization(authorization, seen, facts)),
    ...others.slice(0, MAX_TOLD).flatMap(({ order, seen }) => invalidOrder(order, seen, facts) ?? []),
  ]
}

function failedAuthorization(authorization: Authorization, seen: Seen, facts: Case): Diagnosis {
  const { challenges } = facts.traffic
  const identifier = nameOf(seen.object.identifier)
  const failed =
    objects(seen.object.challenges).find((challenge) => challenge.status === 'invalid' || isObject(challenge.error)) ?? null
  const url = typeof failed?.url === 'string' ? failed.url : null
  const challenge = url === null ? null : (challenges.get(url) ?? null)
  const error = isObject(failed?.error) ? failed.error : errorOf(challenge)
  const trigger = challenge === null ? null : triggerOf(challenge, facts)
  const fault = whoFailed(failed, error, challenge, facts)
  const affected = authorization.orders.map((order) => facts.traffic.orders.get(order)).filter((order) => order !== undefined)
  const type = typeof failed?.type === 'string' ? failed.type : 'a'
  return {
    kind: diagOrderInvalid,
    party: fault.party,
    bothAtFault: false,
    confidence: fault.confidence,
    aside: affected.length > 0 && affected.every((order) => wasIssuedLater(order, facts)),
    title: `Validation of ${identifier} failed`,
    story: taleOf(
      [seen.request],
      `${trigger === null ? '' : `told the CA to validate at ${moment(trigger)} (request ${trigger.id}); `}the authorization was seen invalid`,
      facts,
    ),
    explanation: `${capitalised(requestList([seen.request]))} shows the authorization for ${identifier} invalid: its ${type} challenge failed${error === null ? ', and the server does not say why' : ` with ${problemWords(error)}`}.${subproblems(error)} ${fault.story}`,
    remedies: [forClient(fault.remedy), ...fault.more],
    explains: [seen.request],
    evidence: [trigger, ...fault.evidence].filter((request) => request !== null),
  }
}

function invalidOrder(order: Order, seen: Seen, facts: Case): Diagnosis | null {
  // A refused request of the order says more than its status does.
  if (facts.attributions.some(({ judgement: { request }, verdict }) => verdict !== 'benign' && order.requests.includes(request)))
    return null
  const names = objects(seen.object.identifiers).map(nameOf).slice(0, 5).join(', ')
  const error = isObject(seen.object.error) ? seen.object.error : null
  return {
    kind: diagOrderInvalid,
    party: 'unknown',
    bothAtFault: false,
    confidence: 'possible',
    aside: wasIssuedLater(order, facts),
    title: `The order for ${names} became invalid`,
    explanation: `${capitalised(requestList([seen.request]))} shows the order invalid${error === null ? ', without a reason' : `: ${problemWords(error)}`}. The capture shows no authorization that failed.${subproblems(error)}`,
    remedies: [
      forClient('fetch the authorizations of the order, they name the challenge that failed. Then make a new order.'),
      forCapturer('capture the requests that fetch the authorizations too.'),
    ],
    explains: [seen.request],
    evidence: order.createdBy === null ? [] : [order.createdBy],
  }
}

interface Fault {
  readonly party: Party
  readonly confidence: Confidence
  readonly story: string
  /** For the client's operator; `more` is for others. */
  readonly remedy: string
  readonly more: readonly Remedy[]
  readonly evidence: readonly AcmeRequest[]
}

/** What the rules say of the validation itself goes first, then the validator's own words; else it stays open. */
function whoFailed(failed: JsonObject | null, error: JsonObject | null, challenge: Challenge | null, facts: Case): Fault {
  const token = typeof failed?.token === 'string' && failed.token !== '' ? failed.token : null
  const proof = facts.judgements.flatMap(({ request, findings }) =>
    request.url === challenge?.url || (token !== null && request.resource === 'validation' && request.url.endsWith(`/${token}`))
      ? findings
          .filter(({ rule, verdict }) => rule.group === 'challenge' && isClientError(verdict))
          .map((finding) => ({ request, finding }))
      : [],
  )
  const shown = proof[0]
  if (shown !== undefined)
    return {
      party: 'client',
      confidence: 'certain',
      story: `${shown.finding.verdict.message} (request ${shown.request.id}, ${shown.finding.rule.id})`,
      remedy: `${shown.finding.verdict.remedy ?? shown.finding.rule.remedy} Then make a new order.`,
      more: [],
      evidence: [shown.request],
    }
  const other = token === null ? null : foreignThumbprint(token, String(error?.detail ?? ''), challenge, facts)
  if (other !== null)
    return {
      party: 'client',
      confidence: 'likely',
      story: `By these words the validator found the thumbprint "${other}" beside the token, which is not that of the account key: the response was made with another key.`,
      remedy:
        'build the key authorization from the token and the thumbprint of the key that signs the requests of this account (RFC 8555 §8.1). Then make a new order.',
      more: [],
      evidence: [],
    }
  const type = error === null ? null : acmeType({ type: String(error.type), detail: null, object: error })
  const world = WORLD[type ?? '']
  return {
    party: 'unknown',
    confidence: 'likely',
    story: `${world?.[0] ?? 'Every request that led there is a matter of its own; the validation went wrong outside them.'} The capture does not show whether what the client had put in place was wrong, or the CA could not see it.`,
    remedy: `${world?.[1] ?? 'check what the validator is shown'}. Then make a new order: an invalid one stays so.`,
    more: [forCapturer('capture the validation too (port 80, port 443 or DNS, at the host that answers it).')],
    evidence: [],
  }
}

/** What validation errors of the world outside mean, and what to look at (RFC 8555 6.7). */
const WORLD: Readonly<Record<string, readonly [story: string, check: string]>> = {
  connection: [
    'The validator could not connect to the place that the name points to.',
    'make the host reachable from the CA (DNS address, firewall, port 80 or 443)',
  ],
  dns: [
    'The validator could not resolve the name.',
    "check the zone and its name servers (delegation, DNSSEC, answers to the CA's resolver)",
  ],
  tls: [
    'The validator could not complete TLS.',
    'check that the responder serves acme-tls/1 with the validation certificate for this name',
  ],
  caa: ['The CAA records of the domain forbid this CA.', 'change the CAA records, or order from a CA that they name'],
  incorrectResponse: [
    'The validator found another answer than the challenge asks for.',
    'compare what is served with token and key thumbprint of this account',
  ],
  unauthorized: [
    'The validator found another answer than the challenge asks for.',
    'compare what is served with token and key thumbprint of this account',
  ],
  rateLimited: ['The CA limits validations.', 'wait before the next attempt'],
  rejectedIdentifier: ['The CA does not issue for this name.', "read the CA's policy"],
}

/** The thumbprint that the problem's text shows beside the token when it is not one of the account's keys. */
function foreignThumbprint(token: string, detail: string, challenge: Challenge | null, { traffic }: Case): string | null {
  const account = challenge?.account == null ? undefined : traffic.accounts.get(challenge.account)
  const own = new Set((account?.keys ?? []).map(({ key }) => key.thumbprint))
  if (own.size === 0) return null
  let at = detail.indexOf(`${token}.`)
  while (at >= 0) {
    const thumbprint = /^[\w-]+/.exec(detail.slice(at + token.length + 1))?.[0] ?? ''
    if (thumbprint.length === 43 && !own.has(thumbprint)) return thumbprint
    at = detail.indexOf(`${token}.`, at + 1)
  }
  return null
}

/** The request that told the CA to validate. */
function triggerOf(challenge: Challenge, { traffic }: Case): AcmeRequest | null {
  return (
    traffic.requests.find(
      ({ resource, url, payloadKind }) => resource === 'challenge' && url === challenge.url && payloadKind === 'object',
    ) ?? null
  )
}

function errorOf(challenge: Challenge | null): JsonObject | null {
  const error = challenge?.history.findLast(({ object }) => isObject(object.error))?.object.error
  return isObject(error) ? error : null
}

/** The same names were ordered again, and that order was seen valid. */
function wasIssuedLater(order: Order, { traffic }: Case): boolean {
  const names = JSON.stringify(objects(order.object.identifiers).map(nameOf).sort())
  for (const other of traffic.orders.values())
    if (
      statusOf({ object: other.object } as Seen) === 'valid' &&
      JSON.stringify(objects(other.object.identifiers).map(nameOf).sort()) === names
    )
      return true
  return false
}

function nameOf(identifier: unknown): string {
  return isObject(identifier) && typeof identifier.value === 'string' ? quote(identifier.value) : 'an unknown identifier'
}

function problemWords(error: JsonObject): string {
  const type = acmeType({ type: String(error.type), detail: null, object: error }) ?? String(error.type ?? 'an error')
  return typeof error.detail === 'string' ? `${type} ${quote(error.detail.slice(0, 300))}` : type
}

function subproblems(error: JsonObject | null): string {
  const each = objects(error?.subproblems).slice(0, 3).map(problemWords)
  return each.length === 0 ? '' : ` Parts: ${each.join('; ')}.`
}
