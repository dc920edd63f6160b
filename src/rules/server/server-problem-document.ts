import { field } from '../../http/exchange.ts'
import { isObject, type JsonObject } from '../../jose/json-object.ts'
import { lostContent } from '../answer.ts'
import { broken, HOLDS, type Rule, type Severity, unknown } from '../rule.ts'
import { quote } from '../scope.ts'

/** Faults of a problem document, gravest first (RFC 8555 6.7, 6.7.1, RFC 7807 3.1). */
function flawOf(problem: JsonObject, status: number, contentType: string): { severity: Severity; words: string } | null {
  if (problem.identifier !== undefined)
    return { severity: 'error', words: 'has an identifier at the top level, where only subproblems may have one' }
  const { subproblems } = problem
  if (subproblems !== undefined && !(Array.isArray(subproblems) && subproblems.every(isObject)))
    return { severity: 'error', words: `has subproblems that are ${quote(subproblems)}, no list of problem documents` }
  if (contentType !== 'application/problem+json')
    return { severity: 'warning', words: `has the media type ${quote(contentType)} instead of application/problem+json` }
  if (problem.status !== undefined && problem.status !== status)
    return { severity: 'warning', words: `says status ${quote(problem.status)}, the answer ${status}` }
  const missing = ['type', 'detail'].filter((member) => typeof problem[member] !== 'string')
  return missing.length === 0 ? null : { severity: 'info', words: `has no ${missing.join(' and no ')}` }
}

export const serverProblemDocument: Rule = {
  id: 'server-problem-document',
  group: 'server',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'Errors are problem documents',
  norm: 'Error answers should be application/problem+json with type and detail; identifier only inside subproblems.',
  decide:
    "4xx/5xx on ACME roles. An identifier at the top level, or subproblems that are no array of objects: error. No problem document, another media type than application/problem+json, a status member other than the HTTP status: warning (the document itself is a SHOULD). No type or no detail: info. An HTML page, or an empty 502 to 504, may be a proxy's: unknown.",
  traps: ["A body from a WAF or proxy is not the CA's: diag-middlebox-response."],
  unknownWhen: ['U-GAP', 'U-OTHER'],
  inPractice: {
    Boulder: 'Conforms; unknown paths plain-text 404',
    Pebble: 'Plain 404 without body for unknown ids; charset parameter',
    'step-ca': 'Conforms; detail is generic by design',
    'golang.org/x/crypto/acme': 'Falls back to raw body',
  },
  remedy: 'Server: return a problem document.',
  references: ['RFC 8555 §6.7', 'RFC 8555 §6.7.1', 'RFC 7807 §3'],
  why: 'The client cannot tell the user what was wrong.',
  examples: { fails: 'Content-Type: text/html', passes: 'Content-Type: application/problem+json' },
  explains: { types: [], details: [] },
  judge(request) {
    const { response, method } = request
    if (
      response === null ||
      response.status < 400 ||
      method === 'HEAD' ||
      request.resource === 'validation' ||
      request.resource === 'other'
    )
      return undefined
    const lost = lostContent(request)
    if (lost !== null) return lost
    const contentType = (field(response.headers, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
    const { status } = response
    const isFrontEnd = contentType === 'text/html' || (status >= 502 && status <= 504 && request.problem?.object == null)
    if (isFrontEnd) return unknown('U-OTHER', 'the answer may be that of a proxy before the CA')
    const problem = request.problem?.object ?? null
    if (problem === null)
      return broken(
        serverProblemDocument,
        `The error answer ${status} is no problem document${response.body.size === 0 ? ': it has no content' : ` but ${quote(contentType || 'content without a media type')}`}.`,
        { severity: 'warning', evidence: { status, contentType } },
      )
    const flaw = flawOf(problem, status, contentType)
    return flaw === null
      ? HOLDS
      : broken(serverProblemDocument, `The problem document ${flaw.words}.`, {
          severity: flaw.severity,
          evidence: { status, contentType },
        })
  },
}
