import type { AcmeRequest } from '../acme/traffic.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { quoted, requestNames } from '../evidence/facts.ts'
import type { KubernetesObject } from '../evidence/kubernetes/objects.ts'
import type { Outcome, Weighed } from './diagnose.ts'

/** Sentences added to one diagnosis. */
const MAX_ADDED = 3

/**
 * Adds to each explanation what the client's own side says about the same requests. Such evidence makes a story fuller; who is at fault was
 * decided by the traffic alone and stays so.
 */
export function corroborate(outcome: Outcome, evidence: Evidence): Outcome {
  if (evidence.kubernetes === null && evidence.log === null) return outcome
  return { ...outcome, diagnoses: outcome.diagnoses.map((diagnosis) => withEvidence(diagnosis, evidence)) }
}

function withEvidence(weighed: Weighed, evidence: Evidence): Weighed {
  const about = new Set(weighed.explains)
  const added = [...fromAccounts(about, evidence), ...fromReasons(about, evidence), ...fromLogs(about, evidence)].slice(
    0,
    MAX_ADDED,
  )
  return added.length === 0 ? weighed : { ...weighed, explanation: `${weighed.explanation} ${added.join(' ')}` }
}

type Requests = ReadonlySet<AcmeRequest>

/** What issuers say about the account of these requests. */
function* fromAccounts(about: Requests, { kubernetes }: Evidence): Generator<string> {
  for (const { object, comparisons } of kubernetes?.objects ?? [])
    for (const { field, outcome, message, requests } of comparisons)
      if (field === 'status.acme.uri' && outcome !== 'not-captured' && requests.some((request) => about.has(request)))
        yield `In Kubernetes, ${field} of ${nameOf(object)} ${message}.`
}

/** Objects that give the refusal of these requests as their reason. */
function* fromReasons(about: Requests, { kubernetes }: Evidence): Generator<string> {
  for (const { object, statements } of kubernetes?.objects ?? []) {
    if (object.kind !== 'Order' && object.kind !== 'Challenge' && !object.kind.endsWith('Issuer')) continue
    const reason = statements.find(
      ({ failure, match }) => failure && match?.by === 'problem' && match.requests.some((request) => about.has(request)),
    )
    if (reason !== undefined) yield `${nameOf(object)} gives this answer as its ${reason.source}.`
  }
}

function* fromLogs(about: Requests, { log }: Evidence): Generator<string> {
  const lines = (log?.lines ?? []).filter(
    ({ severity, match }) =>
      severity === 'error' && match?.by === 'problem' && match.requests.some((request) => about.has(request)),
  )
  const [first] = lines
  if (first === undefined) return
  const requests = [...new Set(lines.flatMap(({ match }) => match?.requests ?? []))].sort((a, b) => a.id - b.id)
  yield `The client logged ${lines.length === 1 ? 'it' : `this ${lines.length} times`} for ${requestNames(requests)}: ${quoted(first.message.slice(0, 120))}.`
}

function nameOf({ kind, namespace, name }: KubernetesObject): string {
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`
}
